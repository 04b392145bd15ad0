/* SPDX-License-Identifier: MIT */
/* A trial passes, fails, was the generator's, or says nothing; and a server that falls behind is
 * told from one that was unlucky. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "analysis/trial_verdict.h"

#define READINGS 20
#define RATE     1000.0
#define LENGTH_S 2.0

struct trial {
	struct result result;
	struct result_interval intervals[READINGS + 2];
	struct result_scenario scenario;
	struct result_threshold thresholds[2];
	struct result_reason reason;
};

/* 1,000 requests a second for 2 s, all answered; a reading each 100 ms, none of them unanswered;
 * before and after it there was more, which is not of the window. */
static void init(struct trial *trial)
{
	struct result *result = &trial->result;

	memset(trial, 0, sizeof(*trial));
	trial->scenario = (struct result_scenario){.open_loop = true, .arrival = "constant"};
	result->scenarios = &trial->scenario;
	result->scenario_count = 1;
	result->timeline = trial->intervals;
	result->interval_count = READINGS + 2;
	result->window.warmup_s = LENGTH_S / READINGS;
	result->window.duration_s = LENGTH_S;
	result->run.asked_rps = RATE;
	result->run.counters.value[COUNTER_SCHEDULED] = (uint64_t)(RATE * LENGTH_S);
	result->run.counters.value[COUNTER_SENT] = (uint64_t)(RATE * LENGTH_S);
	result->run.counters.value[COUNTER_COMPLETED] = (uint64_t)(RATE * LENGTH_S);
	for (size_t i = 0; i < READINGS + 2; i++) {
		trial->intervals[i].t_s = (double)(i + 1) * LENGTH_S / READINGS;
		trial->intervals[i].phase = RESULT_MEASURED;
	}
	trial->intervals[0].phase = RESULT_WARMUP;
	trial->intervals[0].waiting = 5000;
	trial->intervals[READINGS + 1].phase = RESULT_DRAIN;
	trial->intervals[READINGS + 1].in_flight = 7000;
}

static void add_threshold(
	struct trial *trial, const char *expression, enum result_state state, const char *reason)
{
	struct result *result = &trial->result;

	result->thresholds = trial->thresholds;
	trial->thresholds[result->threshold_count++] = (struct result_threshold){
		.expression = (char *)expression, .state = state, .reason = (char *)reason};
}

static void judge(struct trial *trial, enum result_verdict verdict, const char *reason)
{
	trial->result.validity.verdict = verdict;
	trial->result.validity.reasons = &trial->reason;
	trial->result.validity.reason_count = reason != NULL;
	trial->reason.text = (char *)reason;
}

static void expect(const struct trial *trial, enum search_verdict verdict, const char *reason)
{
	struct buf text = {0};

	buf_text(&text, "before: ");
	assert_int_equal(trial_verdict(&trial->result, &text), verdict);
	assert_string_equal(buf_string(&text) + strlen("before: "), reason);
	buf_release(&text);
}

static void test_pass(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	expect(&trial, SEARCH_PASS, "");
	add_threshold(&trial, "p99<200ms", RESULT_PASS, NULL);
	add_threshold(&trial, "warn: p95<1ms", RESULT_WARN, "p95 is 2 ms, wanted < 1ms");
	expect(&trial, SEARCH_PASS, "");
	/* Searches have many short trials. */
	judge(&trial, RESULT_TOO_SHORT, "800 ms were measured");
	expect(&trial, SEARCH_PASS, "");
}

static void test_thresholds(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	expect(&trial, SEARCH_FAIL, "p99 is 812 ms, wanted < 200ms");
	judge(&trial, RESULT_TOO_SHORT, "800 ms were measured");
	expect(&trial, SEARCH_FAIL, "p99 is 812 ms, wanted < 200ms");
	add_threshold(&trial, "error_rate<1%", RESULT_FAIL, "error_rate is 3 %, wanted < 1%");
	expect(&trial, SEARCH_FAIL,
		"p99 is 812 ms, wanted < 200ms; error_rate is 3 %, wanted < 1%");
}

