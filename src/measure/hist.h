/* SPDX-License-Identifier: MIT */
/*
 * A latency histogram: a flat array of counts in the layout of ringload/hist_layout.h.
 *
 * One writer (a worker) records; any reader copies (relaxed atomics, so a copy taken while the
 * writer goes on is a little uneven across cells but never torn in one). Nothing is ever reset:
 * an interval is the difference of two copies. Counts, ranks and spread derive from the cells; the
 * sum is exact, and so are the smallest and largest value of a histogram that was recorded into or
 * merged (after a subtraction they are the bounds of the outermost cells, within the extremes there
 * were). After a subtraction that leaves censored samples, censored_min_ns is at most the true one.
 *
 * Censored samples: a request that was given up, or had no answer when the run ended, is recorded
 * at its age. Its true value is at least that, so a percentile is exact only while it lies below
 * the smallest censored age; from there on it is a lower bound, which hist_percentile says.
 *
 * Owner: the caller gives the storage of the cells (hist_bytes of it, zeroed, aligned to 8), which
 * must outlive the struct.
 * Threads: hist_record from one thread; hist_copy from any; the rest on private copies.
 * Units: nanoseconds.
 * Errors: none; a value above the range is counted in the last cell and in `clipped`; that cell
 * then reaches up to the largest sample.
 */
#ifndef RINGLOAD_MEASURE_HIST_H
#define RINGLOAD_MEASURE_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ringload/hist_layout.h"

/* Cells are up to 0.098 % wide; used for total and service. */
#define HIST_PRECISION_3_DIGITS 11
/* Cells are up to 0.78 % wide; used for the rest. */
#define HIST_PRECISION_2_DIGITS 8

struct hist {
	unsigned int precision_bits;
	unsigned int cell_count;
	uint64_t *cells;
	uint64_t sum_ns;
	uint64_t min_ns; /* UINT64_MAX while empty */
	uint64_t max_ns;
	uint64_t clipped;
	uint64_t censored;
	uint64_t censored_min_ns; /* UINT64_MAX while there is none */
};

struct hist_quantile {
	uint64_t value_ns;
	bool lower_bound; /* censored samples lie at or below: the true value is at least value_ns
			   */
	uint64_t samples_beyond; /* how many samples rank higher: below 100 the value is marked */
};

/* Bytes of cells for values up to highest_ns. */
size_t hist_bytes(unsigned int precision_bits, uint64_t highest_ns);

void hist_init(struct hist *hist, unsigned int precision_bits, uint64_t highest_ns, void *cells);

/* Records one sample; inline, as it runs several times a request. */
static inline void hist_record(struct hist *hist, uint64_t value_ns)
{
	unsigned int index = hist_layout_index(hist->precision_bits, value_ns);

	if (__builtin_expect(index >= hist->cell_count, 0)) {
		index = hist->cell_count - 1;
		__atomic_store_n(&hist->clipped, hist->clipped + 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&hist->cells[index], hist->cells[index] + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&hist->sum_ns, hist->sum_ns + value_ns, __ATOMIC_RELAXED);
	if (value_ns < hist->min_ns)
		__atomic_store_n(&hist->min_ns, value_ns, __ATOMIC_RELAXED);
	if (value_ns > hist->max_ns)
		__atomic_store_n(&hist->max_ns, value_ns, __ATOMIC_RELAXED);
}

/* Records a sample whose true value is at least age_ns. */
void hist_record_censored(struct hist *hist, uint64_t age_ns);

/* Copies a histogram another thread may be writing; both must have the same layout. */
void hist_copy(struct hist *to, const struct hist *from);

/* to += from. Layouts must be equal (asserted). */
void hist_add(struct hist *to, const struct hist *from);

/* later -= earlier, where earlier is an older copy of the same histogram. */
void hist_subtract(struct hist *later, const struct hist *earlier);

uint64_t hist_count(const struct hist *hist);
double hist_mean_ns(const struct hist *hist);
double hist_stddev_ns(const struct hist *hist);

/*
 * The value below or at which the share `quantile` (0 to 1) of the samples lies: the sample of rank
 * ceil(quantile × count), at the upper edge of its cell, never above the largest sample. An empty
 * histogram gives 0.
 */
struct hist_quantile hist_percentile(const struct hist *hist, double quantile);

#endif
