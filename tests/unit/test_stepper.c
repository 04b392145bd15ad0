/* SPDX-License-Identifier: MIT */
/* The search by hand-made cases: every kind of answer, and what leads astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/lengths.h"
#include "base/buf.h"
#include "base/clock.h"
#include "tests/unit/golden.h"
#include "tests/unit/stepper_course.h"

static void expect_found(const struct stepper_course *course, double capacity_rps)
{
	const struct stepper_answer *answer = &course->answer;

	assert_true(course->ended);
	assert_int_equal(answer->kind, SEARCH_FOUND);
	assert_true(answer->has_lower && answer->has_upper);
	assert_true(answer->lower_rps <= capacity_rps);
	assert_true(answer->upper_rps >= capacity_rps);
	assert_true(answer->precise);
	assert_true(answer->lower_confirmed && answer->upper_confirmed);
	assert_true((answer->upper_rps - answer->lower_rps) / answer->upper_rps <= 0.02);
	assert_true(course->elapsed_ns <= stepper_course_usual.budget_ns);
}

static double highest_tried(const struct stepper_course *course)
{
	double highest = 0;

	for (size_t i = 0; i < course->trials; i++)
		if (course->made[i].rps > highest)
			highest = course->made[i].rps;
	return highest;
}

static void finds_capacity(void **state)
{
	static const double capacities[] = {23, 999, 1000, 1001, 3000, 35000, 777777};
	struct stepper_script script = {.completes = 0.99};
	struct stepper_course course;

	(void)state;
	for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++) {
		script.capacity_rps = capacities[i];
		stepper_course_drive(&course, &script, &stepper_course_usual);
		expect_found(&course, capacities[i]);
		assert_true(course.trials <= 40);
	}
}

static void doubles_the_rate_first(void **state)
{
	struct stepper_script script = {.capacity_rps = 5000, .completes = 1};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(course.made[i].stage, SEARCH_RANGE);
		assert_true(course.made[i].rps == 1000 * (double)(1 << i));
	}
	assert_int_not_equal(course.made[4].stage, SEARCH_RANGE);
	/* The hint leads there at once. */
	assert_true(course.made[4].rps > 4500 && course.made[4].rps < 5500);
}

/* The trials behind a bound are those at its load, and they say what the bound says. */
static void names_trials_behind_bounds(void **state)
{
	struct stepper_script script = {.capacity_rps = 12000, .completes = 1};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	expect_found(&course, 12000);
	assert_true(course.answer.lower_trial_count >= 2);
	assert_true(course.answer.upper_trial_count >= 2);
	for (size_t i = 0; i < course.answer.lower_trial_count; i++) {
		assert_true(course.made[course.lower_trials[i]].rps == course.answer.lower_rps);
		assert_int_equal(course.verdicts[course.lower_trials[i]], SEARCH_PASS);
	}
	for (size_t i = 0; i < course.answer.upper_trial_count; i++) {
		assert_true(course.made[course.upper_trials[i]].rps == course.answer.upper_rps);
		assert_int_equal(course.verdicts[course.upper_trials[i]], SEARCH_FAIL);
	}
}

static void says_above_highest(void **state)
{
	struct stepper_script script = {.capacity_rps = 5e6};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_ABOVE_HIGHEST);
	assert_true(course.answer.has_lower && course.answer.lower_confirmed);
	assert_true(course.answer.lower_rps == stepper_course_usual.highest_rps);
	assert_false(course.answer.has_upper);
	assert_true(highest_tried(&course) == stepper_course_usual.highest_rps);
}

static void says_below_lowest(void **state)
{
	struct stepper_script script = {.capacity_rps = 0};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_BELOW_LOWEST);
	assert_false(course.answer.has_lower);
	assert_true(course.answer.has_upper &&
		    course.answer.upper_rps == stepper_course_usual.lowest_rps);
	assert_true(course.elapsed_ns < stepper_course_usual.budget_ns / 2);
}

