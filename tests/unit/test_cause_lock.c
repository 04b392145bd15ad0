/* SPDX-License-Identifier: MIT */
/* Locks that are shared, kept by one thread or held by one that sleeps: each at its bound, on both
 * sides. */
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

/* Two threads behind one lock: at any time one works, and the other's requests wait. */
static const double lock_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY] = 2300,
	[PROBE_ABI_QUEUE_BUSY_BLOCKED] = 2300,
	[PROBE_ABI_APP_CPU] = 200,
	[PROBE_ABI_APP_SLEEP] = 200};
static void set_threads(struct result *result, double cpu)
{
	struct result_kernel *kernel = &result->kernel;

	if (kernel->worker_count < 2)
		kernel_sample_worker(kernel, "server", kernel->workers[0].requests, 0, 0);
	kernel->workers[0].cpu = kernel->workers[1].cpu = cpu;
}

/* It is this and no lock; then all is as `again` makes it. */
static void expect_other(const char *key, void (*again)(void))
{
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, key);
	assert_null(cause_sample_find(&sample, "lock_bound"));
	cause_sample_release(&sample);
	cause_sample_init(&sample);
	again();
}

static void test_lock(void **state)
{
	(void)state;
	set_threads(sample.base, 0.1);
	set_threads(sample.broken, 0.49);
	cause_sample_parts(sample.broken, lock_us);
	cause_sample_slow(sample.broken, 700);
	cause_sample_expect(&sample, "lock_bound",
		"server lock-bound: its 2 threads wait for one another and together get 0.98 CPUs, "
		"time blocked inside requests grew from 0 to 50 % of residence, app_sleep grew "
		"from "
		"0 to 200 µs");
	assert_null(cause_sample_find(&sample, "blocked"));
	assert_null(cause_sample_find(&sample, "cpu_bound"));
}

/* What is no lock: one thread, threads that get more CPUs than one, a wait that is longer than what
 * the others work, and one that is as long at a small load. */
static void test_no_lock(void **state)
{
	double longer_us[PROBE_ABI_PARTS];

	(void)state;
	set_threads(sample.broken, 0.49);
	cause_sample_parts(sample.broken, lock_us);
	set_threads(sample.broken, 0.7);
	cause_sample_expect_none(&sample, "lock_bound");
	set_threads(sample.broken, 0.49);
	cause_sample_parts(sample.base, lock_us);
	cause_sample_expect_none(&sample, "lock_bound");
	sample.broken->kernel.worker_count = 1;
	cause_sample_expect_none(&sample, "lock_bound");
	sample.broken->kernel.worker_count = 2;

	cause_sample_release(&sample);
	cause_sample_init(&sample);
	set_threads(sample.broken, 0.49);
	memcpy(longer_us, lock_us, sizeof(longer_us));
	longer_us[PROBE_ABI_APP_SLEEP] = 310;
	cause_sample_parts(sample.broken, longer_us);
	cause_sample_expect_none(&sample, "lock_bound");
	assert_string_equal(sample.record.causes[0].key, "blocked");
	longer_us[PROBE_ABI_APP_SLEEP] = 290;
	cause_sample_parts(sample.broken, longer_us);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "lock_bound");
}

/* A thread that keeps the lock, and one that wakes up each time it is let go, for nothing. */
static void keep_the_lock(void)
{
	struct result_kernel_worker *kept, *keeper;

	set_threads(sample.base, 0.1);
	for (int i = 0; i < 2; i++) {
		sample.base->kernel.workers[i].requests = 2500;
		sample.base->kernel.workers[i].switches = 3000;
		sample.base->kernel.workers[i].in_request = 0.01;
	}
	sample.broken->run.completed_rps = 480; /* for 5 s */
	set_threads(sample.broken, 0.02);
	keeper = &sample.broken->kernel.workers[0];
	keeper->requests = 2328;
	keeper->cpu = 0.95;
	kept = &sample.broken->kernel.workers[1];
	kept->requests = 72;
	kept->in_request = 0.96;
	kept->switches = 2300;
	kept->preempted = 100;
	/* Only what the keeper did was answered. */
	cause_sample_parts(
		sample.broken, (const double[PROBE_ABI_PARTS]){[PROBE_ABI_APP_CPU] = 60000});
}

static void test_kept(void **state)
{
	(void)state;
	keep_the_lock();
	cause_sample_expect(&sample, "lock_bound",
		"server lock-bound: its 2 threads wait for one another and together get 0.97 CPUs: "
		"thread 4201 (server) takes the lock again and again, on CPU 95 %, while the other "
		"slept in requests for 96 % of the time and woke 2200 times for 3 % of the "
		"answers");
	assert_null(cause_sample_find(&sample, "cpu_bound"));
	assert_null(cause_sample_find(&sample, "blocked"));
	/* It answered none at all, and of one request in eight is known. */
	sample.broken->kernel.workers[0].requests /= 8;
	sample.broken->kernel.workers[1].requests = 0;
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "lock_bound");
}

