/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#define OFFSET_TRIES     8
#define OFFSET_ENOUGH_NS 200

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	/* Fails only for a clock that does not exist; these exist on every Linux. */
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

void clock_sleep_until(uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / NS_PER_S),
		.tv_nsec = (long)(deadline_ns % NS_PER_S),
	};

	/* An absolute deadline does not drift when a signal made the caller start again. */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

uint64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_wall_offset_ns(uint64_t *error_ns)
{
	uint64_t offset_ns = 0;

	*error_ns = UINT64_MAX;
	/* Closely between two readings, unless the thread was descheduled there. */
	for (int i = 0; i<OFFSET_TRIES && * error_ns> OFFSET_ENOUGH_NS; i++) {
		uint64_t before_ns = clock_now_ns();
		uint64_t wall_ns = clock_wall_ns();
		uint64_t half_ns = (clock_now_ns() - before_ns) / 2;

		if (half_ns >= *error_ns)
			continue;
		*error_ns = half_ns;
		offset_ns = wall_ns - (before_ns + half_ns);
	}
	return offset_ns;
}
