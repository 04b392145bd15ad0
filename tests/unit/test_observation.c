/* SPDX-License-Identifier: MIT */
/* Whose resources are read in a run, and why nobody's: with real sockets and processes. */
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
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "plan/address.h"
#include "run/observation.h"

/* A plan of nothing but a target, and what is observed of it. */
struct bench {
	struct plan plan;
	struct probe_options probe;
	struct observation observation;
	struct notes notes;
};

static struct bench *open_bench(const char *host, uint16_t port, struct observation_options options)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	assert_int_equal(address_resolve(host, port, &bench->plan.addresses,
				 &bench->plan.address_count, NULL),
		0);
	observation_open(&bench->observation, &options, &bench->plan, &bench->probe, NULL);
	return bench;
}

/* As of `ringload probe`: there is no plan, only ports. */
static struct bench *open_without_plan(uint16_t port, uint16_t other)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->probe = (struct probe_options){.ports = {port, other}, .port_count = other ? 2 : 1};
	observation_open(
		&bench->observation, &(struct observation_options){0}, NULL, &bench->probe, NULL);
	return bench;
}

static void close_bench(struct bench *bench)
{
	observation_close(&bench->observation);
	notes_release(&bench->notes);
	free(bench->plan.addresses);
	free(bench);
}

/* A socket of this port, or of any with 0, that listens if asked. */
static int open_port(bool listening, uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void expect_reason(
	const char *host, uint16_t port, struct observation_options options, const char *expected)
{
	struct bench *bench = open_bench(host, port, options);
	struct resources_input input;

	assert_null(bench->observation.observer);
	/* Nothing of it does anything. */
	observation_sample(&bench->observation, 0, &bench->notes);
	observation_finish(&bench->observation, &bench->notes);
	observation_describe(&bench->observation, &input);
	assert_null(input.resources);
	assert_string_equal(input.reason, expected);
	close_bench(bench);
}

static void why_nothing_is_read(void **state)
{
	const struct observation_options usual = {0};
	char expected[160];
	uint16_t port = 0;
	int fd = open_port(false, &port);

	(void)state;
	snprintf(expected, sizeof(expected),
		"no process of this machine listens on port %u: --observe-pid takes a process of "
		"the server behind it",
		port);
	expect_reason("127.0.0.1", port, usual, expected);
	expect_reason("192.0.2.1", port, usual, "the server is on another machine");
	expect_reason("127.0.0.1", port, (struct observation_options){.mode = OBSERVATION_OFF},
		"switched off by --observe off");
	assert_int_equal(listen(fd, 1), 0);
	expect_reason("127.0.0.1", port, usual,
		"the server is part of this process, and its figures would be the generator's "
		"too");
	snprintf(expected, sizeof(expected), "process %d is not there, or is the generator itself",
		getpid());
	expect_reason("127.0.0.1", port, (struct observation_options){.pid = (uint32_t)getpid()},
		expected);
	close(fd);
}

/* A child that listens on a port and sleeps; it began some ticks before this returns. */
static pid_t start_server(uint16_t *port)
{
	uint16_t told = *port;
	int ready[2];
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_port(true, &told);
		if (write(ready[1], &told, sizeof(told)) == sizeof(told))
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], port, sizeof(*port)), sizeof(*port));
	close(ready[0]);
	close(ready[1]);
	clock_sleep_until(clock_now_ns() + 30 * NS_PER_MS);
	return child;
}

