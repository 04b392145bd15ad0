/* SPDX-License-Identifier: MIT */
#include "engine/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/churn.h"
#include "engine/outcome.h"
#include "net/sock.h"
#include "plan/source.h"

#define BACKOFF_LAST_NS (1000 * 1000000ULL)

/* Which count a failed attempt belongs to; what is not listed is "unreachable". */
static const struct {
	int error;
	enum connection_counter counter;
} attempt_errors[] = {
	{ECONNREFUSED, CONNECTION_FAILED_REFUSED},
	{ECONNRESET, CONNECTION_FAILED_REFUSED}, /* accepted by the queue, refused by the program */
	{ETIMEDOUT, CONNECTION_FAILED_TIMEOUT},
	{ECANCELED, CONNECTION_FAILED_TIMEOUT}, /* we gave up */
	{EINTR, CONNECTION_FAILED_TIMEOUT}, /* we gave up on one that slept (unix, full queue) */
	{EADDRNOTAVAIL, CONNECTION_FAILED_NO_PORT},
	{EMFILE, CONNECTION_FAILED_NO_FD},
	{ENFILE, CONNECTION_FAILED_NO_FD},
};

static enum connection_counter attempt_counter(int result)
{
	for (size_t i = 0; i < sizeof(attempt_errors) / sizeof(attempt_errors[0]); i++)
		if (attempt_errors[i].error == -result)
			return attempt_errors[i].counter;
	return CONNECTION_FAILED_UNREACHABLE;
}

static bool takes_requests(enum conn_list list)
{
	return list == CONN_LISTED_IDLE || list == CONN_LISTED_PARTIAL || list == CONN_LISTED_FREE;
}

void conn_enlist(struct worker *worker, uint32_t index, enum conn_list list)
{
	struct conn *conn = &worker->conns[index];
	bool took = takes_requests(conn->list);

	if (conn->list != CONN_UNLISTED)
		index_list_remove(&worker->lists[conn->list], worker->conn_links, index);
	if (took && !takes_requests(list))
		index_list_remove(&worker->available, worker->available_links, index);
	if (!took && takes_requests(list)) {
		conn->available_ns = worker->now_ns;
		index_list_append(&worker->available, worker->available_links, index);
	}
	conn->list = list;
	if (list != CONN_UNLISTED)
		index_list_append(&worker->lists[list], worker->conn_links, index);
}

void conn_relist(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];
	enum conn_list list = CONN_UNLISTED;

	/* One send at a time: two on a socket could be written in either order when the first
	 * blocks. */
	if (!(conn->armed & CONN_ARMED_SEND) && !conn->reset &&
		conn->outstanding < worker->plan->pipeline)
		list = conn->outstanding ? CONN_LISTED_PARTIAL : CONN_LISTED_IDLE;
	else if (!conn->outstanding && (conn->armed & CONN_ARMED_SEND))
		list = CONN_LISTED_SENDING;
	if (list == conn->list)
		return;
	if (list == CONN_LISTED_SENDING)
		conn->since_ns = worker->now_ns;
	conn_enlist(worker, index, list);
}

void conn_down(struct worker *worker, uint32_t index, bool at_once)
{
	struct conn *conn = &worker->conns[index];

	conn->state = CONN_DOWN;
	conn->since_ns = worker->now_ns;
	if (!at_once) {
		/* Full jitter over the upper half, so that refused connections do not come in step.
		 */
		conn->since_ns += conn->backoff_ns / 2 +
				  rng_below(&worker->jitter, conn->backoff_ns / 2 + 1);
		conn->backoff_ns *= 2;
		if (conn->backoff_ns > BACKOFF_LAST_NS)
			conn->backoff_ns = BACKOFF_LAST_NS;
	}
	conn_enlist(worker, index, CONN_LISTED_DOWN);
	if (conn->since_ns < worker->tick_ns)
		worker->tick_ns = conn->since_ns;
}