/* A busy thread beside one that has nothing to do, or waits for something else. */
static void test_not_kept(void **state)
{
	(void)state;
	keep_the_lock();
	/* Idle, without requests of its own. */
	sample.broken->kernel.workers[1].in_request = 0.49;
	expect_other("cpu_bound", keep_the_lock);
	/* As long in requests as ever. */
	sample.base->kernel.workers[1].in_request = 0.70;
	expect_other("cpu_bound", keep_the_lock);
	/* Not woken by who lets go; or no more often than its requests at base. */
	sample.broken->kernel.workers[1].switches = 690;
	expect_other("cpu_bound", keep_the_lock);
	sample.base->kernel.workers[1].switches = 50000;
	expect_other("cpu_bound", keep_the_lock);
	/* It gets its answers done. */
	sample.broken->kernel.workers[1].requests = 1100;
	expect_other("cpu_bound", keep_the_lock);
	/* More than one at a time. */
	sample.broken->kernel.workers[1].cpu = 0.36;
	expect_other("cpu_bound", keep_the_lock);
	/* The only one. */
	sample.broken->kernel.workers[1].offloaded = true;
	expect_other("cpu_bound", keep_the_lock);
}

/* Two threads that sleep with a lock held: 2 ms each in turn, at 100/s and at 480/s. */
static const double holder_us[PROBE_ABI_PARTS] = {
	[PROBE_ABI_QUEUE_WAKEUP] = 20, [PROBE_ABI_APP_CPU] = 50, [PROBE_ABI_APP_SLEEP] = 2000};
static const double held_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY_BLOCKED] = 40000,
	[PROBE_ABI_APP_CPU] = 50,
	[PROBE_ABI_APP_SLEEP] = 4050};

static void sleep_with_a_lock(void)
{
	for (int i = 0; i <= CAUSE_SAMPLE_BROKEN; i++)
		set_threads(&sample.trials[i].result, 0.02);
	sample.base->run.completed_rps = sample.trials[CAUSE_SAMPLE_BASE].rps = 100;
	sample.broken->run.completed_rps = 480;
	cause_sample_parts(sample.base, holder_us);
	cause_sample_parts(sample.lower, holder_us);
	cause_sample_parts(sample.broken, held_us);
}

static void test_held(void **state)
{
	(void)state;
	sleep_with_a_lock();
	cause_sample_expect(&sample, "lock_bound",
		"server waits for a lock whose holder sleeps: its 2 threads pass one at a time, "
		"480/s; in a request the holder sleeps 2.00 ms, as at 100/s, and 2.05 ms are slept "
		"until it has the lock");
	assert_null(cause_sample_find(&sample, "blocked"));
	/* The holder waits for its disk, the others for it. */
	cause_sample_parts(
		sample.base, (const double[PROBE_ABI_PARTS]){
				     [PROBE_ABI_APP_CPU] = 50, [PROBE_ABI_APP_DISK] = 2000});
	cause_sample_parts(sample.broken, (const double[PROBE_ABI_PARTS]){[PROBE_ABI_APP_CPU] = 50,
						  [PROBE_ABI_APP_DISK] = 2000,
						  [PROBE_ABI_APP_SLEEP] = 2050});
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "lock_bound");
}

/* Sleep without a lock: nothing says whose it is, or more than one at a time are done. */
static void test_not_held(void **state)
{
	double other_us[PROBE_ABI_PARTS];

	(void)state;
	sleep_with_a_lock();
	/* More than one lock lets through, or so few that it is not what they wait for. */
	sample.broken->run.completed_rps = 600;
	expect_other("blocked", sleep_with_a_lock);
	sample.broken->run.completed_rps = 330;
	expect_other("blocked", sleep_with_a_lock);
	/* There are no others that serve. */
	sample.broken->kernel.workers[1].requests = 0;
	expect_other("blocked", sleep_with_a_lock);
	/* What was slept at base may have been a wait. */
	sample.base->run.completed_rps = 260;
	expect_other("blocked", sleep_with_a_lock);
	/* As long as ever; or longer than the turns of one other are. */
	memcpy(other_us, held_us, sizeof(other_us));
	other_us[PROBE_ABI_APP_SLEEP] = 2900;
	cause_sample_parts(sample.broken, other_us);
	expect_other("blocked", sleep_with_a_lock);
	other_us[PROBE_ABI_APP_SLEEP] = 5200;
	cause_sample_parts(sample.broken, other_us);
	expect_other("blocked", sleep_with_a_lock);
	/* No load passed. */
	sample.trials[CAUSE_SAMPLE_BASE].verdict = SEARCH_VOID;
	sample.trials[CAUSE_SAMPLE_LOWER].verdict = SEARCH_VOID;
	sample.record.answer.has_lower = false;
	expect_other("blocked", sleep_with_a_lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_held, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
