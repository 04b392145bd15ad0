/* SPDX-License-Identifier: MIT */
/* The grammar, its messages, and what is judged from a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/threshold.h"
#include "base/clock.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample.h"

static void accepts(void **state)
{
	static const struct {
		const char *expression;
		enum result_latency_kind latency;
		double quantile;
		enum threshold_operator operator;
		double value;
		enum result_unit unit;
	} rows[] = {
		{"p99<200ms", RESULT_TOTAL, 0.99, THRESHOLD_LESS, 200e6, RESULT_NS},
		{"p95 <= 1s", RESULT_TOTAL, 0.95, THRESHOLD_LESS_OR_EQUAL, 1e9, RESULT_NS},
		{"  p50  >  1ms  ", RESULT_TOTAL, 0.50, THRESHOLD_GREATER, 1e6, RESULT_NS},
		{"p5<1s", RESULT_TOTAL, 0.05, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p99.9<1s", RESULT_TOTAL, 0.999, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p999<1s", RESULT_TOTAL, 0.999, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p99.99<1s", RESULT_TOTAL, 0.9999, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p9999<1s", RESULT_TOTAL, 0.9999, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p97.5<1s", RESULT_TOTAL, 0.975, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"p2.5<1s", RESULT_TOTAL, 0.025, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"mean<5ms", RESULT_TOTAL, 0, THRESHOLD_LESS, 5e6, RESULT_NS},
		{"max!=1s", RESULT_TOTAL, 0, THRESHOLD_NOT_EQUAL, 1e9, RESULT_NS},
		{"service.p99.9<1m30s", RESULT_SERVICE, 0.999, THRESHOLD_LESS, 90e9, RESULT_NS},
		{"connection_wait.p99<1s", RESULT_CONNECTION_WAIT, 0.99, THRESHOLD_LESS, 1e9,
			RESULT_NS},
		{"send_lag.max<100us", RESULT_SEND_LAG, 0, THRESHOLD_LESS, 1e5, RESULT_NS},
		{"connect.min>1us", RESULT_CONNECT, 0, THRESHOLD_GREATER, 1e3, RESULT_NS},
		{"total.p75<1s", RESULT_TOTAL, 0.75, THRESHOLD_LESS, 1e9, RESULT_NS},
		{"error_rate<1%", RESULT_TOTAL, 0, THRESHOLD_LESS, 0.01, RESULT_SHARE},
		{"error_rate<0.5 %", RESULT_TOTAL, 0, THRESHOLD_LESS, 0.005, RESULT_SHARE},
		{"error_rate<=0", RESULT_TOTAL, 0, THRESHOLD_LESS_OR_EQUAL, 0, RESULT_SHARE},
		{"error_rate<0.01", RESULT_TOTAL, 0, THRESHOLD_LESS, 0.01, RESULT_SHARE},
		{"completed_rate>=90%", RESULT_TOTAL, 0, THRESHOLD_GREATER_OR_EQUAL, 0.9,
			RESULT_SHARE},
		{"rate>=9.5k", RESULT_TOTAL, 0, THRESHOLD_GREATER_OR_EQUAL, 9500, RESULT_RPS},
		{"failed<10", RESULT_TOTAL, 0, THRESHOLD_LESS, 10, RESULT_REQUESTS},
		{"timed_out==0", RESULT_TOTAL, 0, THRESHOLD_EQUAL, 0, RESULT_REQUESTS},
		{"status_5xx == 0", RESULT_TOTAL, 0, THRESHOLD_EQUAL, 0, RESULT_REQUESTS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct threshold threshold;
		struct err err = {ERR_NONE, ""};

		if (threshold_parse(&threshold, rows[i].expression, &err))
			fail_msg("%s", err.text);
		assert_string_equal(threshold.expression, rows[i].expression);
		assert_int_equal(threshold.metric.latency, rows[i].latency);
		assert_true(threshold.metric.quantile == rows[i].quantile);
		assert_int_equal(threshold.operator, rows[i].operator);
		assert_true(threshold.value == rows[i].value);
		assert_int_equal(metric_unit(&threshold.metric), rows[i].unit);
		assert_false(threshold.warn);
	}
}

static void accepts_a_level(void **state)
{
	struct threshold threshold;

	(void)state;
	assert_int_equal(threshold_parse(&threshold, "warn: p99<100ms", NULL), 0);
	assert_true(threshold.warn);
	assert_string_equal(threshold.name, "p99");
	assert_string_equal(threshold.bound, "100ms");
	assert_int_equal(threshold_parse(&threshold, " warn :p99<100ms", NULL), 0);
	assert_true(threshold.warn);
}

/* Every message, in tests/golden/threshold/messages.txt. */
static void refuses(void **state)
{
	static const char *const expressions[] = {"", "   ", "<200ms", "p99", "p99<", "p99 200ms",
		"p99=200ms", "p99=<200ms", "p99<200", "p99<200 ms", "p99<-1ms", "p99<1msx",
		"p100<1s", "p0<1s", "p101<1s", "p123<1s", "p99.<1s", "p99.9.9<1s", "P99<1s",
		"eror_rate<1%", "error_rate<5", "error_rate<1.%", "error_rate<-1%", "error_rate<x%",
		"error_rate<1% or so", "completed_rate>=2000%", "rate>=fast", "failed<1.5",
		"failed<ten", "service<1s", "service.<1s", "service.p200<1s", "service.failed<1",
		"servise.p99<1s", "timedout==0", "latency<1s", "fail: p99<1s", "warn p99<1s",
		"warn:", "p99<1s<2s",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa<1s"};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(expressions) / sizeof(*expressions); i++) {
		struct threshold threshold;
		struct err err = {ERR_NONE, ""};

		assert_true(threshold_parse(&threshold, expressions[i], &err) < 0);
		assert_int_equal(err.kind, ERR_USAGE);
		buf_printf(&out, "%s\n", err.text);
	}
	golden_compare("threshold/messages.txt", buf_string(&out));
	buf_release(&out);
}

