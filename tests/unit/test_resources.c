/* SPDX-License-Identifier: MIT */
/* What a server used, by intervals: rates, peaks, merging, and the line through a level. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "measure/resources.h"
#include "measure/timeline.h"

/* A sample at this second, with CPU time and memory. */
static struct resources_sample at(double second, uint64_t cpu_ns, double rss)
{
	struct resources_sample sample = {
		.at_ns = (uint64_t)(second * 1e9),
		.read_ns = 77 * NS_PER_S + (uint64_t)(second * 1e9),
		.counters = RESOURCES_BIT(RESOURCES_CPU_NS),
		.levels = RESOURCES_BIT(RESOURCES_RSS_BYTES),
	};

	sample.counter[RESOURCES_CPU_NS] = cpu_ns;
	sample.level[RESOURCES_RSS_BYTES] = rss;
	return sample;
}

static void add(struct resources *resources, struct resources_sample sample)
{
	assert_int_equal(resources_add(resources, &sample), 0);
}

static void rates_and_levels_of_a_window(void **state)
{
	struct resources resources = {0};
	struct resources_interval sum;

	(void)state;
	assert_false(resources_fold(&resources, 0, UINT64_MAX, &sum));
	add(&resources, at(0, 5000, 100));
	assert_int_equal(resources.interval_count, 0);
	add(&resources, at(1, 5000 + NS_PER_S, 200)); /* warm-up */
	add(&resources, at(2, 5000 + NS_PER_S + NS_PER_S / 4, 300));
	add(&resources, at(4, 5000 + NS_PER_S + NS_PER_S / 2, 600));
	assert_int_equal(resources.interval_count, 3);
	assert_true(resources_fold(&resources, NS_PER_S, 4 * NS_PER_S, &sum));
	assert_int_equal(sum.begin_ns, NS_PER_S);
	assert_int_equal(sum.end_ns, 4 * NS_PER_S);
	assert_int_equal(sum.length_ns, 3 * NS_PER_S);
	assert_int_equal(sum.count[RESOURCES_CPU_NS], NS_PER_S / 2);
	assert_float_equal(sum.per_s[RESOURCES_CPU_NS], 1e9 / 6, 1);
	assert_float_equal(sum.peak_per_s[RESOURCES_CPU_NS], 0.25e9, 1);
	/* A level holds for the interval that ends with it. */
	assert_float_equal(sum.mean[RESOURCES_RSS_BYTES], (300 + 2 * 600) / 3.0, 1e-9);
	assert_float_equal(sum.max[RESOURCES_RSS_BYTES], 600, 0);
	assert_int_equal(sum.counters, RESOURCES_BIT(RESOURCES_CPU_NS));
	/* What began before the window is not in it. */
	assert_true(resources_fold(&resources, 2 * NS_PER_S, 3 * NS_PER_S, &sum));
	assert_int_equal(sum.count[RESOURCES_CPU_NS], NS_PER_S / 4);
	assert_false(resources_fold(&resources, NS_PER_S + 1, 2 * NS_PER_S, &sum));
	resources_release(&resources);
	resources_release(&resources);
}

/* Ticks of 10 ms in a piece of 20 ms would be a peak of half a CPU too much. */
static void short_pieces_have_no_peak(void **state)
{
	struct resources resources = {0};
	struct resources_interval sum;

	(void)state;
	add(&resources, at(0, 0, 1));
	add(&resources, at(1, NS_PER_S / 2, 1));
	add(&resources, at(1.02, NS_PER_S / 2 + 30 * NS_PER_MS, 1));
	assert_true(resources_fold(&resources, 0, UINT64_MAX, &sum));
	assert_float_equal(sum.peak_per_s[RESOURCES_CPU_NS], 0.53e9 / 1.02, 1e3);
	assert_true(resources_fold(&resources, NS_PER_S, UINT64_MAX, &sum));
	assert_float_equal(sum.peak_per_s[RESOURCES_CPU_NS], 1.5e9, 1e3);
	resources_release(&resources);
}

