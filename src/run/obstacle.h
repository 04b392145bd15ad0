/* SPDX-License-Identifier: MIT */
/*
 * What keeps this process from measuring in a server's kernel, as far as it can be told beforehand:
 * the server is on another machine, or the rights are missing.
 *
 * Owner: borrows everything. Threads: one. Errors: none of its own.
 */
#ifndef RINGLOAD_RUN_OBSTACLE_H
#define RINGLOAD_RUN_OBSTACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/plan.h"

/*
 * Whether no process of this machine, in whatever network namespace, listens on any of the ports:
 * then the reason is appended, which differs with where the plan's addresses are.
 */
bool obstacle_target(
	const struct plan *plan, const uint16_t *ports, size_t port_count, struct buf *reason);

/*
 * Puts behind a sentence of the probe how to get the rights that this process lacks for it; leaves
 * it as it is when none is lacking.
 */
void obstacle_add_mend(struct err *err);

#endif
