/* SPDX-License-Identifier: MIT */
/*
 * The run second by second: what happened between successive copies of the merged statistics, and
 * how each worker spent that second.
 *
 * The collector calls timeline_add once a second with the sum of all workers' blocks (cumulative:
 * nothing is ever reset) and with each worker's health counters; the timeline keeps the previous
 * copy and stores the difference. Both phases are taken together: an interval is about when things
 * happened, not about which phase a request belongs to.
 *
 * Bounded: at most TIMELINE_MAX_INTERVALS are kept. When they are full, neighbours are merged in
 * pairs and every interval from then on spans twice as many ticks: an hour is kept by the
 * second, a day by half minutes. Histograms of intervals have 2 digits (their cells nest in
 * those of 3 digits, so nothing is estimated), as thousands of them are kept.
 *
 * Owner: the struct is the caller's, what it points to the timeline's until timeline_release.
 * Threads: the collector's alone. Errors: memory only. Units: ns since the start of the run.
 */
#ifndef RINGLOAD_MEASURE_TIMELINE_H
#define RINGLOAD_MEASURE_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/counters.h"
#include "measure/hist.h"
#include "measure/stats.h"

#define TIMELINE_MAX_INTERVALS  3600
#define TIMELINE_PRECISION_BITS HIST_PRECISION_2_DIGITS

/* One cell of a sparse histogram. */
struct timeline_cell {
	uint32_t index;
	uint64_t count;
};

struct timeline_interval {
	uint64_t begin_ns, end_ns;
	uint64_t scheduled, sent, completed;
	uint64_t errors;             /* failed + timed out + dropped + completed that are not ok */
	uint64_t in_flight, waiting; /* at the end of the interval */
	uint64_t censored;           /* of the samples of `total` */
	uint64_t censored_min_ns;    /* UINT64_MAX: none */
	struct hist_quantile p50, p99; /* of `total`; value 0 when there was no sample */
	uint64_t max_ns;
	struct timeline_cell *cells; /* of `total`, ascending; owned by the timeline */
	size_t cell_count;
};

/* How a worker spent an interval; the three add up to 1, or are all 0 when it did nothing. */
struct timeline_shares {
	float busy, spin, wait;
};

struct timeline {
	struct timeline_interval *intervals;
	size_t interval_count;
	struct timeline_shares *shares; /* interval i, worker w: [i * worker_count + w] */
	size_t worker_count;
	struct timeline_interval latest; /* the last tick, for the live line; its cells are NULL */
	struct timeline_shares *latest_shares;

	/* The timeline's own. */
	struct stats *previous; /* the last copy */
	struct health_counters *previous_health;
	struct hist scratch; /* the interval's histogram */
	void *previous_memory, *scratch_memory;
	size_t interval_room;
	size_t ticks_per_interval; /* 1, 2, 4, ... */
	size_t ticks_in_last;
};

/* longest_ns: as for the statistics (plan.h). */
int timeline_init(
	struct timeline *timeline, uint64_t longest_ns, size_t worker_count, struct err *err);
void timeline_release(struct timeline *timeline);

/*
 * Records what happened since the last call (or the start). end_ns: now, in ns since the start, and
 * later than the last time. merged: the sum of copies of all workers' blocks. health: one a worker.
 * Returns 0 or -ENOMEM, with the interval lost and the timeline usable.
 */
int timeline_add(struct timeline *timeline, uint64_t end_ns, const struct stats *merged,
	const struct health_counters *health, struct err *err);

#endif
