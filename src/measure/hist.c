/* SPDX-License-Identifier: MIT */
#include "measure/hist.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

size_t hist_bytes(unsigned int precision_bits, uint64_t highest_ns)
{
	return (size_t)hist_layout_cells(precision_bits, highest_ns) * sizeof(uint64_t);
}

void hist_init(struct hist *hist, unsigned int precision_bits, uint64_t highest_ns, void *cells)
{
	assert(precision_bits >= 1 && precision_bits <= HIST_LAYOUT_MAX_PRECISION_BITS);
	memset(hist, 0, sizeof *hist);
	hist->precision_bits = precision_bits;
	hist->cell_count = hist_layout_cells(precision_bits, highest_ns);
	hist->cells = cells;
	hist->min_ns = UINT64_MAX;
	hist->censored_min_ns = UINT64_MAX;
}

void hist_record_censored(struct hist *hist, uint64_t age_ns)
{
	hist_record(hist, age_ns);
	__atomic_store_n(&hist->censored, hist->censored + 1, __ATOMIC_RELAXED);
	if (age_ns < hist->censored_min_ns)
		__atomic_store_n(&hist->censored_min_ns, age_ns, __ATOMIC_RELAXED);
}

static void assert_same_layout(const struct hist *one, const struct hist *other)
{
	assert(one->precision_bits == other->precision_bits);
	assert(one->cell_count == other->cell_count);
	(void)one;
	(void)other;
}

void hist_copy(struct hist *to, const struct hist *from)
{
	assert_same_layout(to, from);
	for (unsigned int i = 0; i < to->cell_count; i++)
		to->cells[i] = __atomic_load_n(&from->cells[i], __ATOMIC_RELAXED);
	to->sum_ns = __atomic_load_n(&from->sum_ns, __ATOMIC_RELAXED);
	to->min_ns = __atomic_load_n(&from->min_ns, __ATOMIC_RELAXED);
	to->max_ns = __atomic_load_n(&from->max_ns, __ATOMIC_RELAXED);
	to->clipped = __atomic_load_n(&from->clipped, __ATOMIC_RELAXED);
	to->censored = __atomic_load_n(&from->censored, __ATOMIC_RELAXED);
	to->censored_min_ns = __atomic_load_n(&from->censored_min_ns, __ATOMIC_RELAXED);
}

void hist_add(struct hist *to, const struct hist *from)
{
	assert_same_layout(to, from);
	for (unsigned int i = 0; i < to->cell_count; i++)
		to->cells[i] += from->cells[i];
	to->sum_ns += from->sum_ns;
	to->clipped += from->clipped;
	to->censored += from->censored;
	if (from->min_ns < to->min_ns)
		to->min_ns = from->min_ns;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	if (from->censored_min_ns < to->censored_min_ns)
		to->censored_min_ns = from->censored_min_ns;
}

/* The largest value a sample of this cell can have had. */
static uint64_t upper_edge(const struct hist *hist, unsigned int index)
{
	uint64_t edge = hist_layout_highest(hist->precision_bits, index);

	/* What was clipped into the last cell lies above its edge, at most at the largest sample.
	 */
	if (index == hist->cell_count - 1 && hist->clipped)
		return hist->max_ns > edge ? hist->max_ns : edge;
	return edge;
}

/* Bounds of the outermost cells in use, within the extremes there were. */
static void narrow_extremes(struct hist *hist)
{
	uint64_t lowest = UINT64_MAX, highest = 0;

	for (unsigned int i = 0; i < hist->cell_count; i++) {
		if (!hist->cells[i])
			continue;
		if (lowest == UINT64_MAX)
			lowest = hist_layout_lowest(hist->precision_bits, i);
		highest = upper_edge(hist, i);
	}
	if (hist->min_ns < lowest || lowest == UINT64_MAX)
		hist->min_ns = lowest;
	if (hist->max_ns > highest)
		hist->max_ns = highest;
}

void hist_subtract(struct hist *later, const struct hist *earlier)
{
	assert_same_layout(later, earlier);
	for (unsigned int i = 0; i < later->cell_count; i++)
		later->cells[i] -= earlier->cells[i];
	later->sum_ns -= earlier->sum_ns;
	later->clipped -= earlier->clipped;
	later->censored -= earlier->censored;
	/* The smallest age of all is at most the smallest of the interval: the safe side. */
	if (!later->censored)
		later->censored_min_ns = UINT64_MAX;
	narrow_extremes(later);
}

uint64_t hist_count(const struct hist *hist)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < hist->cell_count; i++)
		count += hist->cells[i];
	return count;
}

static double middle_ns(const struct hist *hist, unsigned int index)
{
	double lowest = (double)hist_layout_lowest(hist->precision_bits, index);
	double highest = (double)hist_layout_highest(hist->precision_bits, index);

	return lowest + (highest - lowest) / 2;
}

/* The mean as the cells have it: half a cell's width wrong at most. */
static double mean_of_cells_ns(const struct hist *hist, uint64_t count)
{
	double sum = 0;

	for (unsigned int i = 0; i < hist->cell_count; i++)
		if (hist->cells[i])
			sum += (double)hist->cells[i] * middle_ns(hist, i);
	return sum / (double)count;
}

double hist_mean_ns(const struct hist *hist)
{
	uint64_t count = hist_count(hist);
	double mean;

	if (!count)
		return 0;
	/* The exact sum wraps after 584 years of summed latency: days of a saturated server. */
	mean = mean_of_cells_ns(hist, count);
	if (mean * (double)count > 0x1p63)
		return mean;
	return (double)hist->sum_ns / (double)count;
}

double hist_stddev_ns(const struct hist *hist)
{
	uint64_t count = hist_count(hist);
	double mean, distance, sum = 0;

	if (!count)
		return 0;
	/* Around the cells' own mean, so that samples of one cell have no spread. */
	mean = mean_of_cells_ns(hist, count);
	for (unsigned int i = 0; i < hist->cell_count; i++) {
		if (!hist->cells[i])
			continue;
		distance = middle_ns(hist, i) - mean;
		sum += (double)hist->cells[i] * distance * distance;
	}
	return sqrt(sum / (double)count);
}

/* ceil(quantile × count) of the decimal that was meant: 0.07 × 100 is 7, not 7.000000000000001. */
static uint64_t rank_of(double quantile, uint64_t count)
{
	double rank = ceil(quantile * (double)count * (1 - 4 * DBL_EPSILON));

	if (rank < 1)
		return 1;
	return rank < (double)count ? (uint64_t)rank : count;
}

struct hist_quantile hist_percentile(const struct hist *hist, double quantile)
{
	struct hist_quantile result = {0};
	uint64_t count = hist_count(hist);
	uint64_t rank, lowest, seen = 0;
	unsigned int index = 0;

	assert(quantile >= 0 && quantile <= 1);
	if (!count)
		return result;
	rank = rank_of(quantile, count);
	while ((seen += hist->cells[index]) < rank)
		index++;
	lowest = hist_layout_lowest(hist->precision_bits, index);
	result.value_ns = upper_edge(hist, index);
	if (result.value_ns > hist->max_ns)
		result.value_ns = hist->max_ns;
	/* A copy taken while the writer was between cell and maximum. */
	if (result.value_ns < lowest)
		result.value_ns = lowest;
	result.samples_beyond = count - rank;
	result.lower_bound = hist->censored && hist->censored_min_ns <= upper_edge(hist, index);
	return result;
}
