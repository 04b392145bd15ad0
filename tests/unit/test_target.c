/* SPDX-License-Identifier: MIT */
/* The embedded server as an HTTP/1.1 server: a live one, and clients with plain sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/target_peer.h"

static const char *const plain[] = {"/short size=5", "/none status=204", "/big size=12M",
	"/chunks size=100001 chunked=4K", "/few size=10 chunked=3",
	"/slow* service=fixed:30ms size=7", NULL};

static void a_response_is_the_known_bytes(void **state)
{
	static const char expected[] = "HTTP/1.1 200 OK\r\nServer: ringload\r\nContent-Type: "
				       "text/plain\r\nContent-Length: 5\r\n\r\n01234";
	struct peer_server server;
	struct peer peer;
	char raw[512];
	bool ended;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	peer_send(&peer, "GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(peer_receive_raw(&peer, raw, sizeof(raw), PEER_PATIENCE_S * 1000, &ended),
		strlen(expected) + strlen("Connection: close\r\n"));
	assert_true(ended);
	peer_disconnect(&peer);
	peer_connect(&peer, &server);
	peer_send(&peer, "GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(recv(peer.fd, raw, sizeof(raw), 0), strlen(expected));
	assert_memory_equal(raw, expected, strlen(expected));
	peer_disconnect(&peer);
	peer_close(&server);
}

static void a_connection_serves_many_requests(void **state)
{
	struct peer_server server;
	struct peer_response response;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	for (int i = 0; i < 500; i++) {
		peer_get(&peer, i % 2 ? "/short?a=b" : "/elsewhere", &response);
		assert_int_equal(response.status, 200);
		assert_int_equal(response.body_bytes, i % 2 ? 5 : 100);
		assert_true(response.pattern_kept && response.keep_alive);
	}
	peer_get(&peer, "/none", &response);
	assert_int_equal(response.status, 204);
	assert_int_equal(response.body_bytes, 0);
	peer_disconnect(&peer);
	peer_await(&server, "connections.closed_by_peer", 1);
	assert_int_equal(peer_count(&server, "connections.accepted"), 1);
	assert_int_equal(peer_count(&server, "routes./short.responses"), 250);
	assert_int_equal(peer_count(&server, "routes.*.responses"), 250);
	assert_int_equal(peer_count(&server, "routes./none.responses"), 1);
	assert_int_equal(peer_count(&server, "requests"), 501);
	peer_close(&server);
}

static void head_has_a_head_alone(void **state)
{
	static const char *const paths[] = {"/short", "/big", "/chunks"};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	for (size_t i = 0; i < 3; i++) {
		char text[64];

		snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
		peer_send(&peer, text);
		peer_receive(&peer, true, &response);
		assert_int_equal(response.status, 200);
		assert_non_null(strstr(response.head, i == 0   ? "Content-Length: 5\r\n"
						      : i == 1 ? "Content-Length: 12582912\r\n"
							       : "Transfer-Encoding: chunked\r\n"));
		peer_get(&peer, "/short", &response);
		assert_int_equal(response.body_bytes, 5);
	}
	peer_disconnect(&peer);
	peer_close(&server);
}

static void the_client_decides_whether_the_connection_stays(void **state)
{
	static const struct {
		const char *request, *line;
		bool stays;
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", NULL, true},
		{"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "Connection: close\r\n",
			false},
		{"GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n",
			true},
		{"GET /few HTTP/1.0\r\n\r\n", "Content-Length: 10\r\n", false},
		{"GET /few HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Content-Length: 10\r\n",
			true},
		{"GET /__stats HTTP/1.0\r\n\r\n", "Connection: close\r\n", false},
		{"GET /__stats HTTP/1.1\r\nConnection: close\r\n\r\n", "Connection: close\r\n",
			false},
	};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_connect(&peer, &server);
		peer_send(&peer, rows[i].request);
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 200);
		if (rows[i].line)
			assert_non_null(strstr(response.head, rows[i].line));
		else
			assert_null(strstr(response.head, "Connection"));
		if (rows[i].stays)
			peer_get(&peer, "/short", &response);
		else
			assert_int_equal(peer_receive_end(&peer), 0);
		peer_disconnect(&peer);
	}
	peer_close(&server);
}

static void chunks_arrive_whole(void **state)
{
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	for (int i = 0; i < 3; i++) {
		peer_get(&peer, "/chunks", &response);
		assert_int_equal(response.framing, HTTP1_CHUNKED);
		assert_int_equal(response.body_bytes, 100001);
		peer_get(&peer, "/few", &response);
		assert_int_equal(response.framing, HTTP1_CHUNKED);
		assert_string_equal(response.body, "0120120120");
	}
	peer_disconnect(&peer);
	peer_close(&server);
}

/* More than any socket buffer: the server must wait for the client, piece by piece. */
static void a_slow_reader_gets_every_byte(void **state)
{
	struct peer_response response;
	struct peer_server server;
	struct peer peer;
	int small = 128 * 1024;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	assert_int_equal(setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	peer_send(&peer, "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\n\r\n");
	usleep(50000);
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 12 << 20);
	assert_true(response.pattern_kept);
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 5);
	peer_disconnect(&peer);
	peer_close(&server);
}