static void says_undecided_when_the_budget_is_short(void **state)
{
	struct stepper_script script = {.capacity_rps = 900e3};
	struct stepper_options options = stepper_course_usual;
	struct stepper_course course;

	(void)state;
	options.first_rps = 10;
	options.budget_ns = 10 * NS_PER_S;
	stepper_course_drive(&course, &script, &options);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_UNDECIDED);
	assert_true(course.answer.has_lower && !course.answer.has_upper);
	assert_false(course.answer.precise);
	assert_true(course.elapsed_ns <= options.budget_ns);
}

/* Whatever the budget, it is kept, and what is said is true. */
static void keeps_any_budget(void **state)
{
	struct stepper_script script = {.capacity_rps = 12345, .completes = 0.98};
	struct stepper_options options = stepper_course_usual;
	struct stepper_course course;

	(void)state;
	for (uint64_t budget_s = 5; budget_s <= 1200; budget_s += 5) {
		options.budget_ns = budget_s * NS_PER_S;
		stepper_course_drive(&course, &script, &options);
		assert_true(course.ended);
		assert_true(course.elapsed_ns <= options.budget_ns);
		for (size_t i = 0; i < course.trials; i++)
			assert_true(course.made[i].duration_ns >= LENGTHS_SHORTEST_NS);
		if (course.answer.has_lower)
			assert_true(course.answer.lower_rps <= 12345);
		if (course.answer.has_upper)
			assert_true(course.answer.upper_rps > 12345);
		if (budget_s >= 45)
			assert_true(course.answer.precise);
	}
}

static void says_generator_limit(void **state)
{
	struct stepper_script script = {.capacity_rps = 1e6, .generator_rps = 50000};
	struct stepper_course course;
	double limit;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_GENERATOR_LIMIT);
	assert_true(course.answer.has_lower && course.answer.lower_confirmed);
	assert_false(course.answer.has_upper);
	assert_true(course.answer.lower_rps <= 50000 && course.answer.lower_rps > 40000);
	/* Tried again, but no higher one after it. */
	limit = highest_tried(&course);
	assert_true(limit == 64000);
	assert_int_equal(stepper_course_count(&course, limit, SEARCH_GENERATOR), 3);
}

/* Throttled at every load: no verdict on the server, and no trial without end. */
static void says_generator_limit_without_any_pass(void **state)
{
	struct stepper_script script = {.capacity_rps = 1e6, .generator_rps = 0.5};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_GENERATOR_LIMIT);
	assert_false(course.answer.has_lower || course.answer.has_upper);
}

static void finds_capacity_below_the_generators_limit(void **state)
{
	struct stepper_script script = {
		.capacity_rps = 40000, .generator_rps = 60000, .completes = 1};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	expect_found(&course, 40000);
	assert_int_equal(stepper_course_count(&course, 64000, SEARCH_GENERATOR), 3);
	assert_true(highest_tried(&course) == 64000);
}

/* One trial of three that the generator could not drive limits nothing. */
static void takes_no_limit_from_one_bad_moment(void **state)
{
	struct stepper_script script = {.capacity_rps = 5000,
		.completes = 1,
		.odd_from = 2,
		.odd_to = 4,
		.odd = SEARCH_GENERATOR};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	expect_found(&course, 5000);
	assert_true(course.made[2].rps == course.made[3].rps);
	assert_true(course.made[2].rps == course.made[4].rps);
}

static void repeats_void_trials(void **state)
{
	struct stepper_script script = {.capacity_rps = 5000,
		.completes = 1,
		.odd_from = 1,
		.odd_to = 4,
		.odd = SEARCH_VOID};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	expect_found(&course, 5000);
	for (size_t i = 2; i <= 4; i++)
		assert_memory_equal(&course.made[1], &course.made[i], sizeof(*course.made));
}

