/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that are the same for the same seed everywhere: xoshiro256++ (Blackman and Vigna,
 * "Scrambled linear pseudorandom number generators", 2019), seeded through splitmix64.
 *
 * Not for secrets. Owner: the caller's storage. Threads: one a struct. Errors: none.
 */
#ifndef RINGLOAD_BASE_RNG_H
#define RINGLOAD_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state[4];
};

/* stream: independent sequences of one seed, as one per worker. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);

uint64_t rng_next(struct rng *rng);

/* Uniform in [0, bound), without bias; bound must not be 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Uniform in (0, 1]: never 0, so that its logarithm exists. */
double rng_unit(struct rng *rng);

/* Exponentially distributed with the given mean. */
double rng_exponential(struct rng *rng, double mean);

#endif
