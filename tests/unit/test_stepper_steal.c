/* SPDX-License-Identifier: MIT */
/* Searches on a machine that is taken from the server now and then, or always. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/lengths.h"
#include "base/clock.h"
#include "tests/unit/stepper_course.h"

static void expect_found(const struct stepper_course *course)
{
	assert_true(course->ended);
	assert_int_equal(course->answer.kind, SEARCH_FOUND);
	assert_true(course->answer.precise);
	assert_true(course->answer.lower_rps <= 5000 && course->answer.upper_rps > 5000);
}

/* The first five failures of a server that bears 5,000 are stolen: none of them counts. */
static void tries_stolen_failures_again(void **state)
{
	struct stepper_script script = {.capacity_rps = 5000, .completes = 0.98, .stolen_to = 8};
	struct stepper_course course;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	/* 1,000, 2,000 and 4,000 pass. */
	for (size_t i = 3; i < 8; i++) {
		assert_true(course.made[i].rps == 8000);
		assert_int_equal(course.made[i].stage, SEARCH_RANGE);
		assert_int_equal(course.verdicts[i], SEARCH_VOID);
	}
	assert_true(course.made[8].rps == 8000);
	assert_int_equal(course.verdicts[8], SEARCH_FAIL);
	expect_found(&course);
	assert_int_equal(course.answer.upper_stolen, 0);
}

/* On a machine that is always taken failures count in the end, and the answer tells. */
static void counts_stolen_failures_in_the_end(void **state)
{
	struct stepper_script script = {
		.capacity_rps = 5000, .completes = 0.98, .stolen_to = STEPPER_TRIALS};
	struct stepper_course course;
	uint64_t stolen_ns = 0;

	(void)state;
	stepper_course_drive(&course, &script, &stepper_course_usual);
	expect_found(&course);
	assert_int_equal(stepper_course_count(&course, 8000, SEARCH_VOID), STEPPER_STOLEN_AGAIN);
	assert_int_equal(stepper_course_count(&course, 8000, SEARCH_FAIL), 1);
	for (size_t i = 0; i < course.trials; i++)
		if (course.verdicts[i] == SEARCH_VOID)
			stolen_ns += course.made[i].duration_ns;
	assert_true(stolen_ns <= stepper_course_usual.budget_ns / STEPPER_STOLEN_PART);
	assert_true(course.answer.upper_stolen > 0);
	assert_int_equal(course.answer.upper_stolen,
		stepper_course_count(&course, course.answer.upper_rps, SEARCH_FAIL));
}

/* A budget that does not bear them again takes them as they are. */
static void keeps_the_budget_on_a_taken_machine(void **state)
{
	struct stepper_script script = {
		.capacity_rps = 5000, .completes = 0.98, .stolen_to = STEPPER_TRIALS};
	struct stepper_options options = stepper_course_usual;
	struct stepper_course course;

	(void)state;
	for (uint64_t budget_s = 5; budget_s <= 600; budget_s += 5) {
		options.budget_ns = budget_s * NS_PER_S;
		stepper_course_drive(&course, &script, &options);
		assert_true(course.ended);
		assert_true(course.elapsed_ns <= options.budget_ns);
		if (course.answer.has_lower)
			assert_true(course.answer.lower_rps <= 5000);
		if (course.answer.has_upper)
			assert_true(course.answer.upper_rps > 5000);
	}
}

/* A step that is made again takes nothing from those above it. */
static void leaves_the_steps_of_a_ladder_their_time(void **state)
{
	static const double rungs[] = {1000, 2000, 3000, 4000, 5000};
	struct stepper_script script = {.capacity_rps = 1e6,
		.odd_from = 1,
		.odd_to = 2,
		.odd = SEARCH_FAIL,
		.stolen_to = STEPPER_TRIALS};
	struct stepper_options options = stepper_course_usual;
	struct stepper_course course;

	(void)state;
	options.rungs = rungs;
	options.rung_count = 5;
	options.rung_ns = 10 * NS_PER_S;
	options.budget_ns = lengths_ladder(&options, LENGTHS_LADDER_AGAIN);
	for (script.odd_to = 2; script.odd_to <= 1 + LENGTHS_LADDER_AGAIN; script.odd_to++) {
		stepper_course_drive(&course, &script, &options);
		assert_int_equal(course.answer.kind, SEARCH_ABOVE_HIGHEST);
		assert_int_equal(stepper_course_count(&course, 2000, SEARCH_VOID),
			script.odd_to - script.odd_from);
	}
	/* Always: it counts before the time of the others is gone. */
	script.odd_to = STEPPER_TRIALS;
	stepper_course_drive(&course, &script, &options);
	assert_int_equal(course.answer.kind, SEARCH_FOUND);
	assert_int_equal(course.answer.upper_stolen, 1);
	assert_true(course.answer.lower_rps == 1000 && course.answer.upper_rps == 2000);
	options.budget_ns = lengths_ladder(&options, 0);
	stepper_course_drive(&course, &script, &options);
	assert_int_equal(course.trials, 2);
	assert_int_equal(course.answer.kind, SEARCH_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_stolen_failures_again),
		cmocka_unit_test(counts_stolen_failures_in_the_end),
		cmocka_unit_test(keeps_the_budget_on_a_taken_machine),
		cmocka_unit_test(leaves_the_steps_of_a_ladder_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
