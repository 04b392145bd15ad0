/* SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include <assert.h>
#include <math.h>

static uint64_t rotate_left(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

/* splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t splitmix(uint64_t *counter)
{
	uint64_t mixed = *counter += 0x9E3779B97F4A7C15ULL;

	mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBULL;
	return mixed ^ mixed >> 31;
}

void rng_init(struct rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t counter = seed;

	/* Mixed before and after the stream is added, so that seed 1 stream 2 and seed 2 stream 1
	 * have nothing in common. Four successive values are never all 0, which the generator could
	 * not leave. */
	counter = splitmix(&counter) + stream;
	counter = splitmix(&counter);
	for (unsigned int i = 0; i < 4; i++)
		rng->state[i] = splitmix(&counter);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	unsigned __int128 product;
	uint64_t refused;

	assert(bound);
	/* Lemire, "Fast random integer generation in an interval", 2019: the high half of the
	 * product is the result; the 2^64 mod bound lowest values of the low half are refused. */
	product = (unsigned __int128)rng_next(rng) * bound;
	if ((uint64_t)product < bound) {
		refused = -bound % bound;
		while ((uint64_t)product < refused)
			product = (unsigned __int128)rng_next(rng) * bound;
	}
	return (uint64_t)(product >> 64);
}

double rng_unit(struct rng *rng)
{
	return (double)((rng_next(rng) >> 11) + 1) * 0x1p-53;
}

double rng_exponential(struct rng *rng, double mean)
{
	return -mean * log(rng_unit(rng));
}
