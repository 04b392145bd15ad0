/* SPDX-License-Identifier: MIT */
/* Which trials a fit is made of, what is said of it, and what is said when there is none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/usl.h"
#include "analysis/usl_advice.h"
#include "tests/unit/golden.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* 64 connections, of two workers. */
static struct result_worker workers[2] = {{.connections = 40}, {.connections = 24}};

/* A trial of a rate that completed so many, each in this time. */
struct row {
	double rps;
	enum search_verdict verdict;
	double completed_rps, service_ms, error_rate;
};

static void build(struct search_record *record, const struct row *rows, size_t count)
{
	memset(record, 0, sizeof(*record));
	record->trials = calloc(count + 1, sizeof(*record->trials));
	record->trial_count = count;
	for (size_t i = 0; i < count; i++) {
		struct search_trial *trial = &record->trials[i];
		struct result_latency *service = &trial->result.run.latency[RESULT_SERVICE];

		trial->rps = rows[i].rps;
		trial->duration_s = 1;
		trial->verdict = rows[i].verdict;
		trial->result.run.completed_rps = rows[i].completed_rps;
		trial->result.run.error_rate = rows[i].error_rate;
		trial->result.generator.workers = workers;
		trial->result.generator.worker_count = 2;
		service->count = 1000;
		service->mean_ns = rows[i].service_ms * 1e6;
	}
}

static void answer(struct search_record *record, double lower_rps, double upper_rps)
{
	record->answer.kind = SEARCH_FOUND;
	record->answer.has_lower = lower_rps > 0;
	record->answer.has_upper = upper_rps > 0;
	record->answer.lower_rps = lower_rps;
	record->answer.upper_rps = upper_rps;
}

/* The workers are no heap's. */
static void release(struct search_record *record)
{
	for (size_t i = 0; i < record->trial_count; i++)
		memset(&record->trials[i].result, 0, sizeof(record->trials[i].result));
	search_record_release(record);
}

static void advise(struct search_record *record)
{
	assert_int_equal(usl_advise(record), 0);
	assert_non_null(record->usl.sentence);
}

static void assert_level(
	const struct search_record *record, size_t index, double concurrency, double rps)
{
	assert_true(index < record->usl.level_count);
	assert_float_equal(record->usl.levels[index].concurrency, concurrency, 1e-6);
	assert_float_equal(record->usl.levels[index].rps, rps, 1e-6 * rps);
}

/* --- the trials that count ------------------------------------------------------------------ */

static void concurrency_is_what_the_service_has(void **state)
{
	static const struct row rows[] = {
		{500, SEARCH_PASS, 500, 1, 0},    /* half a request in flight: alone, 1,000/s */
		{2000, SEARCH_PASS, 2000, 2, 0},  /* 4 */
		{4000, SEARCH_PASS, 3900, 10, 0}, /* 39 */
		{9000, SEARCH_FAIL, 4000, 16, 0}, /* 64: all connections, and the backlog waits */
	};
	struct search_record record;

	(void)state;
	build(&record, rows, LENGTH(rows));
	/* The time in the generator is none of the service's. */
	record.trials[3].result.run.latency[RESULT_TOTAL].mean_ns = 2e9;
	advise(&record);
	assert_int_equal(record.usl.level_count, 4);
	assert_level(&record, 0, 1, 1000);
	assert_level(&record, 1, 4, 2000);
	assert_level(&record, 2, 39, 3900);
	assert_level(&record, 3, 64, 4000);
	release(&record);
}

