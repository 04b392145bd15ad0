/* SPDX-License-Identifier: MIT */
/* Where a server is: on another machine, here, in one namespace of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/netns.h"
#include "plan/address.h"
#include "run/whereabouts.h"
#include "tests/unit/tree.h"

/* A plan of nothing but a target. */
static struct plan plan_of(const char *host, uint16_t port)
{
	struct plan plan = {0};

	assert_int_equal(
		address_resolve(host, port, &plan.addresses, &plan.address_count, NULL), 0);
	return plan;
}

/* The reason, or "" without one, to be freed. */
static char *reason_of(const char *host, const uint16_t *ports, size_t count)
{
	struct plan plan = plan_of(host, ports[0]);
	struct probe_options options = {.port_count = count};
	struct whereabouts whereabouts;
	struct buf reason = {0};
	char *text;
	bool is;

	memcpy(options.ports, ports, count * sizeof(*ports));
	whereabouts_find(&whereabouts, &plan, &options);
	is = whereabouts_obstacle(&whereabouts, &reason);
	text = strdup(buf_string(&reason));
	assert_int_equal(is, *text != '\0');
	buf_release(&reason);
	free(plan.addresses);
	return text;
}

static void expect_reason(const char *host, uint16_t port, const char *expected)
{
	char *reason = reason_of(host, &port, 1);

	assert_string_equal(reason, expected);
	free(reason);
}

