/* SPDX-License-Identifier: MIT */
/*
 * The slowest requests as the engine tells them, held against a server that asks its own kernel:
 * the connection's port, and how many bytes it had received before the request (TCP_INFO's
 * bytes_received), which is what the programs in the kernel know a request by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "net/sock.h"
#include "plan/plan.h"

#define MOST_PEERS    32
#define MOST_REQUESTS 20000

/* A request as the server's kernel saw it. */
struct seen {
	uint64_t offset_bytes;
	uint64_t at_ns; /* after its first byte arrived, before its answer */
	uint16_t port;
};

struct peer {
	int fd;
	uint16_t port;
	size_t missing_bytes; /* of the request being read; 0: between two */
	unsigned int answers;
};

struct server {
	int listener;
	const char *host;
	uint16_t port;
	size_t request_bytes;     /* set before the load */
	unsigned int close_after; /* answers of a connection; 0: never */
	unsigned int slow_every;  /* so manieth request waits for slow_ns */
	uint64_t slow_ns;
	int stop;
	pthread_t thread;

	struct peer peers[MOST_PEERS];
	size_t peer_count;
	struct seen seen[MOST_REQUESTS];
	size_t seen_count;
	const char *fault; /* what went wrong, for the test's own thread to say */
};

/* How far into the stream the first unread byte is, by the kernel's count; *unread as well. */
static uint64_t kernel_offset(struct server *server, const struct peer *peer, int *unread)
{
	for (;;) {
		struct tcp_info before, after;
		socklen_t bytes = sizeof(before);

		if (getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &before, &bytes) ||
			ioctl(peer->fd, FIONREAD, unread) ||
			getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &after, &bytes)) {
			server->fault = "the kernel does not tell what was received";
			return 0;
		}
		/* Else data came in between. */
		if (before.tcpi_bytes_received == after.tcpi_bytes_received)
			return after.tcpi_bytes_received - (uint64_t)*unread;
	}
}

static void request_begins(struct server *server, struct peer *peer)
{
	char start[4];
	int unread;
	struct seen seen = {.port = peer->port};

	seen.offset_bytes = kernel_offset(server, peer, &unread);
	seen.at_ns = clock_now_ns();
	peer->missing_bytes = server->request_bytes;
	if (recv(peer->fd, start, sizeof(start), MSG_PEEK) != sizeof(start) ||
		(memcmp(start, "GET ", 4) != 0 && memcmp(start, "POST", 4) != 0))
		server->fault = "a request does not begin where the last one ended";
	if (server->seen_count == MOST_REQUESTS)
		server->fault = "more requests than were to come";
	else
		server->seen[server->seen_count++] = seen;
	if (server->slow_every && server->seen_count % server->slow_every == 0)
		clock_sleep_until(clock_now_ns() + server->slow_ns);
}

