/* SPDX-License-Identifier: MIT */
/* The laboratory: its namespace, what the null server answers, and the command run inside. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "lab/netns.h"
#include "lab/null_server.h"

#define PORT       8080
#define BODY_BYTES 100
#define GET        "GET / HTTP/1.1\r\nHost: lab\r\n\r\n"

/* One namespace with one null server serves all tests that talk to it. */
struct place {
	struct netns netns;
	struct null_server server;
	struct null_server_counts before;
};

static bool netns_allowed(void)
{
	struct netns netns;
	bool allowed = netns_open(&netns, NULL) != -EPERM;

	netns_close(&netns);
	return allowed;
}

static int set_up(void **state)
{
	static struct place place;
	struct err err = {0};

	*state = &place;
	if (netns_open(&place.netns, &err) || netns_enter(&place.netns, &err) ||
		null_server_start(&place.server, PORT, BODY_BYTES, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	null_server_release(&place->server);
	if (netns_leave(&place->netns, NULL))
		return -1;
	netns_close(&place->netns);
	return 0;
}

static struct place *place_of(void **state)
{
	struct place *place = *state;

	assert_int_equal(null_server_counts(&place->server, &place->before, NULL), 0);
	return place;
}

/* What was counted since place_of. */
static struct null_server_counts counted(struct place *place)
{
	struct null_server_counts now;

	assert_int_equal(null_server_counts(&place->server, &now, NULL), 0);
	now.connections -= place->before.connections;
	now.requests -= place->before.requests;
	now.continued -= place->before.continued;
	now.closed -= place->before.closed;
	now.reset -= place->before.reset;
	now.failed -= place->before.failed;
	return now;
}

static int connect_to(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(PORT),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct timeval patience = {.tv_sec = 2};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (family == AF_INET)
		assert_int_equal(connect(fd, (struct sockaddr *)&v4, sizeof(v4)), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&v6, sizeof(v6)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Receives what is there already: the answer is queued before send() returns. */
static size_t receive(int fd, char *buffer, size_t size)
{
	ssize_t got = recv(fd, buffer, size - 1, MSG_DONTWAIT);

	assert_true(got >= 0 || errno == EAGAIN);
	got = got < 0 ? 0 : got;
	buffer[got] = '\0';
	return (size_t)got;
}

static void assert_responses(int fd, int responses)
{
	char buffer[4096];
	size_t got = receive(fd, buffer, sizeof(buffer));
	const char *body = strstr(buffer, "\r\n\r\n");

	assert_int_equal(strncmp(buffer, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(buffer, "\r\nContent-Length: 100\r\n"));
	assert_non_null(body);
	assert_int_equal(got, (size_t)responses * (size_t)(body + 4 - buffer + BODY_BYTES));
}

/* An orderly close must be answered at once, or 10,000 connections would linger. */
static void assert_closes(int fd)
{
	char byte;

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void every_request_gets_one_response(void **state)
{
	struct place *place = place_of(state);
	int fd = connect_to(AF_INET);

	for (int i = 0; i < 1000; i++) {
		send_text(fd, GET);
		assert_responses(fd, 1);
	}
	assert_closes(fd);
	assert_int_equal(counted(place).connections, 1);
	assert_int_equal(counted(place).requests, 1000);
	assert_int_equal(counted(place).closed, 1);
	assert_int_equal(counted(place).failed, 0);
}

static void ipv6_is_answered_alike(void **state)
{
	struct place *place = place_of(state);
	int fd = connect_to(AF_INET6);

	for (int i = 0; i < 10; i++) {
		send_text(fd, GET);
		assert_responses(fd, 1);
	}
	assert_closes(fd);
	assert_int_equal(counted(place).requests, 10);
}

static void the_kernel_sees_no_damage_and_no_retransmission(void **state)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);
	int fd;

	place_of(state);
	fd = connect_to(AF_INET);
	for (int i = 0; i < 100; i++) {
		send_text(fd, GET);
		assert_responses(fd, 1);
	}
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	assert_int_equal(info.tcpi_total_retrans, 0);
	assert_int_equal(info.tcpi_unacked, 0);
	assert_true(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
	assert_true(info.tcpi_options & TCPI_OPT_WSCALE);
	/* The echoed timestamps give a round trip of microseconds, not of hours. */
	assert_true(info.tcpi_rtt < 1000 * 1000);
	close(fd);
}

static void a_head_request_gets_the_header_alone(void **state)
{
	char buffer[4096];
	int fd;

	place_of(state);
	fd = connect_to(AF_INET);
	send_text(fd, "HEAD / HTTP/1.1\r\nHost: lab\r\n\r\n");
	receive(fd, buffer, sizeof(buffer));
	assert_non_null(strstr(buffer, "\r\nContent-Length: 100\r\n"));
	assert_string_equal(strstr(buffer, "\r\n\r\n"), "\r\n\r\n");
	send_text(fd, GET);
	assert_responses(fd, 1);
	assert_closes(fd);
}

static void a_body_in_its_own_segment_is_only_acknowledged(void **state)
{
	struct place *place = place_of(state);
	int fd = connect_to(AF_INET);

	send_text(fd, "POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 4\r\n\r\n");
	send_text(fd, "body");
	assert_responses(fd, 1);
	send_text(fd, GET);
	assert_responses(fd, 1);
	assert_closes(fd);
	assert_int_equal(counted(place).requests, 2);
	assert_int_equal(counted(place).continued, 1);
}

static void a_body_larger_than_a_segment_goes_through(void **state)
{
	enum { BYTES = 1 << 20 };
	char *body = calloc(1, BYTES);
	int fd;

	place_of(state);
	assert_non_null(body);
	fd = connect_to(AF_INET);
	send_text(fd, "PUT / HTTP/1.1\r\nHost: lab\r\nContent-Length: 1048576\r\n\r\n");
	assert_responses(fd, 1);
	for (size_t sent = 0; sent < BYTES;) {
		ssize_t got = send(fd, body + sent, BYTES - sent, MSG_NOSIGNAL);

		assert_true(got > 0);
		sent += (size_t)got;
	}
	send_text(fd, GET);
	assert_responses(fd, 1);
	assert_closes(fd);
	free(body);
}

static void requests_pipelined_in_segments_are_answered_in_turn(void **state)
{
	struct place *place = place_of(state);
	int fd = connect_to(AF_INET);

	for (int i = 0; i < 8; i++)
		send_text(fd, GET);
	assert_responses(fd, 8);
	assert_closes(fd);
	assert_int_equal(counted(place).requests, 8);
}

static void thousands_of_connections_are_served(void **state)
{
	enum { CONNECTIONS = 900 };
	struct place *place = place_of(state);
	static int fds[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = connect_to(i % 2 ? AF_INET : AF_INET6);
	for (int i = 0; i < CONNECTIONS; i++) {
		send_text(fds[i], GET);
		assert_responses(fds[i], 1);
	}
	for (int i = 0; i < CONNECTIONS; i++)
		assert_closes(fds[i]);
	assert_int_equal(counted(place).connections, CONNECTIONS);
	assert_int_equal(counted(place).requests, CONNECTIONS);
}

static void a_reset_needs_no_answer(void **state)
{
	struct place *place = place_of(state);
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	int fd = connect_to(AF_INET);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	assert_int_equal(counted(place).reset, 1);
}

static void other_ports_are_left_alone(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(PORT + 1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd;

	place_of(state);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
}

static void networks_can_be_added_to_loopback(void **state)
{
	struct place *place = place_of(state);
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct err err = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "10.7.8.9", &v4.sin_addr);
	inet_pton(AF_INET6, "fd00::1", &v6.sin6_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&v4, sizeof(v4)), -1);
	assert_int_equal(netns_add_network(&place->netns, "10.0.0.1/8", 0, &err), 0);
	assert_int_equal(netns_add_network(&place->netns, "192.168.3.1/24", 1, &err), 0);
	assert_int_equal(netns_add_network(&place->netns, "fd00::1/64", 2, &err), 0);
	/* netns_add_network leaves; these tests stay inside. */
	assert_int_equal(netns_enter(&place->netns, &err), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&v4, sizeof(v4)), 0);
	assert_int_equal(bind(fd6, (struct sockaddr *)&v6, sizeof(v6)), 0);
	close(fd);
	close(fd6);
}

static void a_network_must_be_one(void **state)
{
	static const char *const wrong[] = {"", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33",
		"10.0.0.1/0", "10.0.0/8", "10.0.0.1/8x", "fd00::/129", "fd00::x/64"};
	struct netns netns = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = {0};

		assert_int_equal(netns_add_network(&netns, wrong[i], 0, &err), -EINVAL);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, "10.0.0.1/8 or fd00::1/64"));
	}
}

static void impossible_servers_are_refused(void **state)
{
	struct null_server server;
	struct err err = {0};

	(void)state;
	assert_int_equal(null_server_start(&server, 0, BODY_BYTES, &err), -EINVAL);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(
		null_server_start(&server, PORT, NULL_SERVER_BODY_BYTES_LIMIT + 1, &err), -ERANGE);
	assert_non_null(strstr(err.text, "8001"));
}

/* lab_run of `sh -c script`; fails the test unless it returns code. */
static int run_in_lab(const char *script, struct null_server_counts *counts)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct lab_options options;
	struct err err = {0};
	int status = -1;

	lab_options_init(&options);
	options.counts = counts;
	if (lab_run(&options, argv, &status, &err))
		fail_msg("%s", err.text);
	return status;
}