/* What the generator did not do, the server did not fail. */
static void test_no_verdict(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	judge(&trial, RESULT_GENERATOR_LIMITED, "requests left late");
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	judge(&trial, RESULT_INTERRUPTED, "stopped by a signal");
	expect(&trial, SEARCH_VOID, "stopped by a signal");
	judge(&trial, RESULT_INTERNAL_ERROR, NULL);
	expect(&trial, SEARCH_VOID, "internal error");
}

/* What the generator adds can only make a load look worse than it is. */
static void test_late_and_borne(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	add_threshold(&trial, "p99<200ms", RESULT_PASS, NULL);
	judge(&trial, RESULT_GENERATOR_LIMITED, "requests left late");
	expect(&trial, SEARCH_PASS, "");
	trial.result.run.counters.value[COUNTER_SENT] = 1980;
	expect(&trial, SEARCH_PASS, "");
	trial.result.run.counters.value[COUNTER_SENT] = 1979;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
}

static void set_means(struct trial *trial, double total_ns, double lag_ns)
{
	struct result_latency *latency = trial->result.run.latency;

	latency[RESULT_TOTAL] = (struct result_latency){.count = 2000, .mean_ns = total_ns};
	latency[RESULT_SEND_LAG] = (struct result_latency){.count = 2000, .mean_ns = lag_ns};
}

/* A server that takes 300 ms did not become slow by requests that left 2 ms late. */
static void test_late_and_not_borne(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	judge(&trial, RESULT_GENERATOR_LIMITED, "requests left late");
	trial.reason.key = RESULT_REASON_SEND_LAG;
	set_means(&trial, 300e6, 2e6);
	expect(&trial, SEARCH_FAIL, "p99 is 812 ms, wanted < 200ms");
	set_means(&trial, 300e6, 16e6);
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	set_means(&trial, 300e6, 2e6);
	trial.reason.key = RESULT_REASON_CPU_LOST;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
}

/* So many of 2,000 requests left, or waited for a connection, for more than 100 us. */
static void set_long(struct trial *trial, enum result_latency_kind kind,
	struct result_cell cells[2], uint64_t late)
{
	struct result_latency *latency = &trial->result.run.latency[kind];

	cells[0] = (struct result_cell){.index = 90, .count = 2000 - late};
	cells[1] = (struct result_cell){.index = 2200, .count = late};
	latency->count = 2000;
	latency->histogram = (struct result_histogram){
		.precision_bits = 8, .layout_cells = 3311, .cells = cells, .cell_count = 2};
}

/* Late requests leave in a burst, for which they may be refused, but not answered with a 500. */
static void test_late_and_answered_wrong(void **state)
{
	struct trial trial;
	struct counters *counters = &trial.result.run.counters;
	struct result_cell lags[2], waits[2];

	(void)state;
	init(&trial);
	add_threshold(&trial, "error_rate<1%", RESULT_FAIL, "error_rate is 5 %, wanted < 1%");
	judge(&trial, RESULT_GENERATOR_LIMITED, "requests left late");
	trial.reason.key = RESULT_REASON_SEND_LAG;
	set_means(&trial, 2e6, 1e6);
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	counters->status[503] = counters->value[COUNTER_OUTCOME_5XX] = 100;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	/* Twice as many as left late may be refused for it. */
	set_long(&trial, RESULT_CONNECTION_WAIT, waits, 0);
	set_long(&trial, RESULT_SEND_LAG, lags, 41);
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	set_long(&trial, RESULT_SEND_LAG, lags, 40);
	expect(&trial, SEARCH_FAIL, "error_rate is 5 %, wanted < 1%");
	set_long(&trial, RESULT_CONNECTION_WAIT, waits, 1);
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	set_long(&trial, RESULT_SEND_LAG, lags, 2000);
	counters->status[500] = 19;
	counters->value[COUNTER_OUTCOME_5XX] += 19;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	counters->status[404] = counters->value[COUNTER_OUTCOME_4XX] = 1;
	expect(&trial, SEARCH_FAIL, "error_rate is 5 %, wanted < 1%");
	trial.reason.key = RESULT_REASON_CPU_LOST;
	expect(&trial, SEARCH_FAIL, "error_rate is 5 %, wanted < 1%");
	trial.reason.key = RESULT_REASON_NO_PORT;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
	/* Where the error was asked for it is none. */
	trial.reason.key = RESULT_REASON_SEND_LAG;
	counters->value[COUNTER_OUTCOME_4XX] = 0;
	expect(&trial, SEARCH_GENERATOR, "requests left late");
}

