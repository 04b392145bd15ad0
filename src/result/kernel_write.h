/* SPDX-License-Identifier: MIT */
/*
 * The block "kernel" as JSON, with the keys and in the order that result_kernel.h tells.
 *
 * Owner, threads, errors: as emit.h.
 */
#ifndef RINGLOAD_RESULT_KERNEL_WRITE_H
#define RINGLOAD_RESULT_KERNEL_WRITE_H

#include "result/emit.h"
#include "result/result_kernel.h"

/* The member "kernel" of the outermost object. */
void kernel_write(struct emit *emit, const struct result_kernel *kernel);

#endif
