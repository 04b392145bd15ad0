/* SPDX-License-Identifier: MIT */
/*
 * Several windows of one engine on a real ring, against the embedded server: what each of them
 * counted is what the server counted meanwhile, and connections are made again only where they
 * were lost.
 * test-measures: windows of tens of milliseconds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "plan/arrival.h"
#include "plan/plan.h"
#include "tests/unit/target_peer.h"

#define CONNECTIONS 8
#define RATE_MRPS   4000000
#define WINDOW_NS   (100 * NS_PER_MS)

/* A server, and a load on it. */
struct bench {
	struct peer_server server;
	char url[64];
	struct scenario scenario;
	struct plan plan;
	struct engine *engine;
	int64_t seen_requests, seen_connections; /* what the server had counted, so far */
};

/* All workers' figures of a window, and what the server counted meanwhile. */
struct window {
	uint64_t scheduled, sent, completed, in_flight, failed, dropped, unsent;
	uint64_t attempted, established, replaced, closed_by_peer, unsolicited, refused, timeouts;
	int64_t served, accepted;
};

static const char *const quick[] = {"/ size=10", NULL};

static void bench_begin(struct bench *bench, const char *const *routes)
{
	memset(bench, 0, sizeof(*bench));
	peer_open(&bench->server, routes, NULL);
	snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%u/", bench->server.port);
	scenario_init(&bench->scenario);
	bench->scenario.url = bench->url;
	bench->scenario.connections = CONNECTIONS;
	bench->scenario.workers = 2;
	bench->scenario.open_loop = true;
	bench->scenario.rate_mrps = RATE_MRPS;
	bench->scenario.duration_ns = WINDOW_NS;
	bench->scenario.has_seed = true;
	bench->scenario.seed = 7;
}

static void bench_open(struct bench *bench)
{
	struct err err = {0};

	if (scenario_check(&bench->scenario, &err) ||
		plan_make(&bench->plan, &bench->scenario, &err))
		fail_msg("%s", err.text);
	bench->plan.slowest_rows = 16;
	engine_memory(&bench->plan);
	if (engine_open(&bench->engine, &bench->plan, &err))
		fail_msg("%s", err.text);
}

static void bench_end(struct bench *bench)
{
	engine_close(bench->engine);
	plan_release(&bench->plan);
	scenario_release(&bench->scenario);
	peer_close(&bench->server);
}

static void again(struct bench *bench)
{
	struct err err = {0};

	if (engine_again(bench->engine, &err))
		fail_msg("%s", err.text);
}

static void retime(struct bench *bench, uint64_t rate_mrps, uint64_t duration_ns, uint64_t seed)
{
	const struct plan_window window = {.rate_mrps = rate_mrps,
		.warmup_ns = 10 * NS_PER_MS,
		.duration_ns = duration_ns,
		.seed = seed};

	plan_retime(&bench->plan, &window);
}

static void add_up(struct window *window, const struct stats *stats)
{
	const uint64_t *connections = stats->connections.value;
	const char *broken;

	for (unsigned int p = 0; p < STATS_PHASE_COUNT; p++) {
		const struct counters *counters = &stats->phase[p].counters;

		if (!counters_identity(counters, &broken))
			fail_msg("%s", broken);
		window->scheduled += counters->value[COUNTER_SCHEDULED];
		window->sent += counters->value[COUNTER_SENT];
		window->completed += counters->value[COUNTER_COMPLETED];
		window->in_flight += counters->value[COUNTER_IN_FLIGHT];
		window->unsent += counters->value[COUNTER_UNSENT];
		window->failed += counters_failed(counters);
		window->dropped += counters_dropped(counters);
	}
	window->attempted += connections[CONNECTION_ATTEMPTED];
	window->established += connections[CONNECTION_ESTABLISHED];
	window->replaced += connections[CONNECTION_REPLACED];
	window->closed_by_peer += connections[CONNECTION_CLOSED_BY_PEER];
	window->unsolicited += connections[CONNECTION_UNSOLICITED];
	window->refused += connections[CONNECTION_FAILED_REFUSED];
	window->timeouts += connections[CONNECTION_FAILED_TIMEOUT];
}

/* The addresses' figures are the window's too. */
static void check_addresses(const struct bench *bench, const struct window *window)
{
	struct address_counters address;
	uint32_t established;

	assert_int_equal(bench->plan.address_count, 1);
	engine_address_stats(bench->engine, &address);
	engine_address_counts(bench->engine, &established);
	assert_int_equal(address.value[ADDRESS_ATTEMPTED], window->attempted);
	assert_int_equal(address.value[ADDRESS_ESTABLISHED], window->established);
	assert_true(address.value[ADDRESS_COMPLETED] <= window->completed);
	assert_true(established <= CONNECTIONS);
}

