/* SPDX-License-Identifier: MIT */
/* The record of a search: what is added to it, and which trials explain it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "result/search_record.h"

static void add(
	struct search_record *record, double rps, double duration_s, enum search_verdict verdict)
{
	const struct search_trial trial = {.rps = rps,
		.duration_s = duration_s,
		.verdict = verdict,
		.t_s = record->trial_count};
	struct result result = {.started_at = strdup("2024-01-31T12:00:00Z")};

	assert_int_equal(search_record_add_trial(record, &trial, &result,
				 verdict == SEARCH_PASS ? NULL : "p99 was 1 s"),
		0);
	assert_null(result.started_at); /* moved */
}

static void assert_trial(
	const struct search_record *record, const struct search_trial *trial, size_t index)
{
	assert_non_null(trial);
	assert_int_equal(trial - record->trials, index);
}

static void trials_are_chosen(void **state)
{
	struct search_record record = {0};

	(void)state;
	add(&record, 1000, 2, SEARCH_PASS);
	add(&record, 8000, 9, SEARCH_GENERATOR);
	add(&record, 500, 9, SEARCH_VOID);
	assert_trial(&record, search_record_base(&record), 0);
	assert_trial(&record, search_record_lower(&record), 0);
	assert_null(search_record_broken(&record));
	add(&record, 4000, 2, SEARCH_FAIL);
	add(&record, 2000, 5, SEARCH_PASS);
	add(&record, 2000, 2, SEARCH_PASS);
	add(&record, 3000, 2, SEARCH_FAIL);
	add(&record, 3000, 2, SEARCH_FAIL);
	add(&record, 1000, 2, SEARCH_FAIL);
	assert_trial(&record, search_record_base(&record), 0);
	assert_trial(&record, search_record_lower(&record), 4);  /* the longest */
	assert_trial(&record, search_record_broken(&record), 8); /* by chance, at the base */
	record.answer.has_lower = record.answer.has_upper = true;
	record.answer.lower_rps = 2000;
	record.answer.upper_rps = 3000;
	assert_trial(&record, search_record_broken(&record), 7); /* the latest */
	add(&record, 4000, 2, SEARCH_PASS);
	assert_trial(&record, search_record_lower(&record), 4);
	/* A bound without trials of its own is none. */
	record.answer.lower_rps = record.answer.upper_rps = 2500;
	assert_trial(&record, search_record_lower(&record), 9);
	assert_trial(&record, search_record_broken(&record), 8);
	assert_string_equal(record.trials[8].reason, "p99 was 1 s");
	assert_null(record.trials[9].reason);
	assert_string_equal(record.trials[9].result.started_at, "2024-01-31T12:00:00Z");
	search_record_release(&record);
	search_record_release(&record); /* of an empty one does nothing */
}

static void an_empty_record_has_no_trials(void **state)
{
	struct search_record record = {0};

	(void)state;
	record.answer.has_lower = record.answer.has_upper = true;
	assert_null(search_record_base(&record));
	assert_null(search_record_lower(&record));
	assert_null(search_record_broken(&record));
	search_record_release(&record);
}

static void sentences_are_copied(void **state)
{
	struct search_record record = {0};
	char text[] = "thread 1 on CPU 99 %";
	const struct search_cause cause = {"cpu_bound", false, 0.9, text, NULL};

	(void)state;
	assert_int_equal(search_record_add_cause(&record, &cause), 0);
	assert_int_equal(search_record_add_cause(&record, &cause), 0);
	assert_int_equal(search_record_add_unknown(&record, text), 0);
	assert_int_equal(search_record_add_note(&record, text), 0);
	assert_int_equal(search_record_add_note(&record, "second"), 0);
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(record.cause_count, 2);
	assert_string_equal(record.causes[1].sentence, "thread 1 on CPU 99 %");
	assert_string_equal(record.causes[1].key, "cpu_bound");
	assert_null(record.causes[1].advice);
	assert_int_equal(record.unknown_count, 1);
	assert_string_equal(record.unknown[0], "thread 1 on CPU 99 %");
	assert_int_equal(record.note_count, 2);
	assert_string_equal(record.notes[0], "thread 1 on CPU 99 %");
	assert_string_equal(record.notes[1], "second");
	search_record_release(&record);
}

static void keys_end(void **state)
{
	(void)state;
	assert_string_equal(search_stage_key(SEARCH_LADDER), "ladder");
	assert_null(search_stage_key(SEARCH_STAGE_COUNT));
	assert_string_equal(search_verdict_key(SEARCH_VOID), "void");
	assert_null(search_verdict_key(SEARCH_VERDICT_COUNT));
	assert_string_equal(search_answer_key(SEARCH_UNDECIDED), "undecided");
	assert_null(search_answer_key(SEARCH_ANSWER_KIND_COUNT));
	assert_string_equal(search_usl_status_key(SEARCH_USL_FITTED), "fitted");
	assert_null(search_usl_status_key(SEARCH_USL_STATUS_COUNT));
	assert_string_equal(search_usl_limit_key(SEARCH_USL_NOT_SEEN), "not_seen");
	assert_null(search_usl_limit_key(SEARCH_USL_LIMIT_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trials_are_chosen),
		cmocka_unit_test(an_empty_record_has_no_trials),
		cmocka_unit_test(sentences_are_copied),
		cmocka_unit_test(keys_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
