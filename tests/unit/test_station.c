/* SPDX-License-Identifier: MIT */
/* What workers share of a route, seen through the network and by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "target/station.h"
#include "target_peer.h"

static struct route_set set_of(const char *const *routes)
{
	struct route_set set = {0};
	struct err err = {0};

	for (; *routes; routes++)
		if (route_set_add(&set, *routes, &err))
			fail_msg("%s", err.text);
	if (route_set_finish(&set, &err))
		fail_msg("%s", err.text);
	return set;
}

static struct station *station_at(
	struct station_set *stations, const struct route_set *set, const char *path)
{
	return &stations->stations[route_set_match(set, path, false)];
}

static void routes_have_what_they_ask_for(void **state)
{
	static const char *const routes[] = {"/a lock=1ms lock-name=x", "/b lock=2ms lock-name=x",
		"/c lock=1ms", "/d lock=1ms", "/e capacity=10", "/f leak=1K/s", "/g", NULL};
	struct route_set set = set_of(routes);
	struct station_set stations;

	(void)state;
	assert_int_equal(station_set_init(&stations, &set, NULL), 0);
	assert_int_equal(stations.lock_count, 3);
	assert_ptr_equal(
		station_at(&stations, &set, "/a")->lock, station_at(&stations, &set, "/b")->lock);
	assert_ptr_not_equal(
		station_at(&stations, &set, "/c")->lock, station_at(&stations, &set, "/d")->lock);
	assert_non_null(station_at(&stations, &set, "/e")->queue);
	assert_null(station_at(&stations, &set, "/e")->lock);
	assert_null(station_at(&stations, &set, "/g")->queue);
	assert_null(station_at(&stations, &set, "/g")->leak.memory);
	assert_int_equal(station_set_leak(&stations, 8 * NS_PER_S), 4 * NS_PER_S);
	assert_int_equal(leak_bytes(&station_at(&stations, &set, "/f")->leak), 8192);
	station_set_release(&stations);
	station_set_release(&stations);
	route_set_release(&set);
}

/* Requests pipelined on one connection and sent on others, to one queue of two workers: the last
 * of them is not answered before its virtual finish. */
static void no_answer_is_before_its_time(void **state)
{
	static const char *const routes[] = {"* capacity=100", NULL};
	struct target_options options = {.worker_count = 2, .log_entries = 100};
	int64_t first_ns = 0, last_ns = 0;
	struct peer_response response;
	struct peer_server server;
	struct peer peers[4];
	json_t *stats, *entry;
	size_t index;

	(void)state;
	peer_open(&server, routes, &options);
	for (int i = 0; i < 4; i++) {
		peer_connect(&peers[i], &server);
		for (int j = 0; j < 5; j++)
			peer_send(&peers[i], "GET / HTTP/1.1\r\n\r\n");
	}
	for (int i = 0; i < 20; i++)
		peer_receive(&peers[i / 5], false, &response);
	stats = peer_stats(&server);
	json_array_foreach(json_object_get(stats, "log"), index, entry)
	{
		int64_t read_ns = json_integer_value(json_array_get(entry, 1));
		int64_t sent_ns = json_integer_value(json_array_get(entry, 2));

		first_ns = first_ns && first_ns < read_ns ? first_ns : read_ns;
		last_ns = last_ns > sent_ns ? last_ns : sent_ns;
	}
	assert_int_equal(index, 20);
	assert_true(last_ns - first_ns >= 200 * 1000 * 1000);
	assert_int_equal(peer_number(stats, "routes.*.queue.entered"), 20);
	assert_int_equal(peer_number(stats, "routes.*.queue.refused"), 0);
	assert_in_range(peer_number(stats, "routes.*.queue.longest"), 1, 20);
	assert_int_equal(peer_number(stats, "routes.*.queue.length"), 0);
	json_decref(stats);
	for (int i = 0; i < 4; i++)
		peer_disconnect(&peers[i]);
	peer_close(&server);
}

static const char *const refusing[] = {"/status capacity=2 refuse-above=1 size=7",
	"/429 capacity=2 refuse-above=1 refuse=429",
	"/close capacity=2 refuse-above=1 refuse=close",
	"/reset capacity=2 refuse-above=1 refuse=reset", NULL};

/* Two at once: the first takes the only place for half a second. The second is on a connection of
 * its own; what comes back. */
static void crowd(
	struct peer_server *server, const char *path, struct peer *second, struct peer *first)
{
	char request[64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n\r\n", path);
	peer_connect(first, server);
	peer_connect(second, server);
	peer_send(first, request);
	snprintf(request, sizeof(request), "routes.%s.requests", path);
	peer_await(server, request, 1);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n\r\n", path);
	peer_send(second, request);
}

static void a_full_queue_refuses_as_it_is_told(void **state)
{
	struct peer_response response;
	struct peer first, second;
	struct peer_server server;
	uint64_t begin_ns;

	(void)state;
	peer_open(&server, refusing, NULL);
	crowd(&server, "/status", &second, &first);
	begin_ns = clock_now_ns();
	peer_receive(&second, false, &response);
	assert_int_equal(response.status, 503);
	assert_int_equal(response.body_bytes, 0);
	assert_true(response.keep_alive);
	peer_receive(&first, false, &response);
	assert_true(clock_now_ns() - begin_ns < NS_PER_S);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.body_bytes, 7);
	assert_int_equal(peer_count(&server, "routes./status.status.503"), 1);
	assert_int_equal(peer_count(&server, "routes./status.queue.refused"), 1);
	assert_int_equal(peer_count(&server, "routes./status.queue.longest"), 1);
	peer_disconnect(&first);
	peer_disconnect(&second);

