/* SPDX-License-Identifier: MIT */
/*
 * A plan in words, for --dry-run: everything that was decided, nothing of it done.
 *
 * Owner: appends to the caller's buffer. Threads: pure, but for the current limit of open files.
 * Errors: the buffer's. engine_memory must have been called on the plan.
 */
#ifndef RINGLOAD_RUN_DESCRIBE_H
#define RINGLOAD_RUN_DESCRIBE_H

#include "base/buf.h"
#include "plan/plan.h"

void describe_plan(struct buf *out, const struct plan *plan);

#endif
