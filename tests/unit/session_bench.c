/* SPDX-License-Identifier: MIT */
#include "tests/unit/session_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "target/target.h"
#include "tests/unit/target_peer.h"

#define HIGHEST_MRPS UINT64_C(2000000)

static uint16_t read_port(int fd)
{
	uint16_t port = 0;

	return read(fd, &port, sizeof(port)) == sizeof(port) ? port : 0;
}

static void write_port(int fd, uint16_t port)
{
	if (write(fd, &port, sizeof(port)) != sizeof(port))
		fail_msg("a pipe to the server is closed");
}

static void serve(int orders, int answers, const char *route)
{
	char place[32];
	const char *address = place;
	struct target_options options = {
		.addresses = &address, .address_count = 1, .worker_count = 1, .seed = 1};
	struct route_set routes = {0};
	struct target *target = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(place, sizeof(place), "127.0.0.1:%u", read_port(orders));
	if (route_set_add(&routes, route, NULL) || route_set_finish(&routes, NULL))
		_exit(1);
	options.routes = &routes;
	/* The socket of a process that was killed is there for a moment longer. */
	for (int i = 0; i < 100 && target_open(&target, &options, NULL); i++)
		usleep(20000);
	write_port(answers, target ? target_port(target, 0) : 0);
	if (target)
		target_wait(target, NULL);
	_exit(0);
}

void session_bench_fork(struct session_server *server, const char *route)
{
	int orders[2], answers[2];

	assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		close(orders[1]);
		close(answers[0]);
		serve(orders[0], answers[1], route);
	}
	close(orders[0]);
	close(answers[1]);
	server->orders = orders[1];
	server->answers = answers[0];
}

/* port: 0: any. */
static void open_server(struct session_server *server, uint16_t port)
{
	write_port(server->orders, port);
	server->port = read_port(server->answers);
	assert_int_not_equal(server->port, 0);
}

static void close_server(struct session_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->orders);
	close(server->answers);
}

/* Connections of this machine, of IPv4, to the port. */
static size_t count_connections(uint16_t port)
{
	FILE *file = fopen("/proc/net/tcp", "r");
	char line[256];
	unsigned int to, state;
	size_t count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*d: %*x:%*x %*x:%x %x", &to, &state) == 2)
			count += to == port && state == TCP_ESTABLISHED;
	fclose(file);
	return count;
}

/* What a process had in a ring is closed a while after its end. */
void session_bench_replace(struct session_server *server, struct session_server *successor)
{
	uint64_t until_ns = clock_now_ns() + 10 * NS_PER_S;

	close_server(server);
	while (count_connections(server->port)) {
		assert_true(clock_now_ns() < until_ns);
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
	}
	open_server(successor, server->port);
	*server = *successor;
}

void session_bench_lay(
	struct session_bench *bench, const char *route, enum attribution_mode attribution)
{
	memset(bench, 0, sizeof(*bench));
	session_bench_fork(&bench->server, route);
	open_server(&bench->server, 0);
	snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%u/", bench->server.port);
	scenario_init(&bench->scenario);
	bench->scenario.url = bench->url;
	bench->scenario.connections = 8;
	bench->scenario.workers = 1;
	bench->scenario.open_loop = true;
	bench->scenario.rate_mrps = HIGHEST_MRPS;
	bench->scenario.has_seed = true;
	bench->scenario.seed = 7;
	bench->options.attribution.probe.sample = 1;
	bench->options.attribution.mode = attribution;
	bench->options.progress = true;
	bench->options.thresholds = &bench->thresholds;
}

void session_bench_begin(struct session_bench *bench)
{
	struct err err = {0};

	if (threshold_list_add(&bench->thresholds, "error_rate<1%", &err) ||
		scenario_check(&bench->scenario, &err) ||
		session_open(&bench->session, &bench->scenario, &bench->options, &err))
		fail_msg("%s", err.text);
}

void session_bench_open(
	struct session_bench *bench, const char *route, enum attribution_mode attribution)
{
	session_bench_lay(bench, route, attribution);
	session_bench_begin(bench);
}

void session_bench_close(struct session_bench *bench)
{
	session_close(bench->session);
	run_end_signals();
	scenario_release(&bench->scenario);
	threshold_list_release(&bench->thresholds);
	close_server(&bench->server);
}

void session_bench_trial(
	struct session_bench *bench, const struct session_window *window, struct result *result)
{
	struct err err = {0};

	if (session_trial(bench->session, window, result, &err))
		fail_msg("%s", err.text);
	assert_true(result->complete);
}

void session_bench_expect(const struct result *result, uint64_t scheduled, uint64_t warmup)
{
	const uint64_t *run = result->run.counters.value;

	assert_int_equal(run[COUNTER_SCHEDULED], scheduled);
	assert_int_equal(run[COUNTER_COMPLETED], scheduled);
	assert_int_equal(run[COUNTER_OUTCOME_OK], scheduled);
	assert_int_equal(result->warmup.counters.value[COUNTER_COMPLETED], warmup);
	assert_int_equal(result->run.latency[RESULT_TOTAL].count, scheduled);
	assert_int_not_equal(result->validity.verdict, RESULT_INTERNAL_ERROR);
	assert_int_not_equal(result->validity.verdict, RESULT_INTERRUPTED);
	assert_int_equal(result->threshold_count, 1);
	assert_true(result->thresholds[0].value < 0.01);
	assert_int_not_equal(result->thresholds[0].state, RESULT_FAIL);
}
