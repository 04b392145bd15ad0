/* SPDX-License-Identifier: MIT */
/* Searches whose trials need a number of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/lengths.h"
#include "base/clock.h"
#include "tests/unit/stepper_course.h"

#define REQUESTS 300

static struct stepper_options options_of(double budget_s)
{
	struct stepper_options options = stepper_course_usual;

	options.budget_ns = (uint64_t)(budget_s * 1e9);
	options.least_requests = REQUESTS;
	return options;
}

static void expect_enough(
	const struct stepper_course *course, const struct stepper_options *options)
{
	for (size_t i = 0; i < course->trials; i++) {
		const struct stepper_trial *trial = &course->made[i];

		assert_true(trial->rps * (double)trial->duration_ns / 1e9 >= REQUESTS);
		assert_true(trial->rps >= stepper_lowest(options));
		assert_true(trial->duration_ns <= options->budget_ns / LENGTHS_ENOUGH_PART);
	}
}

/* Of a slow server the interval is found by trials that are long enough. */
static void each_trial_has_enough(void **state)
{
	struct stepper_script script = {.capacity_rps = 150, .completes = 0.98};
	struct stepper_options options = options_of(120);
	struct stepper_course course;

	(void)state;
	options.first_rps = 20;
	stepper_course_drive(&course, &script, &options);
	assert_true(course.ended);
	expect_enough(&course, &options);
	assert_int_equal(course.answer.kind, SEARCH_FOUND);
	assert_true(course.answer.lower_rps <= 150 && course.answer.upper_rps > 150);
	assert_true(course.answer.lower_confirmed && course.answer.upper_confirmed);
	assert_true(course.elapsed_ns <= options.budget_ns + 2 * NS_PER_S);
}

/* One that fails at any load ends where nothing lower can be told, and not at `lowest_rps`. */
static void ends_where_nothing_lower_can_be_told(void **state)
{
	struct stepper_script script = {.capacity_rps = 0};
	const double budgets_s[] = {5, 10, 17.5, 45, 300};
	struct stepper_course course;

	(void)state;
	for (size_t i = 0; i < sizeof(budgets_s) / sizeof(*budgets_s); i++) {
		struct stepper_options options = options_of(budgets_s[i]);

		stepper_course_drive(&course, &script, &options);
		assert_true(course.ended);
		expect_enough(&course, &options);
		assert_int_equal(course.answer.kind, SEARCH_BELOW_LOWEST);
		assert_false(course.answer.has_lower);
		assert_true(course.answer.upper_rps < 2 * stepper_lowest(&options));
	}
}

/* A trial that said nothing is made again as it was: of another length it would be of another kind.
 */
static void made_again_is_the_same(void **state)
{
	struct stepper_script script = {.capacity_rps = 150,
		.completes = 0.98,
		.odd_from = 0,
		.odd_to = 2,
		.odd = SEARCH_VOID,
		.stop_after = 3};
	struct stepper_options options = options_of(45);
	struct stepper_course course;

	(void)state;
	options.first_rps = 60;
	stepper_course_drive(&course, &script, &options);
	for (size_t i = 0; i < 3; i++) {
		assert_true(course.made[i].rps == 60);
		assert_true(course.made[i].duration_ns == course.made[0].duration_ns);
	}
	assert_int_equal(course.verdicts[2], SEARCH_PASS);
	/* It is a short trial all the same. */
	assert_true(course.answer.has_lower && !course.answer.lower_confirmed);
}

/* The loads of a ladder and their lengths are the caller's. */
static void a_ladder_stays_as_it_is(void **state)
{
	const double rungs[] = {20, 40};
	struct stepper_script script = {.capacity_rps = 30};
	struct stepper_options options = options_of(45);
	struct stepper_course course;

	(void)state;
	options.rungs = rungs;
	options.rung_count = 2;
	options.rung_ns = NS_PER_S;
	stepper_course_drive(&course, &script, &options);
	assert_int_equal(course.trials, 2);
	assert_true(course.made[0].rps == 20 && course.made[0].duration_ns == NS_PER_S);
	assert_int_equal(course.answer.kind, SEARCH_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trial_has_enough),
		cmocka_unit_test(ends_where_nothing_lower_can_be_told),
		cmocka_unit_test(made_again_is_the_same),
		cmocka_unit_test(a_ladder_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
