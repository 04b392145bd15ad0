/* SPDX-License-Identifier: MIT */
/* What the machine gives: each rule at its bound, on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
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
	[PROBE_ABI_QUEUE_BUSY] = 810, [PROBE_ABI_APP_CPU] = 190};

static void set_thread(struct result *result, double cpu, double runq)
{
	result->kernel.workers[0].cpu = cpu;
	result->kernel.workers[0].runq = runq;
}

static void count(struct result *result, enum resources_counter counter, uint64_t value)
{
	result->resources.counters[counter].count = value;
}

static void test_thread(void **state)
{
	(void)state;
	set_thread(sample.broken, 0.89, 0);
	cause_sample_parts(sample.broken, busy_us);
	cause_sample_expect_none(&sample, "cpu_bound");
	set_thread(sample.broken, 0.99, 0.004);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: thread 4201 (server) on CPU 99 %, queue_busy grew from 4 to 81 "
		"% of residence");
	assert_non_null(strstr(sample.record.causes[0].advice, "threads"));
	/* One that waits for a CPU is not at its own end. */
	set_thread(sample.broken, 0.67, 0.30);
	cause_sample_expect_none(&sample, "cpu_bound");
	set_thread(sample.broken, 0.69, 0.28);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: thread 4201 (server) on CPU 69 % and waiting for one 28 %, "
		"queue_busy grew from 4 to 81 % of residence");
}

static void test_thread_of_several(void **state)
{
	struct result_kernel *kernel = &sample.broken->kernel;

	(void)state;
	set_thread(sample.broken, 0.97, 0.01);
	kernel_sample_worker(kernel, "server", kernel->workers[0].requests / 2, 0.3, 0.01);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: thread 4201 (server) on CPU 97 % while the others of 2 have "
		"time, app_cpu is 80.0 µs");
	kernel->workers[1].cpu = 0.88;
	kernel->workers[1].runq = 0.1;
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: thread 4201 (server) on CPU 97 %, and so are the others of 2, "
		"app_cpu is 80.0 µs");
	/* One that hardly has a request may do what it likes. */
	set_thread(sample.broken, 0.5, 0);
	kernel->workers[1].requests = kernel->workers[0].requests / 100;
	cause_sample_expect_none(&sample, "cpu_bound");
}

static void test_polling(void **state)
{
	double strength;

	(void)state;
	set_thread(sample.broken, 0.99, 0);
	cause_sample_explain(&sample);
	strength = sample.record.causes[0].strength;
	set_thread(sample.base, 0.99, 0);
	cause_sample_explain(&sample);
	assert_true(sample.record.causes[0].strength < 0.6 * strength);
	assert_non_null(strstr(sample.record.causes[0].sentence, "polling"));
}

static void set_cpus(struct result *result, double cpus, double limit)
{
	result->resources.cpu.mean = cpus;
	result->resources.limits.cpus = limit;
	result->resources.cpu.mean_share = cpus / limit;
}

static void test_all_cpus(void **state)
{
	(void)state;
	set_cpus(sample.broken, 1.78, 2);
	cause_sample_expect_none(&sample, "cpu_bound");
	set_cpus(sample.broken, 1.96, 2);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: it kept 1.96 of the 2 CPUs busy that it may use, 0.10 at "
		"1,000/s");
	set_cpus(sample.broken, 126.7, 128);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: it kept 126.70 of the 128 CPUs busy that it may use, 0.10 at "
		"1,000/s");
}

/* Without the kernel's side one CPU's worth of work tells the same, less surely. */
static void test_one_cpu(void **state)
{
	(void)state;
	set_cpus(sample.broken, 0.99, 2);
	cause_sample_expect_none(&sample, "cpu_bound");
	cause_sample_hide_kernel(&sample);
	set_cpus(sample.broken, 0.89, 2);
	cause_sample_expect_none(&sample, "cpu_bound");
	set_cpus(sample.broken, 0.99, 2);
	cause_sample_expect(&sample, "cpu_bound",
		"server CPU-bound: it kept 0.99 of 2 CPUs busy, as much as one thread can: there "
		"is one, or a lock lets one run at a time");
	assert_true(sample.record.causes[0].strength < 0.6);
	set_cpus(sample.base, 0.99, 2);
	cause_sample_expect_none(&sample, "cpu_bound");
}

static void test_throttled(void **state)
{
	(void)state;
	sample.broken->resources.limits.quota_cpus = 0.5;
	set_cpus(sample.broken, 0.45, 0.5);
	count(sample.broken, RESOURCES_THROTTLED_NS, 200 * NS_PER_MS);
	cause_sample_expect_none(&sample, "throttled");
	/* Throttled, it is at the end of its CPU as well, and slow. */
	count(sample.base, RESOURCES_THROTTLED_NS, 100 * NS_PER_MS);
	count(sample.broken, RESOURCES_THROTTLED_NS, 3100 * NS_PER_MS);
	set_cpus(sample.broken, 0.5, 0.5);
	set_thread(sample.broken, 0.5, 0.5);
	cause_sample_slow(sample.broken, 900);
	cause_sample_expect(&sample, "throttled",
		"server throttled: the CPU quota of its control group (0.50 CPUs) held it back for "
		"62 % of the time, 2 % at 1,000/s");
	assert_string_equal(sample.record.causes[1].key, "cpu_bound");
	assert_string_equal(sample.record.causes[2].key, "latency");
	cause_sample_hide_kernel(&sample);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "throttled");
}