static void attempt_failed(struct worker *worker, uint32_t index, int result)
{
	struct conn *conn = &worker->conns[index];

	COUNT(&worker->stats->connections, attempt_counter(result));
	COUNT(&worker->addresses[conn->address], ADDRESS_FAILED);
	/* Another address may do better. */
	conn->address = (uint16_t)((conn->address + 1) % worker->plan->address_count);
}

/* The pool's next address for this address of the target, so that every pair of them comes to be;
 * those of several workers interleave. 0 or -errno. */
static int bind_source(struct worker *worker, int fd, size_t address)
{
	const struct plan *plan = worker->plan;
	uint64_t number = worker->index + worker->source_counts[address]++ * plan->worker_count;
	struct sockaddr_storage source;
	socklen_t bytes = source_address(
		&plan->sources, plan->addresses[address].sockaddr.ss_family, number, &source);

	/* What bind has not got is an address; a port it does not look for. */
	return sock_bind_source(fd, (const struct sockaddr *)&source, bytes) ? -ENETUNREACH : 0;
}

/* A socket as the plan wants it; the descriptor or -errno. */
static int make_socket(struct worker *worker, size_t address)
{
	const struct plan *plan = worker->plan;
	int fd = sock_open(plan->addresses[address].sockaddr.ss_family);
	int code = 0;

	if (fd < 0)
		return fd;
	if (plan->reset_on_close)
		code = sock_reset_on_close(fd);
	if (!code && plan->sources.range_count)
		code = bind_source(worker, fd, address);
	if (!code && worker->stamp.asked)
		code = sock_stamp(fd);
	if (code)
		sock_close(fd);
	return code ? code : fd;
}

/* A new socket in the slot; 0 or -errno. */
static int put_socket(struct worker *worker, uint32_t index)
{
	size_t address = worker->conns[index].address;
	int fd = make_socket(worker, address);
	int code;

	if (fd < 0)
		return fd;
	/* A unix socket has no port to tell. */
	if (!worker->unasked || worker->plan->addresses[address].sockaddr.ss_family == AF_UNIX)
		return ring_install(worker->ring, index, fd);
	/* A slot cannot be asked for its address: the descriptor has to live until there is one. */
	code = ring_share(worker->ring, index, fd);
	if (code)
		sock_close(fd);
	else
		worker->unasked[worker->unasked_count++] = (struct conn_unasked){index, fd};
	return code;
}

void conn_learn_ports(struct worker *worker)
{
	/* A kernel that wants its completions reaped first has not looked at the connects yet. */
	if (ring_submission_space(worker->ring) < WORKER_SUBMISSION_ENTRIES)
		return;
	while (worker->unasked_count) {
		const struct conn_unasked *unasked = &worker->unasked[--worker->unasked_count];

		worker->conns[unasked->conn].local_port = sock_local_port(unasked->fd);
		sock_close(unasked->fd);
	}
}

void conn_release(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->unasked_count; i++)
		sock_close(worker->unasked[i].fd);
	worker->unasked_count = 0;
}

void conn_connect(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];
	const struct plan_address *address = &worker->plan->addresses[conn->address];
	int code;

	assert(conn->state == CONN_DOWN && !conn->armed);
	if (!conn->backoff_ns)
		conn->backoff_ns = CONN_BACKOFF_FIRST_NS;
	COUNT(&worker->stats->connections, CONNECTION_ATTEMPTED);
	COUNT(&worker->addresses[conn->address], ADDRESS_ATTEMPTED);
	if (conn->established_once)
		COUNT(&worker->stats->connections, CONNECTION_REPLACED);
	conn->since_ns = worker->now_ns;
	code = put_socket(worker, index);
	if (code) {
		attempt_failed(worker, index, code);
		if (worker->churn.on)
			churn_closed(worker, index);
		else
			conn_down(worker, index, false);
		return;
	}
	/* From here on completions of the slot's earlier user are stale. */
	conn->generation++;
	conn->state = CONN_CONNECTING;
	conn->offset_bytes = 0;
	conn->sent_bytes = 0;
	conn->served = conn->reset = false;
	conn->armed = CONN_ARMED_CONNECT;
	conn_enlist(worker, index, CONN_LISTED_CONNECTING);
	ring_connect(worker->ring, index, (const struct sockaddr *)&address->sockaddr,
		address->sockaddr_bytes, RING_TAG(RING_CONNECT, index, conn->generation));
	if (worker->churn.on)
		churn_dialled(worker, index);
}