static void a_command_runs_inside_and_its_status_comes_back(void **state)
{
	place_of(state);
	assert_int_equal(run_in_lab("exit 0", NULL), 0);
	assert_int_equal(run_in_lab("exit 7", NULL), 7);
	assert_int_equal(run_in_lab("kill -KILL $$", NULL), 128 + SIGKILL);
	assert_int_equal(
		run_in_lab("test \"$RINGLOAD_NULL_URL\" = http://127.0.0.1:8080/", NULL), 0);
	/* A namespace of its own: the caller's is another one. */
	assert_int_equal(run_in_lab("test $(readlink /proc/$PPID/ns/net) != "
				    "$(readlink /proc/$$/ns/net)",
				 NULL),
		0);
	assert_int_equal(run_in_lab("set -- $(cat /proc/sys/net/ipv4/ip_local_port_range);"
				    "test $1 -eq 1024 -a $2 -eq 65535",
				 NULL),
		0);
}

static void what_the_command_asked_for_is_counted(void **state)
{
	struct null_server_counts counts = {0};

	place_of(state);
	assert_int_equal(run_in_lab("bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080; "
				    "printf \"GET / HTTP/1.1\\r\\n\\r\\n\" >&3; "
				    "read line <&3; test \"${line%?}\" = \"HTTP/1.1 200 OK\"'",
				 &counts),
		0);
	assert_int_equal(counts.connections, 1);
	assert_int_equal(counts.requests, 1);
}

