/* SPDX-License-Identifier: MIT */
/*
 * The block "kernel" from JSON (keys and order: result_kernel.h), with what contradicts itself
 * refused: parts that are more than their whole, shares that are none or do not make a whole,
 * histograms of another layout or size, rows out of order.
 *
 * Owner: what was read belongs to the struct, also after a failure. Threads, errors: as reader.h.
 */
#ifndef RINGLOAD_RESULT_KERNEL_READ_H
#define RINGLOAD_RESULT_KERNEL_READ_H

#include "result/reader.h"
#include "result/result_kernel.h"

/* Fills a zeroed block from the member "kernel" of the outermost object. */
void kernel_read(struct reader *reader, const json_t *root, struct result_kernel *kernel);

#endif
