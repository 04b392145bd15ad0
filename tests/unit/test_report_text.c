/* SPDX-License-Identifier: MIT */
/* The report for people, compared with tests/golden/text/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/threshold.h"
#include "analysis/validity.h"
#include "base/clock.h"
#include "report/layout.h"
#include "report/text.h"
#include "tests/unit/columns.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample.h"

static void compare(const char *name, struct result *result)
{
	struct buf out = {0};

	text_report(result, &out);
	assert_false(out.failed);
	columns_assert_fit(buf_string(&out));
	golden_compare(name, buf_string(&out));
	buf_release(&out);
	result_release(result);
}

static void judge(struct result *result, const char *const *expressions, size_t count)
{
	struct threshold_list list = {0};
	struct err err = {ERR_NONE, ""};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(threshold_list_add(&list, expressions[i], &err), 0);
	assert_int_equal(threshold_list_judge(&list, result, &err), 0);
	threshold_list_release(&list);
}

static void open_loop(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	sample_build(sample, &result);
	compare("text/open_loop.txt", &result);
}

static void closed_loop(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_close_loop(sample);
	for (int i = 0; i < 11; i++)
		sample_second(sample, 1000 + 20 * (uint64_t)i, 0.97);
	sample_build(sample, &result);
	compare("text/closed_loop.txt", &result);
}

/* A connection for each request: enough of them for percentiles. */
static void without_keepalive(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample->plan.no_keepalive = true;
	sample_serve(sample);
	for (uint64_t i = 0; i < 12000; i++) {
		COUNT(&sample->stats[0]->connections, CONNECTION_ATTEMPTED);
		COUNT(&sample->stats[0]->connections, CONNECTION_ESTABLISHED);
		hist_record(&sample->stats[0]->connect, 50000 + i * 10);
	}
	sample_build(sample, &result);
	compare("text/without_keepalive.txt", &result);
}

static void ended_early(void **state)
{
	static const struct result_abort aborted = {
		.happened = true,
		.after_s = 4,
		.lasted_s = 2.5,
		.sign = RESULT_SIGN_ERRORS,
		.unit = RESULT_SHARE,
		.value = 0.3333,
		.bound = 0.01,
	};
	struct sample *sample = *state;
	struct result result;

	for (int i = 0; i < 5; i++)
		sample_second(sample, 1000, 0.2);
	sample->input.aborted = &aborted;
	for (int i = 0; i < SAMPLE_WORKERS; i++) {
		sample->workers[i].info.window_end_ns = SAMPLE_START_NS + 5 * NS_PER_S;
		sample->workers[i].info.end_ns = SAMPLE_START_NS + 5 * NS_PER_S + 1234567;
	}
	sample_build(sample, &result);
	compare("text/ended_early.txt", &result);
}

