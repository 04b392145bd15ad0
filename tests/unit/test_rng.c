/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/rng.h"

/* From an implementation of the paper in unbounded integers; the first is rotl(1 + 4, 23) + 1. */
static void known_answer_of_the_algorithm(void **state)
{
	static const uint64_t expected[] = {41943041, 58720359, 3588806011781223, 3591011842654386,
		9228616714210784205ULL, 9973669472204895162ULL, 14011001112246962877ULL,
		12406186145184390807ULL, 15849039046786891736ULL, 10450023813501588000ULL};
	struct rng rng = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(rng_next(&rng), expected[i]);
}

/* A seed that stands in a stored result must give the same run for ever. */
static void known_answer_of_seeds(void **state)
{
	static const struct {
		uint64_t seed, stream, expected[3];
	} rows[] = {
		{0, 0, {0x3ed1653f0682083a, 0x852cecd8e7418ff7, 0x8deb058ebaf6ffc3}},
		{42, 0, {0xeb42c2560e9f46d3, 0xba040fc580dff35f, 0x73f4cc6df99d830f}},
		{42, 1, {0xfc5784109d85ac64, 0xe50e6ed2fad56b66, 0x9800343b190834b4}},
		{UINT64_MAX, UINT64_MAX,
			{0x27b5799f7ee5172b, 0xb7f5e1843bd1342d, 0x3b1962076241d427}},
	};
	struct rng rng;

	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		rng_init(&rng, rows[row].seed, rows[row].stream);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(rng_next(&rng), rows[row].expected[i]);
	}
}

/* Bits that differ between the two sequences: binomial with mean 1/2 if they are independent. */
static void check_apart(uint64_t seed_a, uint64_t stream_a, uint64_t seed_b, uint64_t stream_b)
{
	const unsigned int draws = 1000;
	const double bits = 64.0 * draws;
	unsigned int differing = 0;
	struct rng a, b;

	rng_init(&a, seed_a, stream_a);
	rng_init(&b, seed_b, stream_b);
	for (unsigned int i = 0; i < draws; i++)
		differing += (unsigned int)__builtin_popcountll(rng_next(&a) ^ rng_next(&b));
	assert_true(fabs(differing - bits / 2) < 5 * sqrt(bits / 4));
}

static void streams_and_seeds_are_independent(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++)
		for (uint64_t stream = 0; stream < 8; stream++) {
			check_apart(seed, stream, seed, stream + 1);
			check_apart(seed, stream, seed + 1, stream);
			if (seed != stream)
				check_apart(seed, stream, stream, seed);
		}
}

/* Upper 0.1 % point of chi-square (Wilson and Hilferty's approximation). */
static double chi_square_limit(double freedom)
{
	double part = 2 / (9 * freedom);

	return freedom * pow(1 - part + 3.09 * sqrt(part), 3);
}

static void below_is_uniform(void **state)
{
	static const uint64_t bounds[] = {2, 3, 7, 10, 64, 1000};
	const unsigned int draws = 100000;
	unsigned int counts[1000];
	double expected, sum;
	uint64_t value;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (size_t row = 0; row < sizeof bounds / sizeof bounds[0]; row++) {
		for (size_t i = 0; i < 1000; i++)
			counts[i] = 0;
		for (unsigned int i = 0; i < draws; i++) {
			value = rng_below(&rng, bounds[row]);
			assert_true(value < bounds[row]);
			counts[value]++;
		}
		sum = 0;
		expected = (double)draws / (double)bounds[row];
		for (size_t i = 0; i < bounds[row]; i++)
			sum += (counts[i] - expected) * (counts[i] - expected) / expected;
		assert_true(sum < chi_square_limit((double)bounds[row] - 1));
	}
}

/*
 * Without refusing, values of the bound 3 × 2^62 would fall on some results twice as often: a third
 * of them would get half of the draws.
 */
static void below_has_no_bias_at_large_bounds(void **state)
{
	const uint64_t bound = 3ULL << 62;
	const unsigned int draws = 30000;
	unsigned int residues[3] = {0}, thirds[3] = {0};
	double sum = 0;
	uint64_t value;
	struct rng rng;

	(void)state;
	rng_init(&rng, 2, 0);
	for (unsigned int i = 0; i < draws; i++) {
		value = rng_below(&rng, bound);
		assert_true(value < bound);
		residues[value % 3]++;
		thirds[value >> 62]++;
	}
	for (size_t i = 0; i < 3; i++) {
		sum += (residues[i] - draws / 3.0) * (residues[i] - draws / 3.0) / (draws / 3.0);
		sum += (thirds[i] - draws / 3.0) * (thirds[i] - draws / 3.0) / (draws / 3.0);
	}
	assert_true(sum < chi_square_limit(4));
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(rng_below(&rng, 1), 0);
}

static void unit_reaches_its_ends_but_not_zero(void **state)
{
	/* The next outputs of these states are 0 and 2^64 - 1. */
	struct rng lowest = {{0, 1, 2, 0}}, highest = {{UINT64_MAX, 1, 2, 1}};
	struct rng zero = lowest, full = highest;

	(void)state;
	assert_int_equal(rng_next(&zero), 0);
	assert_int_equal(rng_next(&full), UINT64_MAX);
	zero = lowest;
	full = highest;
	assert_true(rng_unit(&zero) == 0x1p-53);
	assert_true(rng_unit(&full) == 1.0);
	assert_true(rng_exponential(&highest, 10) == 0);
	assert_true(fabs(rng_exponential(&lowest, 10) - 530 * log(2)) < 1e-9);
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double uniform_share(double value)
{
	return value;
}

static double exponential_share(double value)
{
	return 1 - exp(-value / 250);
}

#define KS_DRAWS 20000

/* Kolmogorov-Smirnov: the largest distance of the two distributions, times sqrt(n). */
static double ks_statistic(double *values, double (*share_below)(double))
{
	double distance = 0, share;

	qsort(values, KS_DRAWS, sizeof *values, compare_doubles);
	for (size_t i = 0; i < KS_DRAWS; i++) {
		share = share_below(values[i]);
		distance = fmax(distance, share - (double)i / KS_DRAWS);
		distance = fmax(distance, (double)(i + 1) / KS_DRAWS - share);
	}
	return distance * sqrt(KS_DRAWS);
}

static void unit_and_exponential_pass_kolmogorov_smirnov(void **state)
{
	/* The upper 0.1 % point; the seeds are fixed. */
	const double limit = 1.949;
	static double values[KS_DRAWS];
	struct rng rng;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		rng_init(&rng, seed, 0);
		for (size_t i = 0; i < KS_DRAWS; i++)
			values[i] = rng_unit(&rng);
		assert_true(ks_statistic(values, uniform_share) < limit);
		for (size_t i = 0; i < KS_DRAWS; i++)
			values[i] = rng_exponential(&rng, 250);
		assert_true(ks_statistic(values, exponential_share) < limit);
		/* The test can fail: a mean 3 % off does not pass. */
		for (size_t i = 0; i < KS_DRAWS; i++)
			values[i] = rng_exponential(&rng, 257.5);
		assert_true(ks_statistic(values, exponential_share) > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer_of_the_algorithm),
		cmocka_unit_test(known_answer_of_seeds),
		cmocka_unit_test(streams_and_seeds_are_independent),
		cmocka_unit_test(below_is_uniform),
		cmocka_unit_test(below_has_no_bias_at_large_bounds),
		cmocka_unit_test(unit_reaches_its_ends_but_not_zero),
		cmocka_unit_test(unit_and_exponential_pass_kolmogorov_smirnov),
	};

	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