static void check_info(const struct bench *bench, uint64_t start_ns, uint64_t end_ns)
{
	for (size_t i = 0; i < bench->plan.worker_count; i++) {
		const struct slowest *slowest = engine_slowest(bench->engine, i);
		struct engine_worker_info info;

		engine_worker_info(bench->engine, i, &info);
		assert_true(info.tid > 0);
		assert_true(info.window_end_ns >= start_ns && info.end_ns <= end_ns);
		/* Of this window, and not of all so far. */
		assert_true(info.cpu_ns > 0 && info.cpu_ns <= end_ns - start_ns);
		assert_null(info.odd_reason);
		assert_true(slowest->count <= 16);
		for (size_t r = 0; r < slowest->count; r++)
			assert_true(slowest->rows[r].intended_ns >= start_ns);
	}
}

/* Waits for the end of a window. */
static struct window finish(struct bench *bench, uint64_t start_ns)
{
	struct window window = {0};
	int64_t requests, connections;

	while (!engine_wait(bench->engine, clock_now_ns() + NS_PER_S))
		;
	assert_null(engine_fault(bench->engine));
	for (size_t i = 0; i < bench->plan.worker_count; i++)
		add_up(&window, engine_stats(bench->engine, i));
	check_addresses(bench, &window);
	if (window.completed)
		check_info(bench, start_ns, clock_now_ns());
	requests = peer_count(&bench->server, "requests");
	connections = peer_count(&bench->server, "connections.accepted");
	window.served = requests - bench->seen_requests;
	window.accepted = connections - bench->seen_connections;
	bench->seen_requests = requests;
	bench->seen_connections = connections;
	return window;
}

/* The window that the engine is ready for. */
static struct window run(struct bench *bench)
{
	uint64_t start_ns = clock_now_ns() + NS_PER_MS;

	engine_start(bench->engine, start_ns);
	return finish(bench, start_ns);
}

/* How many arrivals the window of the plan has, of all workers. */
static uint64_t arrivals(const struct plan *plan)
{
	uint64_t count = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		struct arrival arrival;

		for (arrival_init(&arrival, plan, i); arrival.next_ns != ARRIVAL_NONE;
			arrival_advance(&arrival))
			count++;
	}
	return count;
}

/* Everything scheduled was answered, and nothing else happened. */
static void check_whole(const struct bench *bench, const struct window *window)
{
	assert_int_equal(window->scheduled, arrivals(&bench->plan));
	assert_int_equal(window->sent, window->scheduled);
	assert_int_equal(window->completed, window->scheduled);
	assert_int_equal(window->served, window->scheduled);
	assert_int_equal(window->unsolicited, 0);
	assert_int_equal(window->refused, 0);
	assert_int_equal(window->timeouts, 0);
}

static void five_windows(struct bench *bench)
{
	static const struct {
		uint64_t rate_mrps, duration_ns, seed;
	} windows[] = {{1000000, 100 * NS_PER_MS, 1}, {4000000, 50 * NS_PER_MS, 2},
		{500000, 150 * NS_PER_MS, 3}, {4000000, 50 * NS_PER_MS, 2},
		{3999999, 50 * NS_PER_MS, 5}};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct window window;

		if (i)
			again(bench);
		/* The first is what the plan was made for. */
		window = run(bench);
		check_whole(bench, &window);
		assert_int_equal(window.attempted, i ? 0 : CONNECTIONS);
		assert_int_equal(window.accepted, i ? 0 : CONNECTIONS);
		assert_int_equal(window.replaced, 0);
		assert_int_equal(window.closed_by_peer, 0);
		retime(bench, windows[i].rate_mrps, windows[i].duration_ns, windows[i].seed);
	}
}

static void connections_are_made_once(void **state)
{
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench_open(&bench);
	five_windows(&bench);
	bench_end(&bench);
}

static void arrivals_follow_the_window_s_seed(void **state)
{
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.arrival = SCENARIO_POISSON;
	bench_open(&bench);
	five_windows(&bench);
	bench_end(&bench);
}

/* The text of a file of a worker's thread in procfs. */
static void read_task(
	const struct bench *bench, size_t worker, const char *name, char *text, size_t bytes)
{
	struct engine_worker_info info;
	char path[64];
	FILE *file;

	engine_worker_info(bench->engine, worker, &info);
	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", info.tid, name);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, bytes - 1, file)] = '\0';
	fclose(file);
}

