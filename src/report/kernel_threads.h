/* SPDX-License-Identifier: MIT */
/*
 * The server's threads: how many of the followed requests each read, and how it spent its time.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_THREADS_H
#define RINGLOAD_REPORT_KERNEL_THREADS_H

#include "base/buf.h"
#include "result/result_kernel.h"

/* More are left to the JSON. */
#define KERNEL_THREADS_ROWS 8

void kernel_threads_table(const struct result_kernel *kernel, struct buf *out);

#endif
