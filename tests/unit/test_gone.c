/* SPDX-License-Identifier: MIT */
/* When trials say that the server went away, and when that ends a search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/answer.h"
#include "analysis/gone.h"

#define TRIALS 8

struct course {
	struct search_trial trials[TRIALS];
	struct search_record record;
};

static void begin(struct course *course)
{
	*course = (struct course){.record = {.trials = course->trials}};
	course->record.answer.kind = SEARCH_UNDECIDED;
}

/* completed, and connects that were refused, all there were; judged as a search does. */
static bool add(struct course *course, double rps, enum search_verdict verdict, uint64_t completed,
	uint64_t refused)
{
	size_t index = course->record.trial_count++;
	struct search_trial *trial = &course->trials[index];

	*trial = (struct search_trial){.rps = rps, .verdict = verdict};
	trial->result.run.counters.value[COUNTER_SCHEDULED] = 100;
	trial->result.run.counters.value[COUNTER_COMPLETED] = completed;
	trial->result.connections.value[CONNECTION_ATTEMPTED] = refused;
	trial->result.connections.value[CONNECTION_FAILED_REFUSED] = refused;
	if (!gone_trial(&course->record, index))
		return false;
	trial->verdict = SEARCH_VOID;
	return true;
}

static bool ends(const struct course *course, size_t expected)
{
	size_t first;
	bool gone = gone_ends(&course->record, &first);

	if (gone)
		assert_int_equal(first, expected);
	return gone;
}

static void two_refused_trials_end_it(void **state)
{
	struct course course;
	struct buf text = {0};

	(void)state;
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_PASS, 100, 0));
	assert_false(ends(&course, 0));
	assert_true(add(&course, 2000, SEARCH_FAIL, 0, 50));
	assert_false(ends(&course, 0));
	assert_true(add(&course, 2000, SEARCH_FAIL, 0, 50));
	assert_true(ends(&course, 1));
	course.record.answer.has_lower = true;
	course.record.answer.lower_rps = 1000;
	answer_sentence(&course.record, &text);
	assert_string_equal(buf_string(&text),
		"not found: the server went away after trial 2, of 2,000/s, had begun, and did not "
		"come back; so far above 1,000/s");
	buf_release(&text);
}

static void one_that_comes_back_goes_on(void **state)
{
	struct course course;

	(void)state;
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_PASS, 100, 0));
	assert_true(add(&course, 2000, SEARCH_FAIL, 0, 50));
	assert_false(add(&course, 2000, SEARCH_PASS, 100, 0));
	assert_true(add(&course, 3000, SEARCH_FAIL, 0, 50));
	assert_false(ends(&course, 0));
}

/* A load that passed is no overload, whatever becomes of the connects. */
static void silence_at_a_load_that_passed(void **state)
{
	struct course course;

	(void)state;
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_PASS, 100, 0));
	assert_false(add(&course, 2000, SEARCH_FAIL, 0, 0));
	assert_true(add(&course, 900, SEARCH_FAIL, 0, 0));
	assert_true(add(&course, 900, SEARCH_FAIL, 0, 0));
	assert_true(ends(&course, 2));
}

/* The trial in which it ended bounds nothing; one that breaks at a load again and again does. */
static void ended_in_a_trial(void **state)
{
	struct course course;

	(void)state;
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_PASS, 100, 0));
	assert_true(add(&course, 800, SEARCH_FAIL, 40, 60));
	assert_true(add(&course, 800, SEARCH_FAIL, 0, 50));
	assert_true(ends(&course, 1));
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_PASS, 100, 0));
	assert_true(add(&course, 2000, SEARCH_FAIL, 40, 60));
	assert_false(add(&course, 2000, SEARCH_FAIL, 40, 60));
	assert_false(ends(&course, 0));
}

static void one_that_was_never_there(void **state)
{
	struct course course;

	(void)state;
	begin(&course);
	assert_false(add(&course, 1000, SEARCH_FAIL, 0, 50));
	assert_false(add(&course, 1000, SEARCH_FAIL, 0, 50));
	assert_false(ends(&course, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_refused_trials_end_it),
		cmocka_unit_test(one_that_comes_back_goes_on),
		cmocka_unit_test(silence_at_a_load_that_passed),
		cmocka_unit_test(ended_in_a_trial),
		cmocka_unit_test(one_that_was_never_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
