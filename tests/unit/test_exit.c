/* SPDX-License-Identifier: MIT */
/* The precedence of exit codes: 2, 3, 5, 130, 4, 1, 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/exit.h"

/* Everything at once: not one response, interrupted, invalid, a threshold breached. */
static void make_worst(struct result *result, struct result_threshold *threshold)
{
	memset(result, 0, sizeof(*result));
	memset(threshold, 0, sizeof(*threshold));
	threshold->state = RESULT_FAIL;
	result->thresholds = threshold;
	result->threshold_count = 1;
	result->run.counters.value[COUNTER_FAILED_CLOSED] = 1;
	result->window.interrupted = true;
	result->validity.verdict = RESULT_INTERRUPTED;
}

static void what_kept_from_a_result_comes_first(void **state)
{
	struct result_threshold threshold;
	struct result result;

	(void)state;
	make_worst(&result, &threshold);
	assert_int_equal(exit_decide(ERR_USAGE, &result), 2);
	assert_int_equal(exit_decide(ERR_ENVIRONMENT, &result), 3);
	assert_int_equal(exit_decide(ERR_TARGET, &result), 5);
	assert_int_equal(exit_decide(ERR_INTERRUPTED, NULL), 130);
	assert_int_equal(exit_decide(ERR_NONE, NULL), 0);
}

static void a_result_in_order_of_precedence(void **state)
{
	struct result_threshold threshold;
	struct result result;

	(void)state;
	make_worst(&result, &threshold);
	assert_int_equal(exit_decide(ERR_NONE, &result), 5);
	result.warmup.counters.value[COUNTER_COMPLETED] = 1;
	assert_int_equal(exit_decide(ERR_NONE, &result), 130);
	result.window.interrupted = false;
	result.validity.verdict = RESULT_GENERATOR_LIMITED;
	assert_int_equal(exit_decide(ERR_NONE, &result), 4);
	result.validity.verdict = RESULT_TOO_SHORT;
	assert_int_equal(exit_decide(ERR_NONE, &result), 4);
	result.validity.verdict = RESULT_INTERNAL_ERROR;
	assert_int_equal(exit_decide(ERR_NONE, &result), 4);
	result.validity.verdict = RESULT_VALID;
	assert_int_equal(exit_decide(ERR_NONE, &result), 1);
	threshold.state = RESULT_WARN;
	assert_int_equal(exit_decide(ERR_NONE, &result), 0);
	threshold.state = RESULT_NOT_EVALUATED;
	assert_int_equal(exit_decide(ERR_NONE, &result), 0);
}

/* Whatever was asked of it, but not where nothing is known. */
static void a_run_that_was_ended_early_had_failed(void **state)
{
	struct result_threshold threshold;
	struct result result;

	(void)state;
	make_worst(&result, &threshold);
	result.window.aborted.happened = true;
	assert_int_equal(exit_decide(ERR_NONE, &result), 5);
	result.run.counters.value[COUNTER_COMPLETED] = 1;
	assert_int_equal(exit_decide(ERR_NONE, &result), 130);
	result.window.interrupted = false;
	result.validity.verdict = RESULT_GENERATOR_LIMITED;
	assert_int_equal(exit_decide(ERR_NONE, &result), 4);
	result.validity.verdict = RESULT_VALID;
	assert_int_equal(exit_decide(ERR_NONE, &result), 1);
	threshold.state = RESULT_PASS;
	assert_int_equal(exit_decide(ERR_NONE, &result), 1);
	result.threshold_count = 0;
	assert_int_equal(exit_decide(ERR_NONE, &result), 1);
	result.window.aborted.happened = false;
	assert_int_equal(exit_decide(ERR_NONE, &result), 0);
}

static void unreachable_needs_a_request_that_ended_without_answer(void **state)
{
	static const enum counter ends[] = {COUNTER_FAILED_RESET, COUNTER_FAILED_PARSE,
		COUNTER_TIMED_OUT, COUNTER_DROPPED_NO_CONNECTION};
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		memset(&result, 0, sizeof(result));
		result.warmup.counters.value[ends[i]] = 1;
		assert_int_equal(exit_decide(ERR_NONE, &result), 5);
	}
	memset(&result, 0, sizeof(result));
	result.run.counters.value[COUNTER_IN_FLIGHT] = 5;
	result.window.interrupted = true;
	result.validity.verdict = RESULT_INTERRUPTED;
	assert_int_equal(exit_decide(ERR_NONE, &result), 130);
}

/* Gone since it was tried: without a request that could have failed. */
static void a_target_that_refuses_every_connect_is_unreachable(void **state)
{
	static const enum connection_counter ends[] = {CONNECTION_FAILED_REFUSED,
		CONNECTION_FAILED_TIMEOUT, CONNECTION_FAILED_UNREACHABLE};
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		memset(&result, 0, sizeof(result));
		result.validity.verdict = RESULT_TOO_SHORT;
		result.connections.value[ends[i]] = 1;
		assert_int_equal(exit_decide(ERR_NONE, &result), 5);
		result.connections.value[CONNECTION_ESTABLISHED] = 1;
		assert_int_equal(exit_decide(ERR_NONE, &result), 4);
	}
	memset(&result, 0, sizeof(result));
	result.validity.verdict = RESULT_TOO_SHORT;
	result.connections.value[CONNECTION_FAILED_NO_PORT] = 1;
	result.connections.value[CONNECTION_FAILED_NO_FD] = 1;
	assert_int_equal(exit_decide(ERR_NONE, &result), 4);
}

static enum exit_code searched(enum search_answer_kind kind, bool interrupted, bool answered)
{
	struct search_trial trial = {0};
	struct search_record record = {.trials = &trial, .trial_count = 1};

	record.answer.kind = kind;
	record.interrupted = interrupted;
	trial.result.run.counters.value[COUNTER_TIMED_OUT] = 1;
	trial.result.run.counters.value[COUNTER_COMPLETED] = answered;
	return exit_decide_search(ERR_NONE, &record);
}

static void a_search_in_order_of_precedence(void **state)
{
	(void)state;
	assert_int_equal(exit_decide_search(ERR_USAGE, NULL), 2);
	assert_int_equal(exit_decide_search(ERR_ENVIRONMENT, NULL), 3);
	assert_int_equal(exit_decide_search(ERR_TARGET, NULL), 5);
	assert_int_equal(exit_decide_search(ERR_INTERRUPTED, NULL), 130);
	assert_int_equal(exit_decide_search(ERR_NONE, NULL), 0);
	assert_int_equal(searched(SEARCH_BELOW_LOWEST, true, false), 5);
	assert_int_equal(searched(SEARCH_BELOW_LOWEST, true, true), 130);
	assert_int_equal(searched(SEARCH_FOUND, true, true), 130);
	assert_int_equal(searched(SEARCH_GENERATOR_LIMIT, false, true), 4);
	assert_int_equal(searched(SEARCH_UNDECIDED, false, true), 4);
	assert_int_equal(searched(SEARCH_BELOW_LOWEST, false, true), 1);
	assert_int_equal(searched(SEARCH_FOUND, false, true), 0);
	assert_int_equal(searched(SEARCH_ABOVE_HIGHEST, false, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_kept_from_a_result_comes_first),
		cmocka_unit_test(a_result_in_order_of_precedence),
		cmocka_unit_test(a_run_that_was_ended_early_had_failed),
		cmocka_unit_test(unreachable_needs_a_request_that_ended_without_answer),
		cmocka_unit_test(a_target_that_refuses_every_connect_is_unreachable),
		cmocka_unit_test(a_search_in_order_of_precedence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
