/* SPDX-License-Identifier: MIT */
#include "engine/receive.h"

#include <errno.h>

#include "engine/conn.h"
#include "engine/launch.h"
#include "engine/outcome.h"
#include "engine/stamp.h"
#include "engine/zero_copy.h"

static void oldest_completed(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];
	uint32_t request = conn_pop_oldest(worker, index);

	outcome_completed(worker, request, worker->now_ns, conn->response.status);
	conn_count_outcome(worker, index, request, ADDRESS_COMPLETED);
	conn->served = true;
}

/* The response to the oldest request ended. False when the connection was given up with it. */
static bool answered(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	oldest_completed(worker, index);
	if (!conn->response.keep_alive) {
		if (!worker->churn.on) /* there it was asked for */
			COUNT(&worker->stats->connections, CONNECTION_CLOSED_BY_PEER);
		conn_break(worker, index, COUNTER_FAILED_COLLATERAL);
		return false;
	}
	http1_response_begin(&conn->response, worker->plan->request.head);
	conn_relist(worker, index);
	return true;
}

static void unsolicited(struct worker *worker, uint32_t index, struct span bytes)
{
	COUNT(&worker->stats->connections, CONNECTION_UNSOLICITED);
	conn_note_odd(worker, bytes.data, bytes.bytes, "bytes that no request had asked for");
	conn_break(worker, index, COUNTER_FAILED_COLLATERAL);
}

/* Bytes on an open connection. */
static void feed(struct worker *worker, uint32_t index, struct span bytes)
{
	struct conn *conn = &worker->conns[index];
	struct span whole = bytes;
	struct span body;

	while (conn->outstanding) {
		switch (http1_response_next(&conn->response, &bytes, &body)) {
		case HTTP1_COMPLETE:
			if (!answered(worker, index))
				return;
			break;
		case HTTP1_ERROR:
			conn_note_odd(worker, whole.data, whole.bytes,
				http1_error_text(conn->response.error));
			conn_break(worker, index, COUNTER_FAILED_PARSE);
			return;
		case HTTP1_MORE:
			return;
		case HTTP1_INFORMATIONAL:
		case HTTP1_HEAD:
		case HTTP1_BODY:
			break;
		}
	}
	if (bytes.bytes)
		unsolicited(worker, index, bytes);
}

/* The peer closed its side. */
static void ended(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];
	enum http1_event event = HTTP1_MORE;

	COUNT(&worker->stats->connections, CONNECTION_CLOSED_BY_PEER);
	if (conn->outstanding)
		event = http1_response_end(&conn->response);
	if (event == HTTP1_COMPLETE)
		oldest_completed(worker, index);
	if (event == HTTP1_ERROR)
		conn_break(worker, index, COUNTER_FAILED_SHORT);
	else
		conn_break(worker, index,
			event == HTTP1_COMPLETE ? COUNTER_FAILED_COLLATERAL
						: COUNTER_FAILED_CLOSED);
}

static void receive_failed(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	COUNT(&worker->stats->connections, CONNECTION_CLOSED_BY_PEER);
	conn_break(worker, index,
		conn->outstanding && conn->response.started ? COUNTER_FAILED_SHORT
							    : COUNTER_FAILED_RESET);
}

/* A reset is told once: after a send took it, also one that had sent a part before, the receive
 * sees a plain end. */
static void stream_ended(struct worker *worker, uint32_t index, int32_t result)
{
	const struct conn *conn = &worker->conns[index];

	if (!result && !conn->reset && !conn->sent_bytes)
		ended(worker, index);
	else
		receive_failed(worker, index);
}

static void received_bytes(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	struct conn *conn = &worker->conns[index];
	const uint8_t *data = ring_buffer_data(worker->ring, completion->buffer);
	struct span bytes = {.data = data + worker->data_at, .bytes = (size_t)completion->result};
	unsigned int phase = STATS_MEASURED;

	if (conn->state == CONN_OPEN) {
		if (conn->outstanding)
			phase = worker->requests[worker_request_slot(worker, index, conn->oldest)]
					.phase;
		COUNT_BY(&worker_phase_stats(worker, phase)->counters, COUNTER_BYTES_RECEIVED,
			(uint64_t)completion->result);
		feed(worker, index, bytes);
	}
}

