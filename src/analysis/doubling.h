/* SPDX-License-Identifier: MIT */
/*
 * How much latency grows when the load doubles, of the trials of a search: less than DOUBLING_BOUND
 * is stable. A pure function of the record.
 *
 * Which doubling. The highest there is within the safe capacity (SEARCH_SAFE_SHARE of the lower
 * bound): from a load that passed to its double, which must not be above that. Near the break
 * latency grows in every service; what counts is how it goes up to where one may go.
 *
 * Latency is `total` of the trials that passed, at each load that of the trial with most requests;
 * a trial of which the p99 is only known to be at least something is left out. Where the double was
 * not tried itself (within DOUBLING_NEAR), it is interpolated between its neighbours: 1 / latency
 * linearly in the load, which is exact for the simplest queue (M/M/1: 1 / mean = capacity - load,
 * and all percentiles go with the mean) and does not exaggerate between a low load and one near the
 * break.
 *
 * Verdict. Stable: p50 and p99 both grew by less. Unstable: one grew by that or more, also when the
 * percentiles are as near to each other as chance may have put them, at ranks of n p ± 2.2
 * sqrt(n p (1 - p)): both off by so much comes once in 1,000. Otherwise unknown. What the generator
 * adds in a trial that is generator_limited can make growth of none where it is the double's, and
 * hide it where it is the other's: then it is unknown too.
 *
 * Threads: pure. Errors: memory. Source: order statistics: H. A. David, H. N. Nagaraja, Order
 * Statistics, 2003, section 7.1.
 */
#ifndef RINGLOAD_ANALYSIS_DOUBLING_H
#define RINGLOAD_ANALYSIS_DOUBLING_H

#include <stdbool.h>
#include <stddef.h>

#include "result/search_record.h"

#define DOUBLING_BOUND 0.20
/* A load so near to the double stands for it. */
#define DOUBLING_NEAR 0.02

enum doubling_quantile { DOUBLING_P50, DOUBLING_P99, DOUBLING_QUANTILE_COUNT };

/* A percentile with where chance may have moved it from; high may be INFINITY. */
struct doubling_latency {
	double ns, low_ns, high_ns;
};

/* What a load that passed showed. */
struct doubling_point {
	double rps;
	struct doubling_latency latency[DOUBLING_QUANTILE_COUNT];
	bool late; /* the generator was, so that the service's own latency may be less */
};

/* Of one percentile, from a load to its double: 0.2 is a fifth more. */
struct doubling_growth {
	double growth, least;
	bool from_late, to_late; /* the points they are of */
};

/*
 * The highest of the points whose double is at most highest_rps and can be told, in *from_rps, and
 * the growth of each percentile; false when there is none. Points are by load, one a load,
 * latencies above 0.
 */
bool doubling_find(const struct doubling_point *points, size_t count, double highest_rps,
	double *from_rps, struct doubling_growth growth[DOUBLING_QUANTILE_COUNT]);

/* Fills record->doubling, anew if it was, from its answer and trials; 0 or -ENOMEM. */
int doubling_judge(struct search_record *record);

#endif
