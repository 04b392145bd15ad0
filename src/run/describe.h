/* SPDX-License-Identifier: MIT */
/*
 * A plan in words, for --dry-run: everything that was decided, nothing of it done.
 *
 * Owner: appends to the caller's buffer. Threads: pure, but for what is asked of this
 * machine: the limit of open files, who listens on a port.
 * Errors: the buffer's. engine_memory must have been called on the plan.
 */
#ifndef RINGLOAD_RUN_DESCRIBE_H
#define RINGLOAD_RUN_DESCRIBE_H

#include "base/buf.h"
#include "plan/plan.h"
#include "run/attribution.h"
#include "run/observation.h"

void describe_plan(struct buf *out, const struct plan *plan);

/* What would be measured in the server's kernel, or why nothing. */
void describe_attribution(
	struct buf *out, const struct attribution_options *options, const struct plan *plan);

/* Whose resources would be read, or why nobody's. */
void describe_observation(struct buf *out, const struct observation_options *options,
	const struct probe_options *probe, const struct plan *plan);

#endif