/* Request i of the pipeline asks for the path of index i % 3. */
static void check_pipeline(const struct peer_server *server, const char *const paths[3],
	const uint64_t sizes[3], size_t requests)
{
	struct peer_response response;
	char *text = calloc(requests, 64), *at = text;
	struct peer peer;

	assert_non_null(text);
	for (size_t i = 0; i < requests; i++)
		at += sprintf(at, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i % 3]);
	peer_connect(&peer, server);
	peer_send(&peer, text);
	for (size_t i = 0; i < requests; i++) {
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 200);
		assert_int_equal(response.body_bytes, sizes[i % 3]);
	}
	assert_false(peer_readable(&peer, 10));
	peer_disconnect(&peer);
	free(text);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	static const char *const paths[] = {"/short", "/", "/few"};
	static const uint64_t sizes[] = {5, 100, 10};
	struct peer_server server;

	(void)state;
	peer_open(&server, plain, NULL);
	check_pipeline(&server, paths, sizes, 100);
	assert_int_equal(peer_count(&server, "requests"), 100);
	assert_int_equal(peer_count(&server, "responses"), 100);
	peer_close(&server);
}

/* The second of three waits; it holds back the third, and all wait at the same time. */
static void pipelined_requests_wait_in_order(void **state)
{
	static const char *const paths[] = {"/short", "/slow", "/chunks"};
	static const uint64_t sizes[] = {5, 7, 100001};
	struct peer_server server;
	json_t *stats;

	(void)state;
	peer_open(&server, plain, NULL);
	check_pipeline(&server, paths, sizes, 99);
	stats = peer_stats(&server);
	assert_true(peer_number(stats, "routes./slow*.residence_ns.min") >= 30 * 1000 * 1000);
	json_decref(stats);
	peer_close(&server);
}

/* Far beyond what the server queues for one connection. */
static void a_long_pipeline_is_held_back_and_finished(void **state)
{
	static const char *const paths[] = {"/slow1", "/short", "/"};
	static const uint64_t sizes[] = {7, 5, 100};
	static const char *const fast[] = {
		"/slow1 service=fixed:1ms size=7", "/short size=5", NULL};
	struct peer_server server;

	(void)state;
	peer_open(&server, fast, NULL);
	check_pipeline(&server, paths, sizes, 3000);
	assert_int_equal(peer_count(&server, "responses"), 3000);
	assert_true(peer_count(&server, "loop.pauses") > 0);
	peer_close(&server);
}

