/* SPDX-License-Identifier: MIT */
/* Schedules: the constant process against its formula, the Poisson process against statistics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/clock.h"
#include "plan/arrival.h"

#define MOST_WORKERS 16

/* 1.95 / sqrt(n): a true hypothesis is rejected once in a thousand times. The seeds are fixed, so
 * that a test either always passes or never. */
#define KOLMOGOROV_1_IN_1000 1.95

static struct plan_worker workers[MOST_WORKERS];

static struct plan plan_of(uint64_t rate_mrps, size_t worker_count, uint64_t duration_ns)
{
	assert_true(worker_count <= MOST_WORKERS);
	memset(workers, 0, sizeof(workers));
	return (struct plan){
		.open_loop = true,
		.arrival = SCENARIO_CONSTANT,
		.rate_mrps = rate_mrps,
		.duration_ns = duration_ns,
		.workers = workers,
		.worker_count = worker_count,
	};
}

static struct plan poisson_of(
	uint64_t rate_mrps, size_t worker_count, uint64_t duration_ns, uint64_t seed)
{
	struct plan plan = plan_of(rate_mrps, worker_count, duration_ns);

	plan.arrival = SCENARIO_POISSON;
	plan.seed = seed;
	return plan;
}

/* The definition, computed the slow way. */
static uint64_t formula_ns(uint64_t rate_mrps, uint64_t index)
{
	return (uint64_t)((unsigned __int128)index * 1000000000000U / rate_mrps);
}

/* Every arrival of every worker lies where the formula says, and together they are all of them. */
static void check_constant(uint64_t rate_mrps, size_t worker_count, uint64_t duration_ns)
{
	struct plan plan = plan_of(rate_mrps, worker_count, duration_ns);
	uint64_t total = 0, expected = 0;

	while (formula_ns(rate_mrps, expected) < duration_ns)
		expected++;
	for (size_t w = 0; w < worker_count; w++) {
		struct arrival arrival;
		uint64_t index = w;

		arrival_init(&arrival, &plan, w);
		for (; arrival.next_ns != ARRIVAL_NONE; arrival_advance(&arrival)) {
			assert_int_equal(arrival.next_ns, formula_ns(rate_mrps, index));
			index += worker_count;
			total++;
		}
		/* The first one missing is the worker's first beyond the end. */
		assert_true(formula_ns(rate_mrps, index) >= duration_ns);
	}
	assert_int_equal(total, expected);
	assert_int_equal(total, arrival_constant_before(rate_mrps, duration_ns));
}

static void test_constant_is_exact_at_awkward_rates(void **state)
{
	static const uint64_t rates[] = {1, 7, 333, 1000, 1001, 3333, 29970, 99999};
	static const size_t counts[] = {1, 2, 3, 7, 16};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
			check_constant(rates[r], counts[c], 3600 * NS_PER_S);
	}
	/* Periods below and just around a whole number of nanoseconds. */
	check_constant(UINT64_C(333333333), 7, NS_PER_S);
	check_constant(UINT64_C(99999999999), 3, 3 * NS_PER_MS);
	check_constant(UINT64_C(100000000000), 4, 3 * NS_PER_MS);
}

static void test_constant_counts_are_rate_times_duration(void **state)
{
	struct plan plan = plan_of(50000000, 3, 10 * NS_PER_S);
	uint64_t total = 0;

	(void)state;
	for (size_t w = 0; w < plan.worker_count; w++) {
		struct arrival arrival;

		for (arrival_init(&arrival, &plan, w); arrival.next_ns != ARRIVAL_NONE;
			arrival_advance(&arrival))
			total++;
	}
	assert_int_equal(total, 500000);
	assert_int_equal(arrival_constant_before(50000000, 10 * NS_PER_S), 500000);
}

/* A year at 3.333 a second on the fifth of seven workers: no drift, in both directions. */
static void test_constant_does_not_drift(void **state)
{
	const uint64_t year_ns = UINT64_C(365) * 86400 * NS_PER_S;
	struct plan plan = plan_of(3333, 7, year_ns);
	struct arrival arrival;
	uint64_t index = 4, last = 0;

	(void)state;
	for (arrival_init(&arrival, &plan, 4); arrival.next_ns != ARRIVAL_NONE;
		arrival_advance(&arrival)) {
		last = arrival.next_ns;
		index += 7;
	}
	assert_int_equal(last, formula_ns(3333, index - 7));
	assert_true(formula_ns(3333, index) >= year_ns);
}

