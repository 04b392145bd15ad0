/* SPDX-License-Identifier: MIT */
/* What a histogram tells of the samples it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "measure/hist.h"
#include "tests/unit/hist_samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void an_empty_histogram_is_zero(void **state)
{
	struct hist hist = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
	struct hist_quantile quantile = hist_percentile(&hist, 0.99);

	(void)state;
	assert_int_equal(
		hist_bytes(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS), 8 * hist.cell_count);
	assert_true(hist_layout_highest(HIST_PRECISION_3_DIGITS, hist.cell_count - 1) >=
		    HIST_SAMPLES_LONGEST_NS);
	assert_int_equal(hist_count(&hist), 0);
	assert_true(hist_mean_ns(&hist) == 0);
	assert_true(hist_stddev_ns(&hist) == 0);
	assert_int_equal(quantile.value_ns, 0);
	assert_false(quantile.lower_bound);
	assert_int_equal(quantile.samples_beyond, 0);
	assert_true(hist.min_ns == UINT64_MAX);
	assert_int_equal(hist.max_ns, 0);
	hist_samples_free(&hist);
}

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* ceil(share × count / 10000) in whole numbers, at least 1. */
static size_t exact_rank(unsigned int share, size_t count)
{
	size_t rank = (share * count + 9999) / 10000;

	return rank ? rank : 1;
}

static const unsigned int shares[] = {0, 1, 10, 100, 1000, 2500, 3333, 5000, 6667, 7500, 9000, 9500,
	9800, 9900, 9990, 9999, 10000};

/* sorted: every sample that was recorded. where: for the message. */
static void check_percentiles(
	const struct hist *hist, const uint64_t *sorted, size_t count, const char *where)
{
	unsigned int half_bits = hist->precision_bits - 1;
	struct hist_quantile got;
	uint64_t exact;
	size_t rank;

	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		rank = exact_rank(shares[i], count);
		exact = sorted[rank - 1];
		got = hist_percentile(hist, shares[i] / 10000.0);
		if (got.value_ns < exact || (got.value_ns - exact) << half_bits > exact ||
			got.value_ns > sorted[count - 1] || got.samples_beyond != count - rank)
			fail_msg("%s: %zu samples, share %u/10000: got %ju with %ju beyond, "
				 "expected %ju with %zu",
				where, count, shares[i], (uintmax_t)got.value_ns,
				(uintmax_t)got.samples_beyond, (uintmax_t)exact, count - rank);
		/* The promise of three digits, in its own words. */
		if (hist->precision_bits == HIST_PRECISION_3_DIGITS)
			assert_true((double)(got.value_ns - exact) <= 0.001 * (double)exact);
		assert_false(got.lower_bound);
	}
	assert_int_equal(hist_percentile(hist, 1).value_ns, sorted[count - 1]);
	assert_int_equal(hist->min_ns, sorted[0]);
	assert_int_equal(hist->max_ns, sorted[count - 1]);
	assert_int_equal(hist_count(hist), count);
}

static void check_moments(
	const struct hist *hist, const uint64_t *sorted, size_t count, const char *where)
{
	double mean = 0, squares = 0, width = 1.0 / (1 << (hist->precision_bits - 1));
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sorted[i];
	mean = (double)sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += ((double)sorted[i] - mean) * ((double)sorted[i] - mean);
	assert_int_equal(hist->sum_ns, sum);
	assert_true(hist_mean_ns(hist) == mean);
	/* Each sample is moved by half a cell at most. */
	if (fabs(hist_stddev_ns(hist) - sqrt(squares / (double)count)) >
		width * (sqrt(squares / (double)count) + mean))
		fail_msg("%s: deviation %f, expected %f", where, hist_stddev_ns(hist),
			sqrt(squares / (double)count));
}

