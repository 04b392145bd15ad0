/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection: connect, take requests, lose or close the socket, come back.
 * The states are described with enum conn_state in worker.h.
 *
 * Owner: nothing; connections live in the worker. Threads: the worker's.
 * Errors: nothing is retried for a request; a connection that is lost is replaced, at once when it
 * had served, else after 10 ms doubling to 1 s, with seeded jitter.
 */
#ifndef RINGLOAD_ENGINE_CONN_H
#define RINGLOAD_ENGINE_CONN_H

#include "engine/worker_state.h"

/* The first pause of a connection that did not come to be; each further one is twice as long. */
#define CONN_BACKOFF_FIRST_NS (10 * 1000000ULL)

/* DOWN → CONNECTING, or back to DOWN when there is no socket to be had. */
void conn_connect(struct worker *worker, uint32_t index);

/* The connect completed. */
void conn_connected(struct worker *worker, uint32_t index, int result);

/* A request was put on it, or an answer made room: keeps the worker's lists true. */
void conn_relist(struct worker *worker, uint32_t index);

/* Out of the list it is in, into this one. */
void conn_enlist(struct worker *worker, uint32_t index, enum conn_list list);

/* Gives up a connect, or closes: towards DOWN. Nothing may be outstanding. */
void conn_close(struct worker *worker, uint32_t index);

/*
 * Another window begins: closes it when it has a request that was never answered (and was counted
 * so), and gives up a connect, which nobody counts any more.
 */
void conn_again(struct worker *worker, uint32_t index);

/* Down, to be tried again: at once, or after its pause, which grows. */
void conn_down(struct worker *worker, uint32_t index, bool at_once);

/*
 * The connection is of no more use. The oldest outstanding request, if any, ends as `failure`
 * (COUNTER_FAILED_… or COUNTER_TIMED_OUT), those behind it as collateral.
 */
void conn_break(struct worker *worker, uint32_t index, enum counter failure);

/* Takes the oldest outstanding request off the connection; returns its index. */
static inline uint32_t conn_pop_oldest(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];
	uint32_t request = worker_request_slot(worker, index, conn->oldest);

	conn->outstanding--;
	conn->oldest++;
	if (conn->oldest == worker->plan->pipeline)
		conn->oldest = 0;
	return request;
}

/* Counts what became of a request that was taken off the connection for the connection's address.
 */
void conn_count_outcome(
	struct worker *worker, uint32_t index, uint32_t request, enum address_counter outcome);

/*
 * A send was told of a reset: nothing more is sent. The receive is made to look again, because an
 * armed one can miss a reset that comes right behind data; it gives what had come before, then
 * ends.
 */
void conn_note_reset(struct worker *worker, uint32_t index);

/* Arms the receive of an open connection again, unless it is armed or a cancel is still to
 * complete. */
void conn_receive(struct worker *worker, uint32_t index);

/* An operation ended (its bit of enum conn_armed was cleared): a closing connection may go on. */
void conn_settle(struct worker *worker, uint32_t index);

/* The close completed: the slot is free for another socket. */
void conn_closed(struct worker *worker, uint32_t index);

/*
 * Gives up connects older than the timeout, and connections whose peer has answered and for as long
 * does not take the rest of what it answered; starts connects whose retry time has come.
 */
void conn_tick(struct worker *worker);

/* After an enter: asks the sockets whose connect went with it for their local port. */
void conn_learn_ports(struct worker *worker);

/* Closes the descriptors of sockets that were not asked. A zeroed worker has none. */
void conn_release(struct worker *worker);

/* Keeps the first bytes of something no request had asked for, for the report. */
void conn_note_odd(struct worker *worker, const void *data, size_t bytes, const char *reason);

#endif
