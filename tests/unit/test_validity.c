/* SPDX-License-Identifier: MIT */
/* Each rule on both sides of its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/exit.h"
#include "analysis/validity.h"
#include "base/clock.h"
#include "tests/unit/sample.h"

static const struct result_reason *reason(
	const struct result_validity *validity, enum result_reason_key key)
{
	for (size_t i = 0; i < validity->reason_count; i++)
		if (validity->reasons[i].key == key)
			return &validity->reasons[i];
	return NULL;
}

/* Builds, and expects this verdict with (only) this reason. */
static void expect(struct sample *sample, enum result_verdict verdict, enum result_reason_key key)
{
	struct result result;

	sample_build(sample, &result);
	assert_string_equal(
		result_verdict_key(result.validity.verdict), result_verdict_key(verdict));
	for (size_t i = 0; i < result.validity.reason_count; i++)
		assert_string_equal(
			result_reason_key(result.validity.reasons[i].key), result_reason_key(key));
	assert_non_null(reason(&result.validity, key));
	result_release(&result);
}

static void expect_valid(struct sample *sample)
{
	struct result result;

	sample_build(sample, &result);
	assert_int_equal(result.validity.verdict, RESULT_VALID);
	assert_int_equal(result.validity.reason_count, 0);
	result_release(&result);
}

static struct stats_request *measured(struct sample *sample)
{
	return &sample->stats[0]->phase[STATS_MEASURED];
}

static void healthy(void **state)
{
	sample_serve(*state);
	expect_valid(*state);
}

/* 100 µs count when 5 % of p50 is less; 101 of 10,100 samples make the p99. */
static void lag_below_its_floor(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 99000);
	expect_valid(sample);
}

static void lag_above_its_floor(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 102000);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_SEND_LAG);
}

/* With a p50 of 10 ms, 500 µs of lag are allowed. */
static void lag_within_a_share_of_p50(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	for (int i = 0; i < 30000; i++)
		sample_request(sample, COUNTER_OUTCOME_OK, 200, 10 * NS_PER_MS);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 490000);
	expect_valid(sample);
}

static void lag_above_a_share_of_p50(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	for (int i = 0; i < 30000; i++)
		sample_request(sample, COUNTER_OUTCOME_OK, 200, 10 * NS_PER_MS);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 520000);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_SEND_LAG);
}

/* The user's own bound takes the place of both. */
static void lag_within_the_bound_asked_for(void **state)
{
	struct sample *sample = *state;

	sample->plan.max_send_lag_ns = 5 * NS_PER_MS;
	sample_serve(sample);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 4900000);
	expect_valid(sample);
}

static void lag_above_the_bound_asked_for(void **state)
{
	struct sample *sample = *state;

	sample->plan.max_send_lag_ns = 50 * NS_PER_US;
	sample_serve(sample);
	for (int i = 0; i < 110; i++)
		hist_record(&measured(sample)->send_lag, 60000);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_SEND_LAG);
}

static void lag_of_a_closed_loop_is_no_fault(void **state)
{
	struct sample *sample = *state;

	sample_close_loop(sample);
	sample_serve(sample);
	for (int i = 0; i < 500; i++)
		hist_record(&measured(sample)->send_lag, NS_PER_S);
	expect_valid(sample);
}

/* Seconds of a window of 40: how many of them busier than 90 %. */
static void serve_busy(struct sample *sample, unsigned int busy_seconds, double busy)
{
	sample->plan.duration_ns = 40 * NS_PER_S;
	sample->workers[0].info.window_end_ns += 30 * NS_PER_S;
	sample->workers[1].info.window_end_ns += 30 * NS_PER_S;
	for (unsigned int i = 0; i < 41; i++)
		sample_second(sample, 100, i > 40 - busy_seconds ? busy : 0.3);
}

static void busy_in_a_few_seconds(void **state)
{
	serve_busy(*state, 2, 0.99);
	expect_valid(*state);
}

static void busy_in_too_many_seconds(void **state)
{
	serve_busy(*state, 3, 0.91);
	expect(*state, RESULT_GENERATOR_LIMITED, RESULT_REASON_BUSY);
}

static void busy_below_the_bound(void **state)
{
	serve_busy(*state, 40, 0.89);
	expect_valid(*state);
}

static void busy_in_the_warmup(void **state)
{
	struct sample *sample = *state;

	sample_second(sample, 1000, 1);
	for (int i = 0; i < 10; i++)
		sample_second(sample, 1000, 0.5);
	expect_valid(sample);
}

