/* SPDX-License-Identifier: MIT */
/*
 * The one clock of every measurement: CLOCK_MONOTONIC in nanoseconds, the clock that
 * bpf_ktime_get_ns reads in the kernel, so that both sides can be subtracted.
 *
 * The simulator links a second implementation in which time moves only as its seed says. Code that
 * measures must use nothing else.
 *
 * Threads: any. Errors: none. Cost: about 30 ns a read through the vDSO.
 */
#ifndef RINGLOAD_BASE_CLOCK_H
#define RINGLOAD_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

/* Nanoseconds since an arbitrary start, never going back. */
uint64_t clock_now_ns(void);

/* One turn of a spinning loop: tells the CPU (or the simulator) that nothing happens here. */
void clock_relax(void);

/* Sleeps until the clock has passed deadline_ns; returns early when a signal was handled. */
void clock_sleep_until(uint64_t deadline_ns);

/* CPU time this thread has used so far. */
uint64_t clock_thread_cpu_ns(void);

/* Seconds since 1970, with nanoseconds: for "started_at" only, never for a measurement. */
uint64_t clock_wall_ns(void);

#endif