/* Whatever the thresholds say of the window that is left; but not where the generator may be why.
 */
static void test_ended_early(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.result.window.aborted = (struct result_abort){
		.happened = true, .lasted_s = 2, .sign = RESULT_SIGN_SILENCE};
	expect(&trial, SEARCH_FAIL, "ended early: nothing was answered for 2s");
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	expect(&trial, SEARCH_FAIL,
		"ended early: nothing was answered for 2s; p99 is 812 ms, wanted < 200ms");
	judge(&trial, RESULT_GENERATOR_LIMITED, "no port was left");
	trial.reason.key = RESULT_REASON_NO_PORT;
	expect(&trial, SEARCH_GENERATOR, "no port was left");
}

static void test_silence(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	add_threshold(&trial, "p99<200ms", RESULT_NOT_EVALUATED, "there is no sample");
	trial.result.run.counters.value[COUNTER_COMPLETED] = 1;
	expect(&trial, SEARCH_PASS, "");
	trial.result.run.counters.value[COUNTER_COMPLETED] = 0;
	expect(&trial, SEARCH_FAIL, "none of 2,000 requests was answered");
}

/* One percent too much: 20 requests in 2 s, on top of what is in flight anyway. */
static void set_growth(struct trial *trial, double share)
{
	static const uint64_t usual[] = {3, 1, 4, 1, 5, 2, 2, 6, 5, 3};

	for (size_t i = 0; i < READINGS; i++) {
		double grown = share * RATE * LENGTH_S * (double)(i + 1) / READINGS;

		trial->intervals[i + 1].in_flight = usual[i % 10];
		trial->intervals[i + 1].waiting = (uint64_t)grown;
	}
}

static void test_behind(void **state)
{
	struct trial_backlog backlog;
	struct trial trial;

	(void)state;
	init(&trial);
	set_growth(&trial, 0);
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.known && !backlog.growing);
	expect(&trial, SEARCH_PASS, "");

	set_growth(&trial, 0.01);
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.growing);
	assert_true(backlog.per_s > 9 && backlog.per_s < 11.5);
	assert_true(backlog.share > 0.009 && backlog.share < 0.0115);
	assert_true(backlog.error > 0.3 && backlog.error < 2);

	/* Surely growing, but by less than counts. */
	set_growth(&trial, 0.004);
	for (size_t i = 0; i < READINGS; i++)
		trial.intervals[i + 1].in_flight = 2;
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.per_s > 3 * backlog.error && !backlog.growing);

	set_growth(&trial, 0.2);
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.growing);
	expect(&trial, SEARCH_FAIL,
		"it fell behind: what is unanswered grew by 201/s, 20.1 % of the 1,000/s asked");
}

