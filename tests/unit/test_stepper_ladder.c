/* SPDX-License-Identifier: MIT */
/* The search that tries given loads one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "analysis/lengths.h"
#include "base/clock.h"
#include "tests/unit/stepper_course.h"

static const double rungs[] = {1000, 2000, 5000, 10000, 20000};

static void climb_ladder(
	struct stepper_course *course, const struct stepper_script *script, uint64_t rung_ns)
{
	struct stepper_options options = stepper_course_usual;

	options.rungs = rungs;
	options.rung_count = sizeof(rungs) / sizeof(*rungs);
	options.rung_ns = rung_ns;
	stepper_course_drive(course, script, &options);
	assert_true(course->ended);
}

static void climbs_a_ladder(void **state)
{
	struct stepper_script script = {.capacity_rps = 7000};
	struct stepper_course course;

	(void)state;
	climb_ladder(&course, &script, 0);
	assert_int_equal(course.trials, 4);
	for (size_t i = 0; i < course.trials; i++) {
		assert_int_equal(course.made[i].stage, SEARCH_LADDER);
		assert_true(course.made[i].rps == rungs[i]);
		assert_true(course.made[i].duration_ns == 20 * NS_PER_S);
	}
	assert_int_equal(course.answer.kind, SEARCH_FOUND);
	assert_true(course.answer.lower_rps == 5000 && course.answer.upper_rps == 10000);
	assert_false(course.answer.precise || course.answer.lower_confirmed);
	assert_int_equal(course.lower_trials[0], 2);
	assert_int_equal(course.upper_trials[0], 3);
}

static void ends_a_ladder_at_either_end(void **state)
{
	struct stepper_script script = {.capacity_rps = 1e6};
	struct stepper_course course;

	(void)state;
	climb_ladder(&course, &script, NS_PER_S);
	assert_int_equal(course.trials, 5);
	assert_int_equal(course.answer.kind, SEARCH_ABOVE_HIGHEST);
	assert_true(course.answer.lower_rps == 20000 && !course.answer.has_upper);
	script.capacity_rps = 10;
	climb_ladder(&course, &script, NS_PER_S);
	assert_int_equal(course.trials, 1);
	assert_int_equal(course.answer.kind, SEARCH_BELOW_LOWEST);
	assert_true(course.answer.upper_rps == 1000 && !course.answer.has_lower);
}

static void ends_a_ladder_at_the_generators_limit(void **state)
{
	struct stepper_script script = {.capacity_rps = 1e6, .generator_rps = 5000};
	struct stepper_course course;

	(void)state;
	climb_ladder(&course, &script, NS_PER_S);
	assert_int_equal(course.answer.kind, SEARCH_GENERATOR_LIMIT);
	assert_true(course.answer.lower_rps == 5000 && !course.answer.has_upper);
	assert_int_equal(stepper_course_count(&course, 10000, SEARCH_GENERATOR), 3);
}

static void fits_a_ladder_into_its_budget(void **state)
{
	struct stepper_options options = stepper_course_usual;
	struct stepper_script script = {.capacity_rps = 1e6};
	struct stepper_course course;

	(void)state;
	options.rungs = rungs;
	options.rung_count = sizeof(rungs) / sizeof(*rungs);
	options.budget_ns = 30 * NS_PER_S;
	stepper_course_drive(&course, &script, &options);
	assert_int_equal(course.answer.kind, SEARCH_ABOVE_HIGHEST);
	assert_true(course.elapsed_ns <= options.budget_ns);
	assert_true(course.made[0].duration_ns > 4 * NS_PER_S);
	options.rung_ns = 10 * NS_PER_S;
	stepper_course_drive(&course, &script, &options);
	assert_int_equal(course.answer.kind, SEARCH_UNDECIDED);
	assert_true(course.answer.lower_rps == 2000);
}

/* What a ladder of any number of steps is said to take is enough to end it, and little less is
 * refused beforehand. */
static void ends_any_ladder_in_what_it_takes(void **state)
{
	static const uint64_t lengths_ns[] = {LENGTHS_SHORTEST_NS, NS_PER_S, 20 * NS_PER_S};
	struct stepper_options options = stepper_course_usual;
	struct stepper_script script = {.capacity_rps = 1e6};
	double loads[STEPPER_RUNGS];
	struct stepper_course course;

	(void)state;
	for (size_t i = 0; i < STEPPER_RUNGS; i++)
		loads[i] = 100 * (double)(i + 1);
	options.rungs = loads;
	for (size_t length = 0; length < sizeof(lengths_ns) / sizeof(*lengths_ns); length++) {
		options.rung_ns = lengths_ns[length];
		for (options.rung_count = 5; options.rung_count <= STEPPER_RUNGS;
			options.rung_count++) {
			options.budget_ns = lengths_ladder(&options, 0);
			assert_int_equal(stepper_check(&options, NULL), 0);
			stepper_course_drive(&course, &script, &options);
			assert_int_equal(course.trials, options.rung_count);
			assert_int_equal(course.answer.kind, SEARCH_ABOVE_HIGHEST);
			options.budget_ns -= NS_PER_S;
			assert_int_equal(stepper_check(&options, NULL), -ERANGE);
		}
	}
	options.rung_count = 20;
	options.rung_ns = 20 * NS_PER_S;
	assert_int_equal(lengths_ladder(&options, 0), 430 * NS_PER_S);
	assert_int_equal(lengths_ladder(&options, 2), 473 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(climbs_a_ladder),
		cmocka_unit_test(ends_a_ladder_at_either_end),
		cmocka_unit_test(ends_a_ladder_at_the_generators_limit),
		cmocka_unit_test(fits_a_ladder_into_its_budget),
		cmocka_unit_test(ends_any_ladder_in_what_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
