/* SPDX-License-Identifier: MIT */
/* The course of a trial and of a search: slow breaks, slow recovery and leaks, and what only looks
 * like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cause_sample.h"

#define MIB 1048576.0

static struct cause_sample sample;

static int setup(void **state)
{
	(void)state;
	cause_sample_init(&sample);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cause_sample_release(&sample);
	return 0;
}

static void test_slow_break(void **state)
{
	(void)state;
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 3, 0.6);
	cause_sample_slow(sample.broken, 700);
	cause_sample_expect(&sample, "slow_break",
		"slow break: at 5,000/s the server kept up for 3.0 s, then answered 60.0 % of what "
		"was due");
}

/* A plain overload falls behind from the start, and gets no better by being looked at late. */
static void test_overload(void **state)
{
	static const double shares[] = {0.99, 0.97, 0.9, 0.5};

	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 0, shares[i]);
		cause_sample_expect_none(&sample, "slow_break");
	}
}

static void test_too_early(void **state)
{
	(void)state;
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 1.8, 0.6);
	cause_sample_expect_none(&sample, "slow_break");
	cause_sample_release(&sample);
	cause_sample_init(&sample);
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 2, 0.6);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "slow_break");
}

/* What a stall left is answered before the end. */
static void test_stall(void **state)
{
	struct result_interval *intervals = sample.intervals[CAUSE_SAMPLE_BROKEN];

	(void)state;
	for (size_t i = 31; i < 34; i++) {
		intervals[i].completed = 0;
		intervals[i].waiting = 500 * (i - 30);
		intervals[i + 3].completed = 1000;
		intervals[i + 3].waiting = 1000 - 500 * (i - 31);
	}
	intervals[36].waiting = 0;
	cause_sample_expect_none(&sample, "slow_break");
}

static void test_slow_break_by_errors(void **state)
{
	struct result_interval *intervals = sample.intervals[CAUSE_SAMPLE_BROKEN];

	(void)state;
	for (size_t i = 41; i <= CAUSE_SAMPLE_INTERVALS; i++)
		intervals[i].errors = 4;
	cause_sample_expect_none(&sample, "slow_break");
	for (size_t i = 41; i <= CAUSE_SAMPLE_INTERVALS; i++)
		intervals[i].errors = 100;
	cause_sample_expect(&sample, "slow_break",
		"slow break: at 5,000/s the server kept up for 4.0 s, then answered 100 % of what "
		"was due, 20.0 % of it with an error");
}

static void test_slow_recovery(void **state)
{
	struct search_trial *again, *recovered;

	(void)state;
	/* 4,000 passed and 5,000 failed. */
	again = cause_sample_add(&sample, 3700, SEARCH_FAIL);
	recovered = cause_sample_add(&sample, 3700, SEARCH_PASS);
	cause_sample_expect_none(&sample, "slow_recovery");
	again->rps = recovered->rps = 3000;
	recovered->t_s = 30;
	cause_sample_expect(&sample, "slow_recovery",
		"slow recovery: 4,000/s had passed, but after an overload of 5,000/s the server "
		"failed at 3,000/s, and passed there again 13.0 s after it");
}

/* The first trial after the sample's. */
enum { AGAIN = CAUSE_SAMPLE_BROKEN + 1 };

/* The same load as passed, answered by so little that chance cannot be why. */
static void test_far_below(void **state)
{
	(void)state;
	cause_sample_add(&sample, 4000, SEARCH_FAIL);
	cause_sample_add(&sample, 4000, SEARCH_PASS);
	cause_sample_behind(&sample, AGAIN, 0, 0.81);
	cause_sample_expect_none(&sample, "slow_recovery");
	cause_sample_behind(&sample, AGAIN, 0, 0.7);
	cause_sample_expect(&sample, "slow_recovery",
		"slow recovery: 4,000/s had passed, but after an overload of 5,000/s the server "
		"failed at 4,000/s, where it answered 2,800/s, and passed there again 7.0 s after "
		"it");
	/* As a collapse it began well; of what is not known to have begun ill nothing is said. */
	cause_sample_release(&sample);
	cause_sample_init(&sample);
	cause_sample_add(&sample, 4000, SEARCH_FAIL);
	cause_sample_add(&sample, 4000, SEARCH_PASS);
	cause_sample_behind(&sample, AGAIN, 0.6, 0.6);
	cause_sample_expect_none(&sample, "slow_recovery");
	cause_sample_behind(&sample, AGAIN, 0, 0.5);
	sample.trials[AGAIN].result.interval_count = 0;
	cause_sample_expect_none(&sample, "slow_recovery");
}

