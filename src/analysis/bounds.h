/* SPDX-License-Identifier: MIT */
/*
 * Which of the loads that were tried bound the capacity: of those that trials decided (tried.h) and
 * what is thought of the capacity (belief.h) does not contradict, confirmed ones before others,
 * likely ones before others, then the nearest; among loads that are not likely the surest.
 *
 * Threads: pure. Errors: none. Units: requests a second.
 */
#ifndef RINGLOAD_ANALYSIS_BOUNDS_H
#define RINGLOAD_ANALYSIS_BOUNDS_H

#include <stdbool.h>

#include "analysis/belief.h"
#include "analysis/tried.h"

/* A bound is sure when the capacity is on its other side with at most this probability. */
#define BOUNDS_SURE 0.02
/* With this one it is likely. */
#define BOUNDS_LIKELY 0.05

struct bound {
	bool known;
	double rps;
	bool confirmed; /* by long trials */
	bool likely, sure;
};

struct bounds {
	struct bound lower, upper;
};

/* belief: weighed, or NULL: nothing failed, or nothing is to be thought. */
void bounds_choose(struct bounds *bounds, const struct tried *tried, const struct belief *belief);

/* Whether a load is a bound as good as can be: confirmed and sure. wanted: TRIED_LOWER or
 * TRIED_UPPER. */
bool bounds_hold(const struct tried *tried, const struct belief *belief, double rps,
	enum tried_decision wanted);

#endif