/* CPU time of a worker's thread so far. */
static uint64_t cpu_ns(const struct bench *bench, size_t worker)
{
	char text[128];

	read_task(bench, worker, "schedstat", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

/* From being done to being asleep takes as long as others have the CPU. */
static void await_sleep(const struct bench *bench, size_t worker)
{
	uint64_t deadline_ns = clock_now_ns() + PEER_PATIENCE_S * NS_PER_S;
	char text[512];

	do {
		usleep(5000);
		read_task(bench, worker, "stat", text, sizeof(text));
		if (clock_now_ns() > deadline_ns)
			fail_msg("worker %zu does not sleep", worker);
	} while (strncmp(strrchr(text, ')'), ") S", 3) != 0);
}

static void a_wait_takes_no_cpu_time(void **state)
{
	uint64_t before_ns[2];
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.pacing = SCENARIO_PACING_SPIN;
	bench_open(&bench);
	assert_int_equal(bench.plan.worker_count, 2);
	run(&bench);
	for (size_t i = 0; i < 2; i++) {
		await_sleep(&bench, i);
		before_ns[i] = cpu_ns(&bench, i);
	}
	usleep(100000);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(cpu_ns(&bench, i), before_ns[i]);
	bench_end(&bench);
}

/* Ready, it looks after its connections now and then, and does not spin for the start. */
static void a_wait_for_the_start_takes_hardly_any(void **state)
{
	uint64_t before_ns[2], began_ns;
	struct window window;
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.pacing = SCENARIO_PACING_SPIN;
	bench_open(&bench);
	assert_int_equal(bench.plan.worker_count, 2);
	began_ns = clock_now_ns();
	for (size_t i = 0; i < 2; i++)
		before_ns[i] = cpu_ns(&bench, i);
	usleep(250000);
	for (size_t i = 0; i < 2; i++)
		assert_true(cpu_ns(&bench, i) - before_ns[i] < (clock_now_ns() - began_ns) / 10);
	/* Told of it, they begin. */
	window = run(&bench);
	check_whole(&bench, &window);
	bench_end(&bench);
}

/* A server that ends closes its idle connections; another one takes its place. */
static void restart_server(struct bench *bench)
{
	const char *address;
	struct target_options options = {.addresses = &address, .address_count = 1};
	struct err err = {0};
	char text[32];

	snprintf(text, sizeof(text), "127.0.0.1:%u", bench->server.port);
	address = text;
	options.routes = &bench->server.set;
	target_close(bench->server.target);
	if (target_open(&bench->server.target, &options, &err))
		fail_msg("%s", err.text);
	bench->seen_requests = bench->seen_connections = 0;
}

static void what_the_server_closed_is_replaced(void **state)
{
	struct window window;
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench_open(&bench);
	for (int i = 0; i < 3; i++) {
		window = run(&bench);
		check_whole(&bench, &window);
		assert_int_equal(window.attempted, CONNECTIONS);
		assert_int_equal(window.established, CONNECTIONS);
		assert_int_equal(window.accepted, CONNECTIONS);
		assert_int_equal(window.replaced, i ? CONNECTIONS : 0);
		assert_int_equal(window.closed_by_peer, i ? CONNECTIONS : 0);
		restart_server(&bench);
		again(&bench);
	}
	window = run(&bench);
	check_whole(&bench, &window);
	bench_end(&bench);
}

/* A window ends before its answers come; those come while the worker waits, or after. */
/* Whether the machine stood still so long that there were answers where none are expected. */
static bool stalled(uint64_t since_ns, uint64_t most_ns)
{
	return clock_now_ns() - since_ns > most_ns;
}

/* False when the machine did not let it be. */
static bool replaces_what_never_answered(void)
{
	static const char *const slow[] = {"/ size=10 service=fixed:150ms", NULL};
	uint64_t in_flight = 0, begun_ns;
	struct window window;
	struct bench bench;
	bool sound = true;

	bench_begin(&bench, slow);
	bench.scenario.timeout_ns = 2 * NS_PER_S;
	bench.scenario.drain_ns = 10 * NS_PER_MS;
	bench.scenario.rate_mrps = 100000;
	bench.scenario.duration_ns = 40 * NS_PER_MS;
	bench_open(&bench);
	for (int i = 0; i < 4 && sound; i++) {
		if (i) {
			usleep(i % 2 ? 200000 : 0);
			again(&bench);
		}
		begun_ns = clock_now_ns();
		window = run(&bench);
		sound = !stalled(begun_ns, 140 * NS_PER_MS);
		assert_int_equal(window.scheduled, 4);
		assert_true(!sound || window.in_flight == window.sent);
		assert_int_equal(window.completed + window.in_flight, window.sent);
		assert_int_equal(window.unsolicited, 0);
		assert_int_equal(window.closed_by_peer, 0);
		assert_int_equal(window.replaced, in_flight);
		assert_int_equal(window.attempted, i ? in_flight : CONNECTIONS);
		assert_int_equal(window.established, window.attempted);
		in_flight = window.in_flight;
	}
	/* One with time for the answers. */
	if (sound) {
		retime(&bench, 2500, 750 * NS_PER_MS, 1);
		again(&bench);
		begun_ns = clock_now_ns();
		window = run(&bench);
		sound = !stalled(begun_ns, 800 * NS_PER_MS);
		if (sound)
			check_whole(&bench, &window);
		assert_int_equal(window.replaced, in_flight);
	}
	bench_end(&bench);
	return sound;
}

static void what_never_answered_is_replaced(void **state)
{
	int turns = 20;

	(void)state;
	while (!replaces_what_never_answered())
		assert_true(--turns > 0);
}

static void each_request_has_its_own_connection(void **state)
{
	struct window window;
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.no_keepalive = bench.scenario.reset_on_close = true;
	bench.scenario.rate_mrps = 1000000;
	bench_open(&bench);
	for (int i = 0; i < 3; i++) {
		if (i)
			again(&bench);
		window = run(&bench);
		check_whole(&bench, &window);
		assert_int_equal(window.attempted, window.scheduled);
		assert_int_equal(window.accepted, window.scheduled);
	}
	bench_end(&bench);
}

static void a_stop_of_a_window_ends_no_other(void **state)
{
	uint64_t start_ns;
	struct window window;
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.rate_mrps = 1000000;
	bench.scenario.duration_ns = 60 * NS_PER_S;
	bench_open(&bench);
	start_ns = clock_now_ns();
	engine_start(bench.engine, start_ns);
	assert_false(engine_wait(bench.engine, clock_now_ns() + 50 * NS_PER_MS));
	engine_stop(bench.engine, ENGINE_STOP_WINDOW);
	window = finish(&bench, start_ns);
	assert_true(window.scheduled >= 40 && window.scheduled < 60000);
	assert_int_equal(window.completed, window.scheduled);
	/* One that comes when the window is over changes nothing. */
	engine_stop(bench.engine, ENGINE_STOP_WINDOW);
	retime(&bench, 1000000, WINDOW_NS, 3);
	again(&bench);
	window = run(&bench);
	check_whole(&bench, &window);
	bench_end(&bench);
}

static void a_stop_for_good_ends_a_wait(void **state)
{
	static const enum engine_stop stops[] = {ENGINE_STOP_DRAIN, ENGINE_STOP_NOW};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct err err = {0};
		struct bench bench;

		bench_begin(&bench, quick);
		bench_open(&bench);
		run(&bench);
		engine_stop(bench.engine, stops[i]);
		assert_true(engine_wait(bench.engine, clock_now_ns()));
		assert_int_equal(engine_again(bench.engine, &err), -EINTR);
		assert_int_equal(err.kind, ERR_INTERRUPTED);
		bench_end(&bench);
	}
}

static struct engine *stopped;

static void stop(int number)
{
	(void)number;
	engine_stop(stopped, ENGINE_STOP_NOW);
}

/* While the connections come back, four a second. */
static void a_signal_ends_engine_again(void **state)
{
	struct itimerval timer = {.it_value.tv_usec = 100000};
	struct err err = {0};
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	bench.scenario.connections = 2;
	bench.scenario.workers = 1;
	bench.scenario.connect_rate_mrps = 4000;
	bench_open(&bench);
	run(&bench);
	restart_server(&bench);
	stopped = bench.engine;
	signal(SIGALRM, stop);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(engine_again(bench.engine, &err), -EINTR);
	signal(SIGALRM, SIG_DFL);
	bench_end(&bench);
}

/* Whose limit it is that leaves no event, and how to raise it. */
static void too_few_files_are_told(void **state)
{
	struct rlimit limit, none;
	struct err err = {0};
	struct bench bench;

	(void)state;
	bench_begin(&bench, quick);
	assert_int_equal(scenario_check(&bench.scenario, &err), 0);
	assert_int_equal(plan_make(&bench.plan, &bench.scenario, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(engine_open(&bench.engine, &bench.plan, &err), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_null(bench.engine);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "this process may have 3 open files and has them"));
	assert_non_null(strstr(err.text, "\"ulimit -n 6\""));
	bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_made_once),
		cmocka_unit_test(arrivals_follow_the_window_s_seed),
		cmocka_unit_test(a_wait_takes_no_cpu_time),
		cmocka_unit_test(a_wait_for_the_start_takes_hardly_any),
		cmocka_unit_test(what_the_server_closed_is_replaced),
		cmocka_unit_test(what_never_answered_is_replaced),
		cmocka_unit_test(each_request_has_its_own_connection),
		cmocka_unit_test(a_stop_of_a_window_ends_no_other),
		cmocka_unit_test(a_stop_for_good_ends_a_wait),
		cmocka_unit_test(a_signal_ends_engine_again),
		cmocka_unit_test(too_few_files_are_told),
	};

	return cmocka_run_group_tests_name("engine_again", tests, NULL, NULL);
}
