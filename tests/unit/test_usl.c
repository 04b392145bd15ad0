/* SPDX-License-Identifier: MIT */
/* The Universal Scalability Law: known laws are found again, and no fit is made where there is
 * none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/usl.h"
#include "base/rng.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const double concurrencies[] = {1, 2, 4, 8, 16, 32, 64};

#define LEVELS LENGTH(concurrencies)

static void points_of(const struct usl_law *law, struct usl_point points[LEVELS])
{
	for (size_t i = 0; i < LEVELS; i++)
		points[i] = (struct usl_point){concurrencies[i], usl_rps(law, concurrencies[i])};
}

static void fit_levels(struct usl_point *points, size_t count, struct usl_fit *fit)
{
	assert_int_equal(usl_fit(points, usl_levels(points, count), fit), 0);
}

static void assert_near(double value, double expected, double share)
{
	if (!(fabs(value - expected) <= share * fmax(fabs(expected), 1e-6)))
		fail_msg("%.9g is not within %g %% of %.9g", value, 100 * share, expected);
}

/* --- the law -------------------------------------------------------------------------------- */

static void the_law_has_its_values(void **state)
{
	const struct usl_law law = {1000, 0.1, 0.01}, gradual = {1000, 0.1, 0},
			     falling = {1000, 1, 0.5};

	(void)state;
	assert_near(usl_rps(&law, 1), 1000, 1e-12);
	assert_near(usl_rps(&law, 11), 11000 / (1 + 1 + 1.1), 1e-12);
	assert_near(usl_peak(&law), sqrt(90), 1e-12);
	assert_true(isinf(usl_peak(&gradual)));
	assert_near(usl_rps(&gradual, 1e9), 10000, 1e-6);
	assert_true(usl_peak(&falling) == 1);
}

/* --- levels --------------------------------------------------------------------------------- */

static void points_become_levels(void **state)
{
	struct usl_point points[] = {
		{64, 4000},
		{1, 1000},
		{NAN, 1},
		{60, 4300},
		{1.2, 1100},
		{1.1, 100},
		{0.5, 7},
		{1e300, INFINITY},
		{3, 0},
		{3, -5},
		{3, NAN},
		{INFINITY, 5},
		{5, 3000},
	};

	(void)state;
	assert_int_equal(usl_levels(points, LENGTH(points)), 3);
	assert_near(points[0].concurrency, 1.1, 1e-12);
	assert_near(points[0].rps, 1000, 1e-12); /* the middle one of each, not of one trial */
	assert_near(points[1].concurrency, 5, 1e-12);
	assert_near(points[1].rps, 3000, 1e-12);
	assert_near(points[2].concurrency, 62, 1e-12);
	assert_near(points[2].rps, 4150, 1e-12);
	assert_int_equal(usl_levels(points, 0), 0);
}

/* --- known laws ----------------------------------------------------------------------------- */

