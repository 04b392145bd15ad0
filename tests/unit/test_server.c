/* SPDX-License-Identifier: MIT */
/* The embedded server's time, threads and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/listener.h"
#include "tests/unit/target_peer.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static void waiting_lets_others_go_on(void **state)
{
	static const char *const routes[] = {"/slow service=fixed:200ms by=wait", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer slow, fast;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&slow, &server);
	peer_connect(&fast, &server);
	peer_send(&slow, GET("/slow"));
	for (int i = 0; i < 20; i++)
		peer_get(&fast, "/", &response);
	assert_false(peer_readable(&slow, 0));
	peer_receive(&slow, false, &response);
	assert_int_equal(response.status, 200);
	/* Never early; how late, is the machine's matter. */
	assert_true(peer_count(&server, "routes./slow.residence_ns.min") >= 200 * 1000 * 1000);
	assert_int_equal(peer_count(&server, "routes./slow.service_ns"), 200 * 1000 * 1000);
	peer_disconnect(&slow);
	peer_disconnect(&fast);
	peer_close(&server);
}

static void deadlines_of_many_are_kept_apart(void **state)
{
	static const char *const routes[] = {
		"/30 service=fixed:30ms", "/20 service=fixed:20ms", "/10 service=fixed:10ms", NULL};
	static const char *const paths[] = {GET("/30"), GET("/20"), GET("/10")};
	static struct peer peers[60];
	struct peer_response response;
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int i = 0; i < 60; i++) {
		peer_connect(&peers[i], &server);
		peer_send(&peers[i], paths[i % 3]);
	}
	for (int i = 0; i < 60; i++) {
		peer_receive(&peers[i], false, &response);
		peer_disconnect(&peers[i]);
	}
	assert_true(peer_count(&server, "routes./30.residence_ns.min") >= 30 * 1000 * 1000);
	assert_true(peer_count(&server, "routes./20.residence_ns.min") >= 20 * 1000 * 1000);
	assert_true(peer_count(&server, "routes./10.residence_ns.min") >= 10 * 1000 * 1000);
	peer_close(&server);
}

static void spinning_takes_the_worker(void **state)
{
	static const char *const routes[] = {"* service=fixed:20ms by=spin", NULL};
	struct peer_response response;
	struct peer_server server;
	struct peer peers[4];
	uint64_t start_ns;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int i = 0; i < 4; i++)
		peer_connect(&peers[i], &server);
	start_ns = clock_now_ns();
	for (int i = 0; i < 4; i++)
		peer_send(&peers[i], i ? GET("/") : GET("/") GET("/"));
	for (int i = 0; i < 5; i++)
		peer_receive(&peers[i % 4], false, &response);
	/* One after the other, pipelined or not. */
	assert_true(clock_now_ns() - start_ns >= 5 * 20 * NS_PER_MS);
	assert_true(peer_count(&server, "residence_ns.min") >= 20 * 1000 * 1000);
	for (int i = 0; i < 4; i++)
		peer_disconnect(&peers[i]);
	peer_close(&server);
}

/* A client that asks without a break has a request open when the server freezes. */
static void a_freeze_stops_everything(void **state)
{
	static const char *const routes[] = {"/a freeze=200ms@50ms", "/b freeze=100ms@300ms", NULL};
	uint64_t longest_ns = 0, start_ns, end_ns;
	struct peer_response response;
	struct peer_server server;
	json_t *stats, *freezes;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	start_ns = target_start_ns(server.target);
	do {
		uint64_t sent_ns = clock_now_ns();

		peer_get(&peer, "/c", &response);
		end_ns = clock_now_ns();
		if (end_ns - sent_ns > longest_ns)
			longest_ns = end_ns - sent_ns;
	} while (end_ns - start_ns < 450 * NS_PER_MS);
	/* The request may have been sent a little after the freeze began. */
	assert_true(longest_ns >= 180 * NS_PER_MS);
	stats = peer_stats(&server);
	freezes = json_object_get(stats, "freezes");
	assert_int_equal(json_array_size(freezes), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *freeze = json_array_get(freezes, i);
		uint64_t from_ns = (uint64_t)peer_number(freeze, "from_ns");

		assert_true(from_ns >= start_ns + (i ? 300 : 50) * NS_PER_MS);
		assert_true((uint64_t)peer_number(freeze, "until_ns") - from_ns >=
			    (i ? 100 : 200) * NS_PER_MS);
	}
	json_decref(stats);
	peer_disconnect(&peer);
	peer_close(&server);
}

