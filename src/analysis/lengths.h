/* SPDX-License-Identifier: MIT */
/*
 * How long the trials of a search are: chosen from its budget, where the options leave it open.
 *
 *   budget    short    long    recover
 *     5 s     0.25 s   0.28 s  0.25 s
 *    10 s     0.3 s    0.6 s   0.5 s
 *    45 s     1 s      2.5 s   2.3 s
 *     5 min   1.5 s    8 s     6 s
 *    20 min   3 s     30 s     6 s
 *
 * Short trials are as many as it takes to come near, long ones as long as a budget bears about 20
 * of; from 5 minutes on they are long enough for a break that takes 5 s to show.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_ANALYSIS_LENGTHS_H
#define RINGLOAD_ANALYSIS_LENGTHS_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/stepper.h"
#include "base/clock.h"

/*
 * No trial is shorter. What is unanswered is read each 50 ms at most (session.h): that makes 5
 * readings, and the last may come too late to count, where 4 are needed to see whether a server
 * falls behind (TRIAL_READINGS).
 */
#define LENGTHS_SHORTEST_NS (250 * NS_PER_MS)
/* Of a ladder whose budget is not said: trials that may be made again. */
#define LENGTHS_LADDER_AGAIN 2

struct lengths {
	uint64_t short_ns, long_ns;
	uint64_t rung_ns;
	/* After a failure, another one may be the same one for so long. */
	uint64_t recover_ns;
};

/* Of the budget, what a trial takes at most so that there are enough requests: one in so many. */
#define LENGTHS_ENOUGH_PART 6
/* What is asked for beyond the least, as arrivals by chance may be fewer. */
#define LENGTHS_ENOUGH_MORE 1.05
/* The lowest load at which there can be enough; 0: at any. */
double lengths_lowest(const struct stepper_options *options);

void lengths_choose(struct lengths *lengths, const struct stepper_options *options);

/* How long a trial at this load must be so that there are enough requests (least_requests). */
uint64_t lengths_enough(const struct stepper_options *options, double rps);

/* Before a trial of this length. */
uint64_t lengths_warmup(uint64_t duration_ns);

/*
 * What the steps of a ladder take with what lies around them, when `again` of them are made again;
 * rung_ns must be given. Up to a second a trial goes to its drain and the pause after it. In whole
 * seconds, so that it is a number to ask for.
 */
uint64_t lengths_ladder(const struct stepper_options *options, size_t again);

/* Nearest to a value between two others. */
uint64_t lengths_clamp(uint64_t value_ns, uint64_t least_ns, uint64_t most_ns);

#endif
