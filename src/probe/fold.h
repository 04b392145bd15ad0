/* SPDX-License-Identifier: MIT */
/*
 * Stacks as text, each counted once: many stacks of addresses become the same stack of names.
 *
 * Owner: the caller's storage; fold_release frees the stacks; a zeroed struct is empty. Threads:
 * one at a time. Errors: none; a stack for which there is no memory is not in it, and fold_add says
 * so.
 */
#ifndef RINGLOAD_PROBE_FOLD_H
#define RINGLOAD_PROBE_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "probe/probe.h"

struct fold {
	struct probe_stack *stacks;
	size_t count, capacity;
};

/* Copies frames. 0 or -ENOMEM. */
int fold_add(struct fold *fold, const char *frames, uint64_t samples);

/* Makes one of equal stacks, and orders them: most samples first, then by their frames. */
void fold_finish(struct fold *fold);

void fold_release(struct fold *fold);

#endif
