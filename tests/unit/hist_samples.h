/* SPDX-License-Identifier: MIT */
/*
 * Histograms on the heap and latencies to fill them with: what the tests of measure/hist share.
 *
 * Owner: the caller's, until hist_samples_free. Threads: draws depend on the caller's rng alone.
 * Errors: the calling test fails.
 */
#ifndef TESTS_HIST_SAMPLES_H
#define TESTS_HIST_SAMPLES_H

#include <stdint.h>

#include "base/clock.h"
#include "base/rng.h"
#include "measure/hist.h"

#define HIST_SAMPLES_LONGEST_NS    (20 * NS_PER_S)
#define HIST_SAMPLES_DISTRIBUTIONS 10

/* Fixed seeds, and last one of the moment (or HIST_SEED), which a failure prints. */
#define HIST_SAMPLES_SEEDS 4
extern uint64_t hist_samples_seeds[HIST_SAMPLES_SEEDS];

/* Draws the last seed. */
void hist_samples_begin(void);

struct hist hist_samples_new(unsigned int precision_bits, uint64_t highest_ns);
void hist_samples_free(struct hist *hist);

/* The cell of a value as hist_layout.h describes it, counted octave by octave. */
unsigned int hist_samples_cell(unsigned int precision_bits, uint64_t value);

/* A latency of one of the distributions, up to about HIST_SAMPLES_LONGEST_NS. */
uint64_t hist_samples_draw(struct rng *rng, unsigned int distribution);

#endif
