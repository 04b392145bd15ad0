/* SPDX-License-Identifier: MIT */
/* A time of --abort-on-breach that no trial reaches is told with both figures, any other is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/abort_reach.h"

static void expect(const struct stepper_options *stepper, uint64_t abort_ns, const char *sentence)
{
	struct buf out = {0};

	abort_reach_tell(stepper, abort_ns, &out);
	assert_string_equal(buf_string(&out), sentence);
	buf_release(&out);
}

static void trials_of_a_search(void **state)
{
	struct stepper_options stepper = {.budget_ns = 36 * NS_PER_S};

	(void)state;
	expect(&stepper, 5 * NS_PER_S,
		"--abort-on-breach 5s ends no trial: the longest are 2.00 s: give it a shorter "
		"time, or ask for a longer --budget or --confirm");
	expect(&stepper, 2 * NS_PER_S,
		"--abort-on-breach 2s ends no trial: the longest are 2.00 s: give it a shorter "
		"time, or ask for a longer --budget or --confirm");
	expect(&stepper, 2 * NS_PER_S - 1, "");
	expect(&stepper, 0, "");
	stepper.confirm_ns = 6 * NS_PER_S;
	expect(&stepper, 5 * NS_PER_S, "");
	stepper.confirm_ns = 0;
	stepper.budget_ns = 300 * NS_PER_S;
	expect(&stepper, 5 * NS_PER_S, "");
}

static void steps_of_a_ladder(void **state)
{
	static const double rungs[] = {100, 200};
	struct stepper_options stepper = {
		.budget_ns = 300 * NS_PER_S,
		.rungs = rungs,
		.rung_count = 2,
		.rung_ns = 3 * NS_PER_S,
	};

	(void)state;
	expect(&stepper, 5 * NS_PER_S,
		"--abort-on-breach 5s ends no trial: each step is 3.00 s: give it a shorter time, "
		"or ask for a longer --step-duration");
	stepper.rung_ns = 20 * NS_PER_S;
	expect(&stepper, 5 * NS_PER_S, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trials_of_a_search),
		cmocka_unit_test(steps_of_a_ladder),
	};

	return cmocka_run_group_tests_name("abort_reach", tests, NULL, NULL);
}