static void percentiles_are_those_of_a_sorted_array(void **state)
{
	static const size_t counts[] = {1, 2, 3, 10, 99, 100, 101, 1000, 20000};
	static const unsigned int precisions[] = {
		HIST_PRECISION_3_DIGITS, HIST_PRECISION_2_DIGITS, 4};
	static uint64_t samples[20000];
	char where[128];
	struct hist hist;
	struct rng rng;
	unsigned int bits;

	(void)state;
	for (size_t run = 0;
		run < HIST_SAMPLES_SEEDS * HIST_SAMPLES_DISTRIBUTIONS * COUNT_OF(counts); run++) {
		unsigned int distribution = (unsigned int)(run % HIST_SAMPLES_DISTRIBUTIONS);
		size_t count = counts[run / HIST_SAMPLES_DISTRIBUTIONS % COUNT_OF(counts)];
		uint64_t seed =
			hist_samples_seeds[run / HIST_SAMPLES_DISTRIBUTIONS / COUNT_OF(counts)];

		bits = precisions[run % COUNT_OF(precisions)];
		snprintf(where, sizeof where, "HIST_SEED=%ju, distribution %u, precision %u",
			(uintmax_t)seed, distribution, bits);
		rng_init(&rng, seed, run);
		hist = hist_samples_new(bits, HIST_SAMPLES_LONGEST_NS);
		for (size_t i = 0; i < count; i++) {
			samples[i] = hist_samples_draw(&rng, distribution);
			hist_record(&hist, samples[i]);
		}
		assert_int_equal(hist.clipped, 0);
		qsort(samples, count, sizeof samples[0], compare_values);
		check_percentiles(&hist, samples, count, where);
		check_moments(&hist, samples, count, where);
		hist_samples_free(&hist);
	}
}

/* With a cell for each value, the percentile of 1..n at share s is the rank itself. */
static void ranks_are_those_of_the_decimal_meant(void **state)
{
	static const size_t counts[] = {1, 7, 10, 100, 1000, 2000};
	struct hist hist;
	uint64_t got;

	(void)state;
	for (size_t row = 0; row < COUNT_OF(counts); row++) {
		hist = hist_samples_new(HIST_PRECISION_3_DIGITS, 2047);
		for (uint64_t value = 1; value <= counts[row]; value++)
			hist_record(&hist, value);
		for (unsigned int share = 0; share <= 10000; share++) {
			got = hist_percentile(&hist, share / 10000.0).value_ns;
			if (got != exact_rank(share, counts[row]))
				fail_msg("share %u/10000 of %zu: rank %ju", share, counts[row],
					(uintmax_t)got);
		}
		hist_samples_free(&hist);
	}
}

/* Large counts: as many samples as hours of load have, put into the cells directly. */
static void ranks_of_billions(void **state)
{
	const uint64_t each = 10000000000ULL;
	struct hist hist = hist_samples_new(HIST_PRECISION_3_DIGITS, 2047);
	struct hist_quantile got;

	(void)state;
	for (unsigned int value = 1; value <= 1000; value++)
		hist.cells[value] = each;
	hist.max_ns = 1000;
	for (unsigned int share = 1; share <= 1000; share++) {
		got = hist_percentile(&hist, share / 1000.0);
		assert_int_equal(got.value_ns, share);
		assert_in_range(
			got.samples_beyond, (1000 - share) * each, (1000 - share) * each + 100);
	}
	hist_samples_free(&hist);
}

/*
 * lower_bound exactly when a censored age lies in the returned value's cell or below it, whatever
 * the order of recording.
 */
static void censored_samples_make_lower_bounds(void **state)
{
	static uint64_t samples[3000];
	struct hist hist;
	struct hist_quantile got;
	struct rng rng;
	uint64_t smallest, exact;
	bool expected;

	(void)state;
	for (unsigned int run = 0; run < HIST_SAMPLES_SEEDS * HIST_SAMPLES_DISTRIBUTIONS; run++) {
		rng_init(&rng, hist_samples_seeds[run / HIST_SAMPLES_DISTRIBUTIONS], run);
		hist = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
		smallest = UINT64_MAX;
		for (size_t i = 0; i < COUNT_OF(samples); i++) {
			samples[i] = hist_samples_draw(&rng, run % HIST_SAMPLES_DISTRIBUTIONS);
			if (rng_below(&rng, 1000)) {
				hist_record(&hist, samples[i]);
				continue;
			}
			hist_record_censored(&hist, samples[i]);
			smallest = samples[i] < smallest ? samples[i] : smallest;
		}
		assert_true(hist.censored_min_ns == smallest);
		qsort(samples, COUNT_OF(samples), sizeof samples[0], compare_values);
		for (size_t i = 0; i < COUNT_OF(shares); i++) {
			exact = samples[exact_rank(shares[i], COUNT_OF(samples)) - 1];
			got = hist_percentile(&hist, shares[i] / 10000.0);
			expected = smallest != UINT64_MAX &&
				   hist_samples_cell(11, smallest) <= hist_samples_cell(11, exact);
			if (got.lower_bound != expected || got.value_ns < exact)
				fail_msg("HIST_SEED=%ju, distribution %u, share %u/10000",
					(uintmax_t)hist_samples_seeds[run /
								      HIST_SAMPLES_DISTRIBUTIONS],
					run % HIST_SAMPLES_DISTRIBUTIONS, shares[i]);
		}
		hist_samples_free(&hist);
	}
}