/* One of everything that can go wrong. */
static void every_error(void **state)
{
	struct sample *sample = *state;
	struct stats *stats = sample->stats[0];
	struct engine_worker_info *info = &sample->workers[0].info;
	struct result result;

	sample_serve(sample);
	for (int i = COUNTER_DROPPED_EXPIRED; i <= COUNTER_OUTCOME_CHECK; i++) {
		unsigned int status = i == COUNTER_OUTCOME_4XX   ? 404
				      : i == COUNTER_OUTCOME_5XX ? 503
								 : 204;

		if (i == COUNTER_COMPLETED)
			continue;
		for (int n = 0; n <= i; n++)
			sample_request(sample, i, status, 2 * NS_PER_S + (uint64_t)n * NS_PER_MS);
	}
	for (int i = CONNECTION_FAILED_REFUSED; i < CONNECTION_COUNTER_COUNT; i++)
		COUNT_BY(&stats->connections, i, 10 + (unsigned int)i);
	memcpy(info->odd_bytes, "SSH-2.0-Open\"SSH\"\\\r\n\033[31m\xff", 26);
	info->odd_byte_count = 26;
	info->odd_reason = "not HTTP/1.1: the status line has no version";
	COUNT_BY(&stats->phase[STATS_WARMUP].counters, COUNTER_OUTCOME_5XX, 7);
	COUNT_BY(&stats->phase[STATS_WARMUP].counters, COUNTER_COMPLETED, 7);
	COUNT_BY(&stats->phase[STATS_WARMUP].counters, COUNTER_SENT, 7);
	COUNT_BY(&stats->phase[STATS_WARMUP].counters, COUNTER_SCHEDULED, 7);
	stats->phase[STATS_WARMUP].counters.status[500] = 7;
	stats->health.value[HEALTH_ENOBUFS] = 1234;
	stats->health.value[HEALTH_CQ_OVERFLOW] = 2;
	sample->plan.address_count = 2;
	sample->address_counts[1] = 12;
	sample->address_stats[1] = (struct address_counters){.value = {[ADDRESS_ATTEMPTED] = 1234,
								     [ADDRESS_ESTABLISHED] = 12,
								     [ADDRESS_FAILED] = 1222,
								     [ADDRESS_COMPLETED] = 56,
								     [ADDRESS_REQUESTS_FAILED] = 34,
								     [ADDRESS_TIMED_OUT] = 7}};
	sample->notes[0] = "[::1]:8081 is left out: connection refused";
	sample->input.notes = sample->notes;
	sample->input.note_count = 1;
	sample->plan_workers[1].shared_cpu = true;
	sample_build(sample, &result);
	compare("text/every_error.txt", &result);
}

/* A server that froze: a part of the requests never got an answer. */
static void censored(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	for (int i = 0; i < 600; i++)
		sample_request(sample, COUNTER_TIMED_OUT, 0, 10 * NS_PER_S);
	for (int i = 0; i < 50; i++)
		sample_request(sample, COUNTER_IN_FLIGHT, 0, 3 * NS_PER_S);
	sample_build(sample, &result);
	compare("text/censored.txt", &result);
}

static void few_samples(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample->plan.warmup_ns = 0;
	sample->plan.has_requests = true;
	sample->plan.requests = 10;
	sample->plan.duration_ns = UINT64_MAX;
	sample_close_loop(sample);
	for (int i = 0; i < 10; i++)
		sample_request(sample, COUNTER_OUTCOME_OK, 200, NS_PER_MS + (uint64_t)i * 1000);
	for (int i = 0; i < SAMPLE_WORKERS; i++) {
		sample->workers[i].info.window_end_ns = SAMPLE_START_NS + 12 * NS_PER_MS;
		sample->workers[i].info.end_ns = SAMPLE_START_NS + 13 * NS_PER_MS;
	}
	sample_build(sample, &result);
	compare("text/few_samples.txt", &result);
}

static void generator_limited(void **state)
{
	struct sample *sample = *state;
	struct result result;

	for (int i = 0; i < 11; i++)
		sample_second(sample, 1000, i < 6 ? 0.5 : 0.99);
	for (int i = 0; i < 200; i++)
		hist_record(&sample->stats[0]->phase[STATS_MEASURED].send_lag, 5 * NS_PER_MS);
	sample->workers[1].run_delay_ns = NS_PER_S;
	sample->workers[0].has_throttled = true;
	sample->workers[0].throttled_ns = 70 * NS_PER_MS;
	sample_build(sample, &result);
	compare("text/generator_limited.txt", &result);
}

static void interrupted(void **state)
{
	struct sample *sample = *state;
	struct result result;

	for (int i = 0; i < 5; i++)
		sample_second(sample, 1000, 0.2);
	sample->input.interrupted = true;
	for (int i = 0; i < SAMPLE_WORKERS; i++) {
		sample->workers[i].info.window_end_ns = SAMPLE_START_NS + 5 * NS_PER_S;
		sample->workers[i].info.end_ns = SAMPLE_START_NS + 5 * NS_PER_S + 1234567;
	}
	sample_build(sample, &result);
	compare("text/interrupted.txt", &result);
}

