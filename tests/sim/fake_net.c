/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_net.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fake_log.h"

/* Descriptors start here, so that none is mistaken for an index. */
#define FIRST_FD 1000
/* Local ports come round soon, but later than a worker lets connections pile up. */
#define FIRST_PORT 40000
#define PORTS      128

enum net_event_kind {
	NET_CONNECT,
	NET_REACH,
	NET_WINDOW,
	NET_ARRIVE,
	NET_END,
	NET_RESET,
	NET_TIMER
};

struct net_event {
	uint64_t at_ns;
	uint64_t order; /* events of one moment happen as they were made */
	uint64_t value;
	struct fake_conn *conn;
	enum net_event_kind kind;
};

/* Room for one more element; the arrays grow by doubling. */
static void *grow(void *array, size_t count, size_t *room, size_t bytes)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 16;
	array = realloc(array, *room * bytes);
	if (!array)
		fake_log_fail("no memory");
	return array;
}

void fake_net_init(struct fake_net *net, const struct fake_net_server *server)
{
	memset(net, 0, sizeof(*net));
	net->server = server;
}

void fake_net_release(struct fake_net *net)
{
	for (size_t i = 0; i < net->conn_count; i++) {
		struct fake_conn *conn = net->conns[i];

		if (net->server->forget)
			net->server->forget(net->server->context, conn);
		free(conn->stream);
		free(conn->arrivals);
		free(conn->messages);
		free(conn);
	}
	free(net->conns);
	free(net->events);
	memset(net, 0, sizeof(*net));
}

