/* SPDX-License-Identifier: MIT */
/*
 * Several trials in one session, against the embedded server in a process of its own.
 * test-measures: trials of tens of milliseconds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/session.h"
#include "tests/unit/session_bench.h"

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
static bool has_resources(const struct session_bench *bench, const struct result *result)
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
	struct session_bench bench;
	size_t intervals = 0, resources = 0, steals = 0;
	double steal;

	(void)state;
	session_bench_open(&bench, "/*", ATTRIBUTION_OFF);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct session_window window = {.rate_mrps = rows[i].mrps,
			.warmup_ns = rows[i].warmup_ms * NS_PER_MS,
			.duration_ns = rows[i].duration_ms * NS_PER_MS,
			.interval_ns = 50 * NS_PER_MS};

		session_bench_trial(&bench, &window, &result);
		session_bench_expect(&result, rows[i].requests, rows[i].before);
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
	session_bench_close(&bench);
}

/* It ends before its time, and the next one does not. */
static void a_trial_that_is_ended_early(void **state)
{
	struct session_window window = {.rate_mrps = 1000000,
		.duration_ns = 20 * NS_PER_S,
		.interval_ns = 50 * NS_PER_MS,
		.abort_ns = 200 * NS_PER_MS};
	struct result result;
	struct session_bench bench;

	(void)state;
	session_bench_open(&bench, "/* status=503", ATTRIBUTION_OFF);
	session_bench_trial(&bench, &window, &result);
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
	session_bench_trial(&bench, &window, &result);
	assert_true(result.window.aborted.happened);
	assert_true(result.run.counters.value[COUNTER_COMPLETED] > 200);
	result_release(&result);
	window.abort_ns = 0;
	window.duration_ns = 400 * NS_PER_MS;
	session_bench_trial(&bench, &window, &result);
	assert_false(result.window.aborted.happened);
	assert_int_equal(result.run.counters.value[COUNTER_SCHEDULED], 400);
	result_release(&result);
	session_bench_close(&bench);
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
	struct session_bench bench;

	(void)state;
	session_bench_open(&bench, "/* service=fixed:200us by=spin", ATTRIBUTION_AUTO);
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		const struct session_window *window = &windows[i];
		uint64_t sent = window->rate_mrps * window->duration_ns / NS_PER_S / 1000;
		uint64_t warmup = window->rate_mrps * window->warmup_ns / NS_PER_S / 1000;

		session_bench_trial(&bench, window, &result);
		if (i == 0 && !result.kernel.measured) {
			result_release(&result);
			session_bench_close(&bench);
			skip();
		}
		session_bench_expect(
			&result, sent, window->rate_mrps * window->warmup_ns / NS_PER_S / 1000);
		assert_int_equal(result.kernel.measured, !window->unprobed);
		if (window->unprobed)
			assert_string_equal(result.kernel.reason, "the probe rested in this trial");
		else
			expect_kernel(&result.kernel, sent, warmup);
		result_release(&result);
	}
	session_bench_close(&bench);
}

/* Between two trials: its connections are made anew, and its new process is looked at. */
static void a_server_may_be_started_anew(void **state)
{
	const struct session_window window = {
		.rate_mrps = 500000, .duration_ns = 200 * NS_PER_MS, .interval_ns = 50 * NS_PER_MS};
	struct session_server successor;
	struct result result;
	struct session_bench bench;

	(void)state;
	session_bench_fork(&successor, "/* service=fixed:200us by=spin");
	session_bench_open(&bench, "/* service=fixed:200us by=spin", ATTRIBUTION_AUTO);
	session_bench_trial(&bench, &window, &result);
	session_bench_expect(&result, 100, 0);
	result_release(&result);
	session_bench_replace(&bench.server, &successor);
	session_bench_trial(&bench, &window, &result);
	session_bench_expect(&result, 100, 0);
	assert_int_equal(result.connections.value[CONNECTION_ATTEMPTED], 8);
	assert_int_equal(result.connections.value[CONNECTION_CLOSED_BY_PEER], 8);
	assert_int_equal(result.target.addresses[0].connections, 8);
	assert_true(has_resources(&bench, &result));
	if (result.kernel.measured)
		assert_int_equal(result.kernel.workers[0].pid, bench.server.pid);
	result_release(&result);
	session_bench_close(&bench);
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
	struct session_bench bench;

	(void)state;
	session_bench_open(&bench, "/*", ATTRIBUTION_AUTO);
	for (int i = 0; i < 30; i++) {
		window.rate_mrps = 500000 + 50000 * (uint64_t)i;
		window.unprobed = i % 3 == 2;
		session_bench_trial(&bench, &window, &result);
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
	session_bench_close(&bench);
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
	struct session_bench bench;
	size_t lines = 0;

	(void)state;
	open_screen(&screen);
	session_bench_open(&bench, "/*", ATTRIBUTION_OFF);
	session_bench_trial(&bench, &window, &result);
	result_release(&result);
	close_screen(&screen);
	assert_non_null(strstr(screen.text, "\r\033[Ktrial 7  connecting"));
	assert_non_null(strstr(screen.text, "\r\033[Ktrial 7  1s left  "));
	for (const char *at = screen.text; (at = strstr(at, "trial 7")); at++)
		lines++;
	/* Not each of the twelve intervals. */
	assert_in_range(lines, 2, 8);
	session_bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trial_is_a_run_of_its_own),
		cmocka_unit_test(a_trial_that_is_ended_early),
		cmocka_unit_test(the_kernel_s_side_is_of_the_trial),
		cmocka_unit_test(a_server_may_be_started_anew),
		cmocka_unit_test(many_trials_leave_nothing_behind),
		cmocka_unit_test(the_live_line_says_which_trial),
	};

	log_set_quiet(true);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