static void a_command_that_does_not_exist_is_named(void **state)
{
	char *argv[] = {"/no/such/command", NULL}, *nothing[] = {NULL};
	struct lab_options options;
	struct err err = {0};
	int status;

	place_of(state);
	lab_options_init(&options);
	assert_int_equal(lab_run(&options, argv, &status, &err), -ENOENT);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "\"/no/such/command\""));
	assert_int_equal(lab_run(&options, nothing, &status, &err), -EINVAL);
}

/* A process that runs script in a laboratory, and has started it when this returns. */
static pid_t start_lab(const char *script, int *line_fd)
{
	int pipe_fds[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(pipe_fds[1], 1);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		_exit(run_in_lab(script, NULL));
	}
	close(pipe_fds[1]);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	*line_fd = pipe_fds[0];
	return child;
}

static void a_signal_to_the_caller_reaches_the_command(void **state)
{
	int fd, status;
	pid_t child;

	place_of(state);
	child = start_lab("trap 'exit 9' TERM; echo; while :; do sleep 0.05; done", &fd);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
	close(fd);
}

static void a_killed_caller_leaves_nothing(void **state)
{
	char byte;
	int fd;
	pid_t child;

	place_of(state);
	child = start_lab("echo; exec sleep 60", &fd);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* The pipe ends when its last holder, the sleeping command, has died too. */
	while (read(fd, &byte, 1) == 1)
		;
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_gets_one_response),
		cmocka_unit_test(ipv6_is_answered_alike),
		cmocka_unit_test(the_kernel_sees_no_damage_and_no_retransmission),
		cmocka_unit_test(a_head_request_gets_the_header_alone),
		cmocka_unit_test(a_body_in_its_own_segment_is_only_acknowledged),
		cmocka_unit_test(a_body_larger_than_a_segment_goes_through),
		cmocka_unit_test(requests_pipelined_in_segments_are_answered_in_turn),
		cmocka_unit_test(thousands_of_connections_are_served),
		cmocka_unit_test(a_reset_needs_no_answer),
		cmocka_unit_test(other_ports_are_left_alone),
		cmocka_unit_test(networks_can_be_added_to_loopback),
		cmocka_unit_test(a_network_must_be_one),
		cmocka_unit_test(impossible_servers_are_refused),
		cmocka_unit_test(a_command_runs_inside_and_its_status_comes_back),
		cmocka_unit_test(what_the_command_asked_for_is_counted),
		cmocka_unit_test(a_command_that_does_not_exist_is_named),
		cmocka_unit_test(a_signal_to_the_caller_reaches_the_command),
		cmocka_unit_test(a_killed_caller_leaves_nothing),
	};

	if (!netns_allowed()) {
		fprintf(stderr, "not permitted to make a network namespace\n");
		return 77;
	}
	/* A hang is a failure too. */
	alarm(50);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