	crowd(&server, "/429", &second, &first);
	peer_receive(&second, false, &response);
	assert_int_equal(response.status, 429);
	peer_disconnect(&first);
	peer_disconnect(&second);

	crowd(&server, "/close", &second, &first);
	assert_int_equal(peer_receive_end(&second), 0);
	peer_disconnect(&first);
	peer_disconnect(&second);

	crowd(&server, "/reset", &second, &first);
	assert_int_equal(peer_receive_end(&second), ECONNRESET);
	peer_disconnect(&first);
	peer_disconnect(&second);
	assert_int_equal(peer_count(&server, "routes./close.misbehaved"), 1);
	assert_int_equal(peer_count(&server, "routes./reset.misbehaved"), 1);
	peer_close(&server);
}

/* "Expect: 100-continue" to a route that answers before the body, or refuses it. */
static void a_final_answer_may_come_before_the_body(void **state)
{
	static const char *const routes[] = {
		"/no continue=no size=7", "/417 continue=417", "/yes", NULL};
	static const char *const paths[] = {"/no", "/417"};
	static const unsigned int statuses[] = {200, 417};
	struct peer_response response;
	struct peer_server server;
	char request[128];
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int i = 0; i < 2; i++) {
		int length = snprintf(request, sizeof(request),
			"POST %s HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
			paths[i]);

		peer_connect(&peer, &server);
		peer_send(&peer, request);
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, statuses[i]);
		assert_int_equal(response.informational, 0);
		/* The body comes all the same, and is not the next request. */
		peer_send(&peer, "GET");
		peer_get(&peer, "/yes", &response);
		assert_int_equal(response.status, 200);
		/* A client that does not ask is not answered before its body. */
		snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
			paths[i]);
		peer_send(&peer, request);
		assert_false(peer_readable(&peer, 20));
		peer_send(&peer, "abc");
		peer_receive(&peer, false, &response);
		assert_int_equal(response.status, 200);
		peer_disconnect(&peer);
		snprintf(request, sizeof(request), "routes.%s.bytes.received", paths[i]);
		assert_int_equal(peer_count(&server, request),
			length + 3 + (length - (int)strlen("Expect: 100-continue\r\n")) + 3);
	}
	assert_int_equal(peer_count(&server, "routes./no.expect.answered"), 1);
	assert_int_equal(peer_count(&server, "routes./417.expect.refused"), 1);
	assert_int_equal(peer_count(&server, "routes./417.status.417"), 1);
	assert_int_equal(peer_count(&server, "routes./no.requests"), 2);
	assert_int_equal(peer_count(&server, "apart.continues"), 0);
	/* One that closes instead of sending the body, and one that says it will close. */
	peer_connect(&peer, &server);
	peer_send(&peer, "POST /417 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	peer_receive(&peer, false, &response);
	peer_disconnect(&peer);
	peer_connect(&peer, &server);
	peer_send(&peer, "POST /no HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\n"
			 "Content-Length: 3\r\n\r\n");
	peer_receive(&peer, false, &response);
	assert_false(response.keep_alive);
	assert_int_equal(peer_receive_end(&peer), 0);
	peer_disconnect(&peer);
	peer_close(&server);
}

/* Each holds the lock for its time, and no two at once. */
static void the_lock_is_held_by_one_at_a_time(void **state)
{
	static const char *const routes[] = {
		"/a lock=20ms lock-name=x", "/b lock=20ms lock-name=x", "*", NULL};
	struct target_options options = {.worker_count = 2};
	struct peer_response response;
	struct peer_server server;
	struct peer peers[4];
	uint64_t begin_ns;

	(void)state;
	peer_open(&server, routes, &options);
	for (int i = 0; i < 4; i++)
		peer_connect(&peers[i], &server);
	begin_ns = clock_now_ns();
	for (int i = 0; i < 4; i++)
		peer_send(&peers[i], i % 2 ? "GET /a HTTP/1.1\r\n\r\n" : "GET /b HTTP/1.1\r\n\r\n");
	for (int i = 0; i < 4; i++)
		peer_receive(&peers[i], false, &response);
	assert_true(clock_now_ns() - begin_ns >= 80 * NS_PER_MS);
	assert_int_equal(peer_count(&server, "routes./a.lock.acquired"), 4);
	assert_int_equal(peer_count(&server, "routes./b.lock.acquired"), 4);
	assert_true(peer_count(&server, "routes./a.lock.held_ns") >= 80 * 1000 * 1000);
	for (int i = 0; i < 4; i++)
		peer_disconnect(&peers[i]);
	peer_close(&server);
}

static void requests_leak(void **state)
{
	static const char *const routes[] = {"* leak-per-request=10K leak-limit=64K", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	for (int i = 1; i <= 8; i++) {
		peer_get(&peer, "/", &response);
		assert_int_equal(peer_count(&server, "routes.*.leak.bytes"),
			i * 10240 < 65536 ? i * 10240 : 65536);
	}
	assert_int_equal(peer_count(&server, "routes.*.leak.limit_bytes"), 65536);
	peer_disconnect(&peer);
	peer_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_have_what_they_ask_for),
		cmocka_unit_test(no_answer_is_before_its_time),
		cmocka_unit_test(a_full_queue_refuses_as_it_is_told),
		cmocka_unit_test(a_final_answer_may_come_before_the_body),
		cmocka_unit_test(the_lock_is_held_by_one_at_a_time),
		cmocka_unit_test(requests_leak),
	};

	return cmocka_run_group_tests_name("station", tests, NULL, NULL);
}
