/* SPDX-License-Identifier: MIT */
/*
 * What goes out: requests become due by the schedule (open loop) or by an answer (closed loop), get
 * a connection (with --no-keepalive one that has to be made first, churn.h), and are queued for the
 * next enter.
 *
 * Owner: nothing. Threads: the worker's. Errors: none; what cannot be sent waits or is dropped, and
 * both are counted.
 */
#ifndef RINGLOAD_ENGINE_LAUNCH_H
#define RINGLOAD_ENGINE_LAUNCH_H

#include "engine/worker_state.h"

/* Moves the schedule of an open loop on to now: each arrival that has come is counted, then waits
 * or is dropped. */
void launch_due(struct worker *worker);

void launch_open_loop(struct worker *worker);
void launch_closed_loop(struct worker *worker);

/*
 * The latest send took only so many bytes: the rest goes with another one, which waits, and so ends
 * whole or tells why it cannot.
 */
void launch_rest(struct worker *worker, uint32_t index, uint32_t took_bytes);
/* Either loop with --no-keepalive. */
void launch_churn(struct worker *worker);

/* When --connect-rate allows what is due to connect; UINT64_MAX: nothing is due. */
uint64_t launch_next_connect(const struct worker *worker);

/* Whether another turn of launching would queue something now. */
bool launch_pending(const struct worker *worker);

/* sent_ns was read directly before the enter that carries what is queued. */
void launch_stamp(struct worker *worker, uint64_t sent_ns);

#endif
