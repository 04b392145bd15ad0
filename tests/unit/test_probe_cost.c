/* SPDX-License-Identifier: MIT */
/* From what the programs took in some stretches to what they cost each request. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "probe/cost.h"

static void stretches_stand_for_the_whole_window(void **state)
{
	struct cost cost = {.looked_ns = 300 * NS_PER_MS, .programs_ns = 3 * NS_PER_MS};
	const char *reason = "none yet";
	double each_ns = 0;

	(void)state;
	/* A hundredth of the time: 100 ms of 10 s, for 50,000 requests. */
	assert_true(cost_per_request(&cost, 50000, 10 * NS_PER_S, &each_ns, &reason));
	assert_true(fabs(each_ns - 2000) < 0.001);
	assert_null(reason);
}

static void what_was_not_measured_has_a_reason(void **state)
{
	struct cost cost = {0};
	const char *reason = NULL;
	double each_ns = 0;

	(void)state;
	assert_false(cost_per_request(&cost, 5, NS_PER_S, &each_ns, &reason));
	assert_string_equal(reason, "the window was too short");
	cost.looked_ns = NS_PER_MS;
	assert_false(cost_per_request(&cost, 0, NS_PER_S, &each_ns, &reason));
	assert_string_equal(reason, "there were no requests");
	err_set(&cost.failure, ERR_ENVIRONMENT, -EPERM, "not permitted");
	assert_false(cost_per_request(&cost, 5, NS_PER_S, &each_ns, &reason));
	assert_string_equal(reason, "not permitted");
	cost.failure = (struct err){0};
	cost.programs_ns = 1000;
	cost_begin(&cost);
	assert_false(cost_per_request(&cost, 5, NS_PER_S, &each_ns, &reason));
	cost_release(&cost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretches_stand_for_the_whole_window),
		cmocka_unit_test(what_was_not_measured_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
