/* SPDX-License-Identifier: MIT */
/*
 * Which rates to try to find the highest that a generator holds on this machine: from an estimate
 * downwards until one is held or upwards until one is not, then by halves between the two.
 *
 * This is not the search for a server's breaking point (analysis/stepper.h): nothing is overloaded
 * for longer than a trial, only the generator can fail, and a busy machine makes it fail below its
 * limit, never hold above it. So a rate that was held once is held, and one that was not is tried
 * once more.
 *
 * Owner: the caller's storage. Threads: pure. Errors: none. Units: requests a second.
 */
#ifndef RINGLOAD_SEARCH_HIGHEST_H
#define RINGLOAD_SEARCH_HIGHEST_H

#include <stdbool.h>

/* Where the search begins, as a share of the estimate: a closed loop has no schedule to keep. */
#define HIGHEST_FIRST 0.9
/* From one rate to the next while only one side is known. */
#define HIGHEST_UP   1.15
#define HIGHEST_DOWN 0.6
/* The two sides are near enough: (upper - lower) / upper. */
#define HIGHEST_PRECISION 0.03
/* Times a rate is tried before it counts as not held. */
#define HIGHEST_TRIES 2
/* Trials in all; the last bounds are the answer then. */
#define HIGHEST_TRIALS 14
/* Trials without any that was held: the machine is too busy, and there is no answer. */
#define HIGHEST_HOPELESS 8

struct highest {
	double rate_rps;  /* to be tried now, in three significant digits */
	double lower_rps; /* held; 0: none yet */
	double upper_rps; /* not held; 0: none yet */
	unsigned int tries, trials;
	bool done;
};

void highest_begin(struct highest *highest, double estimate_rps);

/* What came of a trial at highest->rate_rps. */
void highest_take(struct highest *highest, bool held);

#endif