static void test_constant_before_counts_strictly(void **state)
{
	(void)state;
	assert_int_equal(arrival_constant_before(1000, 0), 0);
	assert_int_equal(arrival_constant_before(1000, 1), 1);
	assert_int_equal(arrival_constant_before(1000, NS_PER_S), 1);
	assert_int_equal(arrival_constant_before(1000, NS_PER_S + 1), 2);
	for (uint64_t i = 1; i < 2000; i++) {
		uint64_t at = arrival_constant_ns(3333, i);

		assert_int_equal(arrival_constant_before(3333, at), i);
		assert_int_equal(arrival_constant_before(3333, at + 1), i + 1);
	}
	/* Far beyond any run it stays ordered instead of wrapping. */
	assert_int_equal(arrival_constant_ns(1, UINT64_MAX), ARRIVAL_NONE - 1);
	assert_int_equal(arrival_constant_before(UINT64_MAX, UINT64_MAX), ARRIVAL_NONE - 1);
}

static void test_no_arrival_at_or_after_the_end(void **state)
{
	(void)state;
	for (int kind = 0; kind < SCENARIO_ARRIVAL_COUNT; kind++) {
		struct plan plan = plan_of(1000000, 1, 100 * NS_PER_MS);
		struct arrival arrival;
		uint64_t last = 0;

		plan.arrival = (enum scenario_arrival)kind;
		plan.warmup_ns = 50 * NS_PER_MS;
		for (arrival_init(&arrival, &plan, 0); arrival.next_ns != ARRIVAL_NONE;
			arrival_advance(&arrival)) {
			assert_true(arrival.next_ns >= last);
			last = arrival.next_ns;
		}
		assert_true(last < 150 * NS_PER_MS);
		assert_true(last > 140 * NS_PER_MS);
		/* Past the end it stays there. */
		arrival_advance(&arrival);
		assert_int_equal(arrival.next_ns, ARRIVAL_NONE);
	}
}

static void test_end_is_exclusive_to_the_nanosecond(void **state)
{
	struct plan plan = plan_of(1000000, 1, 3 * NS_PER_MS);
	struct arrival arrival;

	(void)state;
	arrival_init(&arrival, &plan, 0);
	arrival_advance(&arrival);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, 2 * NS_PER_MS);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, ARRIVAL_NONE);
	plan.duration_ns++;
	arrival_init(&arrival, &plan, 0);
	for (int i = 0; i < 3; i++)
		arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, 3 * NS_PER_MS);
}

static void test_limit_counts_from_the_warmup_on(void **state)
{
	(void)state;
	for (int kind = 0; kind < SCENARIO_ARRIVAL_COUNT; kind++) {
		struct plan plan = plan_of(1000000, 2, UINT64_MAX);

		plan.arrival = (enum scenario_arrival)kind;
		plan.warmup_ns = 20 * NS_PER_MS;
		plan.has_requests = true;
		workers[0].requests = 5;
		for (size_t w = 0; w < 2; w++) {
			struct arrival arrival;
			uint64_t before = 0, counted = 0;

			for (arrival_init(&arrival, &plan, w); arrival.next_ns != ARRIVAL_NONE;
				arrival_advance(&arrival)) {
				if (arrival.next_ns < plan.warmup_ns)
					before++;
				else
					counted++;
			}
			/* Also a worker without a request of its own warms up. */
			assert_int_equal(counted, workers[w].requests);
			assert_true(before > 0);
			if (kind == SCENARIO_CONSTANT)
				assert_int_equal(before, 10);
		}
	}
}

static void test_limit_of_zero_without_warmup(void **state)
{
	struct plan plan = plan_of(1000000, 1, UINT64_MAX);
	struct arrival arrival;

	(void)state;
	plan.has_requests = true;
	arrival_init(&arrival, &plan, 0);
	assert_int_equal(arrival.next_ns, ARRIVAL_NONE);
}