/* Cancelled while open: a reset was told, and it looks again once the cancel has completed. */
static void receive_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	struct conn *conn = &worker->conns[index];
	bool last = !(completion->flags & RING_MORE);

	if (last)
		conn->armed &= (uint8_t)~CONN_ARMED_RECEIVE;
	if (completion->result > 0)
		received_bytes(worker, index, completion);
	else if (completion->result == -ENOBUFS)
		COUNT(&worker->stats->health, HEALTH_ENOBUFS);
	else if (conn->state == CONN_OPEN && completion->result != -ECANCELED)
		stream_ended(worker, index, completion->result);
	/* As long as it is armed, neither has anything to do. */
	if (last) {
		conn_receive(worker, index);
		conn_settle(worker, index);
	}
}

static void receive_stamped_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	struct ring_completion plain = *completion;

	stamp_open(worker, &plain);
	receive_done(worker, index, &plain);
}

/* A send that took a part was cut off by something that the next one tells; a quiet one that would
 * have had to wait says so. */
static bool leaves_rest(const struct conn *conn, bool quiet, int32_t result)
{
	if (result <= 0)
		return quiet && result == -EAGAIN;
	return (uint32_t)result < conn->sending_bytes - conn->sent_bytes;
}

static void send_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	struct conn *conn = &worker->conns[index];
	bool quiet = !(conn->armed & CONN_ARMED_SEND);

	conn->armed &= (uint8_t)~CONN_ARMED_SEND;
	if (conn->state != CONN_OPEN) {
		conn_settle(worker, index);
		return;
	}
	if (completion->result == -EPIPE || completion->result == -ECONNRESET) {
		conn_note_reset(worker, index);
	} else if (leaves_rest(conn, quiet, completion->result)) {
		launch_rest(
			worker, index, completion->result > 0 ? (uint32_t)completion->result : 0);
	} else if (completion->result <= 0) {
		conn_break(worker, index, COUNTER_FAILED_SEND);
	} else {
		conn->sent_bytes = 0;
		conn_relist(worker, index);
	}
}

static void zero_copy_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	if (completion->flags & RING_NOTICE) {
		zero_copy_reported(worker, completion);
		return;
	}
	if (!(completion->flags & RING_MORE))
		zero_copy_unreported(worker);
	send_done(worker, index, completion);
}

/* Of an earlier user of the slot: too late for anything but the report of a send. */
static void stale(struct worker *worker, const struct ring_completion *completion)
{
	if (completion->flags & RING_NOTICE)
		zero_copy_reported(worker, completion);
	else
		COUNT(&worker->stats->health, HEALTH_STALE);
}

static void connect_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	conn_connected(worker, index, completion->result);
}

static void cancel_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	(void)completion; /* how many it found does not matter: each tells by itself */
	worker->conns[index].armed &= (uint8_t)~CONN_ARMED_CANCEL;
	conn_receive(worker, index);
	conn_settle(worker, index);
}

static void close_done(
	struct worker *worker, uint32_t index, const struct ring_completion *completion)
{
	(void)completion;
	conn_closed(worker, index);
}

typedef void handler(struct worker *, uint32_t, const struct ring_completion *);

static handler *const handlers[RING_OPERATION_COUNT] = {
	[RING_RECEIVE] = receive_done,
	[RING_RECEIVE_STAMPED] = receive_stamped_done,
	[RING_SEND] = send_done,
	[RING_CONNECT] = connect_done,
	[RING_CANCEL] = cancel_done,
	[RING_CLOSE] = close_done,
	[RING_SEND_ZERO_COPY] = zero_copy_done,
};

void receive_completion(struct worker *worker, const struct ring_completion *completion)
{
	uint32_t index = RING_TAG_SLOT(completion->tag);

	if (RING_TAG_GENERATION(completion->tag) == worker->conns[index].generation)
		handlers[RING_TAG_OPERATION(completion->tag)](worker, index, completion);
	else
		stale(worker, completion);
	if (completion->flags & RING_BUFFER)
		ring_buffer_done(worker->ring, completion);
}