static bool earlier(const struct net_event *a, const struct net_event *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void push(struct fake_conn *conn, enum net_event_kind kind, uint64_t at_ns, uint64_t value)
{
	struct fake_net *net = conn->net;
	struct net_event event = {at_ns, net->event_order++, value, conn, kind};
	size_t i = net->event_count;

	if (at_ns == FAKE_NET_NEVER)
		return;
	net->events = grow(net->events, i, &net->event_room, sizeof(*net->events));
	net->event_count++;
	while (i > 0 && earlier(&event, &net->events[(i - 1) / 2])) {
		net->events[i] = net->events[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	net->events[i] = event;
}

static struct net_event pop(struct fake_net *net)
{
	struct net_event first = net->events[0];
	struct net_event last = net->events[--net->event_count];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= net->event_count)
			break;
		if (child + 1 < net->event_count &&
			earlier(&net->events[child + 1], &net->events[child]))
			child++;
		if (!earlier(&net->events[child], &last))
			break;
		net->events[i] = net->events[child];
		i = child;
	}
	net->events[i] = last;
	return first;
}

uint64_t fake_net_next(const struct fake_net *net)
{
	return net->event_count ? net->events[0].at_ns : FAKE_NET_NEVER;
}

static void connect_happens(struct fake_conn *conn)
{
	const struct fake_net_server *server = conn->net->server;

	conn->connecting = false;
	conn->connect_known = true;
	if (conn->connect_result)
		return;
	conn->established = true;
	conn->net->connects_accepted++;
	server->connected(server->context, conn, conn->net->now_ns);
}

static void reach_happens(struct fake_conn *conn, uint64_t reached_bytes)
{
	struct fake_net *net = conn->net;
	uint64_t before = conn->reached_bytes / net->request_bytes;

	conn->reached_bytes = reached_bytes;
	net->requests_whole += conn->reached_bytes / net->request_bytes - before;
	/* A server that is gone answers with a reset; one that is about to go reads no more. */
	if (conn->ended)
		fake_net_reset(conn, net->now_ns + net->latency_ns);
	else if (!conn->finished)
		net->server->bytes(net->server->context, conn, net->now_ns);
}

static void arrive_happens(struct fake_conn *conn, uint64_t arrived_bytes)
{
	conn->arrivals = grow(
		conn->arrivals, conn->arrival_count, &conn->arrival_room, sizeof(*conn->arrivals));
	conn->arrivals[conn->arrival_count++] = (struct fake_arrival){
		arrived_bytes, conn->net->now_ns};
	conn->arrived_bytes = arrived_bytes;
}

static void happen(struct fake_net *net, const struct net_event *event)
{
	struct fake_conn *conn = event->conn;

	if (conn->closed)
		return;
	switch (event->kind) {
	case NET_CONNECT:
		connect_happens(conn);
		break;
	case NET_REACH:
		reach_happens(conn, event->value);
		break;
	case NET_WINDOW:
		conn->window_bytes += event->value;
		break;
	case NET_ARRIVE:
		if (!conn->reset && event->value > conn->arrived_bytes)
			arrive_happens(conn, event->value);
		break;
	case NET_END:
		conn->ended = true;
		break;
	case NET_RESET:
		conn->reset = true;
		conn->finished = true;
		break;
	case NET_TIMER:
		net->server->timer(net->server->context, conn, net->now_ns, event->value);
		break;
	}
}

void fake_net_run(struct fake_net *net, uint64_t now_ns)
{
	while (net->event_count && net->events[0].at_ns <= now_ns) {
		struct net_event event = pop(net);

		net->now_ns = event.at_ns;
		happen(net, &event);
	}
	net->now_ns = now_ns;
}

struct fake_conn *fake_net_open(struct fake_net *net)
{
	struct fake_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		fake_log_fail("no memory");
	net->conns = grow(net->conns, net->conn_count, &net->conn_room, sizeof(*net->conns));
	conn->net = net;
	conn->number = (uint32_t)net->conn_count;
	conn->fd = FIRST_FD + (int)conn->number;
	conn->holders = 1;
	conn->window_bytes = UINT64_MAX / 2;
	net->conns[net->conn_count++] = conn;
	net->opened++;
	net->open_now++;
	return conn;
}

struct fake_conn *fake_net_by_fd(struct fake_net *net, int fd)
{
	size_t index = (size_t)(fd - FIRST_FD);

	if (fd < FIRST_FD || index >= net->conn_count || net->conns[index]->fd != fd)
		fake_log_fail("%d is no open descriptor", fd);
	return net->conns[index];
}

void fake_net_close_fd(struct fake_net *net, int fd)
{
	struct fake_conn *conn = fake_net_by_fd(net, fd);

	conn->fd = 0;
	fake_net_drop(conn);
}

void fake_net_hold(struct fake_conn *conn)
{
	conn->holders++;
}

void fake_net_drop(struct fake_conn *conn)
{
	if (!conn->holders)
		fake_log_fail("conn %u is closed twice", conn->number);
	if (--conn->holders)
		return;
	fake_log_trace("conn %u: closed by the client", conn->number);
	conn->closed = true;
	conn->net->open_now--;
}

static size_t find_address(const struct fake_net *net, const struct sockaddr *address)
{
	for (size_t i = 0; i < net->address_count; i++)
		if (memcmp(net->addresses[i], address, sizeof(*address)) == 0)
			return i;
	fake_log_fail("a connect to an address that is not in the plan");
}

void fake_net_connect(struct fake_conn *conn, const struct sockaddr *address, uint64_t now_ns)
{
	struct fake_net *net = conn->net;
	uint64_t known_ns;

	if (conn->connecting || conn->connect_known)
		fake_log_fail("conn %u is connected twice", conn->number);
	if (conn->family != address->sa_family)
		fake_log_fail("conn %u: a socket of family %d is connected to one of %d",
			conn->number, conn->family, address->sa_family);
	conn->address = find_address(net, address);
	if (conn->family != AF_UNIX)
		conn->local_port = (uint16_t)(FIRST_PORT + conn->number % PORTS);
	conn->connecting = true;
	net->connects_asked++;
	conn->connect_result = net->server->asked(net->server->context, conn, now_ns, &known_ns);
	push(conn, NET_CONNECT, known_ns, 0);
}

static void check_bytes(const struct fake_conn *conn, const uint8_t *data, size_t bytes)
{
	const struct fake_net *net = conn->net;
	size_t at = (size_t)(conn->accepted_bytes % net->request_bytes);

	for (size_t i = 0; i < bytes; i++) {
		if (data[i] != net->request[at])
			fake_log_fail("conn %u: byte %" PRIu64 " sent is not the request's",
				conn->number, conn->accepted_bytes + i);
		at = at + 1 == net->request_bytes ? 0 : at + 1;
	}
}

int64_t fake_net_send(struct fake_conn *conn, const void *data, size_t bytes, uint64_t now_ns)
{
	struct fake_net *net = conn->net;
	uint64_t room = conn->window_bytes, more_bytes;

	if (!conn->established)
		fake_log_fail("conn %u: sent before it was established", conn->number);
	if (conn->reset)
		return fake_net_take_error(conn) ? -ECONNRESET : -EPIPE;
	if (bytes > room)
		bytes = (size_t)room;
	check_bytes(conn, data, bytes);
	conn->window_bytes -= bytes;
	conn->accepted_bytes += bytes;
	if (bytes)
		push(conn, NET_REACH, now_ns + net->latency_ns, conn->accepted_bytes);
	if (bytes && !conn->window_bytes) {
		uint64_t at_ns = net->server->blocked(
			net->server->context, conn, now_ns, &more_bytes);

		push(conn, NET_WINDOW, at_ns, more_bytes);
	}
	return (int64_t)bytes;
}

size_t fake_net_take(struct fake_conn *conn, void *to, size_t bytes)
{
	uint64_t there = conn->arrived_bytes - conn->taken_bytes;

	if (bytes > there)
		bytes = (size_t)there;
	if (bytes)
		memcpy(to, conn->stream + conn->taken_bytes, bytes);
	conn->taken_bytes += bytes;
	return bytes;
}

uint64_t fake_net_taken_arrived_ns(struct fake_conn *conn)
{
	while (conn->arrivals[conn->arrival_taken].bytes < conn->taken_bytes)
		conn->arrival_taken++;
	return conn->arrivals[conn->arrival_taken].at_ns;
}

int fake_net_take_error(struct fake_conn *conn)
{
	if (!conn->reset || conn->error_told)
		return 0;
	conn->error_told = true;
	return -ECONNRESET;
}

bool fake_net_readable(const struct fake_conn *conn)
{
	return conn->arrived_bytes > conn->taken_bytes || conn->ended || conn->reset;
}

void fake_net_write(struct fake_conn *conn, const void *data, size_t bytes)
{
	if (conn->finished)
		fake_log_fail("conn %u: the server writes after its end", conn->number);
	while (conn->stream_bytes + bytes > conn->stream_room) {
		conn->stream_room = conn->stream_room ? 2 * conn->stream_room : 1024;
		conn->stream = realloc(conn->stream, conn->stream_room);
		if (!conn->stream)
			fake_log_fail("no memory");
	}
	if (bytes)
		memcpy(conn->stream + conn->stream_bytes, data, bytes);
	conn->stream_bytes += bytes;
}

/* Nothing overtakes what was sent before it. */
static uint64_t in_order(struct fake_conn *conn, uint64_t at_ns)
{
	if (at_ns > conn->latest_ns)
		conn->latest_ns = at_ns;
	return conn->latest_ns;
}

void fake_net_arrive(struct fake_conn *conn, uint64_t offset, uint64_t at_ns)
{
	push(conn, NET_ARRIVE, in_order(conn, at_ns), offset);
}

void fake_net_finish(struct fake_conn *conn, uint64_t at_ns)
{
	conn->finished = true;
	push(conn, NET_END, in_order(conn, at_ns), 0);
}

void fake_net_reset(struct fake_conn *conn, uint64_t at_ns)
{
	push(conn, NET_RESET, at_ns, 0);
}

void fake_net_timer(struct fake_conn *conn, uint64_t at_ns, uint64_t value)
{
	push(conn, NET_TIMER, at_ns, value);
}

struct fake_message *fake_net_message(struct fake_conn *conn)
{
	struct fake_message *message;

	conn->messages = grow(
		conn->messages, conn->message_count, &conn->message_room, sizeof(*conn->messages));
	message = &conn->messages[conn->message_count++];
	*message = (struct fake_message){.begin = conn->stream_bytes,
		.end = FAKE_NET_NEVER,
		.error_at = FAKE_NET_NEVER,
		.body_at = FAKE_NET_NEVER};
	return message;
}