static void some_trials_do_not_count(void **state)
{
	static const struct row rows[] = {
		{500, SEARCH_GENERATOR, 500, 4, 0},
		{600, SEARCH_VOID, 600, 5, 0},
		{4500, SEARCH_FAIL, 4000, 12, 0},    /* 48 of 64: they were still filling */
		{4600, SEARCH_FAIL, 4600, 15, 0.02}, /* refused */
		{700, SEARCH_PASS, 700, 10, 0.02},   /* its own thresholds let it pass */
		{800, SEARCH_PASS, 0, 10, 0},
		{900, SEARCH_PASS, NAN, 10, 0},
		{1000, SEARCH_PASS, 1000, NAN, 0},
		{1100, SEARCH_PASS, 1100, 10, NAN},
		{1200, SEARCH_PASS, 1200, 0, 0},
		{1300, SEARCH_PASS, 1300, INFINITY, 0},
		{1400, SEARCH_PASS, 1400, 10, 0},
		{1500, SEARCH_PASS, 1500, 20, 0},
		{1600, SEARCH_PASS, 1600, 30, 0},
	};
	struct search_record record;

	(void)state;
	build(&record, rows, LENGTH(rows));
	record.trials[LENGTH(rows) - 1].result.run.latency[RESULT_SERVICE].count = 0;
	record.trials[LENGTH(rows) - 2].result.run.latency[RESULT_SERVICE].not_measured = true;
	advise(&record);
	assert_int_equal(record.usl.level_count, 1);
	assert_level(&record, 0, 14, 1400);
	release(&record);
}

/* 64 connections do not hold 110 requests, unless they are pipelined. */
static void more_than_there_is_room_for_is_a_stall(void **state)
{
	static const struct row rows[] = {
		{2000, SEARCH_PASS, 2000, 10, 0},
		{3000, SEARCH_FAIL, 2000, 32, 0},
		{3100, SEARCH_FAIL, 2000, 55, 0},
	};
	struct result_interval interval = {.phase = RESULT_MEASURED, .in_flight = 120};
	struct search_record record;

	(void)state;
	build(&record, rows, LENGTH(rows));
	advise(&record);
	assert_int_equal(record.usl.level_count, 2);
	assert_level(&record, 1, 64, 2000);
	release(&record);
	build(&record, rows, LENGTH(rows));
	record.trials[2].result.timeline = &interval;
	record.trials[2].result.interval_count = 1;
	advise(&record);
	assert_int_equal(record.usl.level_count, 3);
	assert_level(&record, 2, 110, 2000);
	release(&record);
}

/* --- what is said --------------------------------------------------------------------------- */

/* Trials whose throughput is by the law, at these concurrencies. */
static size_t by_law(const struct usl_law *law, const double *concurrencies, size_t count,
	struct row *rows, size_t failed_from)
{
	for (size_t i = 0; i < count; i++) {
		double rps = usl_rps(law, concurrencies[i]);

		rows[i] = (struct row){rps, i < failed_from ? SEARCH_PASS : SEARCH_FAIL, rps,
			1e3 * concurrencies[i] / rps, 0};
		if (i >= failed_from)
			rows[i].rps *= 2;
	}
	return count;
}

static void contention(void **state)
{
	static const double concurrencies[] = {1, 3, 10, 30, 64};
	const struct usl_law law = {1000, 0.25, 0};
	struct search_record record;
	struct row rows[5];

	(void)state;
	build(&record, rows, by_law(&law, concurrencies, 5, rows, 4));
	answer(&record, record.trials[3].rps, record.trials[4].rps);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_int_equal(record.usl.limit, SEARCH_USL_CONTENTION);
	assert_float_equal(record.usl.lambda_rps, 1000, 1e-3);
	assert_float_equal(record.usl.sigma, 0.25, 1e-6);
	assert_true(record.usl.kappa == 0);
	assert_false(record.usl.has_peak);
	assert_true(record.usl.has_doubled);
	assert_float_equal(record.usl.base_concurrency, 30, 1e-6);
	assert_float_equal(record.usl.doubled_rps, usl_rps(&law, 60), 1e-3);
	release(&record);
}

static void coherency(void **state)
{
	static const double concurrencies[] = {1, 4, 10, 64};
	const struct usl_law law = {1000, 0.02, 0.004};
	struct search_record record;
	struct row rows[4];

	(void)state;
	build(&record, rows, by_law(&law, concurrencies, 4, rows, 3));
	answer(&record, record.trials[2].rps, record.trials[3].rps);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_int_equal(record.usl.limit, SEARCH_USL_COHERENCY);
	assert_float_equal(record.usl.kappa, 0.004, 1e-6);
	assert_true(record.usl.has_peak);
	assert_float_equal(record.usl.peak_concurrency, sqrt(0.98 / 0.004), 1e-3);
	assert_float_equal(record.usl.peak_rps, usl_rps(&law, sqrt(0.98 / 0.004)), 1e-2);
	release(&record);
}

