/* SPDX-License-Identifier: MIT */
/*
 * "Where the time went", for people: the table of stages, one sentence that names the dominating
 * one, the server's threads, the counters that are not 0, the slowest requests, and what limits the
 * figures (sampling, handoffs, missing hooks).
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_H
#define RINGLOAD_REPORT_KERNEL_H

#include "base/buf.h"
#include "result/probe_record.h"
#include "result/result_kernel.h"

/* A single line with the reason when it was not measured. */
void kernel_table(const struct result_kernel *kernel, struct buf *out);

/* The whole report of `ringload probe`. */
void kernel_report(const struct probe_record *record, struct buf *out);

#endif
