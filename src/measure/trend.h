/* SPDX-License-Identifier: MIT */
/*
 * Whether a series of readings goes up or down, asked in a way that a few readings far off, or one
 * step, do not decide: the median of the slopes between all pairs of readings (Theil-Sen), and how
 * likely so many pairs would point one way if there were no trend (Mann-Kendall).
 *
 * Readings are taken for independent. What is smooth from one to the next makes the second look
 * surer than it is, so p is a least one.
 *
 * Owner: nothing is kept. Threads: pure. Errors: none. Limits: TREND_POINTS points.
 * Sources: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63
 * (1968); M. G. Kendall, Rank Correlation Methods (1975), with the variance for ties and the
 * continuity correction; p by the normal approximation, good from 10 readings on.
 */
#ifndef RINGLOAD_MEASURE_TREND_H
#define RINGLOAD_MEASURE_TREND_H

#include <stddef.h>

#define TREND_POINTS 128

struct trend_point {
	double at, value;
};

struct trend {
	double slope; /* values per unit of `at` */
	double p;     /* two-sided; 1 with fewer than 3 points */
};

/* Points in ascending order of `at`, no two at the same. */
struct trend trend_robust(const struct trend_point *points, size_t count);

/* Two-sided: how likely a normal variable is as far from 0 as this, in standard deviations. */
double trend_p(double z);

#endif
