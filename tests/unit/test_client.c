/* SPDX-License-Identifier: MIT */
/* Connections of the embedded server that end otherwise than in good order, whoever's fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target/client.h"
#include "tests/unit/target_peer.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

/* --- what routes are told to do ----------------------------------------------------------- */

static void close_after_is_announced(void **state)
{
	static const char *const routes[] = {"* close-after=3 size=1", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int round = 0; round < 2; round++) {
		peer_connect(&peer, &server);
		for (int i = 1; i <= 3; i++) {
			peer_get(&peer, "/", &response);
			assert_int_equal(response.keep_alive, i < 3);
		}
		assert_int_equal(peer_receive_end(&peer), 0);
		peer_disconnect(&peer);
	}
	peer_await(&server, "connections.closed", 2);
	assert_int_equal(peer_count(&server, "connections.closed_by_peer"), 0);
	peer_close(&server);
}

static void close_after_may_be_silent(void **state)
{
	static const char *const routes[] = {"* close-after=2 close=silent", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	/* What is pipelined behind the last answer is never read. */
	peer_send(&peer, GET("/") GET("/") GET("/"));
	for (int i = 0; i < 2; i++) {
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 200);
		assert_true(response.keep_alive);
	}
	assert_int_equal(peer_receive_end(&peer), 0);
	assert_int_equal(peer_count(&server, "requests"), 2);
	assert_int_equal(peer_count(&server, "responses"), 2);
	peer_disconnect(&peer);
	peer_close(&server);
}

/* What arrives of one request until the connection ends or stays quiet. */
static size_t raw_answer(
	const struct peer_server *server, const char *request, char *raw, size_t limit, bool *ended)
{
	struct peer peer;
	size_t bytes;

	peer_connect(&peer, server);
	peer_send(&peer, request);
	bytes = peer_receive_raw(&peer, raw, limit, 150, ended);
	peer_disconnect(&peer);
	return bytes;
}

static void bodies_are_cut_and_stalled(void **state)
{
	static const char *const routes[] = {"/cut size=1000 cut=123", "/stall size=1000 stall=7",
		"/cut0 cut=0", "/big size=1M cut=300001", "/chunks size=1000 chunked=10 cut=11",
		"/head* size=10 cut=5", NULL};
	static const struct {
		const char *request;
		size_t body_bytes;
		bool ends;
	} rows[] = {{GET("/cut"), 123, true}, {GET("/stall"), 7, false}, {GET("/cut0"), 0, true},
		{GET("/big"), 300001, true}, {GET("/chunks"), 11, true},
		{"HEAD /head HTTP/1.1\r\n\r\n", 0, false}};
	static char raw[1 << 20];
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ended;
		size_t bytes = raw_answer(&server, rows[i].request, raw, sizeof(raw) - 1, &ended);
		char *body;

		raw[bytes] = '\0';
		body = strstr(raw, "\r\n\r\n");
		assert_non_null(body);
		assert_int_equal(raw + bytes - (body + 4), rows[i].body_bytes);
		assert_int_equal(ended, rows[i].ends);
	}
	/* A HEAD request has no body that could be cut. */
	peer_await(&server, "misbehaved", 5);
	assert_int_equal(peer_count(&server, "responses"), 1);
	assert_int_equal(peer_count(&server, "residence_ns.count"), 6);
	peer_close(&server);
}

static void garbage_is_not_http(void **state)
{
	static const char *const routes[] = {"* answer=garbage", NULL};
	struct http1_response response;
	struct peer_server server;
	struct span in, body;
	char raw[256];
	bool ended;

	(void)state;
	peer_open(&server, routes, NULL);
	in.bytes = raw_answer(&server, GET("/"), raw, sizeof(raw), &ended);
	in.data = (const uint8_t *)raw;
	assert_true(in.bytes > 4 && !ended);
	http1_response_init(&response);
	http1_response_begin(&response, false);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_ERROR);
	assert_int_equal(peer_count(&server, "misbehaved"), 1);
	assert_int_equal(peer_count(&server, "responses"), 0);
	peer_close(&server);
}