/* Workers that were kept from their CPU, and had time enough all the same. */
static void test_behind_though_late(void **state)
{
	struct result_worker workers[2] = {
		{.busy = 0.1,
			.wall_ns = 2000000000,
			.run_delay_ns = 300000000,
			.has_steal = true,
			.connections = 8},
		{.busy = 0.2, .wall_ns = 2000000000, .run_delay_ns = 100000000, .connections = 8},
	};
	struct trial trial;
	struct buf reason = {0};

	(void)state;
	init(&trial);
	set_growth(&trial, 0.02);
	judge(&trial, RESULT_GENERATOR_LIMITED, "a worker lost its CPU");
	trial.reason.key = RESULT_REASON_CPU_LOST;
	trial.result.generator.workers = workers;
	trial.result.generator.worker_count = 2;
	assert_int_equal(trial_verdict(&trial.result, &reason), SEARCH_FAIL);
	assert_non_null(strstr(buf_string(&reason), "it fell behind"));
	buf_release(&reason);
	/* Too few connections: the server had nothing to do while they stood still for 15 %. */
	workers[0].connections = 1;
	expect(&trial, SEARCH_GENERATOR, "a worker lost its CPU");
	set_growth(&trial, 0.17);
	assert_int_equal(trial_verdict(&trial.result, &reason), SEARCH_FAIL);
	buf_release(&reason);
	workers[0].connections = 8;
	set_growth(&trial, 0.02);
	/* One of them had no time left: it may be what fell behind. */
	workers[0].steal = 0.6;
	expect(&trial, SEARCH_GENERATOR, "a worker lost its CPU");
	workers[0].steal = 0;
	trial.reason.key = RESULT_REASON_BUSY;
	expect(&trial, SEARCH_GENERATOR, "a worker lost its CPU");
	/* A server that keeps up may have been slow because it was read late. */
	trial.reason.key = RESULT_REASON_CPU_LOST;
	set_growth(&trial, 0);
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	expect(&trial, SEARCH_GENERATOR, "a worker lost its CPU");
}

/* One stall, made good before the end or not, is no growth. */
static void test_stall(void **state)
{
	struct trial_backlog backlog;
	struct trial trial;

	(void)state;
	for (size_t at = 0; at + 2 < READINGS; at++) {
		init(&trial);
		set_growth(&trial, 0);
		trial.intervals[at + 1].waiting = 40;
		trial.intervals[at + 2].waiting = 20;
		trial_backlog(&trial.result, &backlog);
		assert_false(backlog.growing);
	}
}

/* What a stall left stays, as the server has nothing to spare. */
static void test_stall_that_stays(void **state)
{
	struct trial_backlog backlog;
	struct trial trial;

	(void)state;
	for (size_t at = 1; at < READINGS; at++) {
		init(&trial);
		set_growth(&trial, 0);
		for (size_t i = at; i < READINGS; i++)
			trial.intervals[i + 1].waiting = 300;
		trial_backlog(&trial.result, &backlog);
		assert_true(backlog.known);
		assert_false(backlog.growing);
		/* More than it bears, and a stall as well. */
		set_growth(&trial, 0.05);
		for (size_t i = at; i < READINGS; i++)
			trial.intervals[i + 1].waiting += 300;
		trial_backlog(&trial.result, &backlog);
		assert_true(backlog.growing);
		assert_true(backlog.share > 0.03 && backlog.share < 0.06);
	}
}

/* The last reading came after the drain, when nothing was left. */
static void test_late_reading(void **state)
{
	struct trial_backlog backlog;
	struct trial trial;

	(void)state;
	init(&trial);
	set_growth(&trial, 0.02);
	trial.intervals[READINGS].t_s += 0.8;
	trial.intervals[READINGS].waiting = 0;
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.growing);
	assert_true(backlog.share > 0.018 && backlog.share < 0.022);
}

