/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "base/clock.h"

static void never_goes_back(void **state)
{
	uint64_t before = clock_now_ns(), start = before, now = before;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		now = clock_now_ns();
		assert_true(now >= before);
		before = now;
		clock_relax();
	}
	assert_true(now > start);
}

static void is_the_monotonic_clock(void **state)
{
	struct timespec before, after;
	uint64_t now_ns;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	now_ns = clock_now_ns();
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(now_ns >= (uint64_t)before.tv_sec * NS_PER_S + (uint64_t)before.tv_nsec);
	assert_true(now_ns <= (uint64_t)after.tv_sec * NS_PER_S + (uint64_t)after.tv_nsec);
}

static void sleep_passes_the_deadline(void **state)
{
	uint64_t deadline_ns = clock_now_ns() + 5 * NS_PER_MS;

	(void)state;
	clock_sleep_until(deadline_ns);
	assert_true(clock_now_ns() >= deadline_ns);
	/* Deadlines in the past return. */
	clock_sleep_until(deadline_ns);
	clock_sleep_until(0);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int signal_number)
{
	(void)signal_number;
	alarms++;
}

static void signal_ends_a_sleep(void **state)
{
	/* It repeats, in case the first comes before the sleep began. */
	struct itimerval soon = {.it_value.tv_usec = 10000, .it_interval.tv_usec = 10000};
	struct itimerval never = {0};
	struct sigaction handler = {.sa_handler = count_alarm, .sa_flags = SA_RESTART}, old;
	uint64_t deadline_ns = clock_now_ns() + 600 * NS_PER_S;

	(void)state;
	sigaction(SIGALRM, &handler, &old);
	setitimer(ITIMER_REAL, &soon, NULL);
	clock_sleep_until(deadline_ns);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_true(alarms > 0);
	assert_true(clock_now_ns() < deadline_ns);
}

static void cpu_time_counts_work_not_sleep(void **state)
{
	uint64_t start_cpu_ns = clock_thread_cpu_ns(), start_ns, slept_cpu_ns;

	(void)state;
	while (clock_thread_cpu_ns() - start_cpu_ns < 2 * NS_PER_MS)
		clock_relax();
	start_ns = clock_now_ns();
	start_cpu_ns = clock_thread_cpu_ns();
	clock_sleep_until(start_ns + 50 * NS_PER_MS);
	slept_cpu_ns = clock_thread_cpu_ns() - start_cpu_ns;
	assert_true(slept_cpu_ns < (clock_now_ns() - start_ns) / 2);
}

static void wall_clock_is_since_1970(void **state)
{
	uint64_t before_s = (uint64_t)time(NULL), wall_s = clock_wall_ns() / NS_PER_S;

	(void)state;
	assert_in_range(wall_s, before_s, before_s + 60);
}

/* Nobody sets the clock here: the offset is the same each time it is asked for. */
static void offset_of_the_wall_clock_is_known(void **state)
{
	uint64_t error_ns, again_error_ns, before_ns = clock_now_ns();
	uint64_t wall_ns = clock_wall_ns(), after_ns = clock_now_ns();
	uint64_t offset_ns = clock_wall_offset_ns(&error_ns);
	uint64_t again_ns = clock_wall_offset_ns(&again_error_ns);
	uint64_t most_ns = error_ns + again_error_ns + 1;

	(void)state;
	assert_true(offset_ns + error_ns + 1 >= wall_ns - after_ns);
	assert_true(offset_ns <= wall_ns - before_ns + error_ns + 1);
	assert_true(again_ns - offset_ns + most_ns <= 2 * most_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_goes_back),
		cmocka_unit_test(is_the_monotonic_clock),
		cmocka_unit_test(sleep_passes_the_deadline),
		cmocka_unit_test(signal_ends_a_sleep),
		cmocka_unit_test(cpu_time_counts_work_not_sleep),
		cmocka_unit_test(wall_clock_is_since_1970),
		cmocka_unit_test(offset_of_the_wall_clock_is_known),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
