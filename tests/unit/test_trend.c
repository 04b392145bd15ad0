/* SPDX-License-Identifier: MIT */
/* The robust trend against figures worked out by hand, and against series with a known answer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "measure/trend.h"

static void take(struct trend_point *points, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		points[i] = (struct trend_point){.at = (double)i, .value = values[i]};
}

/* Slopes of the ten pairs in order: -1 -1 1/3 .5 .75 1 1 4/3 2 3; 8 up, 2 down. */
static void five_points_by_hand(void **state)
{
	static const double values[] = {1, 3, 2, 5, 4};
	struct trend_point points[5];
	struct trend trend;

	(void)state;
	take(points, values, 5);
	trend = trend_robust(points, 5);
	assert_float_equal(trend.slope, (0.75 + 1) / 2, 1e-12);
	/* 5 · 4 · 15 / 18 = 16.67; (6 - 1) / √16.67 = 1.2247, of which p is 0.2207. */
	assert_float_equal(trend.p, 0.220671, 1e-6);
}

/* Three are equal: 6 · 5 · 17 - 3 · 2 · 11 = 444; 12 pairs up: 11 / √(444 / 18) = 2.2148. */
static void equal_values_take_from_the_variance(void **state)
{
	static const double values[] = {1, 2, 2, 2, 3, 4};
	struct trend_point points[6];
	struct trend trend;

	(void)state;
	take(points, values, 6);
	trend = trend_robust(points, 6);
	assert_float_equal(trend.p, 0.026773, 1e-6);
	assert_float_equal(trend.slope, 0.5, 1e-12);
}

static void what_has_no_trend_has_none(void **state)
{
	struct trend_point points[TREND_POINTS];
	struct trend trend;

	(void)state;
	for (size_t i = 0; i < TREND_POINTS; i++)
		points[i] = (struct trend_point){.at = (double)i, .value = 7};
	trend = trend_robust(points, TREND_POINTS);
	assert_float_equal(trend.slope, 0, 0);
	assert_float_equal(trend.p, 1, 0);
	/* As many up as down. */
	points[1].value = 9;
	points[2].value = 7;
	points[0].value = 8;
	trend = trend_robust(points, 3);
	assert_true(trend.p > 0.5);
	/* Two make any line. */
	trend = trend_robust(points, 2);
	assert_float_equal(trend.slope, 0, 0);
	assert_float_equal(trend.p, 1, 0);
}

/* Readings far off in any number below 29 % leave the slope where it is. */
static void readings_far_off_do_not_decide(void **state)
{
	struct trend_point points[100];
	struct trend trend;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		points[i] = (struct trend_point){
			.at = (double)i, .value = 3 * (double)i + (i % 7 == 0 ? -1e6 : 0)};
	trend = trend_robust(points, 100);
	assert_float_equal(trend.slope, 3, 0.2);
	assert_true(trend.p < 0.001);
}

/* A step early on is no trend, though the least squares line through it rises. */
static void a_step_is_no_slope(void **state)
{
	struct trend_point points[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		points[i] = (struct trend_point){.at = (double)i, .value = i < 15 ? 0 : 100};
	assert_float_equal(trend_robust(points, 100).slope, 0, 0);
}

/* Of series without a trend, one in twenty is below 0.05, give or take. */
static void noise_is_taken_for_a_trend_as_often_as_p_says(void **state)
{
	enum { SERIES = 2000, POINTS = 40 };
	struct trend_point points[POINTS];
	struct rng rng;
	int below = 0;

	(void)state;
	rng_init(&rng, 11, 0);
	for (int i = 0; i < SERIES; i++) {
		for (size_t j = 0; j < POINTS; j++)
			points[j] = (struct trend_point){
				.at = (double)j, .value = (double)(rng_next(&rng) >> 11)};
		below += trend_robust(points, POINTS).p < 0.05;
	}
	assert_true(below > SERIES * 0.03 && below < SERIES * 0.07);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_points_by_hand),
		cmocka_unit_test(equal_values_take_from_the_variance),
		cmocka_unit_test(what_has_no_trend_has_none),
		cmocka_unit_test(readings_far_off_do_not_decide),
		cmocka_unit_test(a_step_is_no_slope),
		cmocka_unit_test(noise_is_taken_for_a_trend_as_often_as_p_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