static void helps(void **state)
{
	struct buf out = {0};

	(void)state;
	threshold_help(&out);
	golden_compare("threshold/help.txt", buf_string(&out));
	buf_release(&out);
}

/* Judges one expression; *reason is copied, "" when there is none. */
static enum result_state judge(
	struct result *result, const char *expression, char *reason, size_t reason_bytes)
{
	struct threshold_list list = {0};
	struct err err = {ERR_NONE, ""};
	enum result_state state;

	if (threshold_list_add(&list, expression, &err))
		fail_msg("%s", err.text);
	assert_int_equal(threshold_list_judge(&list, result, &err), 0);
	assert_int_equal(result->threshold_count, 1);
	assert_string_equal(result->thresholds[0].expression, expression);
	assert_string_equal(result->thresholds[0].scope, "run");
	state = result->thresholds[0].state;
	snprintf(reason, reason_bytes, "%s",
		result->thresholds[0].reason ? result->thresholds[0].reason : "");
	threshold_list_release(&list);
	free(result->thresholds[0].expression);
	free(result->thresholds[0].scope);
	free(result->thresholds[0].reason);
	free(result->thresholds);
	result->thresholds = NULL;
	result->threshold_count = 0;
	return state;
}

static void expect(struct result *result, const char *expression, enum result_state state)
{
	char reason[256];
	enum result_state is = judge(result, expression, reason, sizeof(reason));

	if (is != state)
		fail_msg("%s: %s, expected %s (%s)", expression, result_state_key(is),
			result_state_key(state), reason);
	assert_true((is == RESULT_PASS) == !*reason);
}

