/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks laid out as a flame graph: one box for each function below each of its callers, as
 * wide as its samples, in the order of the alphabet. Knows nothing of pixels and colours.
 *
 * Owner: the caller's storage; flame_layout_release frees the boxes, the names point into the
 * stacks. Threads: pure. Errors: `failed` when there was no memory for all boxes.
 */
#ifndef RINGLOAD_REPORT_FLAME_LAYOUT_H
#define RINGLOAD_REPORT_FLAME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result/result_kernel.h"

/* Frames of a stack that are laid out; a probe's stacks have at most 255. */
#define FLAME_LAYOUT_DEPTH 512

struct flame_box {
	const char *name; /* not terminated */
	size_t name_bytes;
	uint32_t depth;      /* 0: the outermost frame, the process */
	uint64_t start, end; /* in samples, from the left */
};

struct flame_layout {
	struct flame_box *boxes;
	size_t count, capacity;
	uint64_t samples;
	bool failed;
};

/* Fills the struct, which needs no initialisation. */
void flame_layout_init(struct flame_layout *layout, const struct result_kernel_profile *profile);
void flame_layout_release(struct flame_layout *layout);

#endif