static void draws(const struct peer_server *server, unsigned int *statuses, size_t count)
{
	struct peer_response response;
	struct peer peer;

	peer_connect(&peer, server);
	for (size_t i = 0; i < count; i++) {
		peer_get(&peer, "/", &response);
		statuses[i] = response.status;
	}
	peer_disconnect(&peer);
}

static void a_mix_of_statuses_comes_from_the_seed(void **state)
{
	static const char *const routes[] = {"* status=200:80,404:15,503:5", NULL};
	static const uint64_t seeds[] = {1, 1, 2};
	static unsigned int statuses[3][1000];
	unsigned int differing = 0, ok = 0;
	struct peer_server server;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct target_options options = {.seed = seeds[i]};

		peer_open(&server, routes, &options);
		draws(&server, statuses[i], 1000);
		if (i == 0) {
			json_t *stats = peer_stats(&server);

			ok = (unsigned int)peer_number(stats, "status.200");
			assert_int_equal(ok + peer_number(stats, "status.404") +
						 peer_number(stats, "status.503"),
				1000);
			json_decref(stats);
		}
		peer_close(&server);
	}
	assert_memory_equal(statuses[0], statuses[1], sizeof(statuses[0]));
	for (size_t i = 0; i < 1000; i++) {
		differing += statuses[0][i] != statuses[2][i];
		ok -= statuses[0][i] == 200;
	}
	assert_int_equal(ok, 0);
	assert_true(differing > 200);
	for (size_t i = 0; i < 1000; i++)
		ok += statuses[2][i] == 200;
	/* Binomial: four standard deviations. */
	assert_true(fabs(ok - 800.0) < 4 * sqrt(1000 * 0.8 * 0.2));
}

static void several_workers_share_one_port(void **state)
{
	struct target_options options = {.worker_count = 3};
	static struct peer peers[60];
	struct peer_response response;
	struct peer_server server;

	(void)state;
	peer_open(&server, NULL, &options);
	for (int i = 0; i < 60; i++)
		peer_connect(&peers[i], &server);
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 60; i++)
			peer_get(&peers[i], "/", &response);
	assert_int_equal(peer_count(&server, "workers"), 3);
	assert_int_equal(peer_count(&server, "connections.open"), 60);
	assert_int_equal(peer_count(&server, "responses"), 300);
	peer_get(&peers[0], "/__stats", &response);
	assert_non_null(strstr(response.body, "\"responses\":300"));
	for (int i = 0; i < 60; i++)
		peer_disconnect(&peers[i]);
	peer_close(&server);
}

static unsigned int a_cpu(void)
{
	cpu_set_t set;
	unsigned int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

static void several_addresses_are_served_on_a_pinned_worker(void **state)
{
	static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0", "localhost:0"};
	unsigned int cpu = a_cpu();
	struct target_options options = {.addresses = addresses, .address_count = 3, .cpus = &cpu};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	peer_open(&server, NULL, &options);
	assert_ptr_equal(strstr(target_address(server.target, 0), "127.0.0.1:"),
		target_address(server.target, 0));
	assert_ptr_equal(strstr(target_address(server.target, 1), "[::1]:"),
		target_address(server.target, 1));
	peer_connect(&peer, &server);
	peer_get(&peer, "/", &response);
	peer_disconnect(&peer);
	six.sin6_port = htons(target_port(server.target, 1));
	peer.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer.fd, (const struct sockaddr *)&six, sizeof(six)), 0);
	http1_response_init(&peer.response);
	peer_get(&peer, "/", &response);
	assert_int_equal(response.body_bytes, 100);
	peer_disconnect(&peer);
	assert_int_equal(peer_count(&server, "responses"), 2);
	peer_close(&server);
}

/* With its table full the server loses the connection it accepts then, rests, and goes on. */
static void a_full_table_recovers(void **state)
{
	struct target_options options = {.connections = 4};
	struct peer peers[4], refused, later;
	struct peer_response response;
	struct peer_server server;

	(void)state;
	peer_open(&server, NULL, &options);
	for (int i = 0; i < 4; i++) {
		peer_connect(&peers[i], &server);
		peer_get(&peers[i], "/", &response);
	}
	peer_connect(&refused, &server);
	peer_await(&server, "connections.accept_errors", 1);
	assert_int_equal(peer_receive_end(&refused), 0);
	peer_connect(&later, &server);
	peer_send(&later, GET("/"));
	assert_false(peer_readable(&later, 30));
	for (int i = 0; i < 4; i++)
		peer_get(&peers[i], "/", &response);
	peer_disconnect(&peers[2]);
	peer_receive(&later, false, &response);
	assert_int_equal(response.status, 200);
	assert_int_equal(peer_count(&server, "connections.accept_errors"), 1);
	peer_disconnect(&refused);
	peer_disconnect(&later);
	for (int i = 0; i < 4; i++)
		if (i != 2)
			peer_disconnect(&peers[i]);
	peer_close(&server);
}