static void exact_laws_are_found(void **state)
{
	static const struct usl_law laws[] = {
		{1000, 0.02, 0.0005},
		{3.5, 0.05, 0.005},
		{80000, 0.3, 0.002},
		{1000, 0.25, 0},
		{1000, 0, 0.001},
		{1000, 0.9, 0.0},
		{2e6, 1, 0},
		{1000, 1, 0.01},
		{1000, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(laws); i++) {
		struct usl_point points[LEVELS];
		struct usl_fit fit;

		points_of(&laws[i], points);
		fit_levels(points, LEVELS, &fit);
		assert_int_equal(fit.status, SEARCH_USL_FITTED);
		assert_near(fit.law.lambda_rps, laws[i].lambda_rps, 1e-6);
		assert_near(fit.law.sigma, laws[i].sigma, 1e-6);
		assert_near(fit.law.kappa, laws[i].kappa, 1e-6);
		assert_true(fit.error < 1e-6);
	}
}

/* From -1 to 1. */
static double noise(struct rng *rng)
{
	return 2 * rng_unit(rng) - 1;
}

/* Of a hundred services each, with throughput off by up to 5 % (2.9 % rms): the parameters and the
 * peak are within a quarter, what the law says within 6 %. */
static void noise_moves_it_little(void **state)
{
	const struct usl_law law = {1000, 0.1, 0.002};
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	for (unsigned int round = 0; round < 100; round++) {
		struct usl_point points[LEVELS];
		struct usl_fit fit;

		points_of(&law, points);
		for (size_t i = 0; i < LEVELS; i++)
			points[i].rps *= 1 + 0.05 * noise(&rng);
		fit_levels(points, LEVELS, &fit);
		assert_int_equal(fit.status, SEARCH_USL_FITTED);
		assert_near(fit.law.lambda_rps, law.lambda_rps, 0.06);
		assert_near(fit.law.sigma, law.sigma, 0.35);
		assert_near(fit.law.kappa, law.kappa, 0.35);
		assert_near(usl_peak(&fit.law), usl_peak(&law), 0.25);
		for (size_t i = 0; i < LEVELS; i++)
			assert_near(usl_rps(&fit.law, concurrencies[i]),
				usl_rps(&law, concurrencies[i]), 0.06);
		assert_true(fit.error < 0.05);
	}
}

/* What grows in proportion stays so: chance gives it no limit within what was tried. */
static void noise_makes_no_limit(void **state)
{
	const struct usl_law law = {1000, 0, 0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 8, 0);
	for (unsigned int round = 0; round < 100; round++) {
		struct usl_point points[LEVELS];
		struct usl_fit fit;

		points_of(&law, points);
		for (size_t i = 0; i < LEVELS; i++)
			points[i].rps *= 1 + 0.03 * noise(&rng);
		fit_levels(points, LEVELS, &fit);
		assert_int_equal(fit.status, SEARCH_USL_FITTED);
		assert_near(usl_rps(&fit.law, 64), 64000, 0.1);
	}
}

/* One trial during which the machine stood still. */
static void one_stall_does_not_bend_it(void **state)
{
	const struct usl_law law = {1000, 0.05, 0};

	(void)state;
	for (size_t stalled = 1; stalled + 1 < LEVELS; stalled++) {
		struct usl_point points[LEVELS];
		struct usl_fit fit;

		points_of(&law, points);
		points[stalled].rps *= 0.7;
		fit_levels(points, LEVELS, &fit);
		assert_int_equal(fit.status, SEARCH_USL_FITTED);
		assert_near(fit.law.sigma, law.sigma, 0.2);
		assert_int_equal(fit.worst, stalled);
		assert_near(fit.worst_error, -0.3, 0.15);
	}
}

static void what_falls_has_a_peak(void **state)
{
	struct usl_point points[] = {
		{1, 1000}, {2, 1900}, {4, 3300}, {8, 4900}, {16, 5000}, {64, 2600}};
	struct usl_fit fit;

	(void)state;
	fit_levels(points, LENGTH(points), &fit);
	assert_int_equal(fit.status, SEARCH_USL_FITTED);
	assert_true(fit.law.kappa > 0.004 && fit.law.kappa < 0.006);
	assert_true(usl_peak(&fit.law) > 10 && usl_peak(&fit.law) < 18);
	assert_near(usl_rps(&fit.law, usl_peak(&fit.law)), 5200, 0.05);
	assert_true(fit.error < 0.05);
}

/* Queues that fill by chance (M/M/c) are near the law; nothing that was completed falls, so neither
 * does the law. */
static void queues_are_near_it(void **state)
{
	struct usl_point one[] = {{1, 2700}, {1.5, 1800}, {4, 2400}, {9, 2700}, {64, 3000}};
	struct usl_point two[] = {{1, 960}, {1.88, 1200}, {4.44, 1600}, {19.5, 1900}, {64, 2000}};
	struct usl_fit fit;

	(void)state;
	fit_levels(two, LENGTH(two), &fit);
	assert_int_equal(fit.status, SEARCH_USL_FITTED);
	assert_true(fit.law.kappa == 0);
	assert_near(fit.law.lambda_rps / fit.law.sigma, 2000, 0.05);
	fit_levels(one, LENGTH(one), &fit);
	assert_true(fit.law.kappa == 0);
}

/* --- no fit --------------------------------------------------------------------------------- */

static enum search_usl_status status_of(struct usl_point *points, size_t count)
{
	struct usl_fit fit;

	fit_levels(points, count, &fit);
	return fit.status;
}

static void too_few_levels(void **state)
{
	struct usl_point none[1], two[] = {{1, 1000}, {64, 3000}},
				  same[] = {{8, 1000}, {8, 1001}, {9, 1002}, {9.9, 1003}},
				  nothing[] = {{0, 0}, {NAN, NAN}, {0, 1000}, {1, 0}, {4, NAN}};

	(void)state;
	assert_int_equal(status_of(none, 0), SEARCH_USL_FEW_LEVELS);
	assert_int_equal(status_of(two, 2), SEARCH_USL_FEW_LEVELS);
	assert_int_equal(status_of(same, 4), SEARCH_USL_FEW_LEVELS);
	assert_int_equal(status_of(nothing, 5), SEARCH_USL_FEW_LEVELS);
}

static void concurrency_that_hardly_varies(void **state)
{
	struct usl_point points[] = {{4, 1000}, {6, 1500}, {9, 2250}, {15, 3700}};

	(void)state;
	assert_int_equal(status_of(points, LENGTH(points)), SEARCH_USL_NARROW);
}

static void what_follows_no_law(void **state)
{
	struct usl_point points[] = {{1, 1000}, {4, 900}, {16, 9000}, {64, 5000}};
	struct usl_point faster[] = {{1, 100}, {4, 4000}, {16, 90000}, {64, 1e7}};
	struct usl_fit fit;

	(void)state;
	fit_levels(points, LENGTH(points), &fit);
	assert_int_equal(fit.status, SEARCH_USL_POOR);
	assert_true(fit.error > USL_POOR);
	assert_int_equal(status_of(faster, LENGTH(faster)), SEARCH_USL_POOR);
}

/* A pool of 4, or 16: in proportion, and then nothing. kappa does not bend the law round that. */
static void a_hard_limit_is_none_of_these(void **state)
{
	struct usl_point four[] = {{1, 1000}, {2, 2000}, {3.9, 3900}, {64, 4000}};
	struct usl_point sixteen[] = {
		{1, 1000}, {2, 2000}, {4, 4000}, {8, 8000}, {15.8, 15800}, {64, 16000}};

	struct usl_point noisy[] = {{1, 122}, {1.66, 200}, {3.3, 400}, {6.5, 800}, {13.5, 1601},
		{18, 1984}, {25, 1998}, {32.5, 2000}, {43, 2003}, {61, 2003}};

	(void)state;
	assert_int_equal(status_of(noisy, LENGTH(noisy)), SEARCH_USL_SUDDEN);
	assert_int_equal(status_of(four, LENGTH(four)), SEARCH_USL_SUDDEN);
	assert_int_equal(status_of(sixteen, LENGTH(sixteen)), SEARCH_USL_SUDDEN);
}

/* Whatever is asked, it ends, and a fit has figures. */
static void any_numbers_end(void **state)
{
	static const double odd[] = {
		1, 1, 1.5, 2, 3, 10, 1e3, 1e6, 1e150, 1e300, 1e-300, 5e-324, 0, -1, NAN, INFINITY};
	struct rng rng;

	(void)state;
	rng_init(&rng, 9, 0);
	for (unsigned int round = 0; round < 2000; round++) {
		struct usl_point points[8];
		struct usl_fit fit;

		for (size_t i = 0; i < LENGTH(points); i++)
			points[i] = (struct usl_point){odd[rng_below(&rng, LENGTH(odd))],
				odd[rng_below(&rng, LENGTH(odd))]};
		fit_levels(points, LENGTH(points), &fit);
		if (fit.status != SEARCH_USL_FITTED)
			continue;
		assert_true(isfinite(fit.law.lambda_rps) && fit.law.lambda_rps > 0);
		assert_true(fit.law.sigma >= 0 && fit.law.sigma <= 1);
		assert_true(isfinite(fit.law.kappa) && fit.law.kappa >= 0);
		assert_true(fit.error <= USL_POOR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_law_has_its_values),
		cmocka_unit_test(points_become_levels),
		cmocka_unit_test(exact_laws_are_found),
		cmocka_unit_test(noise_moves_it_little),
		cmocka_unit_test(noise_makes_no_limit),
		cmocka_unit_test(one_stall_does_not_bend_it),
		cmocka_unit_test(what_falls_has_a_peak),
		cmocka_unit_test(queues_are_near_it),
		cmocka_unit_test(too_few_levels),
		cmocka_unit_test(concurrency_that_hardly_varies),
		cmocka_unit_test(what_follows_no_law),
		cmocka_unit_test(a_hard_limit_is_none_of_these),
		cmocka_unit_test(any_numbers_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
