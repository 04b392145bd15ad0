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

/* Nanoseconds since 1970: for "started_at", and for stamps of the kernel, which are of this clock.
 * It can be set at any time, so no two of its readings make a measurement. */
uint64_t clock_wall_ns(void);

/* How far clock_wall_ns is ahead of clock_now_ns, modulo 2^64, give or take *error_ns. */
uint64_t clock_wall_offset_ns(uint64_t *error_ns);

#endif