/* One request in 20 fails at any load: a trial of a few passes by luck. */
static void test_luck_is_no_recovery(void **state)
{
	struct search_trial *again;
	struct result *passed = sample.lower;

	(void)state;
	for (int i = 0; i < 2; i++) {
		again = cause_sample_add(&sample, 3000, SEARCH_FAIL);
		again->result.thresholds = &sample.threshold;
		again->result.threshold_count = 1;
		cause_sample_fail(&again->result, COUNTER_OUTCOME_5XX, 500, 750);
	}
	sample.threshold.expression = (char *)"error_rate<1%";
	sample.threshold.state = RESULT_FAIL;
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "slow_recovery"));
	sample.base->run.counters.value[COUNTER_SCHEDULED] = 100;
	passed->run.counters.value[COUNTER_SCHEDULED] = 100;
	cause_sample_expect_none(&sample, "slow_recovery");
	/* What fell behind failed otherwise. */
	sample.trials[AGAIN].backlog_growth = sample.trials[AGAIN + 1].backlog_growth = 0.1;
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "slow_recovery"));
	sample.trials[AGAIN].backlog_growth = sample.trials[AGAIN + 1].backlog_growth = 0;
	sample.threshold.expression = (char *)"p99<200ms";
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "slow_recovery"));
}

/* A search seldom tries the very load that passed. */
static void test_hardly_more(void **state)
{
	struct search_trial *again = cause_sample_add(&sample, 4300, SEARCH_FAIL);

	(void)state;
	cause_sample_add(&sample, 4300, SEARCH_PASS);
	cause_sample_behind(&sample, AGAIN, 0, 0.65);
	cause_sample_expect_none(&sample, "slow_recovery");
	again->rps = 4150;
	cause_sample_expect(&sample, "slow_recovery",
		"slow recovery: 4,000/s had passed, but after an overload of 5,000/s the server "
		"failed at 4,150/s, where it answered 2,800/s, and passed there again 7.0 s after "
		"it");
}

/* A server that does less beyond its peak fails there every time, and recovers at once. */
static void test_collapse_is_no_slow_recovery(void **state)
{
	(void)state;
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 0, 0.5);
	for (int trial = AGAIN; trial < AGAIN + 4; trial++) {
		cause_sample_add(&sample, 4180 - 20 * (trial - AGAIN), SEARCH_FAIL);
		cause_sample_behind(&sample, trial, 0.6, 0.6);
	}
	cause_sample_explain(&sample);
	assert_null(cause_sample_find(&sample, "slow_recovery"));
	assert_string_equal(sample.record.causes[0].key, "collapse");
	/* One that does not recover begins ill. */
	for (int trial = AGAIN; trial < AGAIN + 4; trial++)
		cause_sample_behind(&sample, trial, 0, 0.6);
	cause_sample_expect(&sample, "slow_recovery",
		"slow recovery: 4,000/s had passed, but after an overload of 5,000/s the server "
		"failed at 4,180/s, where it answered 2,510/s, 4 times, and had not recovered "
		"24.0 s after it, when the search ended");
}

static void test_collapse(void **state)
{
	(void)state;
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 0, 0.65);
	cause_sample_expect_none(&sample, "collapse");
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 0, 0.5);
	cause_sample_expect(&sample, "collapse",
		"throughput collapses: at 5,000/s the server answered 2,500/s without an error, 62 "
		"% of the 4,000/s it answered at 4,000/s");
	/* At a load as good as its best one it is chance, or something else. */
	sample.trials[CAUSE_SAMPLE_BROKEN].rps = 4030;
	cause_sample_expect_none(&sample, "collapse");
}

/* What an overload left is not what this load did. */
static void test_collapse_from_health(void **state)
{
	(void)state;
	cause_sample_add(&sample, 6000, SEARCH_FAIL);
	cause_sample_behind(&sample, AGAIN, 0, 0.3);
	cause_sample_expect_none(&sample, "collapse");
	cause_sample_release(&sample);
	cause_sample_init(&sample);
	cause_sample_add(&sample, 6000, SEARCH_FAIL);
	cause_sample_behind(&sample, AGAIN, 0.6, 0.3);
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "collapse"));
}

/* Answers that only say no are none; that it refuses is weightier. */
static void test_collapse_by_refusals(void **state)
{
	(void)state;
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 503, 8500);
	cause_sample_expect_none(&sample, "collapse");
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 503, 4000);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "refusing");
	assert_string_equal(sample.record.causes[1].key, "collapse");
}

/* One that kept up for seconds at that load did not fall for the load alone. */
static void test_collapse_that_is_slow(void **state)
{
	(void)state;
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 3, 0);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "slow_break");
	assert_null(cause_sample_find(&sample, "collapse"));
}

/* What passed for a second and fails after three breaks slowly. */
static void test_longer(void **state)
{
	struct search_trial *again = cause_sample_add(&sample, 3000, SEARCH_FAIL);
	const int index = CAUSE_SAMPLE_BROKEN + 1;

	(void)state;
	cause_sample_add(&sample, 3000, SEARCH_PASS);
	for (int i = 0; i <= CAUSE_SAMPLE_LOWER; i++)
		sample.trials[i].duration_s = 1;
	cause_sample_behind(&sample, index, 3, 0.5);
	cause_sample_expect_none(&sample, "slow_recovery");
	cause_sample_behind(&sample, index, 0, 0.5);
	assert_ptr_equal(again, &sample.trials[index]);
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "slow_recovery"));
}

