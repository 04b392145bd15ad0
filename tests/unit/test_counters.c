/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "measure/counters.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const enum counter dropped[] = {
	COUNTER_DROPPED_EXPIRED, COUNTER_DROPPED_NO_CONNECTION, COUNTER_DROPPED_LIMIT};
static const enum counter failed[] = {COUNTER_FAILED_RESET, COUNTER_FAILED_CLOSED,
	COUNTER_FAILED_SHORT, COUNTER_FAILED_PARSE, COUNTER_FAILED_SEND, COUNTER_FAILED_COLLATERAL};
static const enum counter outcomes[] = {
	COUNTER_OUTCOME_OK, COUNTER_OUTCOME_4XX, COUNTER_OUTCOME_5XX, COUNTER_OUTCOME_CHECK};

/* A run in which everything happened, each thing another number of times. */
static struct counters complete_run(void)
{
	struct counters run = {0};
	uint64_t next = 3, completed = 0, failures = 0, drops = 0;

	for (size_t i = 0; i < COUNT_OF(dropped); i++)
		drops += run.value[dropped[i]] = next++;
	for (size_t i = 0; i < COUNT_OF(failed); i++)
		failures += run.value[failed[i]] = next++;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++)
		completed += run.value[outcomes[i]] = 10 * next++;
	run.value[COUNTER_UNSENT] = next++;
	run.value[COUNTER_TIMED_OUT] = next++;
	run.value[COUNTER_IN_FLIGHT] = next++;
	run.value[COUNTER_COMPLETED] = completed;
	run.value[COUNTER_SENT] = completed + failures + run.value[COUNTER_TIMED_OUT] +
				  run.value[COUNTER_IN_FLIGHT];
	run.value[COUNTER_SCHEDULED] = run.value[COUNTER_SENT] + drops + run.value[COUNTER_UNSENT];
	run.status[0] = 1;
	run.status[999] = 2;
	run.status[404] = 7;
	run.status[200] = completed - 10;
	return run;
}

static void expect_broken(const struct counters *run, const char *expected)
{
	const char *broken = "";

	assert_false(counters_identity(run, &broken));
	assert_string_equal(broken, expected);
}

/* One more and one less of a count; the identity must not hold. */
static void expect_broken_both_ways(enum counter counter, const char *expected)
{
	struct counters run = complete_run();

	run.value[counter]++;
	expect_broken(&run, expected);
	run.value[counter] -= 2;
	expect_broken(&run, expected);
}

static void complete_run_holds(void **state)
{
	struct counters run = complete_run(), empty = {0};
	const char *broken = "";

	(void)state;
	assert_true(counters_identity(&run, &broken));
	assert_null(broken);
	assert_true(counters_identity(&empty, &broken));
	/* Bytes are in no identity. */
	run.value[COUNTER_BYTES_SENT]++;
	run.value[COUNTER_BYTES_RECEIVED]++;
	assert_true(counters_identity(&run, &broken));
}

static void scheduled_is_sent_dropped_unsent(void **state)
{
	const char *expected = "scheduled is not sent + dropped + unsent";

	(void)state;
	expect_broken_both_ways(COUNTER_SCHEDULED, expected);
	expect_broken_both_ways(COUNTER_SENT, expected);
	expect_broken_both_ways(COUNTER_UNSENT, expected);
	for (size_t i = 0; i < COUNT_OF(dropped); i++)
		expect_broken_both_ways(dropped[i], expected);
}

static void sent_is_completed_failed_timed_out_in_flight(void **state)
{
	const char *expected = "sent is not completed + failed + timed_out + in_flight";
	struct counters run = complete_run();

	(void)state;
	expect_broken_both_ways(COUNTER_COMPLETED, expected);
	expect_broken_both_ways(COUNTER_TIMED_OUT, expected);
	expect_broken_both_ways(COUNTER_IN_FLIGHT, expected);
	for (size_t i = 0; i < COUNT_OF(failed); i++)
		expect_broken_both_ways(failed[i], expected);
	run.value[COUNTER_SENT]++;
	run.value[COUNTER_SCHEDULED]++;
	expect_broken(&run, expected);
}

static void outcomes_partition_completed(void **state)
{
	const char *expected = "completed is not ok + status_4xx + status_5xx + check";
	struct counters run = complete_run();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++)
		expect_broken_both_ways(outcomes[i], expected);
	run.value[COUNTER_COMPLETED]++;
	run.value[COUNTER_TIMED_OUT]--;
	expect_broken(&run, expected);
}

static void statuses_add_up_to_completed(void **state)
{
	const char *expected = "completed is not the sum of the statuses";
	struct counters run;

	(void)state;
	for (unsigned int code = 0; code < COUNTERS_STATUS_LIMIT; code++) {
		run = complete_run();
		run.status[code]++;
		expect_broken(&run, expected);
	}
	run = complete_run();
	run.status[200]--;
	expect_broken(&run, expected);
}