static void gives_up_on_void_trials(void **state)
{
	struct stepper_script script = {
		.capacity_rps = 5000, .odd_from = 3, .odd_to = SIZE_MAX, .odd = SEARCH_VOID};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	assert_true(course.ended);
	assert_int_equal(course.answer.kind, SEARCH_UNDECIDED);
	assert_true(course.answer.has_lower && course.answer.lower_rps == 4000);
	assert_int_equal(course.trials, 3 + 6);
}

/* Throughput that collapses in overload leads the search to loads far below; also when nothing is
 * known of it. */
static void survives_misleading_hints(void **state)
{
	static const double completes[] = {0, 0.02, 0.3, 0.8, 1.5};
	struct stepper_script script = {.capacity_rps = 23000};
	struct stepper_course course;

	(void)state;
	for (size_t i = 0; i < sizeof(completes) / sizeof(*completes); i++) {
		script.completes = completes[i];
		stepper_course_drive(&course, &script, &stepper_course_usual);
		expect_found(&course, 23000);
	}
}

/* Any one trial may fail for a reason of its own. */
static void survives_one_odd_failure(void **state)
{
	struct stepper_script script = {.capacity_rps = 23000, .completes = 1, .odd = SEARCH_FAIL};
	struct stepper_course course;
	size_t trials;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	trials = course.trials;
	for (size_t i = 0; i < trials; i++) {
		script.odd_from = i;
		script.odd_to = i + 1;
		stepper_course_drive(&course, &script, &stepper_course_usual);
		expect_found(&course, 23000);
	}
}

static void survives_one_odd_pass(void **state)
{
	struct stepper_script script = {.capacity_rps = 23000, .completes = 1, .odd = SEARCH_PASS};
	struct stepper_course course;
	size_t trials;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	trials = course.trials;
	for (size_t i = 0; i < trials; i++) {
		script.odd_from = i;
		script.odd_to = i + 1;
		stepper_course_drive(&course, &script, &stepper_course_usual);
		expect_found(&course, 23000);
	}
}

/* Short trials pass where long ones fail: long ones decide. */
static void believes_long_trials(void **state)
{
	static const double factors[] = {1.04, 1.2, 1.49};
	struct stepper_script script = {.long_capacity_rps = 8000, .completes = 0.7};
	struct stepper_course course;

	(void)state;
	for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++) {
		script.capacity_rps = factors[i] * script.long_capacity_rps;
		stepper_course_drive(&course, &script, &stepper_course_usual);
		expect_found(&course, 8000);
	}
}

/* Stopped after any number of trials, what is said is true and rests on trials. */
static void reports_when_interrupted(void **state)
{
	struct stepper_script script = {.capacity_rps = 7000, .completes = 1};
	struct stepper_course course;

	(void)state;
	for (script.stop_after = 1; script.stop_after < 20; script.stop_after++) {
		const struct stepper_answer *answer = &course.answer;

		stepper_course_drive(&course, &script, &stepper_course_usual);
		if (course.ended)
			break;
		assert_int_equal(answer->kind,
			answer->has_lower && answer->has_upper ? SEARCH_FOUND : SEARCH_UNDECIDED);
		assert_true(!answer->has_lower || answer->lower_rps <= 7000);
		assert_true(!answer->has_upper || answer->upper_rps > 7000);
		assert_int_equal(answer->has_upper, script.stop_after > 3);
		assert_true(answer->has_lower && answer->lower_trial_count);
	}
	assert_true(script.stop_after > 8);
}

/* Before the first trial nothing is known. */
static void knows_nothing_at_first(void **state)
{
	struct stepper *stepper = stepper_open(&stepper_course_usual);
	struct stepper_answer answer;

	(void)state;
	assert_non_null(stepper);
	stepper_answer(stepper, &answer);
	assert_int_equal(answer.kind, SEARCH_UNDECIDED);
	assert_false(answer.has_lower || answer.has_upper || answer.precise);
	stepper_close(stepper);
}

