/* SPDX-License-Identifier: MIT */
/* From what the programs took in some stretches to what they cost each request. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "probe/cost.h"

static void stretches_are_held_against_their_own_requests(void **state)
{
	struct cost cost = {.requests = 250, .programs_ns = 3 * NS_PER_MS};
	const char *reason = "none yet";
	double each_ns = 0;

	(void)state;
	/* One request in six was followed. */
	assert_true(cost_per_request(&cost, 6, &each_ns, &reason));
	assert_true(fabs(each_ns - 2000) < 0.001);
	assert_null(reason);
}

static void what_was_not_measured_has_a_reason(void **state)
{
	struct cost cost = {.programs_ns = 5};
	const char *reason = NULL;
	double each_ns = 0;

	(void)state;
	assert_false(cost_per_request(&cost, 1, &each_ns, &reason));
	assert_non_null(strstr(reason, "the window was too short"));
	err_set(&cost.failure, ERR_ENVIRONMENT, -EPERM, "not permitted");
	assert_false(cost_per_request(&cost, 1, &each_ns, &reason));
	assert_string_equal(reason, "not permitted");
	cost.failure = (struct err){0};
	cost.requests = 1000;
	assert_true(cost_per_request(&cost, 1, &each_ns, &reason));
	cost_begin(&cost);
	assert_false(cost_per_request(&cost, 1, &each_ns, &reason));
	cost_release(&cost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretches_are_held_against_their_own_requests),
		cmocka_unit_test(what_was_not_measured_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
