/* SPDX-License-Identifier: MIT */
/*
 * How late timers are here, measured: sleeps to a deadline, with the timer slack that workers ask
 * for, and how long after it the thread runs.
 *
 * Owner: the caller's struct. Threads: the calling one, whose timer slack is put back. Errors:
 * none. Source: prctl(2), PR_SET_TIMERSLACK.
 */
#ifndef RINGLOAD_DOCTOR_LATE_H
#define RINGLOAD_DOCTOR_LATE_H

#include <stddef.h>
#include <stdint.h>

#define LATE_LIMIT 1000

struct late {
	size_t count; /* 0: not measured */
	uint64_t p50_ns, p99_ns, longest_ns;
};

/* `count` sleeps (at most LATE_LIMIT) of this length. */
void late_measure(struct late *late, size_t count, uint64_t sleep_ns);

#endif
