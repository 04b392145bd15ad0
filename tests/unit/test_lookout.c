/* SPDX-License-Identifier: MIT */
/* Which intervals of a run are looked at, and which of them are trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/lookout.h"

#define LONGEST_NS (4 * NS_PER_S)

struct fixture {
	struct plan plan;
	struct stats *merged;
	struct timeline timeline;
	struct timeline_shares shares[2];
	struct lookout lookout;
	uint64_t now_ns;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	size_t bytes = (stats_bytes(LONGEST_NS) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes);

	if (!fixture || !memory)
		return -1;
	fixture->merged = stats_init(memset(memory, 0, bytes), LONGEST_NS);
	fixture->plan = (struct plan){.longest_ns = LONGEST_NS,
		.duration_ns = 100 * NS_PER_S,
		.open_loop = true,
		.rate_mrps = 1000000};
	fixture->timeline.worker_count = 2;
	fixture->timeline.latest_shares = fixture->shares;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	lookout_release(&fixture->lookout);
	free(fixture->merged);
	free(fixture);
	return 0;
}

static void begin(struct fixture *fixture, uint64_t lasting_s, bool lost_only)
{
	const struct lookout_terms terms = {lasting_s * NS_PER_S, lost_only};

	assert_int_equal(lookout_init(&fixture->lookout, &fixture->plan, NULL, &terms, NULL), 0);
	lookout_begin(&fixture->lookout, fixture->merged, NS_PER_S);
}

/* An interval of so many milliseconds, in which so many requests failed; counts only grow. */
static bool fail_for(struct fixture *fixture, uint64_t ms, uint64_t late_ms, uint64_t count)
{
	struct counters *counters = &fixture->merged->phase[STATS_MEASURED].counters;

	COUNT_BY(counters, COUNTER_SCHEDULED, count);
	COUNT_BY(counters, COUNTER_FAILED_PARSE, count);
	fixture->now_ns += ms * NS_PER_MS;
	return lookout_take(&fixture->lookout, fixture->now_ns, late_ms * NS_PER_MS,
		fixture->merged, &fixture->timeline);
}

static void nothing_is_watched_unasked(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 0, false);
	for (int i = 0; i < 20; i++)
		assert_false(fail_for(fixture, 1000, 0, 1000));
	assert_false(fixture->lookout.found.happened);
}

static void a_breach_is_told_once(void **state)
{
	struct fixture *fixture = *state;

	COUNT_BY(&fixture->merged->phase[STATS_MEASURED].counters, COUNTER_COMPLETED, 1000000);
	begin(fixture, 3, false);
	assert_false(fail_for(fixture, 1000, 0, 1000));
	assert_false(fail_for(fixture, 1000, 0, 1000));
	assert_true(fail_for(fixture, 1000, 0, 1000));
	assert_true(fixture->lookout.found.happened);
	assert_int_equal(fixture->lookout.found.sign, RESULT_SIGN_ERRORS);
	/* Of the interval, not of the run. */
	assert_true(fixture->lookout.found.value == 1);
	assert_false(fail_for(fixture, 1000, 0, 1000));
}

static void a_late_collector_breaks_the_sign(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3, false);
	for (int i = 0; i < 5; i++) {
		assert_false(fail_for(fixture, 1000, 499, 1000));
		assert_false(fail_for(fixture, 1000, 499, 1000));
		assert_false(fail_for(fixture, 1000, 500, 1000));
	}
}

/* As of a process that was stopped: several intervals in one. */
static void a_long_interval_breaks_the_sign(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3, false);
	for (int i = 0; i < 5; i++) {
		assert_false(fail_for(fixture, 1000, 0, 1000));
		assert_false(fail_for(fixture, 4000, 0, 1000));
	}
}

static void busy_workers_break_the_sign(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, false);
	fixture->shares[1].busy = 0.91F;
	for (int i = 0; i < 5; i++)
		assert_false(fail_for(fixture, 1000, 0, 1000));
	fixture->shares[1].busy = 0.89F;
	assert_false(fail_for(fixture, 1000, 0, 1000));
	assert_true(fail_for(fixture, 1000, 0, 1000));
}

/* Which saturates its workers by design. */
static void busy_workers_of_a_closed_loop_do_not(void **state)
{
	struct fixture *fixture = *state;

	fixture->plan.open_loop = false;
	begin(fixture, 2, false);
	fixture->shares[1].busy = 1;
	assert_false(fail_for(fixture, 1000, 0, 1000));
	assert_true(fail_for(fixture, 1000, 0, 1000));
}

static void the_end_of_the_window_cannot_come_sooner(void **state)
{
	struct fixture *fixture = *state;

	fixture->plan.duration_ns = 3 * NS_PER_S;
	begin(fixture, 3, false);
	for (int i = 0; i < 10; i++)
		assert_false(fail_for(fixture, 1000, 0, 1000));
}

static void nor_that_of_the_requests(void **state)
{
	struct fixture *fixture = *state;

	fixture->plan.duration_ns = UINT64_MAX;
	fixture->plan.has_requests = true;
	fixture->plan.requests = 3000;
	begin(fixture, 3, false);
	for (int i = 0; i < 10; i++)
		assert_false(fail_for(fixture, 1000, 0, i < 3 ? 1000 : 0));
}

/* 100,000 requests in the window, of which no threshold says what errors may be. */
static void nothing_is_lost_without_an_objective(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3, true);
	for (int i = 0; i < 20; i++)
		assert_false(fail_for(fixture, 1000, 0, 1000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_watched_unasked),
		TEST(a_breach_is_told_once),
		TEST(a_late_collector_breaks_the_sign),
		TEST(a_long_interval_breaks_the_sign),
		TEST(busy_workers_break_the_sign),
		TEST(busy_workers_of_a_closed_loop_do_not),
		TEST(the_end_of_the_window_cannot_come_sooner),
		TEST(nor_that_of_the_requests),
		TEST(nothing_is_lost_without_an_objective),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