static void none_never_answers(void **state)
{
	static const char *const routes[] = {"/none answer=none", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peer, other;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	peer_connect(&other, &server);
	peer_send(&peer, GET("/none") GET("/behind"));
	assert_false(peer_readable(&peer, 50));
	peer_get(&other, "/", &response);
	assert_int_equal(peer_count(&server, "misbehaved"), 1);
	assert_int_equal(peer_count(&server, "in_progress"), 1);
	peer_disconnect(&peer);
	peer_disconnect(&other);
	peer_await(&server, "abandoned", 1);
	peer_close(&server);
}

static void reset_resets(void **state)
{
	static const char *const routes[] = {"/reset answer=reset service=fixed:5ms", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	peer_get(&peer, "/", &response);
	peer_send(&peer, GET("/reset"));
	assert_int_equal(peer_receive_end(&peer), ECONNRESET);
	peer_disconnect(&peer);
	assert_int_equal(peer_count(&server, "misbehaved"), 1);
	assert_int_equal(peer_count(&server, "responses"), 1);
	peer_close(&server);
}

/* --- what clients do ---------------------------------------------------------------------- */

/* Clients that go away in every state, in good order and by a reset. */
static const char *const states[] = {"", "GE", "GET / HTTP/1.1\r\nHo",
	"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
	"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n", GET("/"),
	GET("/wait"), GET("/wait") GET("/"), GET("/") GET("/wait") GET("/big"), GET("/none"),
	GET("/none") GET("/"), GET("/stall"), GET("/cut"), GET("/reset"), GET("/big"),
	GET("/big") GET("/big"), GET("/spin"), GET("/__stats?full"), GET("/__stats") GET("/wait"),
	"\x16\x03\x01", GET("/garbage"), GET("/last") GET("/")};

static void clients_may_vanish_in_any_state(void **state)
{
	static const char *const routes[] = {"/wait service=fixed:20ms", "/none answer=none",
		"/stall stall=5", "/cut cut=5", "/reset answer=reset", "/big size=64M",
		"/spin service=fixed:100us by=spin", "/garbage answer=garbage",
		"/last close-after=1", NULL};
	const size_t count = sizeof(states) / sizeof(states[0]);
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, NULL);
	for (size_t i = 0; i < count * 6; i++) {
		struct peer peer;

		peer_connect(&peer, &server);
		peer_send(&peer, states[i % count]);
		/* At once, or when the server is in the middle of it. */
		if (i / count % 3 == 1)
			usleep(300);
		if (i / count % 3 == 2)
			usleep(3000);
		if (i / count < 3)
			peer_disconnect(&peer);
		else
			peer_abort(&peer);
	}
	peer_await(&server, "connections.accepted", (int64_t)count * 6);
	peer_close(&server);
}

/* All at the same time, and slots are used again under way. */
static void many_may_vanish_together(void **state)
{
	static const char *const routes[] = {"/wait service=exp:5ms", "/none answer=none",
		"/stall stall=5", "/cut cut=5", "/reset answer=reset", "/big size=64M", NULL};
	const size_t count = sizeof(states) / sizeof(states[0]);
	struct target_options options = {.connections = 50};
	static struct peer peers[40];
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, &options);
	for (size_t i = 0; i < 600; i++) {
		struct peer *peer = &peers[i % 40];

		if (i >= 40 && i % 3)
			peer_disconnect(peer);
		else if (i >= 40)
			peer_abort(peer);
		peer_connect(peer, &server);
		peer_send(peer, states[i * 7 % count]);
	}
	for (size_t i = 0; i < 40; i++)
		peer_disconnect(&peers[i]);
	peer_close(&server);
}

/*
 * A client that pipelines beyond the queue and reads nothing: the server holds it back in the
 * middle of a send, and not a byte is lost or doubled.
 */
static void holding_back_interrupts_no_answer(void **state)
{
	static const char *const routes[] = {"/big size=16M", "/small size=9", NULL};
	const int smalls = 3 * CLIENT_QUEUE_LIMIT;
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	peer_send(&peer, GET("/big"));
	usleep(20000); /* the send has filled the buffers and waits */
	for (int i = 0; i < smalls; i++)
		peer_send(&peer, GET("/small"));
	peer_send(&peer, GET("/big"));
	peer_await(&server, "loop.pauses", 1);
	assert_true(peer_count(&server, "requests") < CLIENT_QUEUE_LIMIT + 2);
	for (int i = 0; i < smalls + 2; i++) {
		bool big = i == 0 || i == smalls + 1;

		peer_receive(&peer, false, &response);
		assert_int_equal(response.body_bytes, big ? 16 << 20 : 9);
		assert_true(response.pattern_kept);
	}
	assert_false(peer_readable(&peer, 10));
	assert_int_equal(peer_count(&server, "responses"), smalls + 2);
	peer_disconnect(&peer);
	peer_close(&server);
}

static void a_held_client_may_vanish(void **state)
{
	static const char *const routes[] = {"/none answer=none", "/big size=64M", NULL};
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int round = 0; round < 4; round++) {
		peer_connect(&peer, &server);
		peer_send(&peer, round % 2 ? GET("/none") : GET("/big"));
		for (int i = 0; i < 3 * CLIENT_QUEUE_LIMIT; i++)
			peer_send(&peer, GET("/"));
		/* Behind an answer that never comes nothing more is read than finds room. */
		peer_await(&server, "requests", (round + 1) * CLIENT_QUEUE_LIMIT);
		peer_await(&server, "loop.pauses", round / 2 + 1);
		if (round < 2)
			peer_abort(&peer);
		else
			peer_disconnect(&peer);
	}
	peer_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_after_is_announced),
		cmocka_unit_test(close_after_may_be_silent),
		cmocka_unit_test(bodies_are_cut_and_stalled),
		cmocka_unit_test(garbage_is_not_http),
		cmocka_unit_test(none_never_answers),
		cmocka_unit_test(reset_resets),
		cmocka_unit_test(clients_may_vanish_in_any_state),
		cmocka_unit_test(many_may_vanish_together),
		cmocka_unit_test(holding_back_interrupts_no_answer),
		cmocka_unit_test(a_held_client_may_vanish),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