static void test_cut(void **state)
{
	struct plan plan = plan_of(1000000, 1, NS_PER_S);
	struct arrival arrival;

	(void)state;
	arrival_init(&arrival, &plan, 0);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, NS_PER_MS);
	arrival_cut(&arrival, 2 * NS_PER_MS + 1);
	assert_int_equal(arrival.next_ns, NS_PER_MS);
	/* Later than the cut already made: nothing comes back. */
	arrival_cut(&arrival, NS_PER_S);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, 2 * NS_PER_MS);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, ARRIVAL_NONE);

	arrival_init(&arrival, &plan, 0);
	arrival_advance(&arrival);
	arrival_cut(&arrival, NS_PER_MS);
	assert_int_equal(arrival.next_ns, ARRIVAL_NONE);
	arrival_advance(&arrival);
	assert_int_equal(arrival.next_ns, ARRIVAL_NONE);
}

static void test_copies_replay_identically(void **state)
{
	(void)state;
	for (int kind = 0; kind < SCENARIO_ARRIVAL_COUNT; kind++) {
		struct plan plan = poisson_of(3333333, 3, 2 * NS_PER_S, 42);
		struct arrival ahead, behind;
		uint64_t seen[5000];
		size_t count = 0;

		plan.arrival = (enum scenario_arrival)kind;
		arrival_init(&ahead, &plan, 1);
		for (int i = 0; i < 100; i++)
			arrival_advance(&ahead);
		behind = ahead;
		for (; ahead.next_ns != ARRIVAL_NONE && count < 5000; arrival_advance(&ahead))
			seen[count++] = ahead.next_ns;
		assert_true(count > 1500);
		for (size_t i = 0; i < count; i++, arrival_advance(&behind))
			assert_int_equal(behind.next_ns, seen[i]);
		assert_int_equal(behind.next_ns, ARRIVAL_NONE);
	}
}

static void test_seed_decides_the_poisson_schedule(void **state)
{
	struct plan plan = poisson_of(10000000, 2, NS_PER_S, 7);
	struct plan other = poisson_of(10000000, 2, NS_PER_S, 8);
	struct arrival first, again, different, neighbour;
	unsigned int equal_to_different = 0, equal_to_neighbour = 0;

	(void)state;
	arrival_init(&first, &plan, 0);
	arrival_init(&again, &plan, 0);
	arrival_init(&different, &other, 0);
	arrival_init(&neighbour, &plan, 1);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(first.next_ns, again.next_ns);
		equal_to_different += first.next_ns == different.next_ns;
		equal_to_neighbour += first.next_ns == neighbour.next_ns;
		arrival_advance(&first);
		arrival_advance(&again);
		arrival_advance(&different);
		arrival_advance(&neighbour);
	}
	assert_true(equal_to_different < 3);
	assert_true(equal_to_neighbour < 3);
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Largest distance between the samples' distribution and the uniform one on [0, 1], × sqrt(n). */
static double kolmogorov(double *samples, size_t count)
{
	double distance = 0;

	qsort(samples, count, sizeof(*samples), compare_doubles);
	for (size_t i = 0; i < count; i++) {
		double below = samples[i] - (double)i / (double)count;
		double above = (double)(i + 1) / (double)count - samples[i];

		distance = fmax(distance, fmax(below, above));
	}
	return distance * sqrt((double)count);
}

/* Arrivals of all workers in order of time; the caller frees them. */
static double *merged(const struct plan *plan, size_t *count)
{
	double *times = calloc(4000000, sizeof(*times));

	assert_non_null(times);
	*count = 0;
	for (size_t w = 0; w < plan->worker_count; w++) {
		struct arrival arrival;

		for (arrival_init(&arrival, plan, w); arrival.next_ns != ARRIVAL_NONE;
			arrival_advance(&arrival)) {
			assert_true(*count < 4000000);
			times[(*count)++] = (double)arrival.next_ns;
		}
	}
	qsort(times, *count, sizeof(*times), compare_doubles);
	return times;
}

