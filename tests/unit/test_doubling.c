/* SPDX-License-Identifier: MIT */
/* How latency grows when the load doubles: known answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/doubling.h"
#include "report/search_doubling.h"
#include "tests/unit/columns.h"
#include "tests/unit/golden.h"
#include "tests/unit/search_sample.h"

/* Both percentiles, known exactly. */
static struct doubling_point point(double rps, double p50_ns, double p99_ns)
{
	return (struct doubling_point){
		rps, {{p50_ns, p50_ns, p50_ns}, {p99_ns, p99_ns, p99_ns}}, false};
}

/* A queue of one server: 1 / mean = capacity - load. */
static struct doubling_point queue(double rps, double capacity_rps)
{
	double mean_ns = 1e9 / (capacity_rps - rps);

	return point(rps, 0.693 * mean_ns, 4.605 * mean_ns);
}

static void the_highest_within_bounds_is_taken(void **state)
{
	const struct doubling_point points[] = {point(1000, 100, 200), point(2000, 110, 260),
		point(4000, 150, 300), point(8000, 900, 3000)};
	struct doubling_growth growth[DOUBLING_QUANTILE_COUNT];
	double from_rps = 0;

	(void)state;
	assert_true(doubling_find(points, 4, 7000, &from_rps, growth));
	assert_float_equal(from_rps, 2000, 0);
	assert_float_equal(growth[DOUBLING_P50].growth, 150.0 / 110 - 1, 1e-9);
	assert_float_equal(growth[DOUBLING_P99].growth, 300.0 / 260 - 1, 1e-9);
	assert_true(doubling_find(points, 4, 3999, &from_rps, growth));
	assert_float_equal(from_rps, 2000, 0); /* near enough */
	assert_true(doubling_find(points, 4, 3800, &from_rps, growth));
	assert_float_equal(from_rps, 1000, 0);
	assert_true(doubling_find(points, 4, 8000, &from_rps, growth));
	assert_float_equal(from_rps, 4000, 0);
	assert_float_equal(growth[DOUBLING_P99].growth, 9, 1e-9);
	assert_false(doubling_find(points, 4, 1900, &from_rps, growth));
	assert_false(doubling_find(points, 0, 1900, &from_rps, growth));
	assert_false(doubling_find(points, 1, 9000, &from_rps, growth));
}

/* Exact for the simplest queue, wherever the neighbours lie. */
static void a_double_that_was_not_tried_is_interpolated(void **state)
{
	const struct doubling_point points[] = {
		queue(2000, 10000), queue(3000, 10000), queue(9500, 10000)};
	struct doubling_growth growth[DOUBLING_QUANTILE_COUNT];
	double from_rps = 0;

	(void)state;
	assert_true(doubling_find(points, 3, 7125, &from_rps, growth));
	assert_float_equal(from_rps, 3000, 0);
	for (int i = 0; i < DOUBLING_QUANTILE_COUNT; i++) {
		assert_float_equal(growth[i].growth, 7000.0 / 4000 - 1, 1e-9);
		assert_float_equal(growth[i].least, growth[i].growth, 1e-9);
	}
}

static void chance_is_left_room(void **state)
{
	struct doubling_point points[] = {point(1000, 100, 200), point(2000, 100, 300)};
	struct doubling_growth growth[DOUBLING_QUANTILE_COUNT];
	double from_rps = 0;

	(void)state;
	points[0].latency[DOUBLING_P99].high_ns = 220;
	points[1].latency[DOUBLING_P99].low_ns = 242;
	assert_true(doubling_find(points, 2, 2000, &from_rps, growth));
	assert_float_equal(growth[DOUBLING_P99].growth, 0.5, 1e-9);
	assert_float_equal(growth[DOUBLING_P99].least, 0.1, 1e-9);
	points[0].latency[DOUBLING_P99].high_ns = INFINITY;
	assert_true(doubling_find(points, 2, 2000, &from_rps, growth));
	assert_float_equal(growth[DOUBLING_P99].least, -1, 1e-9);
}

static void add(struct search_record *record, double rps, enum search_verdict verdict,
	unsigned int requests, unsigned int timed_out)
{
	const struct search_sample_trial trial = {
		SEARCH_RANGE, rps, 2, verdict, requests, timed_out, NULL};

	search_sample_add(record, &trial);
}

/* The sample server: 0.8 ms, and a wait that grows with load / (capacity - load). */
static void trials_are_judged(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	add(&record, 250, SEARCH_PASS, 4000, 0);
	add(&record, 500, SEARCH_PASS, 4000, 0);
	add(&record, 9000, SEARCH_PASS, 4000, 0);
	search_sample_answer(&record, SEARCH_FOUND, 9000, 9100);
	assert_int_equal(doubling_judge(&record), 0);
	assert_int_equal(record.doubling.verdict, RESULT_STABLE);
	assert_float_equal(record.doubling.from_rps, 500, 0);
	assert_float_equal(record.doubling.to_rps, 1000, 0);
	assert_in_range(1000 * record.doubling.p99_growth, 1, 199);
	assert_float_equal(record.doubling.bound, 0.2, 0);
	assert_null(record.doubling.reason);
	/* Nearer to the break it grows; a trial that failed there says nothing. */
	add(&record, 3000, SEARCH_PASS, 4000, 0);
	add(&record, 6000, SEARCH_PASS, 40000, 0);
	add(&record, 3300, SEARCH_FAIL, 4000, 0);
	assert_int_equal(doubling_judge(&record), 0);
	assert_int_equal(record.doubling.verdict, RESULT_UNSTABLE);
	assert_float_equal(record.doubling.from_rps, 3000, 0);
	assert_true(record.doubling.p99_growth > 0.2);
	search_record_release(&record);
}

