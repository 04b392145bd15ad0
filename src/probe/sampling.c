/* SPDX-License-Identifier: MIT */
#include "probe/sampling.h"

#include <assert.h>

void sampling_init(struct sampling *sampling, uint32_t sample, uint64_t seed)
{
	assert(sample >= 1 && sample <= PROBE_ABI_SAMPLE_LIMIT);
	*sampling = (struct sampling){.sample = sample};
	rng_init(&sampling->rng, seed, 0);
	for (uint32_t i = 0; i < sample; i++)
		sampling->order[i] = i;
	sampling_begin(sampling);
}

/* Fisher and Yates, in the form of Durstenfeld (CACM 7(7), 1964, algorithm 235). */
static void sampling_shuffle(struct sampling *sampling)
{
	for (uint32_t left = sampling->sample; left > 1; left--) {
		uint32_t other = (uint32_t)rng_below(&sampling->rng, left);
		uint32_t kept = sampling->order[left - 1];

		sampling->order[left - 1] = sampling->order[other];
		sampling->order[other] = kept;
	}
	sampling->place = 0;
}

void sampling_begin(struct sampling *sampling)
{
	sampling_shuffle(sampling);
	sampling->epoch = 0;
	sampling->cost_epoch = 1;
}

uint32_t sampling_next(struct sampling *sampling, bool *cost)
{
	if (sampling->place == sampling->sample)
		sampling_shuffle(sampling);
	*cost = sampling->epoch == sampling->cost_epoch;
	if (*cost)
		sampling->cost_epoch = (sampling->epoch / SAMPLING_COST_EPOCHS + 1) *
					       SAMPLING_COST_EPOCHS +
				       rng_below(&sampling->rng, SAMPLING_COST_EPOCHS);
	sampling->epoch++;
	return sampling->order[sampling->place++];
}