static void busy_closed_loop(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_close_loop(sample);
	for (int i = 0; i < 11; i++)
		sample_second(sample, 1000, 0.96);
	sample_build(sample, &result);
	assert_int_equal(result.validity.verdict, RESULT_VALID);
	assert_int_equal(result.validity.reason_count, SAMPLE_WORKERS);
	assert_int_equal(result.validity.reasons[1].key, RESULT_REASON_THROUGHPUT_IS_LOWER_BOUND);
	assert_int_equal(result.validity.reasons[1].worker, 1);
	assert_int_equal(exit_decide(ERR_NONE, &result), EXIT_PASS);
	result_release(&result);
}

static void busy_closed_loop_below_the_bound(void **state)
{
	struct sample *sample = *state;

	sample_close_loop(sample);
	for (int i = 0; i < 11; i++)
		sample_second(sample, 1000, 0.94);
	expect_valid(sample);
}

static void overflow(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	COUNT(&sample->stats[1]->health, HEALTH_CQ_OVERFLOW);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_CQ_OVERFLOW);
}

static void overflow_of_a_closed_loop(void **state)
{
	struct sample *sample = *state;

	sample_close_loop(sample);
	sample_serve(sample);
	COUNT(&sample->stats[1]->health, HEALTH_CQ_OVERFLOW);
	expect(sample, RESULT_VALID, RESULT_REASON_THROUGHPUT_IS_LOWER_BOUND);
}

static void no_port(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	COUNT(&sample->stats[1]->connections, CONNECTION_FAILED_NO_PORT);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_NO_PORT);
}

static void no_descriptor_in_a_closed_loop(void **state)
{
	struct sample *sample = *state;

	sample_close_loop(sample);
	sample_serve(sample);
	COUNT(&sample->stats[1]->connections, CONNECTION_FAILED_NO_FD);
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_NO_FD);
}

/* Wall is 11 s less 1 ms: 5 % are 549.95 ms. */
static void lost_cpu_below_the_bound(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	sample->workers[0].steal_ns = 249 * NS_PER_MS;
	sample->workers[0].run_delay_ns = 300 * NS_PER_MS;
	/* The quota's time is in the run queue's: it does not count twice. */
	sample->workers[0].has_throttled = true;
	sample->workers[0].throttled_ns = 290 * NS_PER_MS;
	expect_valid(sample);
}

static void lost_cpu_to_steal_and_queue(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	sample->workers[0].steal_ns = 250 * NS_PER_MS;
	sample->workers[0].run_delay_ns = 301 * NS_PER_MS;
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_CPU_LOST);
}

static void lost_cpu_to_the_quota(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	sample->workers[1].has_throttled = true;
	sample->workers[1].throttled_ns = 600 * NS_PER_MS;
	expect(sample, RESULT_GENERATOR_LIMITED, RESULT_REASON_CPU_LOST);
}

static void broken_identity(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	COUNT(&measured(sample)->counters, COUNTER_COMPLETED);
	sample_build(sample, &result);
	assert_int_equal(result.validity.verdict, RESULT_INTERNAL_ERROR);
	assert_int_equal(result.validity.reasons[0].key, RESULT_REASON_IDENTITY);
	assert_non_null(strstr(result.validity.reasons[0].text,
		"sent is not completed + failed + timed_out + in_flight"));
	assert_int_equal(exit_decide(ERR_NONE, &result), EXIT_INVALID);
	result_release(&result);
}

static void broken_identity_of_the_warmup(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	COUNT(&sample->stats[0]->phase[STATS_WARMUP].counters, COUNTER_SCHEDULED);
	expect(sample, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY);
}

/* Stamped and unstamped are all that completed, in each phase; and both figures have each. */
static void broken_identity_of_the_stamps(void **state)
{
	struct sample *sample = *state;
	struct stats *stats = sample->stats[0];

	sample_stamp(sample);
	sample_serve(sample);
	expect_valid(sample);
	COUNT(&measured(sample)->counters, COUNTER_UNSTAMPED);
	expect(sample, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY);
	hist_record(&stats->phase[STATS_WARMUP].client_queue, 1000);
	measured(sample)->counters.value[COUNTER_UNSTAMPED]--;
	expect(sample, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY);
	stats->phase[STATS_WARMUP].counters.value[COUNTER_UNSTAMPED]--;
	expect(sample, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY);
	hist_record(&stats->phase[STATS_WARMUP].until_arrival, 1000);
	expect_valid(sample);
}