static void requests_may_come_byte_by_byte(void **state)
{
	static const char *const requests[] = {"GET /short HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world",
		"PUT /short HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
		"chunked\r\n\r\n5\r\nhello\r\n6;x"
		"\r\n world\r\n0\r\nTrailer: y\r\n\r\n"};
	struct peer_response response;
	struct peer_server server;
	uint64_t bytes = 0;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	for (size_t i = 0; i < 3; i++) {
		for (const char *at = requests[i]; *at; at++, bytes++) {
			assert_false(peer_readable(&peer, 0));
			peer_send_bytes(&peer, at, 1);
			if (bytes % 16 == 0)
				usleep(200);
		}
		peer_receive(&peer, false, &response);
		assert_int_equal(response.body_bytes, 5);
	}
	assert_int_equal(peer_count(&server, "routes./short.bytes.received"), bytes);
	peer_disconnect(&peer);
	peer_close(&server);
}

static void large_request_bodies_are_passed_over(void **state)
{
	const size_t body_bytes = 5 << 20;
	char *body = malloc(body_bytes);
	struct peer_response response;
	struct peer_server server;
	char head[128];
	struct peer peer;

	(void)state;
	assert_non_null(body);
	memset(body, 'G', body_bytes);
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	snprintf(head, sizeof(head), "POST /short HTTP/1.1\r\nContent-Length: %zu\r\n\r\n",
		body_bytes);
	for (int i = 0; i < 2; i++) {
		peer_send(&peer, head);
		peer_send_bytes(&peer, body, body_bytes);
		peer_receive(&peer, false, &response);
		assert_int_equal(response.body_bytes, 5);
	}
	assert_int_equal(peer_count(&server, "bytes.received"), 2 * (strlen(head) + body_bytes));
	peer_disconnect(&peer);
	free(body);
	peer_close(&server);
}

static void a_client_that_asks_is_told_to_go_on(void **state)
{
	struct peer_response response;
	struct peer_server server;
	struct peer peer;
	char raw[64];

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	peer_send(&peer, "POST /short HTTP/1.1\r\nHost: x\r\nExpect: "
			 "100-continue\r\nContent-Length: 3\r\n\r\n");
	assert_int_equal(recv(peer.fd, raw, sizeof(raw), 0), 25);
	assert_memory_equal(raw, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	assert_false(peer_readable(&peer, 20));
	peer_send(&peer, "abc");
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 5);
	/* In order behind an answer that waits. */
	peer_send(&peer, "GET /slow HTTP/1.1\r\n\r\nPOST /short HTTP/1.1\r\nExpect: "
			 "100-continue\r\nContent-Length: 3\r\n\r\n");
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 7);
	assert_int_equal(response.informational, 0);
	peer_send(&peer, "abc");
	peer_receive(&peer, false, &response);
	assert_int_equal(response.informational, 1);
	/* Without a body there is nothing to go on with; a 1.0 client does not know what it says.
	 */
	peer_send(&peer, "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n");
	peer_receive(&peer, false, &response);
	assert_int_equal(response.informational, 0);
	assert_int_equal(peer_count(&server, "apart.continues"), 2);
	assert_int_equal(peer_count(&server, "requests"), 4);
	peer_disconnect(&peer);
	peer_close(&server);
}

static void what_is_not_http_is_refused(void **state)
{
	static const char *const bad[] = {"\x16\x03\x01\x02", "GET\r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n folded\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		peer_connect(&peer, &server);
		/* Behind a request that is answered first, though it waits. */
		peer_send(&peer, "GET /slow HTTP/1.1\r\n\r\n");
		peer_send(&peer, bad[i]);
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 200);
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 400);
		assert_false(response.keep_alive);
		assert_int_equal(peer_receive_end(&peer), 0);
		peer_disconnect(&peer);
		assert_int_equal(peer_count(&server, "apart.bad_requests"), i + 1);
		assert_int_equal(peer_count(&server, "responses"), i + 1);
	}
	peer_close(&server);
}

static void a_half_closed_connection_is_still_answered(void **state)
{
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&peer, &server);
	peer_send(&peer, "GET /slow HTTP/1.1\r\n\r\nGET /big HTTP/1.1\r\n\r\n");
	shutdown(peer.fd, SHUT_WR);
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 7);
	peer_receive(&peer, false, &response);
	assert_int_equal(response.body_bytes, 12 << 20);
	assert_int_equal(peer_receive_end(&peer), 0);
	peer_disconnect(&peer);
	peer_close(&server);
}

