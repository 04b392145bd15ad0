/* SPDX-License-Identifier: MIT */
/*
 * Several trials in one session, against the embedded server in a process of its own.
 * test-measures: trials of tens of milliseconds, and signals in the midst of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/interrupt.h"
#include "run/session.h"
#include "target/target.h"
#include "tests/unit/target_peer.h"

#define HIGHEST_MRPS UINT64_C(2000000)

/* The embedded server in a process that was forked before this one has other threads. */
struct server {
	pid_t pid;
	uint16_t port;
	int orders, answers; /* ends of pipes: the port to take, the port that was taken */
};

/* A session on its server. */
struct bench {
	struct server server;
	char url[64];
	struct scenario scenario;
	struct threshold_list thresholds;
	struct run_options options;
	struct session *session;
};

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

static void fork_server(struct server *server, const char *route)
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
static void open_server(struct server *server, uint16_t port)
{
	write_port(server->orders, port);
	server->port = read_port(server->answers);
	assert_int_not_equal(server->port, 0);
}

static void close_server(struct server *server)
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

/* Another one on the port. What a process had in a ring is closed a while after its end. */
static void replace_server(struct server *server, struct server *successor)
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

/* But for the session. */
static void lay_bench(struct bench *bench, const char *route, enum attribution_mode attribution)
{
	memset(bench, 0, sizeof(*bench));
	fork_server(&bench->server, route);
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

static void begin_bench(struct bench *bench)
{
	struct err err = {0};

	if (threshold_list_add(&bench->thresholds, "error_rate<1%", &err) ||
		scenario_check(&bench->scenario, &err) ||
		session_open(&bench->session, &bench->scenario, &bench->options, &err))
		fail_msg("%s", err.text);
}

static void open_bench(struct bench *bench, const char *route, enum attribution_mode attribution)
{
	lay_bench(bench, route, attribution);
	begin_bench(bench);
}

static void close_bench(struct bench *bench)
{
	session_close(bench->session);
	run_end_signals();
	scenario_release(&bench->scenario);
	threshold_list_release(&bench->thresholds);
	close_server(&bench->server);
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
	assert_int_equal(result->threshold_count, 1);
	assert_true(result->thresholds[0].value < 0.01);
	assert_int_not_equal(result->thresholds[0].state, RESULT_FAIL);
}

/* Returns how many intervals there are: where a busy machine lets the collector wait, few. */
static size_t expect_timeline(const struct result *result, uint64_t completed)
{
	uint64_t sum = 0;

	assert_true(result->interval_count > 0);
	for (size_t i = 0; i < result->interval_count; i++)
		sum += result->timeline[i].completed;
	assert_int_equal(sum, completed);
	return result->interval_count;
}

/* A late collector may not have begun to read within a short window. */
static bool has_resources(const struct bench *bench, const struct result *result)
{
	if (!result->resources.measured)
		return false;
	assert_int_equal(result->resources.process_count, 1);
	assert_int_equal(result->resources.processes[0].pid, bench->server.pid);
	assert_false(result->resources.processes[0].began);
	return true;
}

static void each_trial_is_a_run_of_its_own(void **state)
{
	static const struct {
		uint64_t mrps, warmup_ms, duration_ms, requests, before;
	} rows[] = {{500000, 0, 300, 150, 0}, {2000000, 100, 200, 400, 200}, {1000, 0, 100, 1, 0},
		{1000000, 50, 250, 250, 50}};
	struct result result;
	struct bench bench;
	size_t intervals = 0, resources = 0, steals = 0;
	double steal;

	(void)state;
	open_bench(&bench, "/*", ATTRIBUTION_OFF);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct session_window window = {.rate_mrps = rows[i].mrps,
			.warmup_ns = rows[i].warmup_ms * NS_PER_MS,
			.duration_ns = rows[i].duration_ms * NS_PER_MS,
			.interval_ns = 50 * NS_PER_MS};

		trial(&bench, &window, &result);
		expect_counts(&result, rows[i].requests, rows[i].before);
		intervals += expect_timeline(&result, rows[i].requests + rows[i].before);
		assert_int_equal(result.seed, 7 + i);
		assert_true(result.run.asked_rps == (double)rows[i].mrps / 1000);
		assert_true(result.window.duration_s == (double)rows[i].duration_ms / 1000);
		assert_true(result.window.warmup_s == (double)rows[i].warmup_ms / 1000);
		assert_int_equal(result.target.address_count, 1);
		assert_int_equal(result.target.addresses[0].connections, 8);
		/* They stay from one trial to the next. */
		assert_int_equal(result.connections.value[CONNECTION_ATTEMPTED], i ? 0 : 8);
		assert_int_equal(result.target.addresses[0].counters.value[ADDRESS_COMPLETED],
			rows[i].requests);
		resources += has_resources(&bench, &result);
		if (session_steal(bench.session, &steal)) {
			assert_true(steal >= 0 && steal <= 1);
			steals++;
		}
		result_release(&result);
	}
	/* 21 of 50 ms each, while nothing is late. */
	assert_true(intervals > 8);
	assert_true(resources > 0 && steals > 0);
	assert_false(session_interrupted(bench.session));
	close_bench(&bench);
}

