/* SPDX-License-Identifier: MIT */
#include "tests/unit/stepper_course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

/* Between two trials. */
#define PAUSE_NS (300 * NS_PER_MS)

const struct stepper_options stepper_course_usual = {
	.first_rps = 1000,
	.highest_rps = 1e6,
	.lowest_rps = 10,
	.precision = 0.02,
	.budget_ns = 300 * NS_PER_S,
};

static enum search_verdict judge(
	const struct stepper_script *script, const struct stepper_trial *trial, size_t number)
{
	double capacity = script->capacity_rps;

	if (number >= script->odd_from && number < script->odd_to)
		return script->odd;
	if (script->generator_rps > 0 && trial->rps > script->generator_rps)
		return SEARCH_GENERATOR;
	if (script->long_capacity_rps > 0 && trial->duration_ns >= 5 * NS_PER_S)
		capacity = script->long_capacity_rps;
	return trial->rps > capacity ? SEARCH_FAIL : SEARCH_PASS;
}

/* The trials belong to the stepper, which does not last. */
static void keep_answer(struct stepper_course *course, const struct stepper *stepper)
{
	struct stepper_answer *answer = &course->answer;

	stepper_answer(stepper, answer);
	memcpy(course->lower_trials, answer->lower_trials,
		answer->lower_trial_count * sizeof(size_t));
	memcpy(course->upper_trials, answer->upper_trials,
		answer->upper_trial_count * sizeof(size_t));
	answer->lower_trials = NULL;
	answer->upper_trials = NULL;
}

void stepper_course_drive(struct stepper_course *course, const struct stepper_script *script,
	const struct stepper_options *options)
{
	struct stepper *stepper = stepper_open(options);
	struct stepper_trial trial, again;

	assert_non_null(stepper);
	memset(course, 0, sizeof(*course));
	while (stepper_next(stepper, &trial)) {
		struct stepper_outcome outcome = {
			.verdict = judge(script, &trial, course->trials),
			.completed_rps = script->completes * script->capacity_rps,
			.took_ns = trial.warmup_ns + trial.duration_ns + PAUSE_NS,
		};

		outcome.stolen = outcome.verdict == SEARCH_FAIL &&
				 course->trials >= script->stolen_from &&
				 course->trials < script->stolen_to;
		assert_true(stepper_next(stepper, &again));
		assert_memory_equal(&trial, &again, sizeof(trial));
		assert_true(trial.duration_ns > 0);
		assert_true(course->trials < STEPPER_TRIALS);
		course->made[course->trials] = trial;
		course->elapsed_ns += outcome.took_ns;
		course->verdicts[course->trials++] = stepper_take(stepper, &outcome);
		if (course->trials == script->stop_after)
			break;
	}
	course->ended = !stepper_next(stepper, &trial);
	keep_answer(course, stepper);
	stepper_close(stepper);
}

size_t stepper_course_count(
	const struct stepper_course *course, double rps, enum search_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < course->trials; i++)
		count += course->made[i].rps == rps && course->verdicts[i] == verdict;
	return count;
}