/* The probe reads it as well, where the resources have it not. */
static void test_throttled_by_kernel(void **state)
{
	struct result_kernel_counter *counter = &sample.broken->kernel
							 .counters[RESULT_KERNEL_THROTTLED_NS];

	(void)state;
	sample.broken->resources.counters[RESOURCES_THROTTLED_NS].known = false;
	counter->value = 2 * NS_PER_S;
	cause_sample_expect(&sample, "throttled",
		"server throttled: the CPU quota of its control group held it back for 40 % of the "
		"time, 0 % at 1,000/s");
	counter->has_value = false;
	cause_sample_expect_none(&sample, "throttled");
}

static void test_others(void **state)
{
	static const double less_us[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY] = 50, [PROBE_ABI_QUEUE_RUNQ] = 28, [PROBE_ABI_APP_CPU] = 22};
	static const double more_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY] = 200,
		[PROBE_ABI_QUEUE_RUNQ] = 400,
		[PROBE_ABI_APP_CPU] = 200,
		[PROBE_ABI_APP_RUNQ] = 200};

	(void)state;
	cause_sample_parts(sample.broken, less_us);
	cause_sample_expect_none(&sample, "cpu_bound");
	cause_sample_parts(sample.broken, more_us);
	set_cpus(sample.broken, 1.1, 2);
	cause_sample_expect(&sample, "cpu_bound",
		"machine CPU-bound: waiting for a CPU grew from 4 to 60 % of residence, while the "
		"server had 1.10 of 2: other threads have the rest");
	/* As at the base. */
	cause_sample_parts(sample.base, more_us);
	cause_sample_expect_none(&sample, "cpu_bound");
}

static void test_pressure(void **state)
{
	(void)state;
	cause_sample_hide_kernel(&sample);
	count(sample.broken, RESOURCES_CPU_STALL_NS, 4 * NS_PER_S);
	cause_sample_expect_none(&sample, "cpu_bound");
	sample.broken->resources.pressure_is_own = true;
	cause_sample_expect(&sample, "cpu_bound",
		"machine CPU-bound: some thread of the server waited for a CPU 80 % of the time, "
		"while the server had 0.50 of 2: other threads have the rest");
	count(sample.broken, RESOURCES_CPU_STALL_NS, 2900 * NS_PER_MS);
	cause_sample_expect_none(&sample, "cpu_bound");
}

static void test_memory(void **state)
{
	struct result_resources *resources = &sample.broken->resources;

	(void)state;
	resources->limits.memory_bytes = 512 << 20;
	resources->levels[RESOURCES_GROUP_MEMORY_BYTES].max = 0.94 * (512 << 20);
	cause_sample_memory(&sample, CAUSE_SAMPLE_BROKEN, 480 << 20, 0);
	cause_sample_expect_none(&sample, "memory_limit");
	resources->levels[RESOURCES_GROUP_MEMORY_BYTES].max = 0.99 * (512 << 20);
	cause_sample_expect(&sample, "memory_limit",
		"memory at its limit: 480 MiB resident, 99 % of the control group's 512 MiB used");
	count(sample.broken, RESOURCES_MEMORY_LIMIT_EVENTS, 31);
	count(sample.broken, RESOURCES_OOM_KILLS, 1);
	cause_sample_expect(&sample, "memory_limit",
		"memory at its limit: 480 MiB resident, 99 % of the control group's 512 MiB used, "
		"run into 31 times, 1 process killed");
}

static void test_files(void **state)
{
	struct result_resources_level *levels = sample.broken->resources.levels;

	(void)state;
	levels[RESOURCES_OPEN_FILES].max = 962;
	levels[RESOURCES_OPEN_FILES_SHARE].max = 0.94;
	cause_sample_expect_none(&sample, "out_of_files");
	levels[RESOURCES_OPEN_FILES].max = 1024;
	levels[RESOURCES_OPEN_FILES_SHARE].max = 1;
	cause_sample_expect(&sample, "out_of_files",
		"server out of files: 1,024 open, 100 % of what a process of it may have");
}

static void test_restarted(void **state)
{
	(void)state;
	/* Processes come and go, and nobody feels it. */
	count(sample.broken, RESOURCES_EXITED, 3);
	cause_sample_expect_none(&sample, "restarted");
	cause_sample_fail(sample.broken, COUNTER_FAILED_RESET, 0, 15000);
	cause_sample_expect(
		&sample, "restarted", "server ended: 3 of its processes did, and none came after");
	count(sample.broken, RESOURCES_RESTARTS, 2);
	count(sample.broken, RESOURCES_OOM_KILLS, 2);
	cause_sample_expect(&sample, "restarted",
		"server restarted: a process of it ended and another took its place, 2 times in "
		"5.0 s; the kernel killed it for want of memory");
	/* A habit is no cause. */
	count(sample.base, RESOURCES_RESTARTS, 2);
	cause_sample_explain(&sample);
	assert_string_not_equal(sample.record.causes[0].key, "restarted");
	assert_non_null(cause_sample_find(&sample, "restarted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thread_of_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_polling, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_throttled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_throttled_by_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pressure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