#define MANY 2000

static void many_connections_are_served(void **state)
{
	static struct peer peer;
	static int fds[MANY];
	struct peer_response response;
	struct peer_server server;

	(void)state;
	peer_open(&server, NULL, NULL);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			peer_connect(&peer, &server);
			fds[i] = peer.fd;
		}
		for (int i = 0; i < MANY; i++) {
			peer.fd = fds[i];
			peer_send(&peer, GET("/"));
		}
		for (int i = 0; i < MANY; i++) {
			peer.fd = fds[i];
			peer.begin = peer.end = 0;
			peer_receive(&peer, false, &response);
			assert_int_equal(response.body_bytes, 100);
		}
		assert_int_equal(peer_count(&server, "connections.open"), MANY);
		for (int i = 0; i < MANY; i++)
			close(fds[i]);
		peer_await(&server, "connections.open", 0);
	}
	assert_int_equal(peer_count(&server, "responses"), 2 * MANY);
	peer_close(&server);
}

/* A busy worker brings requests faster than it answers, until no receive finds a buffer. Some of
 * the clients leave meanwhile. */
static void more_requests_than_buffers_are_served(void **state)
{
	static const char *const routes[] = {"* service=fixed:50us by=spin", NULL};
	static struct peer peer;
	static int fds[MANY];
	struct peer_response response;
	struct peer_server server;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int i = 0; i < MANY; i++) {
		peer_connect(&peer, &server);
		fds[i] = peer.fd;
	}
	for (int i = 0; i < MANY; i++) {
		peer.fd = fds[i];
		peer_send(&peer, GET("/"));
		if (i % 5 == 4)
			close(fds[i]);
	}
	for (int i = 0; i < MANY; i++) {
		if (i % 5 == 4)
			continue;
		peer.fd = fds[i];
		peer.begin = peer.end = 0;
		peer_receive(&peer, false, &response);
		close(fds[i]);
	}
	assert_true(peer_count(&server, "responses") >= MANY / 5 * 4);
	peer_close(&server);
}

static struct target *signalled;

static void stop_signalled(int number)
{
	(void)number;
	target_stop(signalled);
}

/* In the middle of everything, from a signal handler; nothing is left behind. */
static void a_stop_ends_what_goes_on(void **state)
{
	static const char *const routes[] = {"/wait service=fixed:1h", "/none answer=none",
		"/big size=64M", "/spin service=fixed:1h by=spin", "/freeze freeze=1h@100ms", NULL};
	static const char *const requests[] = {
		GET("/wait"), GET("/none"), GET("/big"), "GET / HT", "", GET("/spin")};
	struct peer_server server;
	struct err err = {0};
	struct peer peers[6];
	json_t *stats;

	(void)state;
	/* With a spin that takes the worker, and with a freeze. */
	for (int count = 6; count >= 5; count--) {
		peer_open(&server, count == 6 ? routes + 1 : routes, NULL);
		for (int i = 0; i < count; i++) {
			peer_connect(&peers[i], &server);
			peer_send(&peers[i], requests[i]);
		}
		usleep(120000);
		signalled = server.target;
		signal(SIGUSR1, stop_signalled);
		raise(SIGUSR1);
		signal(SIGUSR1, SIG_DFL);
		assert_int_equal(target_wait(server.target, &err), 0);
		stats = peer_stats(&server);
		assert_int_equal(peer_number(stats, "connections.open"), 0);
		assert_int_equal(peer_number(stats, "in_progress"), 0);
		json_decref(stats);
		for (int i = 0; i < count; i++)
			peer_disconnect(&peers[i]);
		peer_close(&server);
	}
}

static void a_port_is_free_again_at_once(void **state)
{
	char address[32];
	const char *const addresses[] = {address};
	struct target_options options = {.addresses = addresses, .address_count = 1};
	struct peer_response response;
	struct peer_server server;
	struct peer peer;

	(void)state;
	snprintf(address, sizeof(address), "127.0.0.1:0");
	for (int round = 0; round < 5; round++) {
		peer_open(&server, NULL, &options);
		snprintf(address, sizeof(address), "127.0.0.1:%u", server.port);
		peer_connect(&peer, &server);
		peer_get(&peer, "/", &response);
		peer_disconnect(&peer);
		peer_close(&server);
	}
}