/* Nothing is armed until a cancel has completed, so one is enough. */
static void cancel_armed(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	if (!conn->armed || (conn->armed & CONN_ARMED_CANCEL))
		return;
	conn->armed |= CONN_ARMED_CANCEL;
	ring_cancel(worker->ring, index, RING_TAG(RING_CANCEL, index, conn->generation));
}

void conn_note_reset(struct worker *worker, uint32_t index)
{
	worker->conns[index].reset = true;
	conn_relist(worker, index);
	cancel_armed(worker, index);
}

static void arm_receive(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	conn->armed |= CONN_ARMED_RECEIVE;
	if (worker->stamp.asked)
		ring_receive_stamped(worker->ring, index,
			RING_TAG(RING_RECEIVE_STAMPED, index, conn->generation));
	else
		ring_receive(worker->ring, index, RING_TAG(RING_RECEIVE, index, conn->generation));
}

void conn_receive(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	if (conn->state != CONN_OPEN || (conn->armed & (CONN_ARMED_RECEIVE | CONN_ARMED_CANCEL)))
		return;
	COUNT(&worker->stats->health, HEALTH_REARMED);
	arm_receive(worker, index);
}

void conn_close(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	if (conn->state == CONN_OPEN) {
		worker->last_established_ns = worker->now_ns;
		worker->established--;
		__atomic_store_n(&worker->address_counts[conn->address],
			worker->address_counts[conn->address] - 1, __ATOMIC_RELAXED);
	}
	conn->state = CONN_CLOSING;
	conn_enlist(worker, index, CONN_UNLISTED);
	cancel_armed(worker, index);
	conn_settle(worker, index);
}

void conn_settle(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	if (conn->state != CONN_CLOSING || conn->armed)
		return;
	conn->armed = CONN_ARMED_CLOSE;
	ring_close(worker->ring, index, RING_TAG(RING_CLOSE, index, conn->generation));
}

void conn_again(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	/* How long it took would be measured from a time when nobody looked to one when somebody
	 * does. */
	if (conn->armed & CONN_ARMED_CONNECT)
		conn->armed ^= CONN_ARMED_CONNECT | CONN_ARMED_ABANDONED;
	/* Nor has it had its time to be taken. */
	if (conn->list == CONN_LISTED_SENDING)
		conn->since_ns = worker->now_ns;
	if (conn->state == CONN_CONNECTING || conn->outstanding) {
		conn->outstanding = 0;
		conn_close(worker, index);
	}
}

/* A close or a connect in the worker's last turns leads nowhere: only a run that still sends wants
 * it. */
static bool wanted(const struct worker *worker)
{
	return worker->phase < WORKER_DRAINING || worker->backlog.count;
}

void conn_connected(struct worker *worker, uint32_t index, int result)
{
	struct conn *conn = &worker->conns[index];

	if (result || conn->state == CONN_CLOSING) {
		/* A connect that succeeded while being cancelled is of no use any more. */
		if (conn->armed & CONN_ARMED_CONNECT)
			attempt_failed(worker, index, result ? result : -ECANCELED);
		conn->armed &= (uint8_t) ~(CONN_ARMED_CONNECT | CONN_ARMED_ABANDONED);
		if (conn->state == CONN_CLOSING)
			conn_settle(worker, index);
		else
			conn_close(worker, index);
		return;
	}
	conn->armed &= (uint8_t)~CONN_ARMED_CONNECT;
	COUNT(&worker->stats->connections, CONNECTION_ESTABLISHED);
	COUNT(&worker->addresses[conn->address], ADDRESS_ESTABLISHED);
	hist_record(&worker->stats->connect, worker->now_ns - conn->since_ns);
	__atomic_store_n(&worker->address_counts[conn->address],
		worker->address_counts[conn->address] + 1, __ATOMIC_RELAXED);
	worker->established++;
	conn->state = CONN_OPEN;
	conn_enlist(worker, index, CONN_UNLISTED);
	http1_response_init(&conn->response);
	http1_response_begin(&conn->response, worker->plan->request.head);
	arm_receive(worker, index);
	if (worker->churn.on) {
		churn_connected(worker, index);
		return;
	}
	conn->established_once = true;
	conn_relist(worker, index);
}

