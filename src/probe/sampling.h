/* SPDX-License-Identifier: MIT */
/*
 * Which bucket of connections is admitted next, and when the programs' own cost is looked at.
 *
 * Time is cut into epochs. One bucket is selected in each; a cycle goes through all of them in a
 * random order, another one each time, so that every bucket is selected equally long and none keeps
 * step with something periodic in the load. What the programs cost is measured in one epoch of
 * each SAMPLING_COST_EPOCHS, at a random place, but in the second one of a window first: so that a
 * window of three epochs has one. Only looked-at epochs count.
 *
 * Owner: the caller's storage, nothing to release. Threads: one. Errors: none.
 */
#ifndef RINGLOAD_PROBE_SAMPLING_H
#define RINGLOAD_PROBE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "ringload/probe_abi.h"

#define SAMPLING_EPOCH_NS    100000000ULL
#define SAMPLING_COST_EPOCHS 16

struct sampling {
	struct rng rng;
	uint32_t sample;
	uint32_t order[PROBE_ABI_SAMPLE_LIMIT]; /* of the cycle */
	uint32_t place;                         /* in it, of the next */
	uint64_t epoch;                         /* since the window began */
	uint64_t cost_epoch;                    /* the next that is looked at */
};

/* sample: buckets, at least 1. */
void sampling_init(struct sampling *sampling, uint32_t sample, uint64_t seed);

/* A window begins: a new cycle, and epoch 0. */
void sampling_begin(struct sampling *sampling);

/* The bucket of the next epoch; *cost: its cost is to be measured. */
uint32_t sampling_next(struct sampling *sampling, bool *cost);

#endif
