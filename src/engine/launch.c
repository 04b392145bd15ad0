/* SPDX-License-Identifier: MIT */
#include "engine/launch.h"

#include "engine/churn.h"
#include "engine/conn.h"
#include "engine/outcome.h"
#include "engine/zero_copy.h"

/* Since when some connection could have taken a request; there must be one. */
static uint64_t available_since(const struct worker *worker)
{
	return worker->conns[worker->available.first].available_ns;
}

static bool connection_free(const struct worker *worker)
{
	return !index_list_empty(&worker->available);
}

/* Longest idle first, then those with room. */
static uint32_t choose(const struct worker *worker)
{
	const struct index_list *idle = &worker->lists[CONN_LISTED_IDLE];

	return index_list_empty(idle) ? worker->lists[CONN_LISTED_PARTIAL].first : idle->first;
}

static void take_slot(
	struct worker *worker, uint32_t index, uint64_t intended_ns, uint64_t available_ns)
{
	struct conn *conn = &worker->conns[index];
	uint32_t slot = worker_request_slot(
		worker, index, (uint32_t)conn->oldest + conn->outstanding);
	struct request *request = &worker->requests[slot];

	request->intended_ns = intended_ns;
	request->available_ns = available_ns > intended_ns ? available_ns : intended_ns;
	request->offset_bytes = conn->offset_bytes;
	request->phase = worker_phase_of(worker, intended_ns);
	request->state = REQUEST_QUEUED;
	conn->offset_bytes += worker->plan->request.wire_bytes;
	conn->outstanding++;
	worker->queued[worker->queued_count++] = slot;
}

/* Told when it is over; out of the way of small requests, whose sends are quiet. */
static __attribute__((noinline)) void send_loudly(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	conn->armed |= CONN_ARMED_SEND;
	if (zero_copy_next(worker))
		ring_send_zero_copy(worker->ring, index, worker->wire, conn->sending_bytes,
			RING_TAG(RING_SEND_ZERO_COPY, index, conn->generation));
	else
		ring_send(worker->ring, index, worker->wire, conn->sending_bytes, false,
			RING_TAG(RING_SEND, index, conn->generation));
}

/* One send for the `count` requests just put on the connection. */
static void queue_send(struct worker *worker, uint32_t index, uint32_t count)
{
	struct conn *conn = &worker->conns[index];

	conn->sending_bytes = count * (uint32_t)worker->plan->request.wire_bytes;
	conn->sent_bytes = 0;
	if (worker->send == WORKER_SEND_QUIET)
		ring_send(worker->ring, index, worker->wire, conn->sending_bytes, true,
			RING_TAG(RING_SEND, index, conn->generation));
	else
		send_loudly(worker, index);
	worker->queued_sends++;
	conn_relist(worker, index);
}

void launch_rest(struct worker *worker, uint32_t index, uint32_t took_bytes)
{
	struct conn *conn = &worker->conns[index];

	conn->sent_bytes += took_bytes;
	conn->armed |= CONN_ARMED_SEND;
	ring_send(worker->ring, index, worker->wire + conn->sent_bytes,
		conn->sending_bytes - conn->sent_bytes, false,
		RING_TAG(RING_SEND, index, conn->generation));
	conn_relist(worker, index);
}

static uint32_t room(const struct worker *worker, uint32_t index)
{
	uint32_t count = worker->plan->pipeline - worker->conns[index].outstanding;

	return count < worker->wire_copies ? count : worker->wire_copies;
}

void launch_due(struct worker *worker)
{
	/* Requests bound to a place that connects wait too. */
	uint64_t limit = worker->plan->max_in_flight_per_worker - worker->churn.bound_count;

	while (worker->due.next_ns != ARRIVAL_NONE &&
		worker->start_ns + worker->due.next_ns <= worker->now_ns) {
		uint64_t intended_ns = worker->start_ns + worker->due.next_ns;
		struct stats_request *stats = worker_phase_stats(
			worker, worker_phase_of(worker, intended_ns));

		COUNT(&stats->counters, COUNTER_SCHEDULED);
		if (worker->in_flight + worker->backlog.count >= limit)
			outcome_dropped(worker, intended_ns, worker->now_ns, COUNTER_DROPPED_LIMIT);
		else
			backlog_push(&worker->backlog, worker->due.next_ns);
		arrival_advance(&worker->due);
	}
}

/* Requests that have waited as long as the timeout are dropped: nobody waits for them any more. */
static void expire(struct worker *worker)
{
	while (worker->backlog.count) {
		uint64_t intended_ns = worker->start_ns + backlog_oldest(&worker->backlog);
		bool none = !worker->established && worker->last_established_ns <= intended_ns;

		if (intended_ns + worker->plan->timeout_ns > worker->now_ns)
			return;
		outcome_dropped(worker, intended_ns, worker->now_ns,
			none ? COUNTER_DROPPED_NO_CONNECTION : COUNTER_DROPPED_EXPIRED);
		backlog_pop(&worker->backlog);
	}
}

void launch_open_loop(struct worker *worker)
{
	launch_due(worker);
	expire(worker);
	while (worker->backlog.count && connection_free(worker) &&
		worker->queued_sends < WORKER_SENDS_PER_ENTER) {
		uint64_t available_ns = available_since(worker);
		uint32_t index = choose(worker);
		uint32_t count = room(worker, index);
		uint32_t taken = 0;

		for (; taken < count && worker->backlog.count; taken++) {
			take_slot(worker, index,
				worker->start_ns + backlog_oldest(&worker->backlog), available_ns);
			backlog_pop(&worker->backlog);
		}
		queue_send(worker, index, taken);
	}
}

