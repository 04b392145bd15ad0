/* SPDX-License-Identifier: MIT */
/*
 * The block "stability" as JSON and from it; keys and order: result_stability.h. Refused is what
 * contradicts itself: a verdict without a value, or without its reason.
 *
 * Owner: what was read belongs to the struct, also after a failure.
 * Threads, errors: as emit.h and reader.h.
 */
#ifndef RINGLOAD_RESULT_STABILITY_BLOCK_H
#define RINGLOAD_RESULT_STABILITY_BLOCK_H

#include "result/emit.h"
#include "result/reader.h"
#include "result/result_stability.h"

/* Nothing, where it was not judged. */
void stability_block_write(struct emit *emit, const struct result_stability *stability);

/* Fills a zeroed block from the member of the outermost object, if it has one. */
void stability_block_read(
	struct reader *reader, const json_t *root, struct result_stability *stability);

#endif
