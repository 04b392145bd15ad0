/* SPDX-License-Identifier: MIT */
/*
 * The table of stages: a row for each in which requests were seen, parts below the sum they belong
 * to, then residence, then what lies beside it. Shares are of residence; "slowest 1 %" is the same
 * share among the requests with the longest residence.
 *
 * "*" behind a figure: fewer than 100 samples lie beyond.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_STAGES_H
#define RINGLOAD_REPORT_KERNEL_STAGES_H

#include "base/buf.h"
#include "result/result_kernel.h"

void kernel_stages_table(const struct result_kernel *kernel, struct buf *out);

#endif
