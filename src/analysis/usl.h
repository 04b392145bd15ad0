/* SPDX-License-Identifier: MIT */
/*
 * The Universal Scalability Law, fitted to what a service completed: how throughput X goes with the
 * concurrency N, the requests that are in the service at a time.
 *
 *   X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * lambda: requests a second of one at a time. sigma, 0 to 1: contention, the share of a request's
 * time in which it has what only one can have; X then never exceeds lambda / sigma. kappa, from 0
 * on: coherency, what each costs every other; X then has a peak, at N = sqrt((1 - sigma) / kappa),
 * and falls beyond it. Both 0: in proportion, without end, which no service is; so the law is only
 * asked about what lies near the concurrency that was tried.
 *
 * The fit. N / X is linear in 1 / lambda, sigma / lambda and kappa / lambda, and weighted by X / N
 * its residual is X / X(N) - 1: what throughput was off by, as a share. So ordinary least squares
 * minimises just what is to be small, in closed form: no start to guess, nothing to converge to a
 * wrong place, the same bits each time. The bounds of sigma and kappa leave six cases (at a bound
 * or free), each solved by itself. Loads that are off by much more than the others count less
 * (Huber's weights, a fixed number of rounds). A parameter is only taken when it explains more than
 * chance and USL_NOISE would (Mallows' Cp, at USL_PRICE for each), and while there are more levels
 * than parameters: a law with more freedom follows the noise. And none is taken of whose
 * fall from its peak (but for USL_FALL) not half was seen: kappa would only bend it round a corner.
 *
 * No fit is made of fewer than USL_FEWEST levels of concurrency; of ones that span less than a
 * factor USL_SPAN; when the law misses them by more than USL_POOR; and when it promises, within
 * what was tried, more than USL_PROMISE of the most that was completed. The last two are told
 * apart: where throughput grew to USL_PROPORTION of proportion at least, and then by no more than
 * USL_PROMISE over a factor USL_BEYOND, it has a hard limit, which no gradual law describes.
 *
 * Owner: points are the caller's, and what lies at about the same concurrency is made one point by
 * usl_levels, in place. Threads: pure. Errors: -ENOMEM. Units: N in requests, rates a second.
 * Sources: N. J. Gunther: Guerrilla Capacity Planning, Springer 2007, and A General Theory of
 * Computational Scalability Based on Rational Functions, arXiv:0808.1431 (the law); P. J. Huber:
 * Robust estimation of a location parameter, Ann. Math. Statist. 35, 1964; C. L. Mallows: Some
 * comments on Cp, Technometrics 15, 1973.
 */
#ifndef RINGLOAD_ANALYSIS_USL_H
#define RINGLOAD_ANALYSIS_USL_H

#include <stddef.h>

#include "result/search_record.h"

/* Levels of concurrency; and the factor within which points are of one level. */
#define USL_FEWEST 3
#define USL_LEVEL  1.25
/* The largest N over the smallest. */
#define USL_SPAN 4.0
/* Of the throughput: root of the mean square; what trials of one load differ by. */
#define USL_POOR  0.15
#define USL_NOISE 0.02
/* Of a parameter, in squared standard deviations. */
#define USL_PRICE 4.0
#define USL_FALL  0.05
/* Over the highest throughput of any point. */
#define USL_PROMISE 1.1
/* Of what the first level would give, times the concurrency. */
#define USL_PROPORTION 0.8
/* Of concurrency, beyond the last level in proportion. */
#define USL_BEYOND 2.0

struct usl_point {
	double concurrency; /* at least 1 */
	double rps;
};

struct usl_law {
	double lambda_rps, sigma, kappa;
};

struct usl_fit {
	enum search_usl_status status;
	struct usl_law law; /* also when it is poor or sudden; else 0 */
	double error;       /* of throughput: root of the mean square share */
	/* The point that is farthest from the law, and by how much of it: above 0 when more was
	 * completed than the law says. */
	size_t worst;
	double worst_error;
};

/* X(N). */
double usl_rps(const struct usl_law *law, double concurrency);

/* The N of the peak, at least 1; INFINITY: it has none. */
double usl_peak(const struct usl_law *law);

/*
 * Sorts by concurrency, takes out what is not finite, or below 1 in flight, or no throughput, and
 * makes one point of those within USL_LEVEL of the lowest of them: the medians. Returns how many
 * there are then.
 */
size_t usl_levels(struct usl_point *points, size_t count);

/* Of levels, as usl_levels gives them. */
int usl_fit(const struct usl_point *levels, size_t count, struct usl_fit *fit);

#endif
