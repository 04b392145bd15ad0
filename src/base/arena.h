/* SPDX-License-Identifier: MIT */
/*
 * Memory of one worker: taken in one piece from the NUMA node of its CPU, handed out until the
 * start barrier, then sealed. After the seal nothing of a run allocates; tests count on the
 * assertion.
 *
 * Owner: the struct is the caller's; the memory goes back at arena_release, all at once.
 * Threads: one at a time. Pages are touched by arena_alloc's caller first.
 * Errors: arena_init alone can fail. arena_alloc asserts room and the open seal: sizes come from
 * the plan, which computed them, so running out is a programmer's error. Units: bytes. Memory is
 * zeroed.
 */
#ifndef RINGLOAD_BASE_ARENA_H
#define RINGLOAD_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct arena {
	char *base;
	size_t size_bytes;
	size_t used_bytes;
	bool sealed;
};

/*
 * numa_node: where the pages should lie; a negative number leaves it to the kernel. Preferred, not
 * bound: a full node lends from the next. size_bytes is rounded up to whole pages.
 */
int arena_init(struct arena *arena, size_t size_bytes, int numa_node, struct err *err);
void arena_release(struct arena *arena);

/* align_bytes: a power of two. */
void *arena_alloc(struct arena *arena, size_t size_bytes, size_t align_bytes);

/* What arena_alloc will take for a piece of this size and alignment, at most. */
size_t arena_need(size_t size_bytes, size_t align_bytes);

void arena_seal(struct arena *arena);

#endif