static void groups_are_summed(void **state)
{
	struct counters run = complete_run(), changed;

	(void)state;
	assert_int_equal(counters_dropped(&run), 3 + 4 + 5);
	assert_int_equal(counters_failed(&run), 6 + 7 + 8 + 9 + 10 + 11);
	for (unsigned int counter = 0; counter < COUNTER_COUNT; counter++) {
		changed = run;
		changed.value[counter] += 100;
		assert_int_equal(counters_dropped(&changed) != counters_dropped(&run),
			counter >= COUNTER_DROPPED_EXPIRED && counter <= COUNTER_DROPPED_LIMIT);
		assert_int_equal(counters_failed(&changed) != counters_failed(&run),
			counter >= COUNTER_FAILED_RESET && counter <= COUNTER_FAILED_COLLATERAL);
	}
}

static void error_rate_is_of_scheduled(void **state)
{
	struct counters run = {0}, changed;
	bool is_error;

	(void)state;
	assert_true(counters_error_rate(&run) == 0);
	run.value[COUNTER_TIMED_OUT] = 5;
	assert_true(counters_error_rate(&run) == 0);
	run = (struct counters){0};
	run.value[COUNTER_SCHEDULED] = 1000;
	/* Each alone: an error or none. */
	for (unsigned int counter = COUNTER_SENT; counter < COUNTER_COUNT; counter++) {
		changed = run;
		changed.value[counter] = 10;
		is_error = (counter >= COUNTER_DROPPED_EXPIRED &&
				   counter <= COUNTER_DROPPED_LIMIT) ||
			   (counter >= COUNTER_FAILED_RESET && counter <= COUNTER_TIMED_OUT) ||
			   (counter >= COUNTER_OUTCOME_4XX && counter <= COUNTER_OUTCOME_CHECK);
		assert_true(fabs(counters_error_rate(&changed) - (is_error ? 0.01 : 0)) < 1e-12);
	}
	run = complete_run();
	assert_true(fabs(counters_error_rate(&run) - (12.0 + 51 + 17 + 130 + 140 + 150) /
							     (double)run.value[COUNTER_SCHEDULED]) <
		    1e-12);
}

static void arrays_are_vectors(void **state)
{
	uint64_t from[5] = {1, 2, 3, UINT64_MAX, 9}, to[5] = {10, 20, 30, 40, 50};
	const uint64_t sums[5] = {11, 22, 33, 39, 50};

	(void)state;
	counters_add(to, from, 4);
	assert_memory_equal(to, sums, sizeof to);
	counters_subtract(to, from, 4);
	assert_int_equal(to[0], 10);
	assert_int_equal(to[3], 40);
	assert_int_equal(to[4], 50);
	counters_copy(to, from, 4);
	assert_memory_equal(to, from, 4 * sizeof to[0]);
	assert_int_equal(to[4], 50);
}

static void counting_macros_count(void **state)
{
	struct counters run = {0};
	struct connection_counters connections = {0};

	(void)state;
	COUNT(&run, COUNTER_SENT);
	COUNT(&run, COUNTER_SENT);
	COUNT_BY(&run, COUNTER_BYTES_SENT, 100);
	COUNT_STATUS(&run, 204);
	COUNT(&connections, CONNECTION_REPLACED);
	assert_int_equal(run.value[COUNTER_SENT], 2);
	assert_int_equal(run.value[COUNTER_BYTES_SENT], 100);
	assert_int_equal(run.status[204], 1);
	assert_int_equal(connections.value[CONNECTION_REPLACED], 1);
}

static void keys_are_those_of_the_result(void **state)
{
	static const char *const keys[COUNTER_COUNT] = {"scheduled", "sent", "expired",
		"no_connection", "limit", "unsent", "completed", "reset", "closed", "short",
		"parse", "send", "collateral", "timed_out", "in_flight", "ok", "status_4xx",
		"status_5xx", "check", "sent", "received", "window_sent", "window_completed",
		"unstamped"};
	static const char *const connection_keys[CONNECTION_COUNTER_COUNT] = {"attempted",
		"established", "refused", "timeout", "unreachable", "no_port", "no_fd",
		"closed_by_peer", "replaced", "unsolicited"};

	(void)state;
	for (unsigned int i = 0; i < COUNTER_COUNT; i++)
		assert_string_equal(counter_key((enum counter)i), keys[i]);
	for (unsigned int i = 0; i < CONNECTION_COUNTER_COUNT; i++)
		assert_string_equal(
			connection_counter_key((enum connection_counter)i), connection_keys[i]);
	assert_null(counter_key(COUNTER_COUNT));
	assert_null(connection_counter_key(CONNECTION_COUNTER_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_run_holds),
		cmocka_unit_test(scheduled_is_sent_dropped_unsent),
		cmocka_unit_test(sent_is_completed_failed_timed_out_in_flight),
		cmocka_unit_test(outcomes_partition_completed),
		cmocka_unit_test(statuses_add_up_to_completed),
		cmocka_unit_test(groups_are_summed),
		cmocka_unit_test(error_rate_is_of_scheduled),
		cmocka_unit_test(arrays_are_vectors),
		cmocka_unit_test(counting_macros_count),
		cmocka_unit_test(keys_are_those_of_the_result),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
