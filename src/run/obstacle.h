/* SPDX-License-Identifier: MIT */
/*
 * What keeps this process from measuring in a server's kernel, as far as it can be told without
 * opening a probe: the server is not on this machine.
 *
 * Owner: borrows everything. Threads: one. Errors: none of its own.
 */
#ifndef RINGLOAD_RUN_OBSTACLE_H
#define RINGLOAD_RUN_OBSTACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "plan/plan.h"

/*
 * Whether no process of this machine, in whatever network namespace, listens on any of the ports:
 * then the reason is appended, which differs with where the plan's addresses are.
 */
bool obstacle_target(
	const struct plan *plan, const uint16_t *ports, size_t port_count, struct buf *reason);

#endif