/* False: the connection is over. */
static bool answer(struct server *server, struct peer *peer)
{
	static const char stays[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	static const char closes[] =
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
	bool last = ++peer->answers == server->close_after;

	if (last)
		send(peer->fd, closes, sizeof(closes) - 1, MSG_NOSIGNAL);
	else
		send(peer->fd, stays, sizeof(stays) - 1, MSG_NOSIGNAL);
	return !last;
}

static bool serve_peer(struct server *server, struct peer *peer)
{
	static char data[65536];
	ssize_t bytes;

	if (recv(peer->fd, data, 1, MSG_PEEK) <= 0)
		return false;
	if (!peer->missing_bytes)
		request_begins(server, peer);
	bytes = recv(peer->fd, data,
		peer->missing_bytes < sizeof(data) ? peer->missing_bytes : sizeof(data), 0);
	if (bytes <= 0)
		return false;
	peer->missing_bytes -= (size_t)bytes;
	return peer->missing_bytes || answer(server, peer);
}

static void accept_peer(struct server *server)
{
	struct sockaddr_in6 address;
	socklen_t bytes = sizeof(address);
	int fd = accept(server->listener, (struct sockaddr *)&address, &bytes);

	if (fd < 0 || server->peer_count == MOST_PEERS) {
		server->fault = "a connection cannot be accepted";
		return;
	}
	server->peers[server->peer_count++] = (struct peer){
		.fd = fd, .port = ntohs(address.sin6_port)};
}

static void drop_peer(struct server *server, size_t index)
{
	close(server->peers[index].fd);
	server->peers[index] = server->peers[--server->peer_count];
}

static void *serve(void *argument)
{
	struct server *server = argument;
	struct pollfd events[1 + MOST_PEERS];

	while (!__atomic_load_n(&server->stop, __ATOMIC_RELAXED)) {
		size_t count = server->peer_count;

		events[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
		for (size_t i = 0; i < count; i++)
			events[1 + i] = (struct pollfd){
				.fd = server->peers[i].fd, .events = POLLIN};
		if (poll(events, 1 + count, 20) < 0)
			server->fault = "poll failed";
		/* From behind, as the last one takes a dropped one's place. */
		for (size_t i = count; i > 0; i--)
			if (events[i].revents && !serve_peer(server, &server->peers[i - 1]))
				drop_peer(server, i - 1);
		if (events[0].revents)
			accept_peer(server);
	}
	while (server->peer_count)
		drop_peer(server, server->peer_count - 1);
	return NULL;
}

/* False: there is no such address here. */
static bool server_start(struct server *server, int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct err err = {0};

	if (family == AF_INET)
		server->listener = sock_listen(
			(struct sockaddr *)&four, sizeof(four), MOST_PEERS, &err);
	else
		server->listener = sock_listen(
			(struct sockaddr *)&six, sizeof(six), MOST_PEERS, &err);
	if (server->listener < 0)
		return false;
	server->host = family == AF_INET ? "127.0.0.1" : "[::1]";
	server->port = sock_local_port(server->listener);
	return true;
}

static void server_stop(struct server *server)
{
	__atomic_store_n(&server->stop, 1, __ATOMIC_RELAXED);
	pthread_join(server->thread, NULL);
	close(server->listener);
	if (server->fault)
		fail_msg("%s", server->fault);
}

/* The row is a request that the server saw, on this connection, at this offset, in its time. */
static void check_row(const struct server *server, const struct slowest_row *row)
{
	unsigned int matches = 0;

	assert_true(row->intended_ns <= row->sent_ns);
	assert_true(row->service_ns == row->done_ns - row->sent_ns);
	assert_int_equal(row->address, 0);
	/* Where there are slow ones, there are more of them than rows. */
	assert_true(row->service_ns >= server->slow_ns);
	for (size_t i = 0; i < server->seen_count; i++) {
		const struct seen *seen = &server->seen[i];

		matches += seen->port == row->local_port &&
			   seen->offset_bytes == row->offset_bytes && row->sent_ns <= seen->at_ns &&
			   seen->at_ns <= row->done_ns;
	}
	if (matches != 1)
		fail_msg("port %u, offset %ju: %u requests of the server's", row->local_port,
			(uintmax_t)row->offset_bytes, matches);
}

/* What the workers kept against what they counted: all of it, or the slowest of it. */
static size_t check_rows(
	const struct server *server, const struct engine *engine, const struct plan *plan)
{
	size_t rows = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		const struct stats_request *stats = &engine_stats(engine, i)->phase[STATS_MEASURED];
		const struct slowest *slowest = engine_slowest(engine, i);
		uint64_t completed = stats->counters.value[COUNTER_COMPLETED];
		uint64_t sum_ns = 0, longest_ns = 0;

		assert_int_equal(slowest->count,
			completed < plan->slowest_rows ? completed : plan->slowest_rows);
		for (size_t r = 0; r < slowest->count; r++) {
			check_row(server, &slowest->rows[r]);
			sum_ns += slowest->rows[r].service_ns;
			if (slowest->rows[r].service_ns > longest_ns)
				longest_ns = slowest->rows[r].service_ns;
		}
		if (slowest->count == completed && !stats->service.censored)
			assert_int_equal(sum_ns, stats->service.sum_ns);
		if (slowest->count && !stats->service.censored)
			assert_int_equal(longest_ns, stats->service.max_ns);
		rows += slowest->count;
	}
	return rows;
}

/* A load on the server; how many rows were kept of it. */
static size_t load(struct server *server, struct scenario *scenario, size_t slowest_rows)
{
	struct engine *engine;
	struct err err = {0};
	struct plan plan;
	char url[64];
	size_t rows;

	snprintf(url, sizeof(url), "http://%s:%u/", server->host, server->port);
	scenario->url = url;
	if (scenario_check(scenario, &err) || plan_make(&plan, scenario, &err))
		fail_msg("%s", err.text);
	assert_int_equal(plan.slowest_rows, 0);
	plan.slowest_rows = slowest_rows;
	server->request_bytes = plan.request.wire_bytes;
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	engine_memory(&plan);
	if (engine_open(&engine, &plan, &err))
		fail_msg("%s", err.text);
	engine_start(engine, clock_now_ns());
	while (!engine_wait(engine, clock_now_ns() + NS_PER_S))
		;
	server_stop(server);
	rows = check_rows(server, engine, &plan);
	engine_close(engine);
	plan_release(&plan);
	scenario_release(scenario);
	return rows;
}

static struct server *new_server(void)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	return server;
}