static void failed_worker(void **state)
{
	struct sample *sample = *state;

	sample_serve(sample);
	sample->input.fault = "worker 0: no memory";
	expect(sample, RESULT_INTERNAL_ERROR, RESULT_REASON_WORKER_FAILED);
}

/* The weightiest verdict is given, and every reason is listed, the weightiest first. */
static void several_reasons(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_request(sample, COUNTER_OUTCOME_OK, 200, NS_PER_MS);
	sample->input.interrupted = true;
	sample->workers[0].info.window_end_ns = SAMPLE_START_NS + NS_PER_S + 1000;
	sample->workers[1].info.window_end_ns = SAMPLE_START_NS + NS_PER_S + 2000;
	sample->workers[0].run_delay_ns = 0;
	sample->workers[1].run_delay_ns = 0;
	COUNT(&sample->stats[0]->health, HEALTH_CQ_OVERFLOW);
	sample->plan_workers[0].shared_cpu = true;
	sample_build(sample, &result);
	assert_int_equal(result.validity.verdict, RESULT_INTERRUPTED);
	assert_int_equal(result.validity.reason_count, 4);
	assert_int_equal(result.validity.reasons[0].key, RESULT_REASON_INTERRUPTED);
	assert_int_equal(result.validity.reasons[1].key, RESULT_REASON_CQ_OVERFLOW);
	assert_int_equal(result.validity.reasons[2].key, RESULT_REASON_FEW_SAMPLES);
	assert_int_equal(result.validity.reasons[3].key, RESULT_REASON_SHORT_WINDOW);
	assert_int_equal(result.validity.note_count, 1);
	assert_int_equal(result.validity.notes[0].key, RESULT_REASON_SHARED_CPU);
	assert_int_equal(exit_decide(ERR_NONE, &result), EXIT_INTERRUPTED);
	result_release(&result);
}

static void serve_short(struct sample *sample, uint64_t requests, uint64_t duration_ns)
{
	sample->plan.warmup_ns = 0;
	sample->plan.duration_ns = duration_ns;
	for (uint64_t i = 0; i < requests; i++)
		sample_request(sample, COUNTER_OUTCOME_OK, 200, NS_PER_MS);
}

static void few_samples(void **state)
{
	serve_short(*state, 99, 10 * NS_PER_S);
	expect(*state, RESULT_TOO_SHORT, RESULT_REASON_FEW_SAMPLES);
}

static void enough_samples_and_time(void **state)
{
	serve_short(*state, 100, NS_PER_S);
	expect_valid(*state);
}

static void short_window(void **state)
{
	serve_short(*state, 1000, NS_PER_S - 1);
	expect(*state, RESULT_TOO_SHORT, RESULT_REASON_SHORT_WINDOW);
}

/* What it was ended for is no chance, so that it is as long as it need be. */
static void ended_early(void **state)
{
	static const struct result_abort aborted = {.happened = true};
	struct sample *sample = *state;

	sample->input.aborted = &aborted;
	serve_short(sample, 50, NS_PER_S);
	expect_valid(sample);
}

#define SAMPLED(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLED(healthy),
		SAMPLED(lag_below_its_floor),
		SAMPLED(lag_above_its_floor),
		SAMPLED(lag_within_a_share_of_p50),
		SAMPLED(lag_above_a_share_of_p50),
		SAMPLED(lag_within_the_bound_asked_for),
		SAMPLED(lag_above_the_bound_asked_for),
		SAMPLED(lag_of_a_closed_loop_is_no_fault),
		SAMPLED(busy_in_a_few_seconds),
		SAMPLED(busy_in_too_many_seconds),
		SAMPLED(busy_below_the_bound),
		SAMPLED(busy_in_the_warmup),
		SAMPLED(busy_closed_loop),
		SAMPLED(busy_closed_loop_below_the_bound),
		SAMPLED(overflow),
		SAMPLED(overflow_of_a_closed_loop),
		SAMPLED(no_port),
		SAMPLED(no_descriptor_in_a_closed_loop),
		SAMPLED(lost_cpu_below_the_bound),
		SAMPLED(lost_cpu_to_steal_and_queue),
		SAMPLED(lost_cpu_to_the_quota),
		SAMPLED(broken_identity),
		SAMPLED(broken_identity_of_the_warmup),
		SAMPLED(broken_identity_of_the_stamps),
		SAMPLED(failed_worker),
		SAMPLED(several_reasons),
		SAMPLED(few_samples),
		SAMPLED(enough_samples_and_time),
		SAMPLED(short_window),
		SAMPLED(ended_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
