/* SPDX-License-Identifier: MIT */
/* Several trials in one session, against the embedded server in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/session.h"
#include "target/target.h"
#include "tests/unit/target_peer.h"

#define HIGHEST_MRPS UINT64_C(2000000)

/* A session on its server. */
struct bench {
	pid_t server;
	char url[64];
	struct scenario scenario;
	struct run_options options;
	struct session *session;
};

static void serve(int port_pipe, const char *route)
{
	static const char *const address = "127.0.0.1:0";
	struct target_options options = {
		.addresses = &address, .address_count = 1, .worker_count = 1, .seed = 1};
	struct route_set routes = {0};
	struct target *target = NULL;
	uint16_t port = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (route_set_add(&routes, route, NULL) || route_set_finish(&routes, NULL))
		_exit(1);
	options.routes = &routes;
	if (!target_open(&target, &options, NULL))
		port = target_port(target, 0);
	if (write(port_pipe, &port, sizeof(port)) != sizeof(port) || !port)
		_exit(1);
	target_wait(target, NULL);
	_exit(0);
}

static void open_server(struct bench *bench, const char *route)
{
	uint16_t port = 0;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	bench->server = fork();
	assert_true(bench->server >= 0);
	if (!bench->server)
		serve(ends[1], route);
	assert_int_equal(read(ends[0], &port, sizeof(port)), sizeof(port));
	assert_int_not_equal(port, 0);
	close(ends[0]);
	close(ends[1]);
	snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%u/", port);
}

static void open_bench(struct bench *bench, const char *route, enum attribution_mode attribution)
{
	struct err err = {0};

	memset(bench, 0, sizeof(*bench));
	open_server(bench, route);
	scenario_init(&bench->scenario);
	bench->scenario.url = bench->url;
	bench->scenario.connections = 8;
	bench->scenario.workers = 1;
	bench->scenario.open_loop = true;
	bench->scenario.rate_mrps = HIGHEST_MRPS;
	bench->scenario.has_seed = true;
	bench->scenario.seed = 7;
	bench->options.attribution.mode = attribution;
	if (scenario_check(&bench->scenario, &err) ||
		session_open(&bench->session, &bench->scenario, &bench->options, &err))
		fail_msg("%s", err.text);
}

static void close_bench(struct bench *bench)
{
	session_close(bench->session);
	run_end_signals();
	scenario_release(&bench->scenario);
	kill(bench->server, SIGKILL);
	waitpid(bench->server, NULL, 0);
}

static void trial(struct bench *bench, const struct session_window *window, struct result *result)
{
	struct err err = {0};

	if (session_trial(bench->session, window, result, &err))
		fail_msg("%s", err.text);
	assert_true(result->complete);
}

/* Everything sent was answered, and the figures agree with one another. */
static void expect_counts(const struct result *result, uint64_t scheduled, uint64_t warmup)
{
	const uint64_t *run = result->run.counters.value;

	assert_int_equal(run[COUNTER_SCHEDULED], scheduled);
	assert_int_equal(run[COUNTER_COMPLETED], scheduled);
	assert_int_equal(run[COUNTER_OUTCOME_OK], scheduled);
	assert_int_equal(result->warmup.counters.value[COUNTER_COMPLETED], warmup);
	assert_int_equal(result->run.latency[RESULT_TOTAL].count, scheduled);
	assert_int_not_equal(result->validity.verdict, RESULT_INTERNAL_ERROR);
	assert_int_not_equal(result->validity.verdict, RESULT_INTERRUPTED);
}

static void expect_timeline(const struct result *result, uint64_t completed, double seconds)
{
	uint64_t sum = 0;

	assert_true(result->interval_count >= 2);
	for (size_t i = 0; i < result->interval_count; i++) {
		sum += result->timeline[i].completed;
		/* Where a busy machine lets the collector wait, two are one. */
		assert_true(result->timeline[i].seconds < 20 * seconds);
	}
	assert_int_equal(sum, completed);
}

static void each_trial_is_a_run_of_its_own(void **state)
{
	static const struct {
		uint64_t mrps, warmup_ms, duration_ms, requests, before;
	} rows[] = {{500000, 0, 300, 150, 0}, {2000000, 100, 200, 400, 200}, {1000, 0, 100, 1, 0},
		{1000000, 50, 250, 250, 50}};
	struct result result;
	struct bench bench;

	(void)state;
	open_bench(&bench, "/*", ATTRIBUTION_OFF);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct session_window window = {.rate_mrps = rows[i].mrps,
			.warmup_ns = rows[i].warmup_ms * NS_PER_MS,
			.duration_ns = rows[i].duration_ms * NS_PER_MS,
			.interval_ns = 50 * NS_PER_MS};

		trial(&bench, &window, &result);
		expect_counts(&result, rows[i].requests, rows[i].before);
		expect_timeline(&result, rows[i].requests + rows[i].before, 0.05);
		assert_int_equal(result.seed, 7 + i);
		assert_true(result.run.asked_rps == (double)rows[i].mrps / 1000);
		assert_true(result.window.duration_s == (double)rows[i].duration_ms / 1000);
		assert_true(result.window.warmup_s == (double)rows[i].warmup_ms / 1000);
		assert_int_equal(result.target.address_count, 1);
		assert_int_equal(result.target.addresses[0].connections, 8);
		assert_int_equal(result.target.addresses[0].counters.value[ADDRESS_COMPLETED],
			rows[i].requests);
		assert_true(result.resources.measured);
		assert_int_equal(result.resources.process_count, 1);
		assert_int_equal(result.resources.processes[0].pid, bench.server);
		result_release(&result);
	}
	assert_false(session_interrupted(bench.session));
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trial_is_a_run_of_its_own),
	};

	log_set_quiet(true);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