/* 10,000 answers between 0.5 and 1.5 ms with lag below 1 µs, of 1,000 a second asked. */
static void judges_figures(void **state)
{
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	sample_serve(&sample);
	for (int i = 0; i < 100; i++)
		sample_request(&sample, COUNTER_FAILED_RESET, 0, 300 * NS_PER_MS);
	for (int i = 0; i < 100; i++)
		sample_request(&sample, COUNTER_OUTCOME_5XX, 503, NS_PER_MS);
	COUNT_BY(&sample.stats[0]->connections, CONNECTION_FAILED_REFUSED, 3);
	sample_build(&sample, &result);

	expect(&result, "p50<1.1ms", RESULT_PASS);
	expect(&result, "p50>1.1ms", RESULT_FAIL);
	expect(&result, "p97.5<1.5ms", RESULT_PASS);
	expect(&result, "p97.5<1.4ms", RESULT_FAIL);
	expect(&result, "warn:p97.5<1.4ms", RESULT_WARN);
	expect(&result, "min>=500us", RESULT_PASS);
	expect(&result, "min>600us", RESULT_FAIL);
	expect(&result, "max>100ms", RESULT_PASS);
	expect(&result, "mean<1ms", RESULT_FAIL);
	expect(&result, "send_lag.p99<1us", RESULT_PASS);
	expect(&result, "connection_wait.max==0", RESULT_PASS);
	expect(&result, "connection_wait.max!=0", RESULT_FAIL);
	expect(&result, "connect.p50<1ms", RESULT_PASS);
	expect(&result, "connect.p50<1us", RESULT_FAIL);
	expect(&result, "failure.p50>299ms", RESULT_PASS);
	expect(&result, "error_rate<2%", RESULT_PASS); /* 200 of 10,200 */
	expect(&result, "error_rate<1.9%", RESULT_FAIL);
	expect(&result, "completed_rate>=101%", RESULT_PASS);
	expect(&result, "completed_rate>101%", RESULT_FAIL);
	expect(&result, "rate>=1.01k", RESULT_PASS);
	expect(&result, "rate>1.01k", RESULT_FAIL);
	expect(&result, "sent_rate==1020", RESULT_PASS);
	expect(&result, "failed==100", RESULT_PASS);
	expect(&result, "failed_reset<=99", RESULT_FAIL);
	expect(&result, "failed_closed==0", RESULT_PASS);
	expect(&result, "status_5xx<100", RESULT_FAIL);
	expect(&result, "status_4xx<100", RESULT_PASS);
	expect(&result, "ok==10k", RESULT_PASS);
	expect(&result, "dropped==0", RESULT_PASS);
	expect(&result, "connect_failed<3", RESULT_FAIL);
	result_release(&result);
	sample_release(&sample);
}

/* 5 % never got an answer within 2 s: what lies at or beyond is at least 2 s, no more is known. */
static void judges_lower_bounds(void **state)
{
	struct sample sample;
	struct result result;
	char reason[256];

	(void)state;
	sample_init(&sample);
	sample_serve(&sample);
	for (int i = 0; i < 527; i++)
		sample_request(&sample, COUNTER_TIMED_OUT, 0, 2 * NS_PER_S);
	sample_build(&sample, &result);

	expect(&result, "p90<2ms", RESULT_PASS);
	expect(&result, "p99<1s", RESULT_FAIL);
	expect(&result, "p99<10s", RESULT_FAIL);
	expect(&result, "p99<=10s", RESULT_FAIL);
	expect(&result, "p99>1s", RESULT_PASS);
	expect(&result, "p99>=2s", RESULT_PASS);
	expect(&result, "p99>10s", RESULT_FAIL);
	expect(&result, "p99!=1s", RESULT_PASS);
	expect(&result, "p99!=10s", RESULT_FAIL);
	expect(&result, "p99==2s", RESULT_FAIL);
	expect(&result, "max<10s", RESULT_FAIL);
	expect(&result, "mean<1s", RESULT_FAIL);
	expect(&result, "mean>10ms", RESULT_PASS);
	expect(&result, "min<1ms", RESULT_PASS);
	expect(&result, "warn: p99<10s", RESULT_WARN);

	judge(&result, "p99<10s", reason, sizeof(reason));
	assert_string_equal(reason, "p99 is at least 2.00 s, unknown beyond, wanted < 10s");
	judge(&result, "p99 < 1s", reason, sizeof(reason));
	assert_string_equal(reason, "p99 is at least 2.00 s, wanted < 1s");
	judge(&result, "p90<1ms", reason, sizeof(reason));
	assert_string_equal(reason, "p90 is 1.45 ms, wanted < 1ms");
	result_release(&result);
	sample_release(&sample);
}