static void check_refused(const struct target_options *options, int kind, const char *sentence)
{
	struct route_set set = {0};
	struct target_options asked = *options;
	struct target *target;
	struct err err = {0};
	int descriptors = peer_descriptors();

	assert_int_equal(route_set_finish(&set, NULL), 0);
	asked.routes = &set;
	assert_true(target_open(&target, &asked, &err) < 0);
	assert_null(target);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.text, sentence))
		fail_msg("%s", err.text);
	route_set_release(&set);
	assert_int_equal(peer_descriptors(), descriptors);
}

static void what_cannot_be_opened_is_named(void **state)
{
	static const char *const nonsense[] = {"127.0.0.1:0", "8080"};
	const unsigned int far[] = {0, 100000};
	struct target_options options = {.addresses = nonsense, .address_count = 2};
	struct peer_server server;
	struct rlimit files;
	const char *taken[1];

	(void)state;
	check_refused(&options, ERR_USAGE, "\"8080\" is not an address to listen on");
	options.address_count = 0;
	check_refused(&options, ERR_USAGE, "0 addresses");
	options.address_count = 1;
	options.worker_count = 1000;
	check_refused(&options, ERR_USAGE, "1000 workers are too many");
	options.worker_count = 2;
	options.cpus = far;
	check_refused(&options, ERR_ENVIRONMENT, "CPU \"100000\" cannot be used");
	options.cpus = NULL;
	options.connections = TARGET_CONNECTION_LIMIT + 1;
	check_refused(&options, ERR_USAGE, "1048577 connections are too many");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < TARGET_CONNECTION_LIMIT) {
		options.connections = TARGET_CONNECTION_LIMIT;
		check_refused(
			&options, ERR_ENVIRONMENT, "1048576 connections need 1048577 open files");
	}
	options.connections = 0;
	peer_open(&server, NULL, NULL);
	taken[0] = target_address(server.target, 0);
	options.addresses = taken;
	check_refused(&options, ERR_ENVIRONMENT, "cannot listen on \"127.0.0.1:");
	check_refused(&options, ERR_ENVIRONMENT, strerror(EADDRINUSE));
	peer_close(&server);
	target_close(NULL);
}

static void addresses_are_read_strictly(void **state)
{
	static const struct {
		const char *text, *printed;
	} good[] = {{"127.0.0.1:80", "127.0.0.1:80"}, {"[::1]:65535", "[::1]:65535"},
		{"0.0.0.0:0", "0.0.0.0:0"}, {"unix:/run/x.sock", "unix:/run/x.sock"},
		{"unix:@name", "unix:@name"}};
	static const char *const bad[] = {"", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1:80x", "::1:80", "[127.0.0.1]:80", "[::1:80", "::1]:80",
		"example.org:80", "127.0.0.256:80", "unix:", "unix:@", "unix:run/x.sock"};
	char text[LISTENER_TEXT_BYTES];
	struct listener listener;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(listener_parse(&listener, good[i].text, NULL), 0);
		assert_string_equal(listener_text(&listener, text), good[i].printed);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		if (!listener_parse(&listener, bad[i], &err))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.kind, ERR_USAGE);
	}
	assert_int_equal(listener_parse(&listener, ":8080", NULL), 0);
	assert_int_equal(listener_port(&listener), 8080);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_lets_others_go_on),
		cmocka_unit_test(deadlines_of_many_are_kept_apart),
		cmocka_unit_test(spinning_takes_the_worker),
		cmocka_unit_test(a_freeze_stops_everything),
		cmocka_unit_test(a_mix_of_statuses_comes_from_the_seed),
		cmocka_unit_test(several_workers_share_one_port),
		cmocka_unit_test(several_addresses_are_served_on_a_pinned_worker),
		cmocka_unit_test(a_full_table_recovers),
		cmocka_unit_test(many_connections_are_served),
		cmocka_unit_test(more_requests_than_buffers_are_served),
		cmocka_unit_test(a_stop_ends_what_goes_on),
		cmocka_unit_test(a_port_is_free_again_at_once),
		cmocka_unit_test(what_cannot_be_opened_is_named),
		cmocka_unit_test(addresses_are_read_strictly),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