static void internal_error(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	COUNT(&sample->stats[0]->phase[STATS_MEASURED].counters, COUNTER_SENT);
	sample->input.fault = "worker 1: io_uring_enter: bad file descriptor";
	sample_build(sample, &result);
	compare("text/internal_error.txt", &result);
}

static void thresholds(void **state)
{
	static const char *const expressions[] = {"p95<200ms", "p99 < 1ms", "warn: mean<1ms",
		"connection_wait.p99<1s", "failure.p50<1s", "error_rate<1%", "rate>=9.5k",
		"completed_rate>=90%", "failed==0", "p99.99<100ms"};
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	for (int i = 0; i < 5; i++)
		sample_request(sample, COUNTER_TIMED_OUT, 0, 80 * NS_PER_MS);
	sample_build(sample, &result);
	judge(&result, expressions, sizeof(expressions) / sizeof(*expressions));
	compare("text/thresholds.txt", &result);
}

static void stamped(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_stamp(sample);
	sample_close_loop(sample);
	for (int i = 0; i < 3; i++)
		sample_second(sample, 2000, 0.5);
	sample_build(sample, &result);
	compare("text/stamped.txt", &result);
}

/* As on a unix socket. */
static void nothing_stamped(void **state)
{
	struct sample *sample = *state;
	struct counters *counters = &sample->stats[0]->phase[STATS_MEASURED].counters;
	struct result result;

	sample_serve(sample);
	sample->plan.rx_timestamps = true;
	counters->value[COUNTER_UNSTAMPED] = 2 * counters->value[COUNTER_COMPLETED];
	counters = &sample->stats[0]->phase[STATS_WARMUP].counters;
	counters->value[COUNTER_UNSTAMPED] = 2 * counters->value[COUNTER_COMPLETED];
	sample_build(sample, &result);
	compare("text/nothing_stamped.txt", &result);
}

/* Nothing was sent, a name without end, and a terminal that must not be commanded. */
static void nothing(void **state)
{
	struct sample *sample = *state;
	struct result result;
	char url[400];

	memset(url, 'a', sizeof(url) - 1);
	url[sizeof(url) - 1] = '\0';
	memcpy(url, "http://", 7);
	sample->plan.url = url;
	sample->plan.request.name = "GET /\033[2J\a\u00e9";
	for (int i = 0; i < SAMPLE_WORKERS; i++) {
		sample->workers[i].info = (struct engine_worker_info){0};
		sample->workers[i].run_delay_ns = 0;
	}
	sample_build(sample, &result);
	compare("text/nothing.txt", &result);
}

static void bars(void **state)
{
	const double values[] = {0, 1, 2, 3, 4, 5, 6, 7};
	struct buf out = {0};

	(void)state;
	layout_bars(&out, values, 8, 60);
	assert_string_equal(buf_string(&out), "▁▂▃▄▅▆▇█");
	buf_release(&out);
	layout_bars(&out, values, 8, 4);
	assert_string_equal(buf_string(&out), "▂▄▆█");
	buf_release(&out);
	layout_bars(&out, values, 1, 4);
	assert_string_equal(buf_string(&out), "▁");
	buf_release(&out);
}

static void wrapping(void **state)
{
	char word[2 * LAYOUT_COLUMNS + 1];
	struct buf out = {0};

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	layout_entryf(&out, "label", "before  %s after \u00e9\u00e9", word);
	columns_assert_fit(buf_string(&out));
	golden_compare("text/wrapping.txt", buf_string(&out));
	buf_release(&out);
}

#define SAMPLED(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLED(open_loop),
		SAMPLED(closed_loop),
		SAMPLED(without_keepalive),
		SAMPLED(every_error),
		SAMPLED(censored),
		SAMPLED(few_samples),
		SAMPLED(generator_limited),
		SAMPLED(interrupted),
		SAMPLED(ended_early),
		SAMPLED(internal_error),
		SAMPLED(thresholds),
		SAMPLED(stamped),
		SAMPLED(nothing_stamped),
		SAMPLED(nothing),
		cmocka_unit_test(bars),
		cmocka_unit_test(wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
