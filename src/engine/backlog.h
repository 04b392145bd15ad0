/* SPDX-License-Identifier: MIT */
/*
 * Requests that are due and wait for a connection, in the order they became due.
 *
 * Usually it takes no memory: it is the part of the schedule between two cursors of one arrival
 * process, the one for what is due and the one kept here for what was taken. With --max-in-flight
 * some arrivals in between were dropped, so the others' times are kept in a ring as large as the
 * limit.
 *
 * Owner: times is the arena's. Threads: the worker's. Errors: none. Units: ns since the start.
 */
#ifndef RINGLOAD_ENGINE_BACKLOG_H
#define RINGLOAD_ENGINE_BACKLOG_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/arrival.h"

struct backlog {
	struct arrival taken; /* stands on the oldest waiting arrival (no limit) */
	uint64_t *times;      /* the waiting arrivals (with a limit), else NULL */
	uint64_t capacity, head;
	uint64_t count;
};

static inline void backlog_push(struct backlog *backlog, uint64_t offset_ns)
{
	if (backlog->times) {
		assert(backlog->count < backlog->capacity);
		backlog->times[(backlog->head + backlog->count) % backlog->capacity] = offset_ns;
	}
	backlog->count++;
}

/* The oldest; there must be one. */
static inline uint64_t backlog_oldest(const struct backlog *backlog)
{
	assert(backlog->count);
	return backlog->times ? backlog->times[backlog->head] : backlog->taken.next_ns;
}

static inline void backlog_pop(struct backlog *backlog)
{
	assert(backlog->count);
	if (backlog->times)
		backlog->head = (backlog->head + 1) % backlog->capacity;
	else
		arrival_advance(&backlog->taken);
	backlog->count--;
}

#endif