static void what_goes_back_or_is_missing(void **state)
{
	struct resources_sample without = at(2, 900, 0);
	struct resources resources = {0};
	struct resources_interval sum;

	(void)state;
	without.counters = 0;
	without.levels = 0;
	add(&resources, at(0, 1000, 10));
	add(&resources, at(1, 400, 20)); /* another's counter */
	add(&resources, without);
	add(&resources, at(3, 500, 30));
	add(&resources, at(5, 700, 40));
	assert_int_equal(resources.intervals[0].count[RESOURCES_CPU_NS], 0);
	assert_false(RESOURCES_HAS(resources.intervals[1].counters, RESOURCES_CPU_NS));
	assert_false(RESOURCES_HAS(resources.intervals[2].counters, RESOURCES_CPU_NS));
	assert_true(resources_fold(&resources, 0, UINT64_MAX, &sum));
	assert_int_equal(sum.count[RESOURCES_CPU_NS], 200);
	assert_true(RESOURCES_HAS(sum.counters, RESOURCES_CPU_NS));
	/* Means are of where it is known: 1 s at 20 and 30, 2 s at 40. */
	assert_float_equal(sum.mean[RESOURCES_RSS_BYTES], (20 + 30 + 80) / 4.0, 1e-9);
	/* A read at the same moment, or one before: no length, no rate. */
	add(&resources, at(5, 800, 40));
	add(&resources, at(4, 900, 40));
	assert_int_equal(resources.intervals[5].length_ns, 0);
	assert_float_equal(resources.intervals[5].per_s[RESOURCES_CPU_NS], 0, 0);
	resources_release(&resources);
}

/* Longer than the timeline is kept by the second: pairs are merged, sums and peaks stay. */
static void long_runs_are_merged_in_pairs(void **state)
{
	const unsigned int seconds = 3 * RESOURCES_MAX_INTERVALS + 1;
	struct resources resources = {0};
	struct resources_interval sum;

	(void)state;
	assert_int_equal(RESOURCES_MAX_INTERVALS, TIMELINE_MAX_INTERVALS);
	for (unsigned int i = 0; i <= seconds; i++)
		add(&resources, at(i, i < 500 ? i * 1000 : i * 1000 + 7000, i));
	assert_true(resources.interval_count <= RESOURCES_MAX_INTERVALS);
	assert_true(resources.interval_count >= RESOURCES_MAX_INTERVALS / 2);
	assert_int_equal(resources.intervals[0].end_ns, 4 * NS_PER_S);
	for (size_t i = 1; i < resources.interval_count; i++)
		assert_int_equal(
			resources.intervals[i].begin_ns, resources.intervals[i - 1].end_ns);
	assert_true(resources_fold(&resources, 0, UINT64_MAX, &sum));
	assert_int_equal(sum.count[RESOURCES_CPU_NS], seconds * 1000 + 7000);
	assert_float_equal(sum.peak_per_s[RESOURCES_CPU_NS], 8000, 1e-6);
	assert_float_equal(sum.mean[RESOURCES_RSS_BYTES], (seconds + 1) / 2.0, 1e-6);
	assert_float_equal(sum.max[RESOURCES_RSS_BYTES], seconds, 0);
	resources_release(&resources);
}

static void a_trend_is_the_least_squares_line(void **state)
{
	struct resources resources = {0};
	struct resources_trend trend;

	(void)state;
	trend = resources_trend(&resources, RESOURCES_RSS_BYTES, 0, UINT64_MAX);
	assert_int_equal(trend.samples, 0);
	add(&resources, at(0, 0, 1e12));
	add(&resources, at(1, 0, 5e12)); /* in the warm-up, far off the line */
	for (int i = 2; i <= 61; i++)
		add(&resources, at(i, 0, 1e9 + 1000.0 * i));
	trend = resources_trend(&resources, RESOURCES_RSS_BYTES, NS_PER_S, UINT64_MAX);
	assert_int_equal(trend.samples, 60);
	assert_int_equal(trend.span_ns, 59 * NS_PER_S);
	assert_float_equal(trend.per_hour, 3.6e6, 1);
	assert_float_equal(trend.error_per_hour, 0, 1);
	assert_float_equal(trend.r_squared, 1, 1e-9);
	/* 59 seconds of the 61 that are read, from 1 GB and two thousand on. */
	assert_float_equal(trend.share, 59000 / (1e9 + 2000), 1e-9);
	assert_float_equal(trend.robust_per_hour, 3.6e6, 1);
	assert_true(trend.p < 1e-12 && trend.robust_p < 1e-12);
	resources_release(&resources);
}