/* A port that is bound, and listens if asked: nobody else can take it. */
static int open_port(bool listening, uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void nothing_is_in_the_way_of_a_listener(void **state)
{
	uint16_t ports[2];
	int bound = open_port(false, &ports[0]), fd = open_port(true, &ports[1]);
	char *reason;

	(void)state;
	expect_reason("127.0.0.1", ports[1], "");
	/* The server may have an address of another namespace of this machine. */
	expect_reason("192.0.2.1", ports[1], "");
	/* One of several ports is enough. */
	reason = reason_of("127.0.0.1", ports, 2);
	assert_string_equal(reason, "");
	free(reason);
	close(fd);
	close(bound);
}

static void where_nobody_listens(void **state)
{
	char expected[256];
	uint16_t port;
	int fd = open_port(false, &port);

	(void)state;
	snprintf(expected, sizeof(expected),
		"no process of this machine listens on port %u: --probe-port takes the port that "
		"the server itself listens on",
		port);
	expect_reason("127.0.0.1", port, expected);
	snprintf(expected, sizeof(expected),
		"the server is on another machine: run ringload probe --port %u there", port);
	expect_reason("192.0.2.1", port, expected);
	close(fd);
}

static struct whereabouts *find(
	const char *host, uint16_t port, const struct probe_options *options)
{
	struct whereabouts *whereabouts = calloc(1, sizeof(*whereabouts));
	struct plan plan = plan_of(host, port);

	assert_non_null(whereabouts);
	whereabouts_find(whereabouts, &plan, options);
	free(plan.addresses);
	return whereabouts;
}

static void the_servers_process_and_namespace(void **state)
{
	static const struct probe_options none;
	struct probe_options options = {.pid = 1, .netns = "/proc/self/ns/net"};
	struct whereabouts *found;
	uint16_t port;
	int fd = open_port(true, &port);

	(void)state;
	found = find("127.0.0.1", port, &none);
	assert_true(found->on_this_host && found->listens);
	assert_int_equal(found->probe.port_count, 1);
	assert_int_equal(found->probe.ports[0], port);
	assert_int_equal(found->pid, getpid());
	assert_string_equal(found->probe.netns, "/proc/self/ns/net");
	free(found);
	/* What was asked stands. */
	found = find("127.0.0.1", port, &options);
	assert_int_equal(found->pid, 1);
	assert_ptr_equal(found->probe.netns, options.netns);
	free(found);
	/* Behind another port the target's address says nothing of the server. */
	options = (struct probe_options){.ports = {port}, .port_count = 1};
	found = find("192.0.2.1", 80, &options);
	assert_int_equal(found->pid, getpid());
	assert_null(found->probe.netns);
	free(found);
	close(fd);
}

static void a_server_that_ended_does_not_stand(void **state)
{
	static const struct probe_options none;
	struct whereabouts *found;
	uint16_t port;
	int fd = open_port(true, &port);
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	close(fd);
	found = find("127.0.0.1", port, &none);
	assert_int_equal(found->pid, child);
	assert_true(whereabouts_stands(found));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_false(whereabouts_stands(found));
	free(found);
	/* One of this machine may come, one of another is not seen. */
	found = find("127.0.0.1", port, &none);
	assert_false(found->listens || whereabouts_stands(found));
	free(found);
	found = find("192.0.2.1", port, &none);
	assert_true(whereabouts_stands(found));
	free(found);
}

/* A child in a namespace with the address 10.77.0.1 that listens on the port there and not
 * outside, until its pipe is closed. */
static pid_t listen_inside(const struct netns *netns, uint16_t port, int outside, int *hold)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int told[2], held[2], fd;
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(held), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(held[1]);
		close(outside);
		if (netns_enter(netns, NULL))
			_exit(1);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
			_exit(1);
		if (write(told[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(held[0], &byte, 1) != 0);
	}
	close(told[1]);
	close(held[0]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	*hold = held[1];
	return child;
}

/* Two namespaces with a server on the same port: the address tells which one is meant. */
static void one_of_two_namespaces(void **state)
{
	static const struct probe_options none;
	struct whereabouts *here, *there, *elsewhere;
	struct netns netns;
	char path[64];
	uint16_t port;
	pid_t child;
	int fd, hold;

	(void)state;
	if (netns_open(&netns, NULL) < 0)
		skip(); /* needs CAP_SYS_ADMIN */
	assert_int_equal(netns_add_network(&netns, "10.77.0.1/32", 0, NULL), 0);
	fd = open_port(true, &port);
	child = listen_inside(&netns, port, fd, &hold);
	here = find("127.0.0.1", port, &none);
	there = find("10.77.0.1", port, &none);
	elsewhere = find("192.0.2.1", port, &none);
	close(hold);
	waitpid(child, NULL, 0);
	netns_close(&netns);
	close(fd);
	assert_int_equal(here->pid, getpid());
	assert_string_equal(here->probe.netns, "/proc/self/ns/net");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	assert_int_equal(there->pid, child);
	assert_string_equal(there->probe.netns, path);
	assert_false(there->on_this_host);
	/* Nobody's address, as behind a translation: any namespace will do. */
	assert_true(elsewhere->listens);
	assert_null(elsewhere->probe.netns);
	free(here);
	free(there);
	free(elsewhere);
}

static int listen_unix(const char *text)
{
	struct plan plan = plan_of(text, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&plan.addresses[0].sockaddr,
				 plan.addresses[0].sockaddr_bytes),
		0);
	assert_int_equal(listen(fd, 1), 0);
	free(plan.addresses);
	return fd;
}

static void the_process_of_a_unix_socket(void **state)
{
	static const struct probe_options none;
	struct tree *tree = tree_new();
	char texts[2][512];

	(void)state;
	snprintf(texts[0], sizeof(texts[0]), "unix:%s/x.sock", tree->root);
	snprintf(texts[1], sizeof(texts[1]), "unix:@ringload-test-%d", getpid());
	for (size_t i = 0; i < 2; i++) {
		int fd = listen_unix(texts[i]);
		struct whereabouts *found = find(texts[i], 0, &none);

		assert_true(found->is_unix && found->listens && found->on_this_host);
		assert_int_equal(found->pid, getpid());
		free(found);
		close(fd);
		found = find(texts[i], 0, &none);
		assert_false(found->listens);
		assert_int_equal(found->pid, 0);
		free(found);
	}
	tree_free(tree);
}

/* The probe follows TCP; a port that was given is another matter: something behind the socket. */
static void a_unix_socket_has_no_hooks(void **state)
{
	static const struct probe_options none;
	struct whereabouts *found = find("unix:/run/x.sock", 0, &none);
	struct buf reason = {0};
	struct probe_options options;
	uint16_t port;
	int fd = open_port(true, &port);

	(void)state;
	assert_true(whereabouts_obstacle(found, &reason));
	assert_string_equal(buf_string(&reason),
		"no TCP hooks: requests through a unix socket do not "
		"pass the stages the probe follows");
	buf_release(&reason);
	free(found);
	options = (struct probe_options){.ports = {port}, .port_count = 1};
	found = find("unix:/run/x.sock", 0, &options);
	assert_false(whereabouts_obstacle(found, &reason));
	assert_int_equal(found->pid, getpid());
	free(found);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_the_way_of_a_listener),
		cmocka_unit_test(where_nobody_listens),
		cmocka_unit_test(the_servers_process_and_namespace),
		cmocka_unit_test(a_server_that_ended_does_not_stand),
		cmocka_unit_test(one_of_two_namespaces),
		cmocka_unit_test(the_process_of_a_unix_socket),
		cmocka_unit_test(a_unix_socket_has_no_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
