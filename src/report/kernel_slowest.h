/* SPDX-License-Identifier: MIT */
/*
 * The slowest followed requests, a row each, from both sides where the client knows them too:
 *
 *   total = unsent (until it was sent) + to server + queue + app (cpu, runq, blocked) + back
 *
 * Which request it was: the client's port and the offset of its first byte in what the client sent
 * on that connection.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_SLOWEST_H
#define RINGLOAD_REPORT_KERNEL_SLOWEST_H

#include "base/buf.h"
#include "result/result_kernel.h"

void kernel_slowest_table(const struct result_kernel *kernel, struct buf *out);

#endif