static void test_unknown(void **state)
{
	struct trial_backlog backlog;
	struct trial trial;

	(void)state;
	init(&trial);
	set_growth(&trial, 0.2);
	for (size_t i = 4; i < READINGS + 2; i++)
		trial.intervals[i].phase = RESULT_DRAIN;
	trial_backlog(&trial.result, &backlog);
	assert_false(backlog.known || backlog.growing);
	assert_int_equal(backlog.readings, 3);
	/* Whether it was borne nobody knows; what failed otherwise failed all the same. */
	expect(&trial, SEARCH_VOID,
		"what was unanswered was read only 3 times in its window, at least 4 are needed to "
		"see whether the server fell behind");
	judge(&trial, RESULT_GENERATOR_LIMITED, "requests left late");
	expect(&trial, SEARCH_VOID,
		"what was unanswered was read only 3 times in its window, at least 4 are needed to "
		"see whether the server fell behind");
	judge(&trial, RESULT_VALID, NULL);
	add_threshold(&trial, "p99<200ms", RESULT_FAIL, "p99 is 812 ms, wanted < 200ms");
	expect(&trial, SEARCH_FAIL, "p99 is 812 ms, wanted < 200ms");
	trial.intervals[4].phase = RESULT_MEASURED;
	trial_backlog(&trial.result, &backlog);
	assert_true(backlog.known && backlog.growing);
	trial.result.run.asked_rps = 0;
	trial_backlog(&trial.result, &backlog);
	assert_false(backlog.known || backlog.growing);
}

/* However many readings there are, they are judged where no more memory is to be had. */
static void test_without_memory(void **state)
{
	const size_t count = 200000;
	struct result_interval *intervals = calloc(count, sizeof(*intervals));
	struct trial_backlog backlog;
	struct rlimit limit, none;
	struct trial trial;

	(void)state;
	assert_non_null(intervals);
	init(&trial);
	trial.result.timeline = intervals;
	trial.result.interval_count = count;
	trial.result.window.duration_s = (double)count * 0.05;
	for (size_t i = 0; i < count; i++) {
		intervals[i].t_s = (double)(i + 1) * 0.05;
		intervals[i].phase = RESULT_MEASURED;
		intervals[i].waiting = i;
	}
	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	trial_backlog(&trial.result, &backlog);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	assert_true(backlog.known && backlog.growing);
	assert_true(fabs(backlog.per_s - 20) < 0.01);
	free(intervals);
}

static double uniform(uint64_t *random)
{
	*random = *random * 6364136223846793005 + 1442695040888963407;
	return ((double)(*random >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

/*
 * A queue with one server and constant service (M/D/1), or (D/D/1), after a warm-up of 300 ms:
 * arrivals at load times its capacity. Returns how often of 200 it was found to fall behind.
 */
static unsigned int simulate(double load, bool poisson, uint64_t seed)
{
	const double service_s = load / RATE, warmup_s = 0.3;
	unsigned int found = 0;

	for (int i = 0; i < 200; i++) {
		double now = 0, free = 0, pending[4096];
		struct trial_backlog backlog;
		size_t first = 0, last = 0, reading;
		struct trial trial;

		init(&trial);
		trial.scenario.arrival = poisson ? "poisson" : "constant";
		for (reading = 1; reading <= READINGS; reading++) {
			double end = warmup_s + LENGTH_S * (double)reading / READINGS;

			for (; now <= end;
				now += poisson ? -log(uniform(&seed)) / RATE : 1 / RATE) {
				free = (now > free ? now : free) + service_s;
				pending[last++ % 4096] = free;
			}
			while (first < last && pending[first % 4096] <= end)
				first++;
			trial.intervals[reading].in_flight = last - first;
		}
		trial_backlog(&trial.result, &backlog);
		found += backlog.growing;
	}
	return found;
}

/* Beside a capacity queues are long, and grow for a while by chance. */
static void test_chance(void **state)
{
	(void)state;
	assert_in_range(simulate(0.70, true, 1), 0, 4);
	assert_in_range(simulate(0.95, true, 2), 0, 6);
	assert_in_range(simulate(0.98, true, 3), 0, 10);
	assert_in_range(simulate(1.15, true, 4), 180, 200);
	assert_int_equal(simulate(0.98, false, 5), 0);
	assert_int_equal(simulate(1.02, false, 6), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_no_verdict),
		cmocka_unit_test(test_late_and_borne),
		cmocka_unit_test(test_late_and_not_borne),
		cmocka_unit_test(test_late_and_answered_wrong),
		cmocka_unit_test(test_ended_early),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_behind),
		cmocka_unit_test(test_behind_though_late),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_stall_that_stays),
		cmocka_unit_test(test_late_reading),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