/* Whether a session that became free at available_ns may begin another request, and counts it. */
static bool session_begins(struct worker *worker, uint64_t intended_ns)
{
	enum stats_phase phase = worker_phase_of(worker, intended_ns);

	if (intended_ns >= worker->end_ns)
		return false;
	if (phase == STATS_MEASURED) {
		if (!worker->requests_left)
			return false;
		worker->requests_left--;
	}
	COUNT(&worker_phase_stats(worker, phase)->counters, COUNTER_SCHEDULED);
	return true;
}

void launch_closed_loop(struct worker *worker)
{
	while (worker->phase == WORKER_RUNNING && connection_free(worker) &&
		worker->queued_sends < WORKER_SENDS_PER_ENTER) {
		uint32_t index = choose(worker);
		uint64_t intended_ns = worker->conns[index].available_ns;
		uint32_t count = room(worker, index);
		uint32_t taken = 0;

		if (intended_ns < worker->start_ns)
			intended_ns = worker->start_ns;
		for (; taken < count && session_begins(worker, intended_ns); taken++)
			take_slot(worker, index, intended_ns, intended_ns);
		if (!taken)
			return; /* the lists are in order of time: no other may begin one either */
		queue_send(worker, index, taken);
	}
}

/* What connected has its request sent. */
static void send_ready(struct worker *worker)
{
	while (!index_list_empty(&worker->lists[CONN_LISTED_READY]) &&
		worker->queued_sends < WORKER_SENDS_PER_ENTER) {
		uint32_t place = worker->lists[CONN_LISTED_READY].first;

		churn_unbind(worker, place);
		take_slot(worker, place, worker->requests[place].intended_ns,
			worker->requests[place].available_ns);
		queue_send(worker, place, 1);
	}
}

/* A request for the place that has been free longest; false when there is none yet. */
static bool bind_next(struct worker *worker)
{
	uint64_t since_ns = available_since(worker);
	uint64_t intended_ns = since_ns > worker->start_ns ? since_ns : worker->start_ns;
	uint64_t possible_ns;

	if (worker->plan->open_loop && !worker->backlog.count)
		return false;
	if (worker->plan->open_loop)
		intended_ns = worker->start_ns + backlog_oldest(&worker->backlog);
	possible_ns = churn_allowed(worker, since_ns > intended_ns ? since_ns : intended_ns);
	if (possible_ns > worker->now_ns)
		return false;
	if (worker->plan->open_loop)
		backlog_pop(&worker->backlog);
	else if (worker->phase != WORKER_RUNNING || !session_begins(worker, possible_ns))
		return false;
	churn_bind(worker, worker->available.first,
		worker->plan->open_loop ? intended_ns : possible_ns, possible_ns);
	return true;
}

void launch_churn(struct worker *worker)
{
	if (worker->plan->open_loop) {
		launch_due(worker);
		expire(worker);
	}
	/* Idle is what had its one response, and was not told to close. */
	while (!index_list_empty(&worker->lists[CONN_LISTED_IDLE]))
		conn_close(worker, worker->lists[CONN_LISTED_IDLE].first);
	send_ready(worker);
	while (connection_free(worker) && worker->churn.dialled_count < WORKER_SENDS_PER_ENTER)
		if (!bind_next(worker))
			return;
}

/* Whether something is due that a connection could take. */
static bool takes_next(const struct worker *worker)
{
	if (!connection_free(worker))
		return false;
	if (worker->plan->open_loop)
		return worker->backlog.count;
	return worker->phase == WORKER_RUNNING && worker->requests_left &&
	       available_since(worker) < worker->end_ns;
}

bool launch_pending(const struct worker *worker)
{
	if (!index_list_empty(&worker->lists[CONN_LISTED_READY]))
		return true;
	return takes_next(worker) && worker->churn.allowed_ns <= worker->now_ns;
}

uint64_t launch_next_connect(const struct worker *worker)
{
	return takes_next(worker) ? worker->churn.allowed_ns : UINT64_MAX;
}

void launch_stamp(struct worker *worker, uint64_t sent_ns)
{
	struct stats_request *now = worker_phase_stats(worker, worker_phase_of(worker, sent_ns));

	if (sent_ns < worker->window_until_ns)
		COUNT_BY(&now->counters, COUNTER_WINDOW_SENT, worker->queued_count);
	for (uint32_t i = 0; i < worker->queued_count; i++) {
		struct request *request = &worker->requests[worker->queued[i]];
		struct stats_request *stats = worker_phase_stats(worker, request->phase);

		request->sent_ns = sent_ns;
		request->state = REQUEST_SENT;
		hist_record(&stats->connection_wait, request->available_ns - request->intended_ns);
		hist_record(&stats->send_lag, sent_ns - request->available_ns);
		COUNT(&stats->counters, COUNTER_SENT);
		COUNT_BY(&stats->counters, COUNTER_BYTES_SENT, worker->plan->request.wire_bytes);
		index_list_append(&worker->unanswered, worker->request_links, worker->queued[i]);
		worker->in_flight++;
	}
	COUNT_BY(&worker->stats->health, HEALTH_SENDS, worker->queued_sends);
	worker->queued_count = 0;
	worker->queued_sends = 0;
}