static void does_not_judge_what_is_not_there(void **state)
{
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	sample_close_loop(&sample);
	for (int i = 0; i < SAMPLE_WORKERS; i++)
		sample.workers[i].info.window_end_ns = 0;
	sample_build(&sample, &result);
	assert_true(result.window.duration_s > 0);
	expect(&result, "completed_rate>=90%", RESULT_NOT_EVALUATED);
	expect(&result, "p99<1s", RESULT_NOT_EVALUATED);
	expect(&result, "warn: failure.mean<1s", RESULT_NOT_EVALUATED);
	expect(&result, "error_rate<1%", RESULT_NOT_EVALUATED);
	expect(&result, "failed==0", RESULT_PASS);
	result_release(&result);
	sample_release(&sample);
}

/* Figures of stamps: not there unless asked for, and why. */
static void judges_stamps(void **state)
{
	struct sample sample;
	struct result result;
	char reason[256];

	(void)state;
	sample_init(&sample);
	sample_serve(&sample);
	sample_build(&sample, &result);
	assert_int_equal(judge(&result, "client_queue.p99<1s", reason, sizeof(reason)),
		RESULT_NOT_EVALUATED);
	assert_non_null(strstr(reason, "--rx-timestamps was not asked for"));
	result_release(&result);
	sample_release(&sample);

	sample_init(&sample);
	sample_stamp(&sample);
	sample_serve(&sample);
	sample_build(&sample, &result);
	expect(&result, "client_queue.p99<10us", RESULT_FAIL);
	expect(&result, "until_arrival.p50<1s", RESULT_PASS);
	result_release(&result);
	sample_release(&sample);
}

static void has_default_objectives(void **state)
{
	static const enum result_state states[] = {
		RESULT_PASS, RESULT_PASS, RESULT_FAIL, RESULT_FAIL};
	struct threshold_list list = {0};
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	for (int i = 0; i < 11; i++)
		sample_second(&sample, i ? 890 : 1000, 0.2);
	for (int i = 0; i < 200; i++)
		sample_request(&sample, COUNTER_FAILED_CLOSED, 0, NS_PER_MS);
	sample_build(&sample, &result);
	assert_int_equal(threshold_list_add_slo(&list, NULL), 0);
	assert_int_equal(threshold_list_judge(&list, &result, NULL), 0);
	assert_int_equal(result.threshold_count, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(result.thresholds[i].state, states[i]);
	assert_string_equal(result.thresholds[0].expression, "p95<200ms");
	assert_string_equal(result.thresholds[1].expression, "p99<500ms");
	assert_string_equal(result.thresholds[2].expression, "completed_rate>=90%");
	assert_string_equal(result.thresholds[3].expression, "error_rate<1%");
	threshold_list_release(&list);
	result_release(&result);
	sample_release(&sample);
}

/* What a search asks of errors where nobody did. */
static void knows_what_is_on_errors(void **state)
{
	static const char *const on[] = {"error_rate<1%", "failed<3", "status_5xx==0", "ok>10",
		"failed_reset==0", "check==0"};
	static const char *const off[] = {"p99<1s", "completed_rate>90%", "timed_out<1",
		"dropped==0", "target_cpu<90%", "sent>5"};
	struct threshold threshold;

	(void)state;
	for (size_t i = 0; i < sizeof(on) / sizeof(*on); i++) {
		assert_int_equal(threshold_parse(&threshold, on[i], NULL), 0);
		assert_true(metric_of_errors(&threshold.metric));
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++) {
		assert_int_equal(threshold_parse(&threshold, off[i], NULL), 0);
		assert_false(metric_of_errors(&threshold.metric));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(accepts_a_level),
		cmocka_unit_test(refuses),
		cmocka_unit_test(helps),
		cmocka_unit_test(judges_figures),
		cmocka_unit_test(judges_lower_bounds),
		cmocka_unit_test(does_not_judge_what_is_not_there),
		cmocka_unit_test(judges_stamps),
		cmocka_unit_test(has_default_objectives),
		cmocka_unit_test(knows_what_is_on_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
