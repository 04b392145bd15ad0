/* SPDX-License-Identifier: MIT */
/*
 * What stands beside the stages: counters that are not 0, with what they mean; requests that were
 * open at the end; hooks that are missing or second best; what the probe itself cost; and what was
 * not measured, with the reason.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_EVIDENCE_H
#define RINGLOAD_REPORT_KERNEL_EVIDENCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "result/result_kernel.h"

void kernel_evidence_counters(const struct result_kernel *kernel, struct buf *out);

/* client: whether there was one of ringload's own, so that what only it can know was expected. */
void kernel_evidence_limits(const struct result_kernel *kernel, bool client, struct buf *out);

#endif
