/* SPDX-License-Identifier: MIT */
/* Whether it was the connections that were the limit: when requests wait for one and the server is
 * as quick as ever, and only then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/connection_limit.h"

#define MS 1000000ULL

static struct result_worker workers[2] = {{.connections = 40}, {.connections = 24}};

static struct search_trial trial_of(
	double rps, enum search_verdict verdict, uint64_t service_ns, uint64_t wait_ns)
{
	struct search_trial trial = {.rps = rps, .duration_s = 1, .verdict = verdict};
	struct result_latency *service = &trial.result.run.latency[RESULT_SERVICE];
	struct result_latency *wait = &trial.result.run.latency[RESULT_CONNECTION_WAIT];

	service->count = wait->count = 1000;
	service->quantile[RESULT_P50].value_ns = service_ns;
	wait->mean_ns = (double)wait_ns;
	trial.result.generator.workers = workers;
	trial.result.generator.worker_count = 2;
	return trial;
}

/* The base takes 10 ms. */
static bool limits(uint64_t service_ns, uint64_t wait_ns, struct buf *text)
{
	struct search_trial trials[] = {
		trial_of(1000, SEARCH_PASS, 10 * MS, 0),
		trial_of(8000, SEARCH_FAIL, service_ns, wait_ns),
	};
	struct search_record record = {.trials = trials, .trial_count = 2};

	return connection_limit(&record, text);
}

static void a_quick_server_and_a_long_wait(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_true(limits(11 * MS, 250 * MS, &text));
	assert_string_equal(buf_string(&text),
		"all 64 connections were busy at 8,000/s, where requests waited 250 ms for one, "
		"while the server answered as quickly as at the lowest load: the limit may be that "
		"of the connections, ask for more with -c");
	buf_release(&text);
}

static void not_when_the_server_became_slow(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_false(limits(640 * MS, 2000 * MS, &text));
	assert_false(limits(16 * MS, 2000 * MS, &text));
	assert_int_equal(text.length_bytes, 0);
}

static void not_when_hardly_anything_waited(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_false(limits(10 * MS, 4 * MS, &text));
	assert_int_equal(text.length_bytes, 0);
}

static void not_without_both_sides(void **state)
{
	struct search_trial trial = trial_of(1000, SEARCH_FAIL, 10 * MS, 250 * MS);
	struct search_record record = {.trials = &trial, .trial_count = 1};
	struct buf text = {0};

	(void)state;
	assert_false(connection_limit(&record, &text));
	trial.verdict = SEARCH_PASS;
	assert_false(connection_limit(&record, &text));
	record.trial_count = 0;
	assert_false(connection_limit(&record, &text));
	assert_int_equal(text.length_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quick_server_and_a_long_wait),
		cmocka_unit_test(not_when_the_server_became_slow),
		cmocka_unit_test(not_when_hardly_anything_waited),
		cmocka_unit_test(not_without_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
