/* SPDX-License-Identifier: MIT */
/*
 * The moments at which something is due, at most one for each id: a binary heap with the place of
 * each id beside it, so that setting, moving, clearing and taking cost log2(ids) steps.
 *
 * Owner: the struct is the caller's; its memory comes at deadline_init, sized by the ids once and
 * for all, and goes at deadline_release. A zeroed struct may be released.
 * Threads: one at a time. Errors: deadline_init alone can fail, with -ENOMEM. Units: nanoseconds of
 * clock.h; ids are below the capacity (asserted).
 * Source: Williams, "Algorithm 232: Heapsort", CACM 7(6), 1964.
 */
#ifndef RINGLOAD_TARGET_DEADLINE_H
#define RINGLOAD_TARGET_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadlines {
	uint32_t *heap;   /* ids, the earliest first */
	uint32_t *place;  /* of each id: its index in the heap */
	uint64_t *due_ns; /* of each id */
	uint32_t count, capacity;
};

int deadline_init(struct deadlines *deadlines, uint32_t capacity);
void deadline_release(struct deadlines *deadlines);

/* Sets or moves the deadline of an id. */
void deadline_set(struct deadlines *deadlines, uint32_t id, uint64_t due_ns);

/* Takes an id out; nothing happens when it has none. */
void deadline_clear(struct deadlines *deadlines, uint32_t id);

/* The earliest deadline; false when there is none. */
bool deadline_next(const struct deadlines *deadlines, uint64_t *due_ns);

/* Takes out the earliest id that is due at now_ns; false when none is. */
bool deadline_take(struct deadlines *deadlines, uint64_t now_ns, uint32_t *id);

#endif
