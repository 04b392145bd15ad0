/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_lists.h"

#include <inttypes.h>

#include "tests/sim/fake_log.h"

/* Follows a list both ways; calls `each` for its elements and returns how many there are. */
static uint64_t walk(const struct worker *worker, const struct index_list *list,
	const struct index_link *links, uint64_t bound,
	void (*each)(const struct worker *, uint32_t index, unsigned int argument),
	unsigned int argument)
{
	uint32_t previous = INDEX_LIST_END, index = list->first;
	uint64_t count = 0;

	while (index != INDEX_LIST_END) {
		if (++count > bound)
			fake_log_fail("a list has a loop");
		if (links[index].previous != previous)
			fake_log_fail("a list's link back from %u is %u, expected %u", index,
				links[index].previous, previous);
		each(worker, index, argument);
		previous = index;
		index = links[index].next;
	}
	if (list->last != previous)
		fake_log_fail("a list's last is %u, expected %u", list->last, previous);
	return count;
}

static void check_member(const struct worker *worker, uint32_t index, unsigned int list)
{
	if (worker->conns[index].list != list)
		fake_log_fail("slot %u is in list %u and says %u", index, list,
			worker->conns[index].list);
}

static void check_available(const struct worker *worker, uint32_t index, unsigned int argument)
{
	uint32_t next = worker->available_links[index].next;
	const struct conn *conn = &worker->conns[index];

	(void)argument;
	if (conn->list != CONN_LISTED_IDLE && conn->list != CONN_LISTED_PARTIAL &&
		conn->list != CONN_LISTED_FREE)
		fake_log_fail("slot %u is available and in list %u", index, conn->list);
	if (next != INDEX_LIST_END && worker->conns[next].available_ns < conn->available_ns)
		fake_log_fail("slot %u was available before %u", next, index);
}

static bool is_bound(const struct worker *worker, const struct conn *conn)
{
	return worker->churn.on && worker->phase != WORKER_DONE &&
	       worker->requests[conn - worker->conns].state == REQUEST_BOUND;
}

/* The list a connection's state demands. */
static enum conn_list demanded(const struct worker *worker, const struct conn *conn)
{
	/* What was bound at the end is no more, and stays where it is. */
	if (worker->churn.on && worker->phase == WORKER_DONE)
		return conn->list;
	switch ((enum conn_state)conn->state) {
	case CONN_DOWN:
		return worker->churn.on && !is_bound(worker, conn) ? CONN_LISTED_FREE
								   : CONN_LISTED_DOWN;
	case CONN_CONNECTING:
		return CONN_LISTED_CONNECTING;
	case CONN_CLOSING:
		return CONN_UNLISTED;
	case CONN_OPEN:
		break;
	}
	if (is_bound(worker, conn))
		return CONN_LISTED_READY;
	if ((conn->armed & CONN_ARMED_SEND) && !conn->outstanding)
		return CONN_LISTED_SENDING;
	if (conn->armed & CONN_ARMED_SEND || conn->reset ||
		conn->outstanding == worker->plan->pipeline)
		return CONN_UNLISTED;
	return conn->outstanding ? CONN_LISTED_PARTIAL : CONN_LISTED_IDLE;
}

static void check_conn(const struct worker *worker, uint32_t index, uint64_t *sent)
{
	const struct conn *conn = &worker->conns[index];
	uint32_t pipeline = worker->plan->pipeline;

	if (conn->list != demanded(worker, conn))
		fake_log_fail("slot %u: in list %u, its state demands %u", index, conn->list,
			demanded(worker, conn));
	if ((conn->state == CONN_DOWN) != !conn->armed)
		fake_log_fail("slot %u: state %u with %#x armed", index, conn->state, conn->armed);
	if (conn->outstanding > pipeline || conn->oldest >= pipeline)
		fake_log_fail(
			"slot %u: %u outstanding from %u", index, conn->outstanding, conn->oldest);
	for (uint32_t i = 0; i < pipeline; i++) {
		const struct request *request =
			&worker->requests[worker_request_slot(worker, index, conn->oldest + i)];
		bool out = worker->phase != WORKER_DONE && i < conn->outstanding;

		if (!is_bound(worker, conn) &&
			request->state != (out ? REQUEST_SENT : REQUEST_FREE))
			fake_log_fail("slot %u: request %u has state %u", index, i, request->state);
		*sent += request->state == REQUEST_SENT;
	}
}

static void check_sent(const struct worker *worker, uint32_t index, unsigned int argument)
{
	uint32_t next = worker->request_links[index].next;

	(void)argument;
	if (worker->requests[index].state != REQUEST_SENT)
		fake_log_fail("request %u is unanswered and not sent", index);
	if (next != INDEX_LIST_END &&
		worker->requests[next].sent_ns < worker->requests[index].sent_ns)
		fake_log_fail("request %u was sent before %u, which is older", next, index);
}

static void check_bound(const struct worker *worker, uint32_t index, unsigned int argument)
{
	uint32_t next = worker->request_links[index].next;

	(void)argument;
	if (worker->requests[index].state != REQUEST_BOUND || worker->conns[index].outstanding)
		fake_log_fail("request %u is listed as bound and is not", index);
	if (next != INDEX_LIST_END &&
		worker->requests[next].intended_ns < worker->requests[index].intended_ns)
		fake_log_fail("request %u was intended before %u, which is first", next, index);
}

void sim_lists_check(const struct worker *worker)
{
	uint32_t conns = worker->place->connections;
	uint64_t sent = 0, listed = 0, unlisted = 0, open = 0, on_addresses = 0, available = 0;
	uint64_t bound = 0;

	for (uint32_t i = 0; i < conns; i++) {
		check_conn(worker, i, &sent);
		unlisted += worker->conns[i].list == CONN_UNLISTED;
		available += worker->conns[i].list == CONN_LISTED_IDLE ||
			     worker->conns[i].list == CONN_LISTED_PARTIAL ||
			     worker->conns[i].list == CONN_LISTED_FREE;
		bound += is_bound(worker, &worker->conns[i]);
		open += worker->conns[i].state == CONN_OPEN;
	}
	for (unsigned int i = CONN_LISTED_IDLE; i < CONN_LIST_COUNT; i++)
		listed += walk(
			worker, &worker->lists[i], worker->conn_links, conns, check_member, i);
	if (walk(worker, &worker->available, worker->available_links, conns, check_available, 0) !=
		available)
		fake_log_fail("the list of available connections lacks one");
	if (walk(worker, &worker->churn.bound, worker->request_links, conns, check_bound, 0) !=
			bound ||
		bound != worker->churn.bound_count)
		fake_log_fail("%" PRIu64 " requests are bound, %u counted", bound,
			worker->churn.bound_count);
	if (listed + unlisted != conns)
		fake_log_fail("%" PRIu64 " connections are in no list that should", conns - listed);
	if (walk(worker, &worker->unanswered, worker->request_links, worker->in_flight, check_sent,
		    0) != worker->in_flight ||
		sent != worker->in_flight)
		fake_log_fail("%" PRIu64 " in flight, %" PRIu64 " requests are sent",
			worker->in_flight, sent);
	for (size_t i = 0; i < worker->plan->address_count; i++)
		on_addresses += worker->address_counts[i];
	if (open != worker->established || open != on_addresses)
		fake_log_fail("%" PRIu64 " connections are open, %u counted, %" PRIu64
			      " by address",
			open, worker->established, on_addresses);
	if (worker->queued_count || worker->queued_sends || worker->churn.dialled_count)
		fake_log_fail("requests are queued between two turns");
}
