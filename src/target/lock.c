/* SPDX-License-Identifier: MIT */
#include "target/lock.h"

#include <string.h>

#include "base/clock.h"

void lock_init(struct lock *lock)
{
	memset(lock, 0, sizeof(*lock));
	pthread_mutex_init(&lock->mutex, NULL);
}

void lock_release(struct lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

static void add(uint64_t *cell, uint64_t amount)
{
	__atomic_store_n(cell, *cell + amount, __ATOMIC_RELAXED);
}

void lock_take(struct lock *lock)
{
	uint64_t asked_ns = clock_now_ns();

	pthread_mutex_lock(&lock->mutex);
	lock->taken_ns = clock_now_ns();
	add(&lock->acquired, 1);
	add(&lock->wait_ns, lock->taken_ns - asked_ns);
}

void lock_drop(struct lock *lock)
{
	add(&lock->held_ns, clock_now_ns() - lock->taken_ns);
	pthread_mutex_unlock(&lock->mutex);
}

void lock_read(const struct lock *lock, struct lock_figures *figures)
{
	figures->acquired = __atomic_load_n(&lock->acquired, __ATOMIC_RELAXED);
	figures->wait_ns = __atomic_load_n(&lock->wait_ns, __ATOMIC_RELAXED);
	figures->held_ns = __atomic_load_n(&lock->held_ns, __ATOMIC_RELAXED);
}
