/* SPDX-License-Identifier: MIT */
/* What gave way, as a whole: nothing in health, the right cause first where several show, signs
 * behind causes, and what could not be looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/cause.h"
#include "base/file.h"
#include "tests/unit/cause_sample.h"

static struct cause_sample sample;

static int setup(void **state)
{
	(void)state;
	cause_sample_init(&sample);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cause_sample_release(&sample);
	return 0;
}

static const double busy_us[PROBE_ABI_PARTS] = {
	[PROBE_ABI_QUEUE_BUSY] = 400000, [PROBE_ABI_APP_CPU] = 190};

static void test_health(void **state)
{
	(void)state;
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 0);
	assert_int_equal(sample.record.unknown_count, 0);
}

/* A plain overload of a server with one thread: its CPU, then the queue, then how it showed. */
static void test_ranks(void **state)
{
	static const char *const keys[] = {
		"cpu_bound", "queueing", "latency", "behind", "stage", "timeouts"};

	(void)state;
	sample.broken->kernel.workers[0].cpu = 0.99;
	cause_sample_parts(sample.broken, busy_us);
	cause_sample_slow(sample.broken, 800);
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 0, 0.8);
	cause_sample_fail(sample.broken, COUNTER_TIMED_OUT, 0, 50);
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct search_cause *cause = &sample.record.causes[i];

		assert_string_equal(cause->key, keys[i]);
		assert_int_equal(cause->sign, i >= 2);
		assert_int_equal(!cause->advice, i >= 2);
	}
	/* Of two ways to see the same the stronger one is told, once. */
	sample.broken->resources.cpu.mean_share = 0.97;
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 6);
	assert_non_null(strstr(sample.record.causes[0].sentence, "thread 4201"));
}

static void test_signs(void **state)
{
	uint64_t *value = sample.broken->connections.value;

	(void)state;
	cause_sample_slow(sample.broken, 9.9);
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_4XX, 404, 100);
	cause_sample_fail(sample.broken, COUNTER_TIMED_OUT, 0, 24);
	sample.trials[CAUSE_SAMPLE_BROKEN].backlog_growth = 0.009;
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 0);

	cause_sample_slow(sample.broken, 812);
	sample.broken->run.latency[RESULT_TOTAL].quantile[RESULT_P99].lower_bound = true;
	cause_sample_expect(&sample, "latency",
		"p99 (at least) grew from 2.00 ms to 812 ms, 406 times the base's");
	cause_sample_slow(sample.broken, 4000);
	cause_sample_explain(&sample);
	assert_string_equal(cause_sample_find(&sample, "latency")->sentence,
		"p99 (at least) grew from 2.00 ms to 4.00 s, 2,000 times the base's");
	cause_sample_slow(sample.broken, 2);
	cause_sample_fail(sample.broken, COUNTER_TIMED_OUT, 0, 1226);
	cause_sample_explain(&sample);
	assert_string_equal(cause_sample_find(&sample, "timeouts")->sentence,
		"timeouts rose from 0 % to 5.00 % of the requests");
	assert_string_equal(cause_sample_find(&sample, "error_rate")->sentence,
		"errors rose from 0 % to 5.40 % of the requests");
	sample.trials[CAUSE_SAMPLE_BROKEN].backlog_growth = 0.2;
	sample.broken->run.completed_rps = 4000;
	cause_sample_explain(&sample);
	assert_string_equal(cause_sample_find(&sample, "behind")->sentence,
		"it fell behind: 4,000/s of 5,000/s were answered, what is unanswered grew by 20.0 "
		"% of the rate");
	cause_sample_fail(sample.broken, COUNTER_FAILED_RESET, 0, 25);
	value[CONNECTION_ATTEMPTED] = 1000;
	value[CONNECTION_FAILED_REFUSED] = 1;
	cause_sample_explain(&sample);
	assert_string_equal(cause_sample_find(&sample, "resets")->sentence,
		"connections reset or closed in a request rose from 0 % to 0.10 % of the requests");
	assert_string_equal(cause_sample_find(&sample, "refused")->sentence,
		"refused or unanswered connects rose from 0 % to 0.10 % of all");
}

static void test_stage(void **state)
{
	static const double less_us[PROBE_ABI_PARTS] = {[PROBE_ABI_APP_CPU] = 160};
	static const double more_us[PROBE_ABI_PARTS] = {
		[PROBE_ABI_APP_CPU] = 100, [PROBE_ABI_QUEUE_WAKEUP] = 80};

	(void)state;
	cause_sample_parts(sample.broken, less_us);
	cause_sample_expect_none(&sample, "stage");
	cause_sample_parts(sample.broken, more_us);
	cause_sample_expect(&sample, "stage",
		"queue_wakeup grew from 20.0 µs to 80.0 µs and residence grew from 108 µs to 180 "
		"µs");
}

static void expect_unknown(size_t index, const char *sentence)
{
	assert_in_range(index + 1, 1, sample.record.unknown_count);
	assert_string_equal(sample.record.unknown[index], sentence);
}