static struct scenario new_scenario(uint32_t connections, uint64_t requests)
{
	struct scenario scenario;

	scenario_init(&scenario);
	scenario.connections = connections;
	scenario.has_requests = true;
	scenario.requests = requests;
	scenario.duration_ns = UINT64_MAX;
	return scenario;
}

static void every_request_is_where_the_server_saw_it(void **state)
{
	struct scenario scenario = new_scenario(6, 1500);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	scenario.workers = 2;
	assert_int_equal(load(server, &scenario, 4096), 1500);
	free(server);
}

/* Offsets begin anew with each socket, and so does the port. */
static void a_connection_that_came_back_begins_at_0(void **state)
{
	struct scenario scenario = new_scenario(4, 400);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	server->close_after = 3;
	assert_int_equal(load(server, &scenario, 4096), 400);
	free(server);
}

static void pipelined_requests_have_offsets_of_their_own(void **state)
{
	struct scenario scenario = new_scenario(3, 900);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	scenario.pipeline = 5;
	/* What lies behind the last answer fails with the connection, and is no row. */
	server->close_after = 37;
	assert_true(load(server, &scenario, 4096) > 500);
	free(server);
}

/* Requests that no socket takes at once: they are sent in pieces. */
static void a_request_sent_in_pieces_begins_where_it_begins(void **state)
{
	struct scenario scenario = new_scenario(2, 6);
	struct server *server = new_server();
	size_t bytes = 8 << 20;
	char *body = malloc(bytes);

	(void)state;
	assert_non_null(body);
	memset(body, 'x', bytes);
	scenario.body = body;
	scenario.body_bytes = bytes;
	assert_true(server_start(server, AF_INET));
	server->slow_every = 1;
	server->slow_ns = 5 * NS_PER_MS;
	assert_int_equal(load(server, &scenario, 4096), 6);
	free(server);
	free(body);
}

static void only_the_slowest_stay(void **state)
{
	struct scenario scenario = new_scenario(1, 600);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	server->slow_every = 100;
	server->slow_ns = 30 * NS_PER_MS;
	assert_int_equal(load(server, &scenario, 5), 5);
	free(server);
}

static void warm_up_is_not_kept(void **state)
{
	struct scenario scenario = new_scenario(2, 100);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	scenario.warmup_ns = 50 * NS_PER_MS;
	assert_int_equal(load(server, &scenario, 4096), 100);
	assert_true(server->seen_count > 100);
	free(server);
}

static void nothing_is_kept_unasked(void **state)
{
	struct scenario scenario = new_scenario(2, 50);
	struct server *server = new_server();

	(void)state;
	assert_true(server_start(server, AF_INET));
	assert_int_equal(load(server, &scenario, 0), 0);
	free(server);
}

static void ports_of_ipv6_are_known_too(void **state)
{
	struct scenario scenario = new_scenario(2, 100);
	struct server *server = new_server();

	(void)state;
	if (!server_start(server, AF_INET6)) {
		free(server);
		skip();
	}
	assert_int_equal(load(server, &scenario, 4096), 100);
	free(server);
}

static void memory_is_counted(void **state)
{
	struct scenario scenario = new_scenario(2, 50);
	struct err err = {0};
	struct plan plan;
	uint64_t without_bytes;

	(void)state;
	scenario.url = "http://127.0.0.1:1/";
	if (scenario_check(&scenario, &err) || plan_make(&plan, &scenario, &err))
		fail_msg("%s", err.text);
	without_bytes = engine_memory(&plan);
	plan.slowest_rows = SLOWEST_CAPACITY;
	assert_true(engine_memory(&plan) >=
		    without_bytes + plan.worker_count * slowest_bytes(SLOWEST_CAPACITY));
	plan_release(&plan);
	scenario_release(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_where_the_server_saw_it),
		cmocka_unit_test(a_connection_that_came_back_begins_at_0),
		cmocka_unit_test(pipelined_requests_have_offsets_of_their_own),
		cmocka_unit_test(a_request_sent_in_pieces_begins_where_it_begins),
		cmocka_unit_test(only_the_slowest_stay),
		cmocka_unit_test(warm_up_is_not_kept),
		cmocka_unit_test(nothing_is_kept_unasked),
		cmocka_unit_test(ports_of_ipv6_are_known_too),
		cmocka_unit_test(memory_is_counted),
	};

	return cmocka_run_group_tests_name("engine_slowest", tests, NULL, NULL);
}
