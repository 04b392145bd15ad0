/* SPDX-License-Identifier: MIT */
/*
 * How steady the server was while it was measured: a pure function of the record. Three criteria,
 * each stable, unstable, or unknown with the reason; how latency grows from one load to its double
 * takes several runs: doubling.h.
 *
 *   restarts          processes of the server that ended and were replaced in the window: 0 allowed
 *   error_variation   how far the share of failed requests moves from second to second: < 0.1 %
 *   rate_variation    how far the rate of answers does: < 10 %
 *
 * Intervals. Those of the timeline that began in the measured window, joined with their neighbours
 * until they are a second long; what is left over at the end is left out, as is a last one that
 * came late and holds a piece of the drain. Intervals that are longer (a long run's) stay as they
 * are, and what lies within one is not seen. At least STABILITY_LEAST_INTERVALS are needed.
 *
 * Variation is a standard deviation, n - 1 in its divisor, of which chance's part is taken out:
 *
 *   value = sqrt(max(0, s² - chance²))
 *
 * - error_variation: s is that of e_i = errors / scheduled of each interval, in shares of requests:
 *   1 % of errors, always, is 0. An interval in which more failed than became due counts as all
 *   failed. chance² is the mean of p (1 - p) / scheduled_i: each request fails by itself with the
 *   share p of the run.
 * - rate_variation: s is that of completed / expected, a share. In an open loop, expected is what
 *   was scheduled in the interval, times the share that was completed of all: a load that rises is
 *   no variation, nor is an overload of which a constant share is answered. In a closed loop it is
 *   the mean rate. chance² is the mean of 1 / expected_i: answers that come independently of each
 *   other, which a steady server's do at most. Intervals that begin earlier in the run than the p90
 *   of service are left out: first answers take their time. Without a warm-up that is always one.
 *
 * Verdict. Stable: s is below the bound, chance's part included. Unstable: value is not, and chance
 * explains it in fewer than one of 1,000 steady runs. Everything else is unknown: so few requests
 * cannot tell. The test is the index of dispersion (sum of (seen - expected)² / spread against its
 * chi-square); and with fewer than five errors an interval on average, where that says too much,
 * the interval with most of them (its binomial tail, times the number of intervals). Where the
 * generator itself was too slow, the rate is never called unstable.
 *
 * The whole is unstable when one criterion is, stable when errors and rate are (restarts may be
 * unknown: the server is on another host), else unknown.
 *
 * Threads: pure. Errors: memory. Units: shares are 0 to 1.
 * Source: dispersion: R. A. Fisher, Statistical Methods for Research Workers, 1925, section 16;
 * chi-square as a normal: E. B. Wilson, M. M. Hilferty, The distribution of chi-square, 1931.
 */
#ifndef RINGLOAD_ANALYSIS_STABILITY_H
#define RINGLOAD_ANALYSIS_STABILITY_H

#include "base/err.h"
#include "result/result.h"

#define STABILITY_RESTARTS        0
#define STABILITY_ERROR_VARIATION 0.001
#define STABILITY_RATE_VARIATION  0.10
#define STABILITY_LEAST_INTERVALS 4

/* Writes *stability (result->stability may be meant), releasing nothing; 0 or -ENOMEM. The verdict
 * of result->validity must be there. */
int stability_judge(
	const struct result *result, struct result_stability *stability, struct err *err);

#endif
