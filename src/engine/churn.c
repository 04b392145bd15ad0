/* SPDX-License-Identifier: MIT */
#include "engine/churn.h"

#include <assert.h>

#include "engine/conn.h"
#include "engine/outcome.h"

void churn_init(struct worker *worker)
{
	struct churn *churn = &worker->churn;

	churn->on = true;
	if (worker->plan->connect_rate_mrps)
		churn->gap_ns = (uint64_t)(1e9 / worker->control->connects_per_second);
	for (uint32_t i = 0; i < worker->place->connections; i++)
		conn_enlist(worker, i, CONN_LISTED_FREE);
	worker->next_connect = worker->place->connections; /* none before the start */
}

/* A connect that was possible at since_ns is made now. */
static void take_turn(struct worker *worker, uint64_t since_ns)
{
	if (worker->churn.gap_ns)
		worker->churn.allowed_ns = churn_allowed(worker, since_ns) + worker->churn.gap_ns;
}

static uint64_t deadline_of(const struct worker *worker, uint32_t place)
{
	return worker->requests[place].intended_ns + worker->plan->timeout_ns;
}

static void look_at(struct worker *worker, uint64_t at_ns)
{
	if (at_ns < worker->tick_ns)
		worker->tick_ns = at_ns;
}

void churn_bind(struct worker *worker, uint32_t place, uint64_t intended_ns, uint64_t possible_ns)
{
	struct request *request = &worker->requests[place];

	assert(request->state == REQUEST_FREE);
	request->intended_ns = intended_ns;
	request->available_ns = possible_ns;
	request->state = REQUEST_BOUND;
	index_list_append(&worker->churn.bound, worker->request_links, place);
	worker->churn.bound_count++;
	look_at(worker, deadline_of(worker, place));
	take_turn(worker, possible_ns);
	conn_connect(worker, place);
}

void churn_unbind(struct worker *worker, uint32_t place)
{
	index_list_remove(&worker->churn.bound, worker->request_links, place);
	worker->churn.bound_count--;
	worker->requests[place].state = REQUEST_FREE;
}

void churn_dialled(struct worker *worker, uint32_t place)
{
	worker->churn.dialled[worker->churn.dialled_count++] = place;
}

void churn_stamp(struct worker *worker, uint64_t submitted_ns)
{
	for (uint32_t i = 0; i < worker->churn.dialled_count; i++)
		worker->conns[worker->churn.dialled[i]].since_ns = submitted_ns;
	worker->churn.dialled_count = 0;
}

void churn_connected(struct worker *worker, uint32_t place)
{
	struct conn *conn = &worker->conns[place];

	assert(worker->requests[place].state == REQUEST_BOUND);
	worker->requests[place].available_ns += worker->now_ns - conn->since_ns;
	conn->since_ns = worker->now_ns;
	conn->backoff_ns = CONN_BACKOFF_FIRST_NS;
	conn_enlist(worker, place, CONN_LISTED_READY);
}

static void set_free(struct worker *worker, uint32_t place)
{
	worker->conns[place].state = CONN_DOWN;
	worker->conns[place].backoff_ns = CONN_BACKOFF_FIRST_NS;
	conn_enlist(worker, place, CONN_LISTED_FREE);
}

void churn_closed(struct worker *worker, uint32_t place)
{
	struct conn *conn = &worker->conns[place];
	uint64_t since_ns = conn->since_ns;

	if (worker->requests[place].state != REQUEST_BOUND) {
		set_free(worker, place);
		return;
	}
	/* The connect, or a connection lost before anything was sent on it, and the pause. */
	conn_down(worker, place, false);
	worker->requests[place].available_ns += conn->since_ns - since_ns;
}

/* Nothing is bound to it any more. */
static void let_go(struct worker *worker, uint32_t place)
{
	switch ((enum conn_state)worker->conns[place].state) {
	case CONN_DOWN:
		set_free(worker, place);
		break;
	case CONN_CONNECTING:
	case CONN_OPEN:
		conn_close(worker, place);
		break;
	case CONN_CLOSING:
		break;
	}
}

static void drop(struct worker *worker, uint32_t place)
{
	outcome_dropped(worker, worker->requests[place].intended_ns, worker->now_ns,
		COUNTER_DROPPED_NO_CONNECTION);
	churn_unbind(worker, place);
	let_go(worker, place);
}

static void drop_expired(struct worker *worker)
{
	while (!index_list_empty(&worker->churn.bound)) {
		uint32_t oldest = worker->churn.bound.first;

		if (deadline_of(worker, oldest) > worker->now_ns) {
			look_at(worker, deadline_of(worker, oldest));
			return;
		}
		drop(worker, oldest);
	}
}

/* Whoever is down has a request bound: without one it is free. */
static void connect_again(struct worker *worker, uint32_t place)
{
	struct conn *conn = &worker->conns[place];
	uint64_t at_ns = churn_allowed(worker, conn->since_ns);

	if (at_ns > worker->now_ns) {
		look_at(worker, at_ns);
		return;
	}
	worker->requests[place].available_ns += at_ns - conn->since_ns;
	take_turn(worker, conn->since_ns);
	conn_connect(worker, place);
}

void churn_tick(struct worker *worker)
{
	uint32_t place;

	drop_expired(worker);
	place = worker->lists[CONN_LISTED_DOWN].first;
	while (place != INDEX_LIST_END &&
		ring_submission_space(worker->ring) > WORKER_SENDS_PER_ENTER) {
		uint32_t next = worker->conn_links[place].next;

		connect_again(worker, place);
		place = next;
	}
}

void churn_finish(struct worker *worker)
{
	while (!index_list_empty(&worker->churn.bound)) {
		uint32_t oldest = worker->churn.bound.first;

		outcome_unsent(worker, worker->requests[oldest].intended_ns, worker->now_ns);
		churn_unbind(worker, oldest);
	}
}

void churn_again(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->place->connections; i++)
		if (worker->conns[i].list != CONN_LISTED_FREE)
			let_go(worker, i);
	worker->next_connect = worker->place->connections;
}
