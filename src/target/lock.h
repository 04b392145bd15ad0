/* SPDX-License-Identifier: MIT */
/*
 * A mutex of the process that requests are made to hold: as much work behind one lock as a route
 * asks for, however many workers there are. It is an ordinary pthread mutex, as unfair as those
 * are, so that it shows in the kernel as what it is: futex waits.
 *
 * Owner: the caller's storage, lock_init and lock_release. Threads: any. Errors: none.
 * Units: nanoseconds.
 */
#ifndef RINGLOAD_TARGET_LOCK_H
#define RINGLOAD_TARGET_LOCK_H

#include <pthread.h>
#include <stdint.h>

struct lock {
	pthread_mutex_t mutex;
	uint64_t taken_ns; /* by the holder */
	/* Written by the holder alone, read by any. */
	uint64_t acquired, wait_ns, held_ns;
};

struct lock_figures {
	uint64_t acquired;
	uint64_t wait_ns; /* from asking for it until having it, added up */
	uint64_t held_ns;
};

void lock_init(struct lock *lock);
void lock_release(struct lock *lock);

void lock_take(struct lock *lock);
void lock_drop(struct lock *lock);

void lock_read(const struct lock *lock, struct lock_figures *figures);

#endif