/* 1000 requests of 1 ms, 20 of which never answered in 100 ms: exact up to p98. */
static void a_percentile_below_the_timeouts_is_exact(void **state)
{
	struct hist hist = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);

	(void)state;
	for (unsigned int i = 0; i < 980; i++)
		hist_record(&hist, NS_PER_MS);
	assert_false(hist_percentile(&hist, 1).lower_bound);
	for (unsigned int i = 0; i < 20; i++)
		hist_record_censored(&hist, 100 * NS_PER_MS);
	assert_int_equal(hist.censored, 20);
	assert_int_equal(hist_count(&hist), 1000);
	assert_false(hist_percentile(&hist, 0.5).lower_bound);
	assert_false(hist_percentile(&hist, 0.98).lower_bound);
	assert_true(hist_percentile(&hist, 0.981).lower_bound);
	assert_int_equal(hist_percentile(&hist, 0.99).value_ns, 100 * NS_PER_MS);
	/* A slow answer does not make the timeouts before it exact. */
	hist_record(&hist, 200 * NS_PER_MS);
	assert_true(hist_percentile(&hist, 1).lower_bound);
	assert_int_equal(hist_percentile(&hist, 1).value_ns, 200 * NS_PER_MS);
	hist_samples_free(&hist);
}

static void values_above_the_range_are_clipped(void **state)
{
	struct hist hist = hist_samples_new(HIST_PRECISION_2_DIGITS, NS_PER_MS);
	uint64_t edge = hist_layout_highest(HIST_PRECISION_2_DIGITS, hist.cell_count - 1);

	(void)state;
	hist_record(&hist, edge);
	assert_int_equal(hist.clipped, 0);
	hist_record(&hist, edge + 1);
	assert_int_equal(hist.clipped, 1);
	hist_record(&hist, NS_PER_S);
	hist_record_censored(&hist, 2 * NS_PER_S);
	assert_int_equal(hist.clipped, 3);
	assert_int_equal(hist.cells[hist.cell_count - 1], 4);
	assert_int_equal(hist_count(&hist), 4);
	assert_int_equal(hist.max_ns, 2 * NS_PER_S);
	assert_int_equal(hist.sum_ns, 2 * edge + 1 + 3 * NS_PER_S);
	/* A value out of the range is not called smaller than it may have been. */
	assert_int_equal(hist_percentile(&hist, 0.75).value_ns, 2 * NS_PER_S);
	assert_true(hist_percentile(&hist, 0.75).lower_bound);
	hist_record(&hist, UINT64_MAX);
	assert_int_equal(hist.clipped, 4);
	assert_true(hist.max_ns == UINT64_MAX);
	hist_samples_free(&hist);
}

static void a_wrapped_sum_does_not_make_a_wrong_mean(void **state)
{
	const uint64_t value = 3ULL << 61;
	struct hist hist = hist_samples_new(HIST_PRECISION_3_DIGITS, UINT64_MAX);

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		hist_record(&hist, value);
	assert_true(fabs(hist_mean_ns(&hist) / (double)value - 1) < 0.001);
	assert_true(hist_stddev_ns(&hist) == 0);
	hist_samples_free(&hist);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_histogram_is_zero),
		cmocka_unit_test(percentiles_are_those_of_a_sorted_array),
		cmocka_unit_test(ranks_are_those_of_the_decimal_meant),
		cmocka_unit_test(ranks_of_billions),
		cmocka_unit_test(censored_samples_make_lower_bounds),
		cmocka_unit_test(a_percentile_below_the_timeouts_is_exact),
		cmocka_unit_test(values_above_the_range_are_clipped),
		cmocka_unit_test(a_wrapped_sum_does_not_make_a_wrong_mean),
	};

	hist_samples_begin();
	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