/*
 * Gaps of the merged process are exponential with the whole rate, and, given how many there are,
 * arrival times are uniform over the window (Kingman 1993, ch. 2): both by Kolmogorov-Smirnov.
 */
static void check_poisson(size_t worker_count, uint64_t seed)
{
	const double rate_rps = 2000, window_s = 20;
	struct plan plan = poisson_of(
		(uint64_t)(rate_rps * 1000), worker_count, (uint64_t)window_s * NS_PER_S, seed);
	size_t count;
	double *times = merged(&plan, &count);
	double *samples = calloc(count, sizeof(*samples));
	double expected = rate_rps * window_s;

	assert_non_null(samples);
	/* Five standard deviations of the count. */
	assert_true(fabs((double)count - expected) < 5 * sqrt(expected));
	for (size_t i = 0; i < count; i++) {
		double gap_s = (times[i] - (i ? times[i - 1] : 0)) / 1e9;

		samples[i] = 1 - exp(-gap_s * rate_rps);
	}
	assert_true(kolmogorov(samples, count) < KOLMOGOROV_1_IN_1000);
	for (size_t i = 0; i < count; i++)
		samples[i] = times[i] / (window_s * 1e9);
	assert_true(kolmogorov(samples, count) < KOLMOGOROV_1_IN_1000);
	free(samples);
	free(times);
}

static void test_poisson_passes_kolmogorov_smirnov(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		check_poisson(1, seed);
		check_poisson(2, seed);
		check_poisson(7, seed);
	}
}

/* What the statistics above are worth: they refuse arrivals that are not Poisson. */
static void test_constant_fails_kolmogorov_smirnov(void **state)
{
	struct plan plan = plan_of(2000000, 1, 20 * NS_PER_S);
	size_t count;
	double *times = merged(&plan, &count);

	(void)state;
	for (size_t i = count; i-- > 1;)
		times[i] = 1 - exp(-(times[i] - times[i - 1]) / 1e9 * 2000);
	times[0] = 0;
	assert_true(kolmogorov(times, count) > 10 * KOLMOGOROV_1_IN_1000);
	free(times);
}

/* Independent increments: counts in windows of 10 ms have variance equal to their mean, and
 * successive windows are not correlated. */
static void test_poisson_windows_are_independent(void **state)
{
	enum { WINDOWS = 10000 };
	struct plan plan = poisson_of(2000000, 3, WINDOWS * 10 * NS_PER_MS, 99);
	static double counts[WINDOWS];
	double mean = 0, variance = 0, covariance = 0;
	size_t count;
	double *times = merged(&plan, &count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		counts[(size_t)(times[i] / 1e7)]++;
	for (size_t i = 0; i < WINDOWS; i++)
		mean += counts[i] / WINDOWS;
	for (size_t i = 0; i < WINDOWS; i++) {
		variance += (counts[i] - mean) * (counts[i] - mean) / WINDOWS;
		if (i)
			covariance += (counts[i] - mean) * (counts[i - 1] - mean) / WINDOWS;
	}
	/* Standard errors: about sqrt(2 / n) and sqrt(1 / n); four of them. */
	assert_true(fabs(variance / mean - 1) < 4 * sqrt(2.0 / WINDOWS));
	assert_true(fabs(covariance / variance) < 4 * sqrt(1.0 / WINDOWS));
	free(times);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant_is_exact_at_awkward_rates),
		cmocka_unit_test(test_constant_counts_are_rate_times_duration),
		cmocka_unit_test(test_constant_does_not_drift),
		cmocka_unit_test(test_constant_before_counts_strictly),
		cmocka_unit_test(test_no_arrival_at_or_after_the_end),
		cmocka_unit_test(test_end_is_exclusive_to_the_nanosecond),
		cmocka_unit_test(test_limit_counts_from_the_warmup_on),
		cmocka_unit_test(test_limit_of_zero_without_warmup),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_copies_replay_identically),
		cmocka_unit_test(test_seed_decides_the_poisson_schedule),
		cmocka_unit_test(test_poisson_passes_kolmogorov_smirnov),
		cmocka_unit_test(test_constant_fails_kolmogorov_smirnov),
		cmocka_unit_test(test_poisson_windows_are_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
