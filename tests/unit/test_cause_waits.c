/* SPDX-License-Identifier: MIT */
/* What requests wait for where CPU is left: each rule at its bound, on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

static const double sleep_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY_BLOCKED] = 7000,
	[PROBE_ABI_APP_CPU] = 20,
	[PROBE_ABI_APP_SLEEP] = 2000};

static void test_blocked(void **state)
{
	static const double half_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY] = 100,
		[PROBE_ABI_QUEUE_WAKEUP] = 60,
		[PROBE_ABI_APP_CPU] = 85,
		[PROBE_ABI_APP_SLEEP] = 155};

	(void)state;
	cause_sample_parts(sample.broken, half_us);
	cause_sample_expect_none(&sample, "blocked");
	cause_sample_parts(sample.broken, sleep_us);
	sample.broken->kernel.workers[0].cpu = 0.04;
	cause_sample_expect(&sample, "blocked",
		"server blocked on sleep: time asleep inside requests grew from 0 to 100 % of "
		"residence with 1 thread on 0.04 CPUs, blocked time of a request grew from 0 to "
		"2.00 ms");
	/* Its threads have no time to sleep. */
	sample.broken->kernel.workers[0].cpu = 0.95;
	cause_sample_expect_none(&sample, "blocked");
}

/* Requests sleep as long as ever; what is wanting is connections. */
static void test_blocked_connections(void **state)
{
	struct result_latency *wait = &sample.broken->run.latency[RESULT_CONNECTION_WAIT];

	(void)state;
	cause_sample_parts(sample.base, sleep_us);
	cause_sample_parts(sample.broken, sleep_us);
	cause_sample_expect_none(&sample, "blocked");
	wait->mean_ns = 80e6;
	cause_sample_expect(&sample, "blocked",
		"server blocked on sleep: time asleep inside requests is 100 % of residence with 1 "
		"thread on 0.50 CPUs, blocked time of a request is 2.00 ms, and requests waited "
		"longer for a connection than in it");
}

static void test_blocked_disk(void **state)
{
	static const double disk_us[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY_BLOCKED] = 5000, [PROBE_ABI_APP_DISK] = 4000};

	(void)state;
	cause_sample_parts(sample.broken, disk_us);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "blocked");
	assert_memory_equal(sample.record.causes[0].sentence, "server blocked on disk: ", 24);
}

/* Without the kernel's side: CPU was left, and it was slow all the same. */
static void test_waiting(void **state)
{
	(void)state;
	cause_sample_hide_kernel(&sample);
	cause_sample_expect_none(&sample, "blocked");
	sample.trials[CAUSE_SAMPLE_BROKEN].backlog_growth = 0.2;
	cause_sample_expect(&sample, "blocked",
		"server waiting: it used 0.50 of 2 CPUs and was slow all the same: what is "
		"unanswered grew by 20.0 % of the rate; for what it waits (a lock, sleep, disk, "
		"another server) only the kernel's side can tell");
	cause_sample_slow(sample.broken, 7);
	cause_sample_explain(&sample);
	assert_non_null(strstr(
		sample.record.causes[0].sentence, "same: p99 grew from 2.00 ms to 7.00 ms; for"));
	cause_sample_fail(sample.broken, COUNTER_TIMED_OUT, 0, 1250);
	cause_sample_explain(&sample);
	assert_non_null(strstr(
		sample.record.causes[0].sentence, "same: 5.00 % of the requests timed out; for"));
	assert_true(sample.record.causes[0].strength < 0.5);
	sample.broken->resources.cpu.mean_share = 0.71;
	cause_sample_expect_none(&sample, "blocked");
}

static void test_queueing(void **state)
{
	static const double less_us[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY] = 196, [PROBE_ABI_APP_CPU] = 204};
	static const double more_us[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY] = 300, [PROBE_ABI_APP_CPU] = 100};

	(void)state;
	cause_sample_parts(sample.broken, less_us);
	cause_sample_expect_none(&sample, "queueing");
	cause_sample_parts(sample.broken, more_us);
	cause_sample_expect(&sample, "queueing",
		"requests queue: time unread in the socket grew from 22 to 75 % of residence, "
		"residence grew from 108 µs to 400 µs");
	/* The same mix, and no slower than ever. */
	cause_sample_parts(sample.base, more_us);
	cause_sample_expect_none(&sample, "queueing");
}

static void test_network(void **state)
{
	(void)state;
	sample.base->kernel.residual_ns = 500000;
	sample.broken->kernel.residual_ns = 1400000;
	cause_sample_expect_none(&sample, "network");
	sample.broken->kernel.residual_ns = 9000000;
	cause_sample_expect(&sample, "network",
		"network: time outside the server grew from 500 µs to 9.00 ms, inside it is 108 "
		"µs");
	/* More of it came from the server. */
	cause_sample_parts(
		sample.broken, (const double[PROBE_ABI_PARTS]){[PROBE_ABI_APP_CPU] = 9000});
	cause_sample_expect_none(&sample, "network");
}

static void test_retransmits(void **state)
{
	struct result_kernel_counter *counter = &sample.broken->kernel
							 .counters[RESULT_KERNEL_RETRANSMITS];

	(void)state;
	counter->value = 490;
	cause_sample_expect_none(&sample, "network");
	counter->value = 1250;
	cause_sample_expect(&sample, "network",
		"network: time outside the server is 50.0 µs, inside it is 108 µs, 5.0 segments "
		"sent again for 100 requests");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_blocked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocked_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocked_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queueing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retransmits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