static void test_unknown(void **state)
{
	(void)state;
	sample.broken->resources.counters[RESOURCES_THROTTLED_NS].known = false;
	sample.broken->resources.counters[RESOURCES_THROTTLED_NS].reason = (char *)"no cgroupfs";
	sample.broken->kernel.counters[RESULT_KERNEL_THROTTLED_NS].has_value = false;
	sample.broken->kernel.counters[RESULT_KERNEL_LISTEN_OVERFLOWS].has_value = false;
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.unknown_count, 2);
	expect_unknown(0, "whether a CPU quota held it back is not known: no cgroupfs");
	expect_unknown(
		1, "whether its accept queue overflowed is not known: the reason is not known");

	cause_sample_hide_kernel(&sample);
	cause_sample_hide_resources(&sample);
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 0);
	assert_int_equal(sample.record.unknown_count, 2);
	expect_unknown(0,
		"the server's kernel was not looked at: no rights; nothing is said of lock_bound, "
		"cpu_bound, network and queueing by it");
	expect_unknown(1,
		"the server's resources were not looked at: another machine; nothing is said of "
		"restarted, throttled, leaking, out_of_files, memory_limit, cpu_bound and blocked "
		"by them");
}

/* Threads that hand requests on: stages are unknown, threads are not. */
static void test_handoffs(void **state)
{
	(void)state;
	cause_sample_parts(sample.broken, busy_us);
	sample.broken->kernel.attributed = sample.broken->kernel.requests * 49 / 100;
	cause_sample_explain(&sample);
	assert_null(cause_sample_find(&sample, "queueing"));
	assert_int_equal(sample.record.unknown_count, 1);
	sample.broken->kernel.attributed = sample.broken->kernel.requests * 51 / 100;
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "queueing"));
	assert_int_equal(sample.record.unknown_count, 0);
}

/* No load passed: there is no comparison, and it is said. Nothing failed: nothing gave way. */
static void test_ends(void **state)
{
	(void)state;
	sample.broken->kernel.workers[0].cpu = 0.99;
	cause_sample_parts(sample.broken, busy_us);
	sample.record.answer.has_lower = false;
	for (size_t i = 0; i < 2; i++)
		sample.trials[i].verdict = SEARCH_VOID;
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: thread 4201 (server) on CPU 99 %, queue_busy is 100 % of "
		"residence");
	assert_int_equal(sample.record.unknown_count, 1);
	expect_unknown(0, "no load passed, so there is nothing to compare the break with");

	sample.record.answer.has_upper = false;
	sample.trials[CAUSE_SAMPLE_BROKEN].verdict = SEARCH_PASS;
	cause_sample_explain(&sample);
	assert_int_equal(sample.record.cause_count, 0);
	assert_int_equal(sample.record.unknown_count, 0);
}

/* Bounds may rest on trials without the probe: the nearest with it explains. */
static void test_unprobed(void **state)
{
	struct search_trial *probed = cause_sample_add(&sample, 7000, SEARCH_FAIL);

	(void)state;
	/* One that failed by chance far below tells nothing of the break. */
	cause_sample_add(&sample, 1500, SEARCH_FAIL);
	probed->result.kernel.workers[0].cpu = 0.99;
	cause_sample_expect_none(&sample, "cpu_bound");
	result_kernel_release(&sample.broken->kernel);
	sample.broken->kernel = (struct result_kernel){.reason = strdup("left out")};
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "cpu_bound");
	assert_int_equal(sample.record.unknown_count, 0);
	/* Of the base hardly a request was followed: the next one that passed is compared with. */
	assert_non_null(strstr(sample.record.causes[0].sentence, "app_cpu is 80.0 µs"));
	cause_sample_parts(sample.lower, busy_us);
	sample.base->kernel.attributed = sample.base->kernel.requests = 29;
	cause_sample_explain(&sample);
	assert_non_null(strstr(sample.record.causes[0].sentence, "app_cpu grew from "));
}

static void test_empty(void **state)
{
	struct search_record record = {0};
	struct err err;

	(void)state;
	assert_int_equal(cause_explain(&record, &err), 0);
	assert_int_equal(record.cause_count, 0);
	search_record_release(&record);
}

static void test_help(void **state)
{
	static const char *const keys[] = {"throttled", "lock_bound", "slow_recovery", "latency"};
	struct buf help = {0};

	(void)state;
	cause_help(&help);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_non_null(strstr(buf_string(&help), keys[i]));
	buf_release(&help);
}

/* Each key of the table, as the help has them, has its row in docs/causes.md. */
static void test_document(void **state)
{
	struct buf help = {0}, text = {0};
	struct err err;
	size_t rows = 0;

	(void)state;
	cause_help(&help);
	assert_int_equal(file_read("docs/causes.md", 1 << 20, &text, &err), 0);
	for (const char *line = buf_string(&help); line; line = strchr(line, '\n')) {
		size_t indent = strspn(line += *line == '\n', " ");
		size_t bytes = strcspn(line + indent, " \n");
		char row[64];

		if (indent != 4 || bytes > 40)
			continue;
		snprintf(row, sizeof(row), "\n| `%.*s` | ", (int)bytes, line + indent);
		if (!strstr(buf_string(&text), row))
			print_message("no row %s\n", row);
		assert_non_null(strstr(buf_string(&text), row));
		rows++;
	}
	assert_true(rows > 20);
	buf_release(&help);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_handoffs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unprobed, setup, teardown),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
