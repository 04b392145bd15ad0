/* SPDX-License-Identifier: MIT */
/*
 * The lists of the block "kernel" from JSON.
 *
 * Owner, threads, errors: as kernel_read.h. `object` is the block.
 */
#ifndef RINGLOAD_RESULT_KERNEL_READ_ROWS_H
#define RINGLOAD_RESULT_KERNEL_READ_ROWS_H

#include "result/reader.h"
#include "result/result_kernel.h"

void kernel_read_rows_hooks(
	struct reader *reader, const json_t *object, struct result_kernel *kernel);
/* After `attributed` is known, which the rows must add up to. */
void kernel_read_rows_mix(
	struct reader *reader, const json_t *object, struct result_kernel *kernel);
/* With the imbalance among them. */
void kernel_read_rows_workers(
	struct reader *reader, const json_t *object, struct result_kernel *kernel);
void kernel_read_rows_slowest(
	struct reader *reader, const json_t *object, struct result_kernel *kernel);
void kernel_read_rows_profile(
	struct reader *reader, const json_t *object, struct result_kernel *kernel);

#endif