static void test_no_recovery(void **state)
{
	(void)state;
	cause_sample_add(&sample, 3000, SEARCH_FAIL);
	cause_sample_expect_none(&sample, "slow_recovery");
	cause_sample_add(&sample, 2000, SEARCH_FAIL);
	cause_sample_expect(&sample, "slow_recovery",
		"slow recovery: 4,000/s had passed, but after an overload of 5,000/s the server "
		"failed at 3,000/s, 2 times, and had not recovered 12.0 s after it, when the "
		"search "
		"ended");
}

/* A load that never passed before shows nothing of the overload's effect. */
static void test_search_downwards(void **state)
{
	(void)state;
	sample.trials[CAUSE_SAMPLE_BASE].verdict = SEARCH_FAIL;
	sample.trials[CAUSE_SAMPLE_BASE].rps = 6000;
	sample.trials[CAUSE_SAMPLE_LOWER].verdict = SEARCH_FAIL;
	sample.trials[CAUSE_SAMPLE_LOWER].rps = 3000;
	cause_sample_add(&sample, 2000, SEARCH_FAIL);
	cause_sample_add(&sample, 3000, SEARCH_PASS);
	cause_sample_expect_none(&sample, "slow_recovery");
}

/* Both of a leak of 4 KiB a request. */
static void leak(void)
{
	cause_sample_memory(&sample, CAUSE_SAMPLE_LOWER, 50 * MIB, 4096.0 * 4000 * 4.9);
	cause_sample_memory(&sample, CAUSE_SAMPLE_BROKEN, 130 * MIB, 4096.0 * 5000 * 4.9);
}

static void limit(double share)
{
	struct result_resources *resources = &sample.broken->resources;

	resources->limits.memory_bytes = 256 << 20;
	resources->levels[RESOURCES_GROUP_MEMORY_BYTES].max = share * (256 << 20);
}

static void test_leaking(void **state)
{
	(void)state;
	leak();
	limit(0.97);
	cause_sample_expect(&sample, "leaking",
		"server leaks: memory grew by 95.7 MiB in the trial, 4.00 KiB for each request "
		"(4.00 KiB where it passed), to 226 MiB, 97 % of its limit");
	/* What is at its limit for that is told as well, behind it. */
	assert_string_equal(sample.record.causes[1].key, "memory_limit");
}

/* A server that gets warm takes what it needs at first. */
static void test_warming(void **state)
{
	(void)state;
	leak();
	limit(0.97);
	for (int trial = CAUSE_SAMPLE_LOWER; trial <= CAUSE_SAMPLE_BROKEN; trial++)
		for (size_t i = 21; i <= CAUSE_SAMPLE_INTERVALS; i++)
			sample.intervals[trial][i].resources.level[RESOURCES_RSS_BYTES] =
				sample.intervals[trial][20].resources.level[RESOURCES_RSS_BYTES];
	cause_sample_expect_none(&sample, "leaking");
}

/* With memory enough a leak is a finding, and something else gave way. */
static void test_leaking_beside(void **state)
{
	(void)state;
	leak();
	limit(0.5);
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 503, 2880);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "refusing");
	assert_string_equal(sample.record.causes[1].key, "leaking");
	/* Unless the user asked for a bound. */
	sample.threshold = (struct result_threshold){
		.expression = (char *)"target_memory_max<200M", .state = RESULT_FAIL};
	sample.broken->thresholds = &sample.threshold;
	sample.broken->threshold_count = 1;
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "leaking");
}

static void test_no_leak(void **state)
{
	(void)state;
	/* Queues that grew in the overload alone. */
	leak();
	limit(0.97);
	cause_sample_memory(&sample, CAUSE_SAMPLE_LOWER, 50 * MIB, 1.9 * MIB);
	cause_sample_expect_none(&sample, "leaking");
	/* Or more for each request than elsewhere. */
	leak();
	cause_sample_memory(&sample, CAUSE_SAMPLE_LOWER, 50 * MIB, 1600.0 * 4000 * 4.9);
	cause_sample_expect_none(&sample, "leaking");
	cause_sample_memory(&sample, CAUSE_SAMPLE_LOWER, 50 * MIB, 1680.0 * 4000 * 4.9);
	cause_sample_explain(&sample);
	assert_non_null(cause_sample_find(&sample, "leaking"));
	/* A handful of bytes is arithmetic. */
	cause_sample_memory(&sample, CAUSE_SAMPLE_LOWER, 50 * MIB, 60.0 * 4000 * 4.9);
	cause_sample_memory(&sample, CAUSE_SAMPLE_BROKEN, 50 * MIB, 60.0 * 5000 * 4.9);
	cause_sample_expect_none(&sample, "leaking");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slow_break, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stall, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_break_by_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_recovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_far_below, setup, teardown),
		cmocka_unit_test_setup_teardown(test_luck_is_no_recovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hardly_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collapse_is_no_slow_recovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collapse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collapse_from_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collapse_by_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collapse_that_is_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_recovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_search_downwards, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaking, setup, teardown),
		cmocka_unit_test_setup_teardown(test_warming, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaking_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_leak, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
