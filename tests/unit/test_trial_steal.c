/* SPDX-License-Identifier: MIT */
/* When time that the hypervisor took may be why a trial failed, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/trial_steal.h"

#define READINGS 10

static void explains_what_it_took(void **state)
{
	(void)state;
	assert_false(trial_steal_explains(0, 0));
	assert_false(trial_steal_explains(TRIAL_STEAL, 0.01));
	assert_true(trial_steal_explains(TRIAL_STEAL + 0.001, 0.01));
	/* A threshold on latency alone was missed. */
	assert_true(trial_steal_explains(0.04, 0));
	assert_true(trial_steal_explains(0.04, 0.08));
	/* The machine all to itself, the server would have been short of more than half of it. */
	assert_false(trial_steal_explains(0.04, 0.081));
	assert_false(trial_steal_explains(0.3, 1));
}

/* 1,000 requests a second for a second, of which 1 % more is unanswered at each reading. */
static void counts_what_is_undone(void **state)
{
	struct result_interval intervals[READINGS];
	struct result result = {.timeline = intervals, .interval_count = READINGS};
	uint64_t *value = result.run.counters.value;

	(void)state;
	memset(intervals, 0, sizeof(intervals));
	result.window.duration_s = 1;
	result.run.asked_rps = 1000;
	value[COUNTER_SCHEDULED] = value[COUNTER_OUTCOME_OK] = 1000;
	for (size_t i = 0; i < READINGS; i++) {
		intervals[i].t_s = 0.1 * (double)(i + 1);
		intervals[i].phase = RESULT_MEASURED;
	}
	assert_true(trial_steal_undone(&result) == 0);
	/* All were answered in the end, and late. */
	for (size_t i = 0; i < READINGS; i++)
		intervals[i].waiting = 6 * (i + 1);
	assert_true(trial_steal_undone(&result) > 0.059 && trial_steal_undone(&result) < 0.061);
	value[COUNTER_OUTCOME_OK] = 800;
	assert_true(trial_steal_undone(&result) > 0.199 && trial_steal_undone(&result) < 0.201);
	value[COUNTER_SCHEDULED] = value[COUNTER_OUTCOME_OK] = 0;
	assert_true(trial_steal_undone(&result) < 0.061);
}

static void says_so(void **state)
{
	struct buf text = {0};

	(void)state;
	trial_steal_sentence(0.0412, &text);
	assert_string_equal(
		buf_string(&text), "the machine was taken from the server for 4.12 % of the trial");
	buf_release(&text);
	trial_steal_note(0.031, 0.052, &text);
	assert_string_equal(buf_string(&text),
		"the interval is the server's on a machine that loses 3.10 % to 5.20 % of its "
		"time: "
		"trials that bound it from above failed while the hypervisor took that from the "
		"server, and trying them again gave no better ones");
	buf_release(&text);
	trial_steal_note(0.031, 0.031, &text);
	assert_non_null(strstr(buf_string(&text), "that loses 3.10 % of its time: "));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explains_what_it_took),
		cmocka_unit_test(counts_what_is_undone),
		cmocka_unit_test(says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
