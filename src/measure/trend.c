/* SPDX-License-Identifier: MIT */
#include "measure/trend.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define PAIRS (TREND_POINTS * (TREND_POINTS - 1) / 2)

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* The variance of pairs up less pairs down when there is no trend; values that are equal take. */
static double variance(const struct trend_point *points, size_t count)
{
	double values[TREND_POINTS], n = (double)count, sum = n * (n - 1) * (2 * n + 5), equal;
	size_t i, next;

	for (i = 0; i < count; i++)
		values[i] = points[i].value;
	qsort(values, count, sizeof(*values), compare);
	for (i = 0; i < count; i = next) {
		for (next = i + 1; next < count && values[next] == values[i];)
			next++;
		equal = (double)(next - i);
		sum -= equal * (equal - 1) * (2 * equal + 5);
	}
	return sum / 18;
}

double trend_p(double z)
{
	return erfc(fabs(z) / sqrt(2));
}

struct trend trend_robust(const struct trend_point *points, size_t count)
{
	struct trend trend = {.p = 1};
	double slopes[PAIRS], spread, up = 0;
	size_t pairs = 0;

	assert(count <= TREND_POINTS);
	if (count < 3)
		return trend;
	for (size_t j = 1; j < count; j++)
		for (size_t i = 0; i < j; i++) {
			double rise = points[j].value - points[i].value;

			slopes[pairs++] = rise / (points[j].at - points[i].at);
			up += rise > 0 ? 1 : rise < 0 ? -1 : 0;
		}
	trend.slope = median(slopes, pairs);
	spread = sqrt(variance(points, count));
	/* One pair less: what lies between two counts belongs to neither. */
	if (spread > 0 && up != 0)
		trend.p = trend_p((fabs(up) - 1) / spread);
	return trend;
}