static void expect_unknown(struct search_record *record, bool has_growth, const char *reason)
{
	assert_int_equal(doubling_judge(record), 0);
	assert_true(record->doubling.judged);
	assert_int_equal(record->doubling.verdict, RESULT_STABILITY_UNKNOWN);
	assert_int_equal(record->doubling.has_growth, has_growth);
	assert_string_equal(record->doubling.reason, reason);
}

static void what_is_not_known(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	expect_unknown(&record, false, "no load is known that is borne");
	add(&record, 3000, SEARCH_PASS, 4000, 0);
	search_sample_answer(&record, SEARCH_FOUND, 3000, 3100);
	expect_unknown(&record, false,
		"no load and its double up to 2,250/s, which is safe, were both tried");
	/* Of ten requests each. */
	add(&record, 9000, SEARCH_PASS, 10, 0);
	add(&record, 4500, SEARCH_PASS, 10, 0);
	search_sample_answer(&record, SEARCH_FOUND, 12000, 13000);
	expect_unknown(&record, true, "of so few requests chance may have made it");
	/* Of one load, the trial with most requests counts. */
	add(&record, 9000, SEARCH_PASS, 4000, 0);
	add(&record, 4500, SEARCH_PASS, 4000, 0);
	assert_int_equal(doubling_judge(&record), 0);
	assert_int_equal(record.doubling.verdict, RESULT_UNSTABLE);
	search_record_release(&record);

	/* What the generator adds at the double makes growth of none. */
	search_sample_init(&record);
	add(&record, 4500, SEARCH_PASS, 4000, 0);
	add(&record, 9000, SEARCH_PASS, 4000, 0);
	search_sample_answer(&record, SEARCH_FOUND, 12000, 13000);
	record.trials[1].result.validity.verdict = RESULT_GENERATOR_LIMITED;
	expect_unknown(
		&record, true, "ringload itself was late at the double, which may have made it");
	record.trials[1].result.validity.verdict = RESULT_VALID;
	record.trials[0].result.validity.verdict = RESULT_GENERATOR_LIMITED;
	assert_int_equal(doubling_judge(&record), 0);
	assert_int_equal(record.doubling.verdict, RESULT_UNSTABLE);
	search_record_release(&record);

	/* What it adds before hides growth, and not that there is none. */
	search_sample_init(&record);
	add(&record, 250, SEARCH_PASS, 4000, 0);
	add(&record, 500, SEARCH_PASS, 4000, 0);
	search_sample_answer(&record, SEARCH_FOUND, 9000, 9100);
	record.trials[0].result.validity.verdict = RESULT_GENERATOR_LIMITED;
	expect_unknown(
		&record, true, "ringload itself was late before, which may hide that it grew");
	record.trials[0].result.validity.verdict = RESULT_VALID;
	record.trials[1].result.validity.verdict = RESULT_GENERATOR_LIMITED;
	assert_int_equal(doubling_judge(&record), 0);
	assert_int_equal(record.doubling.verdict, RESULT_STABLE);
	search_record_release(&record);

	/* A p99 of which only the least is known. */
	search_sample_init(&record);
	add(&record, 4500, SEARCH_PASS, 4000, 0);
	add(&record, 9000, SEARCH_PASS, 4000, 400);
	search_sample_answer(&record, SEARCH_FOUND, 12000, 13000);
	expect_unknown(&record, false,
		"no load and its double up to 9,000/s, which is safe, were both tried");
	search_record_release(&record);
}

static void every_state_is_reported(void **state)
{
	const struct search_doubling rows[] = {
		{true, RESULT_STABLE, 0.2, true, 3000, 6000, -0.012, 0.123, NULL},
		{true, RESULT_UNSTABLE, 0.2, true, 12345.6, 24691.2, 0.1, 12.3, NULL},
		{true, RESULT_STABILITY_UNKNOWN, 0.2, true, 3000, 6000, 0.1, 0.5,
			(char *)"of so few requests chance may have made it"},
		{true, RESULT_STABILITY_UNKNOWN, 0.2, false, 0, 0, 0, 0,
			(char *)"no load is known that is borne"},
		{.judged = false},
	};
	struct search_record record = {0};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		record.doubling = rows[i];
		search_doubling_entry(&record, &out);
	}
	assert_false(out.failed);
	columns_assert_fit(buf_string(&out));
	golden_compare("search/doubling.txt", buf_string(&out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_within_bounds_is_taken),
		cmocka_unit_test(a_double_that_was_not_tried_is_interpolated),
		cmocka_unit_test(chance_is_left_room),
		cmocka_unit_test(trials_are_judged),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(every_state_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
