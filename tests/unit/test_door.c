/* SPDX-License-Identifier: MIT */
/* Connections that are let wait: what a client sees of a listener that accepts late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "target_peer.h"

static const char *const routes[] = {"*", NULL};

#define CLIENTS 5

static void connections_wait_and_are_taken_together(void **state)
{
	struct target_options options = {.accept_delay_ns = 150 * NS_PER_MS};
	struct peer_response response;
	struct peer peers[CLIENTS];
	struct peer_server server;
	uint64_t begin_ns;

	(void)state;
	peer_open(&server, routes, &options);
	for (int64_t round = 1; round <= 2; round++) {
		begin_ns = clock_now_ns();
		for (int i = 0; i < CLIENTS; i++)
			peer_connect(&peers[i], &server);
		for (int i = 0; i < CLIENTS; i++)
			peer_get(&peers[i], "/", &response);
		assert_true(clock_now_ns() - begin_ns >= 150 * NS_PER_MS);
		/* Once taken a connection is as quick as any. */
		assert_int_equal(peer_count(&server, "connections.accepted"), round * CLIENTS);
		peer_get(&peers[0], "/", &response);
		for (int i = 0; i < CLIENTS; i++)
			peer_disconnect(&peers[i]);
		peer_await(&server, "connections.closed", round * CLIENTS);
	}
	/* A machine that was busy between two connects may have made one more round of it. */
	assert_in_range(peer_count(&server, "connections.accept_rounds"), 2, 2 * CLIENTS);
	assert_in_range(peer_count(&server, "connections.accept_most"), 1, CLIENTS);
	assert_int_equal(peer_count(&server, "connections.accept_errors"), 0);
	peer_close(&server);
}

/* The slots of the table are chosen by the server itself then: all are used, none is lost. */
static void a_full_table_goes_on_when_there_is_room(void **state)
{
	struct target_options options = {.accept_delay_ns = NS_PER_MS, .connections = 3};
	struct peer_response response;
	struct peer peers[4];
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, &options);
	for (int64_t round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++) {
			peer_connect(&peers[i], &server);
			peer_get(&peers[i], "/", &response);
		}
		peer_connect(&peers[3], &server);
		peer_send(&peers[3], "GET / HTTP/1.1\r\n\r\n");
		assert_false(peer_readable(&peers[3], 30));
		peer_disconnect(&peers[round % 3]);
		peer_receive(&peers[3], false, &response);
		for (int i = 0; i < 4; i++)
			if (i != round % 3)
				peer_disconnect(&peers[i]);
		peer_await(&server, "connections.closed", (round + 1) * 4);
	}
	peer_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_wait_and_are_taken_together),
		cmocka_unit_test(a_full_table_goes_on_when_there_is_room),
	};

	return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
