/* SPDX-License-Identifier: MIT */
/*
 * Signals to a session of several trials, against the embedded server in a process of its own.
 * test-measures: signals in the midst of trials of tens of milliseconds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/interrupt.h"
#include "run/session.h"
#include "tests/unit/session_bench.h"

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

static void interrupted_trial(struct session_bench *bench, int times, struct result *result)
{
	const struct session_window window = {
		.rate_mrps = 200000, .duration_ns = 60 * NS_PER_S, .interval_ns = 50 * NS_PER_MS};
	struct finger finger = {.times = times, .pause_ns = 150 * NS_PER_MS};

	assert_int_equal(pthread_create(&finger.thread, NULL, press, &finger), 0);
	session_bench_trial(bench, &window, result);
	pthread_join(finger.thread, NULL);
	assert_true(session_interrupted(bench->session));
	assert_int_equal(result->validity.verdict, RESULT_INTERRUPTED);
	assert_true(result->window.interrupted && result->window.duration_s < 30);
}

static void one_signal_ends_the_trial_and_drains(void **state)
{
	const struct session_window window = {.rate_mrps = 200000, .duration_ns = 50 * NS_PER_MS};
	struct result result;
	struct session_bench bench;
	struct err err = {0};
	uint64_t scheduled;

	(void)state;
	session_bench_open(&bench, "/* service=fixed:40ms", ATTRIBUTION_OFF);
	session_bench_trial(&bench, &window, &result);
	session_bench_expect(&result, 10, 0);
	result_release(&result);
	assert_false(session_interrupted(bench.session));
	interrupted_trial(&bench, 1, &result);
	scheduled = result.run.counters.value[COUNTER_SCHEDULED];
	assert_in_range(scheduled, 1, 10000);
	assert_int_equal(result.run.counters.value[COUNTER_COMPLETED], scheduled);
	result_release(&result);
	assert_int_not_equal(session_trial(bench.session, &window, &result, &err), 0);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	session_bench_close(&bench);
}

static void two_signals_end_it_at_once(void **state)
{
	uint64_t begin_ns;
	struct result result;
	struct session_bench bench;

	(void)state;
	session_bench_open(&bench, "/* service=fixed:30s", ATTRIBUTION_OFF);
	begin_ns = clock_now_ns();
	interrupted_trial(&bench, 2, &result);
	/* A drain would have taken 10 s. */
	assert_true(clock_now_ns() - begin_ns < 9 * NS_PER_S);
	assert_int_equal(result.run.counters.value[COUNTER_COMPLETED], 0);
	assert_int_equal(result.run.counters.value[COUNTER_IN_FLIGHT], 8);
	result_release(&result);
	session_bench_close(&bench);
}

/* While a server that was started anew is connected to, twenty times a second: the trial fails, and
 * so does another; what is left is to close the session. */
static void a_signal_before_the_load_ends_the_session(void **state)
{
	const struct session_window window = {
		.rate_mrps = 200000, .duration_ns = 50 * NS_PER_MS, .interval_ns = 50 * NS_PER_MS};
	struct finger finger = {.times = 1, .pause_ns = 100 * NS_PER_MS};
	struct session_server successor;
	struct result result;
	struct session_bench bench;
	struct err err = {0};

	(void)state;
	session_bench_fork(&successor, "/*");
	session_bench_lay(&bench, "/*", ATTRIBUTION_OFF);
	bench.scenario.connect_rate_mrps = 20000;
	session_bench_begin(&bench);
	session_bench_trial(&bench, &window, &result);
	result_release(&result);
	session_bench_replace(&bench.server, &successor);
	assert_int_equal(pthread_create(&finger.thread, NULL, press, &finger), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(session_trial(bench.session, &window, &result, &err) < 0);
		assert_int_equal(err.kind, ERR_INTERRUPTED);
		assert_string_equal(err.text, INTERRUPT_BEFORE_LOAD);
	}
	pthread_join(finger.thread, NULL);
	session_bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_signal_ends_the_trial_and_drains),
		cmocka_unit_test(two_signals_end_it_at_once),
		cmocka_unit_test(a_signal_before_the_load_ends_the_session),
	};

	log_set_quiet(true);
	return cmocka_run_group_tests_name("session_signals", tests, NULL, NULL);
}