static void stop_server(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Found by the port, also when another process listens there later. */
static void a_server_that_is_started_again(void **state)
{
	uint16_t port = 0;
	pid_t child = start_server(&port);
	struct bench *bench = open_bench("127.0.0.1", port, (struct observation_options){0});
	const struct members *members;
	struct resources_input input;
	unsigned int second = 0;

	(void)state;
	assert_non_null(bench->observation.observer);
	members = &bench->observation.observer->members;
	assert_int_equal(members->count, 1);
	assert_int_equal(members->list[0].process.stat.pid, child);
	observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	stop_server(child);
	observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	assert_int_equal(members->count, 0);
	child = start_server(&port);
	observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	assert_int_equal(members->count, 1);
	assert_int_equal(members->list[0].process.stat.pid, child);
	assert_int_equal(members->restarts, 1);
	observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	/* Much later it is looked for now and then. */
	stop_server(child);
	for (int i = 0; i < OBSERVATION_LOOKS + 3; i++)
		observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	child = start_server(&port);
	for (int i = 0; i < OBSERVATION_PAUSE; i++)
		observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	assert_int_equal(members->count, 1);
	assert_int_equal(members->restarts, 2);
	observation_finish(&bench->observation, &bench->notes);
	observation_describe(&bench->observation, &input);
	assert_ptr_equal(input.resources, &bench->observation.resources);
	assert_int_equal(input.resources->interval_count, second - 1);
	assert_int_equal(input.process_count, 3);
	assert_true(input.has_pss);
	assert_int_equal(bench->notes.count, 0);
	stop_server(child);
	close_bench(bench);
}

/* The process that was named, and not who listens; it is not looked for again. */
static void a_named_process(void **state)
{
	uint16_t port = 0, other_port = 0;
	pid_t child = start_server(&port), other = start_server(&other_port);
	struct bench *bench = open_bench(
		"127.0.0.1", port, (struct observation_options){.pid = (uint32_t)other});

	(void)state;
	assert_int_equal(bench->observation.observer->members.count, 1);
	assert_int_equal(bench->observation.observer->members.list[0].process.stat.pid, other);
	stop_server(other);
	for (unsigned int i = 0; i < 3; i++)
		observation_sample(&bench->observation, i, &bench->notes);
	assert_int_equal(bench->observation.observer->members.count, 0);
	close_bench(bench);
	/* --probe-pid says so here as well. */
	bench = calloc(1, sizeof(*bench));
	bench->probe.pid = (uint32_t)child;
	assert_int_equal(address_resolve("127.0.0.1", other_port, &bench->plan.addresses,
				 &bench->plan.address_count, NULL),
		0);
	observation_open(&bench->observation, &(struct observation_options){0}, &bench->plan,
		&bench->probe, NULL);
	assert_int_equal(bench->observation.observer->members.list[0].process.stat.pid, child);
	close_bench(bench);
	stop_server(child);
}

/* With ports alone a server may come after the window began, and is read from then on. */
static void a_server_that_comes_later(void **state)
{
	uint16_t port = 0, silent = 0;
	int fd = open_port(false, &port), other = open_port(false, &silent);
	struct bench *bench = open_without_plan(port, silent);
	const struct member *member;
	struct resources_input input;
	unsigned int second = 0;
	pid_t child;

	(void)state;
	close(fd);
	assert_null(bench->observation.observer);
	assert_string_equal(bench->observation.reason,
		"no process of this machine listens on any of the ports: --observe-pid takes a "
		"process of the server behind it");
	for (int i = 0; i < OBSERVATION_LOOKS + 1; i++)
		observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	assert_null(bench->observation.observer);
	child = start_server(&port);
	for (int i = 0; i < OBSERVATION_PAUSE + 2; i++)
		observation_sample(&bench->observation, second++ * NS_PER_S, &bench->notes);
	assert_non_null(bench->observation.observer);
	assert_int_equal(bench->observation.observer->members.count, 1);
	member = bench->observation.observer->members.list;
	assert_int_equal(member->process.stat.pid, child);
	assert_false(member->first);
	observation_describe(&bench->observation, &input);
	assert_true(input.resources->interval_count >= 2);
	close_bench(bench);
	stop_server(child);
	close(other);
}

/* What listens, but not in the control group that was asked for, is not the server. */
static void another_control_group(void **state)
{
	char expected[160];
	uint16_t port = 0;
	pid_t child = start_server(&port);
	struct bench *bench = calloc(1, sizeof(*bench));

	(void)state;
	assert_non_null(bench);
	bench->probe = (struct probe_options){
		.ports = {port}, .port_count = 1, .cgroup = "no/such/group"};
	observation_open(
		&bench->observation, &(struct observation_options){0}, NULL, &bench->probe, NULL);
	snprintf(expected, sizeof(expected),
		"no process seen to listen on port %u is in the control group \"no/such/group\": "
		"give --observe-pid",
		port);
	assert_null(bench->observation.observer);
	assert_string_equal(bench->observation.reason, expected);
	close_bench(bench);
	stop_server(child);
}

/* One that is not there is told of the port, and never to be elsewhere. */
static void nobody_without_a_plan(void **state)
{
	char expected[160];
	uint16_t port = 0;
	int fd = open_port(false, &port);
	struct bench *bench = open_without_plan(port, 0);

	(void)state;
	snprintf(expected, sizeof(expected),
		"no process of this machine listens on port %u: --observe-pid takes a process of "
		"the server behind it",
		port);
	assert_string_equal(bench->observation.reason, expected);
	close_bench(bench);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(why_nothing_is_read),
		cmocka_unit_test(a_server_that_is_started_again),
		cmocka_unit_test(a_named_process),
		cmocka_unit_test(a_server_that_comes_later),
		cmocka_unit_test(another_control_group),
		cmocka_unit_test(nobody_without_a_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
