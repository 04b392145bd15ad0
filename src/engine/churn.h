/* SPDX-License-Identifier: MIT */
/*
 * --no-keepalive: each request has a connection of its own.
 *
 * A connection of the table is a place for one exchange. A request that is due (or a session that
 * goes on) is *bound* to the place that has been free longest; the place connects, the request is
 * sent, and after its response the connection is closed: then the place is free. A request whose
 * connect fails stays bound, and its place tries again after the pause of conn.h, until the timeout
 * since it was intended: then it is dropped as no_connection. So a bound request is neither sent
 * nor waiting in the backlog, and comes to exactly one of sent, dropped, unsent.
 *
 * While it is bound, available_ns of the request is the moment at which it could have been sent if
 * the generator lost no time: from the place being free and the connect being allowed, plus all
 * that the connects took, with the pauses between them. What the generator loses before a connect
 * is submitted, and after it was seen established, is left for send_lag.
 *
 * Owner: nothing; places live in the worker. Threads: the worker's. Errors: none. Units: ns.
 */
#ifndef RINGLOAD_ENGINE_CHURN_H
#define RINGLOAD_ENGINE_CHURN_H

#include "engine/worker_state.h"

/* All places are free. To be called once the tables of an otherwise ready worker are laid out. */
void churn_init(struct worker *worker);

/* When a connect that became possible at since_ns may be made (--connect-rate). */
static inline uint64_t churn_allowed(const struct worker *worker, uint64_t since_ns)
{
	return worker->churn.allowed_ns > since_ns ? worker->churn.allowed_ns : since_ns;
}

/* Gives the request to a free place and connects. possible_ns: as of churn_allowed. */
void churn_bind(struct worker *worker, uint32_t place, uint64_t intended_ns, uint64_t possible_ns);

/* The request of a place of `ready` is about to be sent. */
void churn_unbind(struct worker *worker, uint32_t place);

/* A connect was queued for the next enter; the clock was read directly before that. */
void churn_dialled(struct worker *worker, uint32_t place);
void churn_stamp(struct worker *worker, uint64_t submitted_ns);

/* The place is established. */
void churn_connected(struct worker *worker, uint32_t place);

/* Its socket is gone, or none was to be had. */
void churn_closed(struct worker *worker, uint32_t place);

/* Drops bound requests that have waited as long as the timeout; connects again whose time has
 * come. */
void churn_tick(struct worker *worker);

/* The window ends: what is bound is unsent. */
void churn_finish(struct worker *worker);

/* Another begins, conn_again having been called for each place: all are free, or become so. */
void churn_again(struct worker *worker);

#endif