/* Read over the network, too, and without counting itself. */
static void the_stats_are_exact(void **state)
{
	struct peer_response response;
	struct peer_server server;
	struct peer peer, reader;
	json_t *stats;

	(void)state;
	peer_open(&server, plain, NULL);
	peer_connect(&reader, &server);
	peer_connect(&peer, &server);
	for (int round = 1; round <= 20; round++) {
		peer_get(&peer, "/short", &response);
		peer_get(&peer, "/chunks", &response);
		peer_get(&reader, "/__stats", &response);
		assert_non_null(strstr(response.head, "application/json"));
		assert_true(response.body_bytes < sizeof(response.body));
		stats = json_loads(response.body, 0, NULL);
		assert_non_null(stats);
		assert_int_equal(peer_number(stats, "requests"), 2 * round);
		assert_int_equal(peer_number(stats, "responses"), 2 * round);
		assert_int_equal(peer_number(stats, "status.200"), 2 * round);
		assert_int_equal(peer_number(stats, "residence_ns.count"), 2 * round);
		assert_int_equal(peer_number(stats, "routes./short.requests"), round);
		assert_int_equal(peer_number(stats, "routes./short.bytes.received"),
			round * (int64_t)strlen("GET /short HTTP/1.1\r\nHost: test\r\n\r\n"));
		assert_int_equal(peer_number(stats, "routes./short.bytes.sent"), round * 87);
		assert_int_equal(peer_number(stats, "apart.stats_reads"), round - 1);
		assert_int_equal(peer_number(stats, "connections.accepted"), 2);
		assert_int_equal(peer_number(stats, "connections.open"), 2);
		json_decref(stats);
	}
	peer_disconnect(&reader);
	peer_disconnect(&peer);
	peer_await(&server, "connections.closed", 2);
	assert_int_equal(peer_count(&server, "connections.stats_only"), 1);
	peer_close(&server);
}

static void the_log_has_the_latest_times(void **state)
{
	struct target_options options = {.log_entries = 5};
	struct peer_response response;
	struct peer_server server;
	int64_t before_ns = 0;
	json_t *stats, *log, *entry;
	struct peer peer;
	size_t index;

	(void)state;
	peer_open(&server, plain, &options);
	peer_connect(&peer, &server);
	for (int i = 0; i < 12; i++)
		peer_get(&peer, "/slow", &response);
	stats = peer_stats(&server);
	log = json_object_get(stats, "log");
	assert_int_equal(json_array_size(log), 5);
	json_array_foreach(log, index, entry)
	{
		int64_t read_ns = json_integer_value(json_array_get(entry, 1));
		int64_t sent_ns = json_integer_value(json_array_get(entry, 2));

		assert_true(read_ns > before_ns && sent_ns - read_ns >= 30 * 1000 * 1000);
		before_ns = sent_ns;
	}
	assert_int_equal(peer_number(stats, "last_sent_ns"), before_ns);
	assert_true(peer_number(stats, "first_read_ns") >= peer_number(stats, "start_ns"));
	json_decref(stats);
	peer_disconnect(&peer);
	peer_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_is_the_known_bytes),
		cmocka_unit_test(a_connection_serves_many_requests),
		cmocka_unit_test(head_has_a_head_alone),
		cmocka_unit_test(the_client_decides_whether_the_connection_stays),
		cmocka_unit_test(chunks_arrive_whole),
		cmocka_unit_test(a_slow_reader_gets_every_byte),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(pipelined_requests_wait_in_order),
		cmocka_unit_test(a_long_pipeline_is_held_back_and_finished),
		cmocka_unit_test(requests_may_come_byte_by_byte),
		cmocka_unit_test(large_request_bodies_are_passed_over),
		cmocka_unit_test(a_client_that_asks_is_told_to_go_on),
		cmocka_unit_test(what_is_not_http_is_refused),
		cmocka_unit_test(a_half_closed_connection_is_still_answered),
		cmocka_unit_test(the_stats_are_exact),
		cmocka_unit_test(the_log_has_the_latest_times),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