/* It ends before its time, and the next one does not. */
static void a_trial_that_is_ended_early(void **state)
{
	struct session_window window = {.rate_mrps = 1000000,
		.duration_ns = 20 * NS_PER_S,
		.interval_ns = 50 * NS_PER_MS,
		.abort_ns = 200 * NS_PER_MS};
	struct result result;
	struct bench bench;

	(void)state;
	open_bench(&bench, "/* status=503", ATTRIBUTION_OFF);
	trial(&bench, &window, &result);
	assert_true(result.window.aborted.happened);
	assert_int_equal(result.window.aborted.sign, RESULT_SIGN_ERRORS);
	assert_true(result.window.aborted.lasted_s >= 0.2 && result.window.aborted.value == 1);
	assert_true(result.window.duration_s >= 0.2 && result.window.duration_s < 10);
	assert_int_equal(result.run.counters.value[COUNTER_COMPLETED],
		result.run.counters.value[COUNTER_SCHEDULED]);
	assert_int_equal(result.thresholds[0].state, RESULT_FAIL);
	assert_false(result.window.interrupted);
	result_release(&result);
	/* More than 1 % of them must have failed: 400 of 20,000 are. */
	window.abort_lost_only = true;
	trial(&bench, &window, &result);
	assert_true(result.window.aborted.happened);
	assert_true(result.run.counters.value[COUNTER_COMPLETED] > 200);
	result_release(&result);
	window.abort_ns = 0;
	window.duration_ns = 400 * NS_PER_MS;
	trial(&bench, &window, &result);
	assert_false(result.window.aborted.happened);
	assert_int_equal(result.run.counters.value[COUNTER_SCHEDULED], 400);
	result_release(&result);
	close_bench(&bench);
}

/* Of a probe that follows all requests. A late collector begins the window behind a warm-up late,
 * and some of the warm-up may end in it. */
static void expect_kernel(const struct result_kernel *kernel, uint64_t sent, uint64_t warmup)
{
	size_t joined = 0;

	if (!kernel->measured)
		fail_msg("%s", kernel->reason);
	assert_in_range(kernel->requests, warmup ? sent / 2 : sent, sent + warmup);
	assert_true(kernel->looked_share > 0.99);
	assert_int_equal(kernel->counters[RESULT_KERNEL_SEEDED].value, 8);
	assert_int_equal(kernel->counters[RESULT_KERNEL_OPENED].value, 0);
	assert_int_equal(kernel->worker_count, 1);
	assert_in_range(kernel->workers[0].requests, 1, kernel->requests);
	assert_true(kernel->stages[PROBE_ABI_APP].mean_ns > 150e3);
	for (size_t i = 0; i < kernel->slowest_count; i++)
		joined += kernel->slowest[i].has_client;
	assert_int_equal(kernel->slowest_count, RESULT_KERNEL_SLOWEST);
	assert_in_range(joined, 1, RESULT_KERNEL_SLOWEST);
	assert_int_equal(kernel->open.waiting + kernel->open.reading, 0);
}

static void the_kernel_s_side_is_of_the_trial(void **state)
{
	static const struct session_window windows[] = {
		{.rate_mrps = 500000, .warmup_ns = 100 * NS_PER_MS, .duration_ns = 300 * NS_PER_MS},
		{.rate_mrps = 1000000, .duration_ns = 200 * NS_PER_MS},
		{.rate_mrps = 1000000, .duration_ns = 200 * NS_PER_MS, .unprobed = true},
		{.rate_mrps = 200000, .warmup_ns = 50 * NS_PER_MS, .duration_ns = 250 * NS_PER_MS},
	};
	struct result result;
	struct bench bench;

	(void)state;
	open_bench(&bench, "/* service=fixed:200us by=spin", ATTRIBUTION_AUTO);
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		const struct session_window *window = &windows[i];
		uint64_t sent = window->rate_mrps * window->duration_ns / NS_PER_S / 1000;
		uint64_t warmup = window->rate_mrps * window->warmup_ns / NS_PER_S / 1000;

		trial(&bench, window, &result);
		if (i == 0 && !result.kernel.measured) {
			result_release(&result);
			close_bench(&bench);
			skip();
		}
		expect_counts(
			&result, sent, window->rate_mrps * window->warmup_ns / NS_PER_S / 1000);
		assert_int_equal(result.kernel.measured, !window->unprobed);
		if (window->unprobed)
			assert_string_equal(result.kernel.reason, "the probe rested in this trial");
		else
			expect_kernel(&result.kernel, sent, warmup);
		result_release(&result);
	}
	close_bench(&bench);
}