static void takes_lengths_from_the_options(void **state)
{
	struct stepper_script script = {.capacity_rps = 5000, .completes = 1};
	struct stepper_options options = stepper_course_usual;
	struct stepper_course course;

	(void)state;
	options.trial_ns = 2 * NS_PER_S;
	options.confirm_ns = 7 * NS_PER_S;
	stepper_course_drive(&course, &script, &options);
	for (size_t i = 0; i < course.trials; i++) {
		if (course.made[i].stage == SEARCH_RANGE)
			assert_true(course.made[i].duration_ns == 2 * NS_PER_S);
		if (course.made[i].stage == SEARCH_CONFIRM)
			assert_true(course.made[i].duration_ns == 7 * NS_PER_S);
	}
}

static void check(const struct stepper_options *options, struct buf *out)
{
	struct err err = {ERR_NONE, ""};

	assert_true(stepper_check(options, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	buf_printf(out, "%s\n", err.text);
}

/* Every message, in tests/golden/stepper/messages.txt. */
static void refuses(void **state)
{
	static const double falling[] = {1000, 5000, 5000}, none[] = {0, 1};
	static const double rungs[] = {1000, 2000, 5000};
	struct stepper_options options = stepper_course_usual;
	struct buf out = {0};

	(void)state;
	assert_int_equal(stepper_check(&options, NULL), 0);
	options.precision = 0;
	check(&options, &out);
	options = stepper_course_usual;
	options.budget_ns = NS_PER_S;
	check(&options, &out);
	options = stepper_course_usual;
	options.confirm_ns = 301 * NS_PER_S;
	check(&options, &out);
	options = stepper_course_usual;
	options.trial_ns = 3 * NS_PER_S;
	options.confirm_ns = 2 * NS_PER_S;
	check(&options, &out);
	options = stepper_course_usual;
	options.first_rps = 1;
	check(&options, &out);
	options = stepper_course_usual;
	options.highest_rps = 1;
	check(&options, &out);
	options = stepper_course_usual;
	options.rungs = falling;
	check(&options, &out);
	options.rung_count = 3;
	check(&options, &out);
	options.rungs = none;
	check(&options, &out);
	options.rungs = rungs;
	options.rung_ns = 301 * NS_PER_S;
	check(&options, &out);
	options = stepper_course_usual;
	options.rungs = rungs;
	options.rung_count = 3;
	options.rung_ns = 249 * NS_PER_MS;
	check(&options, &out);
	options = stepper_course_usual;
	options.trial_ns = 200 * NS_PER_MS;
	check(&options, &out);
	options.trial_ns = LENGTHS_SHORTEST_NS;
	assert_int_equal(stepper_check(&options, NULL), 0);
	options.confirm_ns = 100 * NS_PER_MS;
	check(&options, &out);
	golden_compare("stepper/messages.txt", buf_string(&out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_capacity),
		cmocka_unit_test(doubles_the_rate_first),
		cmocka_unit_test(names_trials_behind_bounds),
		cmocka_unit_test(says_above_highest),
		cmocka_unit_test(says_below_lowest),
		cmocka_unit_test(says_undecided_when_the_budget_is_short),
		cmocka_unit_test(keeps_any_budget),
		cmocka_unit_test(says_generator_limit),
		cmocka_unit_test(says_generator_limit_without_any_pass),
		cmocka_unit_test(finds_capacity_below_the_generators_limit),
		cmocka_unit_test(takes_no_limit_from_one_bad_moment),
		cmocka_unit_test(repeats_void_trials),
		cmocka_unit_test(gives_up_on_void_trials),
		cmocka_unit_test(survives_misleading_hints),
		cmocka_unit_test(survives_one_odd_failure),
		cmocka_unit_test(survives_one_odd_pass),
		cmocka_unit_test(believes_long_trials),
		cmocka_unit_test(reports_when_interrupted),
		cmocka_unit_test(knows_nothing_at_first),
		cmocka_unit_test(takes_lengths_from_the_options),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