/* The law lies below the base and above what more in flight did: no trial completed 3,084/s. */
static void no_more_than_was_completed(void **state)
{
	static const struct row rows[] = {
		{1000, SEARCH_PASS, 1000, 0.51, 0},
		{2480, SEARCH_PASS, 2480, 1.73, 0},
		{2955, SEARCH_PASS, 2955, 1.76, 0},
		{2951, SEARCH_PASS, 2951, 3.08, 0},
		{2784, SEARCH_PASS, 2784, 4.53, 0},
		{2793, SEARCH_PASS, 2793, 11.6, 0},
		{4000, SEARCH_FAIL, 3000, 20.3, 0},
	};
	struct search_record record;

	(void)state;
	build(&record, rows, LENGTH(rows));
	answer(&record, 2955, 3074);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_true(record.usl.has_doubled);
	assert_float_equal(record.usl.doubled_rps, 3000, 1e-6);
	release(&record);
	/* Less than one in flight completed 1,000/s, and not the 1,961/s it counts as. */
	build(&record, rows, LENGTH(rows));
	answer(&record, 1000, 3074);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_false(record.usl.has_doubled);
	release(&record);
}

/* In proportion as far as was tried: nothing is said of more, not even of twice as much. */
static void no_limit_seen(void **state)
{
	static const double concurrencies[] = {1, 4, 10, 20};
	const struct usl_law law = {1000, 0, 0};
	struct search_record record;
	struct row rows[4];

	(void)state;
	build(&record, rows, by_law(&law, concurrencies, 4, rows, 4));
	answer(&record, record.trials[3].rps, 0);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_int_equal(record.usl.limit, SEARCH_USL_NOT_SEEN);
	assert_false(record.usl.has_peak);
	assert_false(record.usl.has_doubled);
	release(&record);
}

/* A peak that lies far beyond is none that was seen; nor is twice as much promised there. */
static void far_figures_are_left_out(void **state)
{
	static const double concurrencies[] = {1, 2, 4, 8};
	const struct usl_law law = {1000, 0.03, 0.0005};
	struct search_record record;
	struct row rows[4];

	(void)state;
	build(&record, rows, by_law(&law, concurrencies, 4, rows, 4));
	answer(&record, record.trials[3].rps, 0);
	advise(&record);
	assert_int_equal(record.usl.status, SEARCH_USL_FITTED);
	assert_int_equal(record.usl.limit, SEARCH_USL_CONTENTION);
	assert_false(record.usl.has_peak);
	assert_false(record.usl.has_doubled);
	release(&record);
}

/* --- in words ------------------------------------------------------------------------------- */

struct scene {
	const char *name;
	size_t count;
	struct row rows[6];
	double lower_rps, upper_rps;
};