/* Between two trials: its connections are made anew, and its new process is looked at. */
static void a_server_may_be_started_anew(void **state)
{
	const struct session_window window = {
		.rate_mrps = 500000, .duration_ns = 200 * NS_PER_MS, .interval_ns = 50 * NS_PER_MS};
	struct server successor;
	struct result result;
	struct bench bench;

	(void)state;
	fork_server(&successor, "/* service=fixed:200us by=spin");
	open_bench(&bench, "/* service=fixed:200us by=spin", ATTRIBUTION_AUTO);
	trial(&bench, &window, &result);
	expect_counts(&result, 100, 0);
	result_release(&result);
	replace_server(&bench.server, &successor);
	trial(&bench, &window, &result);
	expect_counts(&result, 100, 0);
	assert_int_equal(result.connections.value[CONNECTION_ATTEMPTED], 8);
	assert_int_equal(result.connections.value[CONNECTION_CLOSED_BY_PEER], 8);
	assert_int_equal(result.target.addresses[0].connections, 8);
	assert_true(has_resources(&bench, &result));
	if (result.kernel.measured)
		assert_int_equal(result.kernel.workers[0].pid, bench.server.pid);
	result_release(&result);
	close_bench(&bench);
}

/* Sends SIGINT to this process so many times, so long after the last. */
struct finger {
	pthread_t thread;
	int times;
	uint64_t pause_ns;
};

static void *press(void *argument)
{
	const struct finger *finger = argument;

	for (int i = 0; i < finger->times; i++) {
		clock_sleep_until(clock_now_ns() + finger->pause_ns);
		kill(getpid(), SIGINT);
	}
	return NULL;
}

static void interrupted_trial(struct bench *bench, int times, struct result *result)
{
	const struct session_window window = {
		.rate_mrps = 200000, .duration_ns = 60 * NS_PER_S, .interval_ns = 50 * NS_PER_MS};
	struct finger finger = {.times = times, .pause_ns = 150 * NS_PER_MS};

	assert_int_equal(pthread_create(&finger.thread, NULL, press, &finger), 0);
	trial(bench, &window, result);
	pthread_join(finger.thread, NULL);
	assert_true(session_interrupted(bench->session));
	assert_int_equal(result->validity.verdict, RESULT_INTERRUPTED);
	assert_true(result->window.interrupted && result->window.duration_s < 30);
}

static void one_signal_ends_the_trial_and_drains(void **state)
{
	const struct session_window window = {.rate_mrps = 200000, .duration_ns = 50 * NS_PER_MS};
	struct result result;
	struct bench bench;
	struct err err = {0};
	uint64_t scheduled;

	(void)state;
	open_bench(&bench, "/* service=fixed:40ms", ATTRIBUTION_OFF);
	trial(&bench, &window, &result);
	expect_counts(&result, 10, 0);
	result_release(&result);
	assert_false(session_interrupted(bench.session));
	interrupted_trial(&bench, 1, &result);
	scheduled = result.run.counters.value[COUNTER_SCHEDULED];
	assert_in_range(scheduled, 1, 10000);
	assert_int_equal(result.run.counters.value[COUNTER_COMPLETED], scheduled);
	result_release(&result);
	assert_int_not_equal(session_trial(bench.session, &window, &result, &err), 0);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	close_bench(&bench);
}

static void two_signals_end_it_at_once(void **state)
{
	uint64_t begin_ns;
	struct result result;
	struct bench bench;

	(void)state;
	open_bench(&bench, "/* service=fixed:30s", ATTRIBUTION_OFF);
	begin_ns = clock_now_ns();
	interrupted_trial(&bench, 2, &result);
	/* A drain would have taken 10 s. */
	assert_true(clock_now_ns() - begin_ns < 9 * NS_PER_S);
	assert_int_equal(result.run.counters.value[COUNTER_COMPLETED], 0);
	assert_int_equal(result.run.counters.value[COUNTER_IN_FLIGHT], 8);
	result_release(&result);
	close_bench(&bench);
}

/* While a server that was started anew is connected to, twenty times a second: the trial fails, and
 * so does another; what is left is to close the session. */
