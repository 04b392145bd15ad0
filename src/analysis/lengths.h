/* SPDX-License-Identifier: MIT */
/*
 * How long the trials of a search are: chosen from its budget, where the options leave it open.
 *
 *   budget    short    long    recover
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

#include <stdint.h>

#include "analysis/stepper.h"

struct lengths {
	uint64_t short_ns, long_ns;
	uint64_t rung_ns;
	/* After a failure, another one may be the same one for so long. */
	uint64_t recover_ns;
};

void lengths_choose(struct lengths *lengths, const struct stepper_options *options);

/* Before a trial of this length. */
uint64_t lengths_warmup(uint64_t duration_ns);

/* Nearest to a value between two others. */
uint64_t lengths_clamp(uint64_t value_ns, uint64_t least_ns, uint64_t most_ns);

#endif
