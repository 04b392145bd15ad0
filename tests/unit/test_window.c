/* SPDX-License-Identifier: MIT */
/* How long -n takes in open loop, and whose requests they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "plan/arrival.h"
#include "plan/window.h"

#define MOST_WORKERS 16

static struct plan_worker workers[MOST_WORKERS];

static struct plan plan_of(
	enum scenario_arrival arrival, uint64_t rate_mrps, size_t worker_count, uint64_t requests)
{
	memset(workers, 0, sizeof(workers));
	return (struct plan){
		.open_loop = true,
		.arrival = arrival,
		.rate_mrps = rate_mrps,
		.duration_ns = UINT64_MAX,
		.has_requests = true,
		.requests = requests,
		.seed = 5,
		.workers = workers,
		.worker_count = worker_count,
	};
}

/* Runs the schedule: every worker sends exactly its part, all of it inside the window. */
static void check_schedule(const struct plan *plan)
{
	uint64_t total = 0;

	for (size_t w = 0; w < plan->worker_count; w++) {
		struct arrival arrival;
		uint64_t measured = 0;

		for (arrival_init(&arrival, plan, w); arrival.next_ns != ARRIVAL_NONE;
			arrival_advance(&arrival)) {
			assert_true(arrival.next_ns < plan->warmup_ns + plan->duration_ns);
			measured += arrival.next_ns >= plan->warmup_ns;
		}
		assert_int_equal(measured, plan->workers[w].requests);
		total += measured;
	}
	assert_int_equal(total, plan->requests);
}

static void test_constant_takes_requests_over_rate(void **state)
{
	struct plan plan = plan_of(SCENARIO_CONSTANT, 50000000, 3, 500000);

	(void)state;
	assert_int_equal(window_fit(&plan, NULL), 0);
	assert_int_equal(plan.duration_ns, 10 * NS_PER_S);
	assert_int_equal(plan.requests, 500000);
	check_schedule(&plan);
}

static void test_constant_after_a_warmup_that_ends_between_arrivals(void **state)
{
	static const uint64_t rates[] = {3333, 777777, 29970, 1000000, 123456789};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		for (uint64_t n = 1; n < 40; n += 3) {
			struct plan plan = plan_of(SCENARIO_CONSTANT, rates[r], 7, n);

			plan.warmup_ns = 1234567891;
			assert_int_equal(window_fit(&plan, NULL), 0);
			assert_int_equal(plan.requests, n);
			check_schedule(&plan);
			/* One nanosecond more, and the next one would be in. */
			assert_int_equal(arrival_constant_before(
						 rates[r], plan.warmup_ns + plan.duration_ns + 1) -
						 arrival_constant_before(rates[r], plan.warmup_ns),
				n + 1);
		}
	}
}

static void test_shorter_duration_stays(void **state)
{
	struct plan plan = plan_of(SCENARIO_CONSTANT, 1000000, 2, 5000);

	(void)state;
	plan.duration_ns = 3 * NS_PER_S;
	assert_int_equal(window_fit(&plan, NULL), 0);
	assert_int_equal(plan.duration_ns, 3 * NS_PER_S);
	assert_int_equal(plan.requests, 3000);
	check_schedule(&plan);

	plan = plan_of(SCENARIO_POISSON, 1000000, 2, 5000);
	plan.duration_ns = 3 * NS_PER_S;
	assert_int_equal(window_fit(&plan, NULL), 0);
	assert_int_equal(plan.duration_ns, 3 * NS_PER_S);
	assert_in_range(plan.requests, 2700, 3300);
	check_schedule(&plan);
}

static void test_longer_duration_is_cut(void **state)
{
	(void)state;
	for (int kind = 0; kind < SCENARIO_ARRIVAL_COUNT; kind++) {
		struct plan plan = plan_of((enum scenario_arrival)kind, 1000000, 2, 5000);

		plan.duration_ns = 60 * NS_PER_S;
		assert_int_equal(window_fit(&plan, NULL), 0);
		assert_in_range(plan.duration_ns, 4 * NS_PER_S, 6 * NS_PER_S);
		assert_int_equal(plan.requests, 5000);
		check_schedule(&plan);
	}
}