/* y = t + a zigzag of ±b: slope, its error and r² are known. */
static void a_trend_says_how_sure_it_is(void **state)
{
	static const double y[] = {1, 3, 2, 5, 4};
	struct resources resources = {0};
	struct resources_trend trend;

	(void)state;
	add(&resources, at(0, 0, 0));
	for (int i = 0; i < 5; i++)
		add(&resources, at(i + 1, 0, y[i]));
	trend = resources_trend(&resources, RESOURCES_RSS_BYTES, 0, UINT64_MAX);
	/* Sxx 10, Sxy 8, Syy 10: slope 0.8, residuals 3.6, variance 1.2, error 1.96 √0.12. */
	assert_float_equal(trend.per_hour, 0.8 * 3600, 1e-6);
	assert_float_equal(trend.error_per_hour, 1.96 * sqrt(0.12) * 3600, 1e-6);
	assert_float_equal(trend.r_squared, 0.64, 1e-9);
	/* 0.8 / √0.12 = 2.309; from 1.4 on the line gains 3.2. The median of ten slopes is 0.875.
	 */
	assert_float_equal(trend.p, 0.020921, 1e-5);
	assert_float_equal(trend.share, 3.2 / 1.4, 1e-9);
	assert_float_equal(trend.robust_per_hour, 0.875 * 3600, 1e-6);
	assert_float_equal(trend.robust_p, 0.220671, 1e-6);
	/* Two points make any line. */
	trend = resources_trend(&resources, RESOURCES_RSS_BYTES, 3 * NS_PER_S, UINT64_MAX);
	assert_int_equal(trend.samples, 2);
	assert_float_equal(trend.per_hour, 0, 0);
	assert_float_equal(trend.p, 1, 0);
	assert_float_equal(trend.robust_p, 1, 0);
	resources_release(&resources);
}

static void every_figure_has_a_key(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		assert_non_null(resources_counter_key(i));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(resources_counter_key(i), resources_counter_key(j));
		for (unsigned int j = 0; j < RESOURCES_LEVEL_COUNT; j++)
			assert_string_not_equal(resources_counter_key(i), resources_level_key(j));
	}
	assert_null(resources_counter_key(RESOURCES_COUNTER_COUNT));
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		assert_non_null(resources_level_key(i));
	assert_null(resources_level_key(RESOURCES_LEVEL_COUNT));
}

/* Neighbours are averaged where there are more than the robust trend takes. */
static void a_long_window_has_a_robust_trend_too(void **state)
{
	struct resources resources = {0};
	struct resources_trend trend;

	(void)state;
	add(&resources, at(0, 0, 0));
	for (int i = 1; i <= 1000; i++)
		add(&resources, at(i, 0, i % 50 == 0 ? 1e9 : 10.0 * i));
	trend = resources_trend(&resources, RESOURCES_RSS_BYTES, 0, UINT64_MAX);
	assert_int_equal(trend.samples, 1000);
	assert_true(trend.p > 0.05);
	assert_float_equal(trend.robust_per_hour, 36000, 2000);
	assert_true(trend.robust_p < 1e-6);
	resources_release(&resources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_and_levels_of_a_window),
		cmocka_unit_test(short_pieces_have_no_peak),
		cmocka_unit_test(what_goes_back_or_is_missing),
		cmocka_unit_test(long_runs_are_merged_in_pairs),
		cmocka_unit_test(a_trend_is_the_least_squares_line),
		cmocka_unit_test(a_trend_says_how_sure_it_is),
		cmocka_unit_test(a_long_window_has_a_robust_trend_too),
		cmocka_unit_test(every_figure_has_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
