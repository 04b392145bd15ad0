/* SPDX-License-Identifier: MIT */
/*
 * Whether requests leave without being copied, and what the kernel says of it.
 *
 * The worker's copies of the request, or the plan's one where it is large, are registered with the
 * ring and sent with SEND_ZC from there. With --send zero-copy every send is such a one. With auto
 * the first is, and the others wait for what the kernel reports of it as ordinary sends: all
 * following ones are zero-copy as long as no report says "copied", which is what loopback, veth and
 * every way out without scatter-gather do; then all are ordinary again, for good.
 *
 * The memory never changes and outlives the ring, so nothing waits for a report: sends of it
 * overlap, and a connection is closed without it. It could not wait: what an unreachable peer has
 * not acknowledged lies in the socket's queue and is reported when the socket is gone. Such a
 * report comes under the tag of the slot's earlier user.
 *
 * Owner: nothing. Threads: the worker's. Errors: zero_copy_init's sentence; with auto memory that
 * cannot be registered only leaves its -errno in worker->send_refused.
 */
#ifndef RINGLOAD_ENGINE_ZERO_COPY_H
#define RINGLOAD_ENGINE_ZERO_COPY_H

#include "engine/worker_state.h"

/* Registers what will be sent, as the plan's `send` wants it. */
int zero_copy_init(struct worker *worker, struct err *err);

/* The next send is to be a zero-copy one; says so once for each send. */
bool zero_copy_next(struct worker *worker);

/* A send completed and there will be no report of it. */
void zero_copy_unreported(struct worker *worker);

/* The kernel has done with the memory of a send. */
void zero_copy_reported(struct worker *worker, const struct ring_completion *completion);

/* "send" or "send_zc": the way that most sends took. */
const char *zero_copy_path(const struct worker *worker);

#endif