/* The run is the first N arrivals of one process: nothing is left out before its end. */
static void test_poisson_takes_the_first_requests(void **state)
{
	static const uint64_t counts[] = {1, 2, 63, 64, 65, 100, 5000, 300000};

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct plan plan = plan_of(SCENARIO_POISSON, 20000000, 5, counts[c]);
		struct plan unlimited;
		uint64_t total = 0, next_ns = ARRIVAL_NONE;

		plan.warmup_ns = 50 * NS_PER_MS;
		assert_int_equal(window_fit(&plan, NULL), 0);
		assert_true(plan.has_requests);
		assert_int_equal(plan.requests, counts[c]);
		check_schedule(&plan);

		unlimited = plan;
		unlimited.has_requests = false;
		unlimited.duration_ns = UINT64_MAX;
		for (size_t w = 0; w < plan.worker_count; w++) {
			struct arrival arrival;

			arrival_init(&arrival, &unlimited, w);
			for (; arrival.next_ns < plan.warmup_ns + plan.duration_ns;
				arrival_advance(&arrival))
				total += arrival.next_ns >= plan.warmup_ns;
			if (arrival.next_ns < next_ns)
				next_ns = arrival.next_ns;
		}
		assert_int_equal(total, counts[c]);
		/* The window ends where the first one not taken comes. */
		assert_int_equal(next_ns, plan.warmup_ns + plan.duration_ns);
	}
}

/* So fast that arrivals of different workers share nanoseconds: the end must not cut one of two. */
static void test_poisson_with_ties(void **state)
{
	unsigned int ties = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct plan plan = plan_of(SCENARIO_POISSON, UINT64_C(100000000000), 16, 50);
		struct arrival arrival;

		plan.seed = seed;
		assert_int_equal(window_fit(&plan, NULL), 0);
		assert_int_equal(plan.requests, 50);
		check_schedule(&plan);
		/* A worker's first one not taken, inside the window all the same. */
		for (size_t w = 0; w < plan.worker_count; w++) {
			uint64_t limit = plan.workers[w].requests;

			plan.workers[w].requests = UINT64_MAX;
			arrival_init(&arrival, &plan, w);
			for (uint64_t i = 0; i < limit; i++)
				arrival_advance(&arrival);
			ties += arrival.next_ns != ARRIVAL_NONE;
			plan.workers[w].requests = limit;
		}
	}
	/* The case did occur. */
	assert_true(ties > 0);
}

static void test_closed_loop_divides_exactly(void **state)
{
	struct plan plan = plan_of(SCENARIO_CONSTANT, 0, 7, 100);
	uint64_t total = 0;

	(void)state;
	plan.open_loop = false;
	assert_int_equal(window_fit(&plan, NULL), 0);
	assert_int_equal(plan.duration_ns, UINT64_MAX);
	for (size_t w = 0; w < 7; w++) {
		assert_int_equal(plan.workers[w].requests, w < 2 ? 15 : 14);
		total += plan.workers[w].requests;
	}
	assert_int_equal(total, 100);
}

static void test_without_requests_nothing_changes(void **state)
{
	struct plan plan = plan_of(SCENARIO_CONSTANT, 1000000, 2, 0);

	(void)state;
	plan.has_requests = false;
	plan.duration_ns = 12345;
	assert_int_equal(window_fit(&plan, NULL), 0);
	assert_int_equal(plan.duration_ns, 12345);
	assert_int_equal(plan.workers[0].requests, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant_takes_requests_over_rate),
		cmocka_unit_test(test_constant_after_a_warmup_that_ends_between_arrivals),
		cmocka_unit_test(test_shorter_duration_stays),
		cmocka_unit_test(test_longer_duration_is_cut),
		cmocka_unit_test(test_poisson_takes_the_first_requests),
		cmocka_unit_test(test_poisson_with_ties),
		cmocka_unit_test(test_closed_loop_divides_exactly),
		cmocka_unit_test(test_without_requests_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
