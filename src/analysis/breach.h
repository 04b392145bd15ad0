/* SPDX-License-Identifier: MIT */
/*
 * Whether a load may as well end, as the service has failed: signs of failure, looked for in what
 * each interval of the run brought, and how long each of them has lasted without a break.
 *
 * A sign that was there in each interval for options.lasting_ns, and that chance does not explain,
 * is a breach:
 *
 *   refused    connects refused, unanswered or without a route: more than BREACH_REFUSED of all
 *   resets     requests cut off by a close or reset: more than BREACH_FAILURES of those that ended
 *   timeouts   requests without a response in time, sent or still waiting: more than
 *              BREACH_FAILURES of those that ended
 *   errors     more than BREACH_ERRORS of the requests that ended, or what a threshold on
 *              error_rate allows; one that allows more counts for resets and timeouts as well
 *   silence    requests were outstanding and not one was completed, for longer than the bound of
 *              latency. Needs a base
 *   latency    more than half of the responses took longer than BREACH_LATENCY times the base.
 *              A threshold on `total` or `service` takes the place of this sign, and the largest
 *              of them that of the bound of silence
 *   threshold  an objective that does not hold of the interval, as it would be judged of a run.
 *              Not those of "warn:", not lower bounds of counts, which a run may still reach, and
 *              not what is told of a run alone (connect latencies, the server's resources)
 *
 * The base is the lowest median of `total` among the intervals of the warm-up and the first
 * BREACH_BASE_INTERVALS of the window, and at least BREACH_BASE_LEAST_NS. Intervals with fewer than
 * BREACH_FEWEST responses are taken together until there are as many; those with more errors than
 * the bound are left out. What requests were late by the generator's own fault (send_lag p99 of the
 * interval) is added to the bound.
 *
 * No interval of the warm-up is a sign of anything but the base. One that is not trusted, as the
 * generator stood still or was too busy, ends every sign that was there. One that has nothing to
 * say of a sign (no request ended) leaves it as it was.
 *
 * Chance: a share of n counts as above the share p that is allowed when k of n would come with a
 * probability below e^-BREACH_SURE, whatever n: n KL(k/n || p) >= BREACH_SURE (Chernoff's bound of
 * the binomial; Poisson's for rates that are too low), k and n of the whole time that the sign was
 * there. Other figures (means, maxima, counts) need BREACH_FEWEST requests in it.
 *
 * Lost. Where the window may end only when its verdict cannot change (options.lost_of), a sign
 * counts when it is that of a share, of errors or a percentile, that a threshold names, and found
 * more than that share of all requests of the window.
 *
 * Owner: the caller's storage; what it points to is its own until breach_release; zeroed is
 * released; the thresholds must outlive it. Threads: one at a time. Errors: memory, at breach_init;
 * an interval for which there is none later is not judged by thresholds. Units: ns since the start
 * of the run.
 */
#ifndef RINGLOAD_ANALYSIS_BREACH_H
#define RINGLOAD_ANALYSIS_BREACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/breach_reading.h"
#include "analysis/threshold.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "measure/stats.h"
#include "result/result.h"

#define BREACH_REFUSED        0.01
#define BREACH_FAILURES       0.001
#define BREACH_ERRORS         0.01
#define BREACH_LATENCY        5
#define BREACH_BASE_INTERVALS 3
#define BREACH_BASE_LEAST_NS  NS_PER_MS
#define BREACH_FEWEST         20
#define BREACH_SURE           13.8 /* once in a million */

struct breach_options {
	uint64_t lasting_ns;
	uint64_t warmup_ns;
	uint64_t longest_ns; /* of the histograms, as in plan.h */
	bool open_loop;
	/* Not 0: requests that become due in the window; it ends only when an objective cannot hold
	 * of it any more, however the rest of them went. */
	double lost_of;
	const struct threshold_list *thresholds; /* NULL: none */
};

struct breach_track {
	bool on;
	uint64_t begin_ns;
	double found, of; /* for the test against chance, since it began */
};

struct breach {
	struct breach_options options;
	struct breach_track *tracks; /* those of the signs but thresholds, then one a threshold */
	size_t track_count;
	struct breach_bounds bounds;
	struct hist gathered; /* for the base, until there are enough */
	void *gathered_cells;
	unsigned int base_intervals; /* of the window that were taken */
};

int breach_init(struct breach *breach, const struct breach_options *options, struct err *err);
void breach_release(struct breach *breach);

/*
 * Takes the next interval. True when a sign has now lasted for long enough: *found is that which
 * began first, its expression borrowed from the thresholds.
 */
bool breach_take(struct breach *breach, const struct breach_look *look, struct result_abort *found);

/* Appends what the run was ended for: "errors were above 1 % for 5 s without a break, at last
 * 37.5 %". */
void breach_sentence(const struct result_abort *aborted, struct buf *out);

#endif