static void a_signal_before_the_load_ends_the_session(void **state)
{
	const struct session_window window = {
		.rate_mrps = 200000, .duration_ns = 50 * NS_PER_MS, .interval_ns = 50 * NS_PER_MS};
	struct finger finger = {.times = 1, .pause_ns = 100 * NS_PER_MS};
	struct server successor;
	struct result result;
	struct bench bench;
	struct err err = {0};

	(void)state;
	fork_server(&successor, "/*");
	lay_bench(&bench, "/*", ATTRIBUTION_OFF);
	bench.scenario.connect_rate_mrps = 20000;
	begin_bench(&bench);
	trial(&bench, &window, &result);
	result_release(&result);
	replace_server(&bench.server, &successor);
	assert_int_equal(pthread_create(&finger.thread, NULL, press, &finger), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(session_trial(bench.session, &window, &result, &err) < 0);
		assert_int_equal(err.kind, ERR_INTERRUPTED);
		assert_string_equal(err.text, INTERRUPT_BEFORE_LOAD);
	}
	pthread_join(finger.thread, NULL);
	close_bench(&bench);
}

/* Descriptors of this process whose target contains the text. */
static size_t count_descriptors(const char *text)
{
	DIR *directory = opendir("/proc/self/fd");
	char path[300], target[256];
	size_t count = 0;

	assert_non_null(directory);
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
		ssize_t bytes;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		bytes = readlink(path, target, sizeof(target) - 1);
		target[bytes < 0 ? 0 : bytes] = '\0';
		count += bytes > 0 && strstr(target, text);
	}
	closedir(directory);
	return count;
}

static void many_trials_leave_nothing_behind(void **state)
{
	struct session_window window = {.duration_ns = 20 * NS_PER_MS};
	size_t before = count_descriptors(""), all = 0, programs = 0, bytes = 0;
	struct result result;
	struct bench bench;

	(void)state;
	open_bench(&bench, "/*", ATTRIBUTION_AUTO);
	for (int i = 0; i < 30; i++) {
		window.rate_mrps = 500000 + 50000 * (uint64_t)i;
		window.unprobed = i % 3 == 2;
		trial(&bench, &window, &result);
		result_release(&result);
		if (i != 5)
			continue;
		all = count_descriptors("");
		programs = count_descriptors("bpf");
		bytes = mallinfo2().uordblks;
	}
	assert_int_equal(count_descriptors(""), all);
	assert_int_equal(count_descriptors("bpf"), programs);
	/* What came up in between is kept, as the timeline's longest or a line that was said. */
	assert_true(mallinfo2().uordblks < bytes + 64 * 1024);
	close_bench(&bench);
	assert_int_equal(count_descriptors(""), before);
}

/* Standard error as a terminal, for what is called between. */
struct screen {
	int former, master;
	char text[16384];
};

static void open_screen(struct screen *screen)
{
	struct winsize size = {.ws_row = 25, .ws_col = 100};
	int slave;

	assert_int_equal(openpty(&screen->master, &slave, NULL, NULL, &size), 0);
	screen->former = dup(STDERR_FILENO);
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	close(slave);
	setenv("TERM", "xterm", 1);
}

/* A terminal keeps 4 KiB at least until they are read. */
static void close_screen(struct screen *screen)
{
	ssize_t bytes = read(screen->master, screen->text, sizeof(screen->text) - 1);

	dup2(screen->former, STDERR_FILENO);
	close(screen->former);
	close(screen->master);
	assert_true(bytes > 0);
	screen->text[bytes] = '\0';
}

static void the_live_line_says_which_trial(void **state)
{
	struct session_window window = {.rate_mrps = 1000000,
		.duration_ns = 600 * NS_PER_MS,
		.interval_ns = 50 * NS_PER_MS,
		.label = "trial 7"};
	struct screen screen;
	struct result result;
	struct bench bench;
	size_t lines = 0;

	(void)state;
	open_screen(&screen);
	open_bench(&bench, "/*", ATTRIBUTION_OFF);
	trial(&bench, &window, &result);
	result_release(&result);
	close_screen(&screen);
	assert_non_null(strstr(screen.text, "\r\033[Ktrial 7  connecting"));
	assert_non_null(strstr(screen.text, "\r\033[Ktrial 7  1s left  "));
	for (const char *at = screen.text; (at = strstr(at, "trial 7")); at++)
		lines++;
	/* Not each of the twelve intervals. */
	assert_in_range(lines, 2, 8);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trial_is_a_run_of_its_own),
		cmocka_unit_test(a_trial_that_is_ended_early),
		cmocka_unit_test(the_kernel_s_side_is_of_the_trial),
		cmocka_unit_test(a_server_may_be_started_anew),
		cmocka_unit_test(one_signal_ends_the_trial_and_drains),
		cmocka_unit_test(two_signals_end_it_at_once),
		cmocka_unit_test(a_signal_before_the_load_ends_the_session),
		cmocka_unit_test(many_trials_leave_nothing_behind),
		cmocka_unit_test(the_live_line_says_which_trial),
	};

	log_set_quiet(true);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