void conn_count_outcome(
	struct worker *worker, uint32_t index, uint32_t request, enum address_counter outcome)
{
	if (worker->requests[request].phase == STATS_MEASURED)
		COUNT(&worker->addresses[worker->conns[index].address], outcome);
}

void conn_break(struct worker *worker, uint32_t index, enum counter failure)
{
	struct conn *conn = &worker->conns[index];

	while (conn->outstanding) {
		uint32_t request = conn_pop_oldest(worker, index);

		conn_count_outcome(worker, index, request,
			failure == COUNTER_TIMED_OUT ? ADDRESS_TIMED_OUT : ADDRESS_REQUESTS_FAILED);
		if (failure == COUNTER_TIMED_OUT)
			outcome_timed_out(worker, request, worker->now_ns);
		else
			outcome_failed(worker, request, worker->now_ns, failure);
		failure = COUNTER_FAILED_COLLATERAL;
	}
	conn_close(worker, index);
}

void conn_closed(struct worker *worker, uint32_t index)
{
	struct conn *conn = &worker->conns[index];

	conn->armed &= (uint8_t)~CONN_ARMED_CLOSE;
	if (worker->churn.on) {
		churn_closed(worker, index);
		return;
	}
	if (conn->served)
		conn->backoff_ns = CONN_BACKOFF_FIRST_NS;
	conn_down(worker, index, conn->served);
	/* Before a start they come back at the pace of the first ones. */
	if (conn->served && wanted(worker) && worker->phase != WORKER_ESTABLISHING)
		conn_connect(worker, index);
}

/* Those that are in such a list, which begins with the oldest, for as long as the timeout. */
static void give_up(struct worker *worker, const struct index_list *list)
{
	while (!index_list_empty(list)) {
		uint32_t index = list->first;

		if (worker->conns[index].since_ns + worker->plan->timeout_ns > worker->now_ns)
			break;
		conn_close(worker, index);
	}
}

void conn_tick(struct worker *worker)
{
	uint32_t index = worker->lists[CONN_LISTED_DOWN].first;

	give_up(worker, &worker->lists[CONN_LISTED_CONNECTING]);
	give_up(worker, &worker->lists[CONN_LISTED_SENDING]);
	if (worker->churn.on) {
		churn_tick(worker);
		return;
	}
	if (worker->phase == WORKER_ESTABLISHING || !wanted(worker))
		return;
	while (index != INDEX_LIST_END) {
		uint32_t next = worker->conn_links[index].next;

		if (ring_submission_space(worker->ring) < WORKER_SENDS_PER_ENTER)
			break;
		if (worker->conns[index].since_ns <= worker->now_ns)
			conn_connect(worker, index);
		else if (worker->conns[index].since_ns < worker->tick_ns)
			worker->tick_ns = worker->conns[index].since_ns;
		index = next;
	}
}

void conn_note_odd(struct worker *worker, const void *data, size_t bytes, const char *reason)
{
	if (worker->odd_reason)
		return;
	if (bytes > sizeof(worker->odd_bytes))
		bytes = sizeof(worker->odd_bytes);
	memcpy(worker->odd_bytes, data, bytes);
	worker->odd_byte_count = bytes;
	worker->odd_reason = reason;
}