/* Each in tests/golden/search/usl.txt. */
static const struct scene scenes[] = {
	{"contention", 5,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {1700, SEARCH_PASS, 1700, 2, 0},
			{3000, SEARCH_PASS, 3000, 10 / 3.0, 0}, {3700, SEARCH_PASS, 3700, 9, 0},
			{8000, SEARCH_FAIL, 3900, 16.4, 0}},
		3700, 4100},
	{"the lower bound at all connections", 4,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {1600, SEARCH_PASS, 1600, 2, 0},
			{3300, SEARCH_PASS, 3300, 9, 0}, {3700, SEARCH_PASS, 3700, 17.3, 0}},
		3700, 0},
	{"one at a time", 4,
		{{1000, SEARCH_PASS, 1000, 0.5, 0}, {1950, SEARCH_PASS, 1950, 5, 0},
			{1990, SEARCH_PASS, 1990, 20, 0}, {4000, SEARCH_FAIL, 2000, 32, 0}},
		1990, 2020},
	{"coherency", 6,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {1900, SEARCH_PASS, 1900, 1.05, 0},
			{3300, SEARCH_PASS, 3300, 1.2, 0}, {4900, SEARCH_PASS, 4900, 1.6, 0},
			{5000, SEARCH_PASS, 5000, 3.2, 0}, {9000, SEARCH_FAIL, 2600, 24.6, 0}},
		5000, 5100},
	{"coherency, the peak not reached", 5,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {1980, SEARCH_PASS, 1984, 2 / 1.984, 0},
			{3800, SEARCH_PASS, 3816, 4 / 3.816, 0},
			{6500, SEARCH_PASS, 6536, 8 / 6.536, 0},
			{7600, SEARCH_PASS, 7576, 10 / 7.576, 0}},
		7600, 0},
	{"in proportion", 4,
		{{1000, SEARCH_PASS, 1000, 2, 0}, {2000, SEARCH_PASS, 2000, 2, 0},
			{4000, SEARCH_PASS, 4000, 2, 0}, {8000, SEARCH_PASS, 8000, 2, 0}},
		8000, 9000},
	{"a pool of four", 5,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {2000, SEARCH_PASS, 2000, 1, 0},
			{3900, SEARCH_PASS, 3900, 1, 0}, {3990, SEARCH_PASS, 3990, 1.3, 0},
			{8000, SEARCH_FAIL, 4000, 16, 0}},
		3990, 4050},
	{"no law", 4,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {2000, SEARCH_PASS, 2000, 17, 0},
			{4000, SEARCH_PASS, 4000, 2, 0}, {8000, SEARCH_FAIL, 7000, 9, 0}},
		4000, 8000},
	{"hardly any concurrency", 4,
		{{1000, SEARCH_PASS, 1000, 4, 0}, {1500, SEARCH_PASS, 1500, 4, 0},
			{2000, SEARCH_PASS, 2000, 4, 0}, {3000, SEARCH_PASS, 3000, 4, 0}},
		3000, 0},
	{"hardly any range of loads", 4,
		{{1000, SEARCH_PASS, 1000, 1, 0}, {1100, SEARCH_PASS, 1100, 4, 0},
			{1200, SEARCH_PASS, 1200, 10, 0}, {1250, SEARCH_PASS, 1250, 40, 0}},
		1250, 0},
	{"two levels", 3,
		{{1000, SEARCH_PASS, 1000, 0.1, 0}, {2000, SEARCH_PASS, 2000, 0.1, 0},
			{40000, SEARCH_FAIL, 9000, 7, 0}},
		2000, 40000},
	{"never two at a time", 3,
		{{100, SEARCH_PASS, 100, 0.1, 0}, {200, SEARCH_PASS, 200, 0.1, 0},
			{400, SEARCH_PASS, 400, 0.1, 0}},
		400, 0},
	{"refused", 1, {{4000, SEARCH_FAIL, 4000, 16, 0.4}}, 0, 4000},
	{"nothing", 0, {{0, SEARCH_VOID, 0, 0, 0}}, 0, 0},
};

static void sentences(void **state)
{
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < LENGTH(scenes); i++) {
		struct search_record record;

		build(&record, scenes[i].rows, scenes[i].count);
		answer(&record, scenes[i].lower_rps, scenes[i].upper_rps);
		advise(&record);
		buf_printf(&out, "%s: %s: %s\n", scenes[i].name,
			search_usl_status_key(record.usl.status), record.usl.sentence);
		release(&record);
	}
	golden_compare("search/usl.txt", buf_string(&out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concurrency_is_what_the_service_has),
		cmocka_unit_test(some_trials_do_not_count),
		cmocka_unit_test(more_than_there_is_room_for_is_a_stall),
		cmocka_unit_test(contention),
		cmocka_unit_test(coherency),
		cmocka_unit_test(no_more_than_was_completed),
		cmocka_unit_test(no_limit_seen),
		cmocka_unit_test(far_figures_are_left_out),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
