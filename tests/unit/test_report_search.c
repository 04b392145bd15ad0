/* SPDX-License-Identifier: MIT */
/* The report of a search for people, compared with tests/golden/search/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/search.h"
#include "report/search_answer.h"
#include "tests/unit/columns.h"
#include "tests/unit/golden.h"
#include "tests/unit/search_sample.h"

static void compare(const char *name, struct search_record *record)
{
	struct buf out = {0};

	report_search_text(record, &out);
	assert_false(out.failed);
	columns_assert_fit(buf_string(&out));
	golden_compare(name, buf_string(&out));
	buf_release(&out);
	search_record_release(record);
}

static void add(struct search_record *record, enum search_stage stage, double rps,
	enum search_verdict verdict, const char *reason)
{
	const struct search_sample_trial trial = {stage, rps, 2, verdict, 1000, 0, reason};

	search_sample_add(record, &trial);
}

static void found(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_found(&record, 12000);
	compare("search/found.txt", &record);
}

/* Ctrl-C: what is known by then. */
static void interrupted(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	add(&record, SEARCH_RANGE, 1500, SEARCH_PASS, NULL);
	add(&record, SEARCH_RANGE, 24000, SEARCH_FAIL, "p95 was 1.94 s, p95<200ms was asked");
	add(&record, SEARCH_NARROW, 6000, SEARCH_VOID, "interrupted");
	search_sample_answer(&record, SEARCH_UNDECIDED, 1500, 24000);
	record.interrupted = true;
	compare("search/interrupted.txt", &record);
}

/* Says nothing of the server, also where nothing else is known. */
static void generator_limit(void **state)
{
	static const char late[] =
		"the generator was too late: send_lag p99 is 5.00 ms, allowed is 100 µs";
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	add(&record, SEARCH_RANGE, 1500, SEARCH_PASS, NULL);
	add(&record, SEARCH_RANGE, 3000, SEARCH_GENERATOR, late);
	add(&record, SEARCH_RANGE, 3000, SEARCH_GENERATOR, late);
	search_sample_answer(&record, SEARCH_GENERATOR_LIMIT, 1500, 0);
	record.calibration.known = record.calibration.bound = true;
	record.calibration.highest_rps = 2000;
	record.calibration.measured_at = strdup("2024-01-30T08:00:00Z");
	compare("search/generator_limit.txt", &record);
}

static void ladder(void **state)
{
	static const double rungs[] = {1000, 2000, 5000};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	record.goal.slo = false;
	record.goal.precision = 0;
	record.goal.budget_s = 0;
	record.goal.ladder_rps = malloc(sizeof(rungs));
	memcpy(record.goal.ladder_rps, rungs, sizeof(rungs));
	record.goal.rung_count = 3;
	for (size_t i = 0; i < 3; i++)
		add(&record, SEARCH_LADDER, rungs[i], SEARCH_PASS, NULL);
	search_sample_answer(&record, SEARCH_ABOVE_HIGHEST, 5000, 0);
	record.calibration.known = true;
	record.calibration.highest_rps = 6000;
	record.calibration.measured_at = strdup("2024-01-30T08:00:00Z");
	compare("search/ladder.txt", &record);
}

/* No cause was found, and requests never got an answer. */
static void below_lowest(void **state)
{
	const struct search_sample_trial trial = {SEARCH_RANGE, 100, 2, SEARCH_FAIL, 10, 190,
		"95 % of the requests timed out, error_rate<1% was asked"};
	const struct search_sample_trial silent = {
		SEARCH_RANGE, 50, 2, SEARCH_FAIL, 0, 0, "nothing was answered"};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	search_sample_add(&record, &trial);
	search_sample_add(&record, &silent);
	search_sample_answer(&record, SEARCH_BELOW_LOWEST, 0, 50);
	compare("search/below_lowest.txt", &record);
}

static void nothing(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	compare("search/nothing.txt", &record);
}

/* Sentences that are longer than a line, with what a terminal would obey. */
static void hostile(void **state)
{
	static const struct search_cause cause = {(char *)"long", false, 0.1,
		(char *)"\x1b[31mred and far too long: it goes on and on and on until it no longer "
			"fits on the line that it was begun on, and on",
		(char *)"an advice that is longer than a line as well, because it has so many "
			"figures to tell that nobody will read them all\n"};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	add(&record, SEARCH_RANGE, 9999999, SEARCH_FAIL,
		"a reason of many words that is wider than the line it stands on, which is to be "
		"wrapped\r\n");
	add(&record, SEARCH_CONFIRM, 0.0001, SEARCH_PASS, NULL);
	record.trials[0].duration_s = 90.5;
	record.trials[0].result.run.completed_rps = 1e300;
	record.elapsed_s = -1;
	search_sample_answer(&record, SEARCH_FOUND, 0.0001, 9999999);
	assert_int_equal(search_record_add_cause(&record, &cause), 0);
	compare("search/hostile.txt", &record);
}

/* Each kind of answer with each set of bounds, whether or not the search was interrupted. */
static void answers(void **state)
{
	struct search_record record;
	struct buf out = {0};

	(void)state;
	search_sample_init(&record);
	for (unsigned int kind = 0; kind < SEARCH_ANSWER_KIND_COUNT; kind++)
		for (unsigned int bounds = 0; bounds < 8; bounds++) {
			record.interrupted = bounds & 4;
			search_sample_answer(
				&record, kind, bounds & 1 ? 11890 : 0, bounds & 2 ? 12080 : 0);
			buf_printf(&out, "%s%s%s%s: ", search_answer_key(kind),
				bounds & 1 ? ", lower" : "", bounds & 2 ? ", upper" : "",
				bounds & 4 ? ", interrupted" : "");
			search_answer_headline(&record, &out);
			buf_text(&out, "\n");
		}
	golden_compare("search/answers.txt", buf_string(&out));
	buf_release(&out);
	search_record_release(&record);
}

/* A report of what was stored is the report of what was measured. */
static void stored(void **state)
{
	struct buf json = {0}, live = {0}, read = {0};
	struct search_record record, again;

	(void)state;
	search_sample_found(&record, 500);
	search_record_write(&record, &json);
	assert_int_equal(
		search_record_read(&again, "s.json", json.data, json.length_bytes, NULL), 0);
	report_search_text(&record, &live);
	report_search_text(&again, &read);
	assert_string_equal(buf_string(&live), buf_string(&read));
	buf_release(&json);
	buf_release(&live);
	buf_release(&read);
	search_record_release(&record);
	search_record_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(generator_limit),
		cmocka_unit_test(ladder),
		cmocka_unit_test(below_lowest),
		cmocka_unit_test(nothing),
		cmocka_unit_test(hostile),
		cmocka_unit_test(answers),
		cmocka_unit_test(stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
