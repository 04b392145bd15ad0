/* SPDX-License-Identifier: MIT */
#include "plan/arrival.h"

#include <assert.h>

/* Nanoseconds between arrivals at one thousandth of a request a second. */
#define PERIOD_NS_MRPS UINT64_C(1000000000000)

/* Keeps the arrivals' random numbers apart from those a worker draws for other ends from the same
 * seed and its own index. */
#define STREAM_OF_ARRIVALS (UINT64_C(1) << 32)

static uint64_t clamp(unsigned __int128 value)
{
	return value < ARRIVAL_NONE ? (uint64_t)value : ARRIVAL_NONE - 1;
}

uint64_t arrival_constant_ns(uint64_t rate_mrps, uint64_t index)
{
	assert(rate_mrps > 0);
	return clamp((unsigned __int128)index * PERIOD_NS_MRPS / rate_mrps);
}

uint64_t arrival_constant_before(uint64_t rate_mrps, uint64_t time_ns)
{
	unsigned __int128 product = (unsigned __int128)time_ns * rate_mrps;

	/* floor(i × period) < t is the same as i × period < t, as t is whole: i < t / period. */
	return clamp((product + PERIOD_NS_MRPS - 1) / PERIOD_NS_MRPS);
}

/* Takes time_ns as the place of the cursor unless the process has ended before it. */
static inline void stand_on(struct arrival *arrival, uint64_t time_ns)
{
	bool counted = time_ns >= arrival->counted_from_ns;

	if (time_ns >= arrival->end_ns || (counted && arrival->left == 0))
		time_ns = ARRIVAL_NONE;
	arrival->next_ns = time_ns;
}

/*
 * The next arrival of the Poisson process. The sum is kept as a double: below a day its last place
 * is worth less than 0.02 ns, below ten years less than 64 ns.
 */
static inline uint64_t draw(struct arrival *arrival)
{
	arrival->exact_ns += rng_exponential(&arrival->rng, arrival->mean_gap_ns);
	return arrival->exact_ns < 0x1p63 ? (uint64_t)arrival->exact_ns : ARRIVAL_NONE;
}

static uint64_t init_constant(struct arrival *arrival, const struct plan *plan, size_t worker)
{
	unsigned __int128 first = (unsigned __int128)worker * PERIOD_NS_MRPS;
	unsigned __int128 step = (unsigned __int128)plan->worker_count * PERIOD_NS_MRPS;

	arrival->denominator = plan->rate_mrps;
	arrival->rest = (uint64_t)(first % plan->rate_mrps);
	arrival->step_whole_ns = (uint64_t)(step / plan->rate_mrps);
	arrival->step_rest = (uint64_t)(step % plan->rate_mrps);
	return (uint64_t)(first / plan->rate_mrps);
}

void arrival_init(struct arrival *arrival, const struct plan *plan, size_t worker)
{
	uint64_t first_ns;

	assert(plan->open_loop && plan->rate_mrps > 0 && worker < plan->worker_count);
	*arrival = (struct arrival){
		.kind = plan->arrival,
		.end_ns = ARRIVAL_NONE,
		.left = plan->has_requests ? plan->workers[worker].requests : UINT64_MAX,
		.counted_from_ns = plan->warmup_ns,
	};
	if (plan->duration_ns < ARRIVAL_NONE - plan->warmup_ns)
		arrival->end_ns = plan->warmup_ns + plan->duration_ns;
	if (arrival->kind == SCENARIO_POISSON) {
		rng_init(&arrival->rng, plan->seed, STREAM_OF_ARRIVALS + worker);
		arrival->mean_gap_ns = (double)PERIOD_NS_MRPS * (double)plan->worker_count /
				       (double)plan->rate_mrps;
		first_ns = draw(arrival);
	} else {
		first_ns = init_constant(arrival, plan, worker);
	}
	stand_on(arrival, first_ns);
}

void arrival_advance(struct arrival *arrival)
{
	uint64_t time_ns = arrival->next_ns;

	if (time_ns == ARRIVAL_NONE)
		return;
	if (time_ns >= arrival->counted_from_ns)
		arrival->left--;
	if (arrival->kind == SCENARIO_POISSON) {
		time_ns = draw(arrival);
	} else {
		/* rest and step_rest are both below denominator: one carry at most. */
		time_ns += arrival->step_whole_ns;
		arrival->rest += arrival->step_rest;
		if (arrival->rest >= arrival->denominator) {
			arrival->rest -= arrival->denominator;
			time_ns++;
		}
	}
	stand_on(arrival, time_ns);
}

void arrival_cut(struct arrival *arrival, uint64_t end_ns)
{
	if (end_ns < arrival->end_ns)
		arrival->end_ns = end_ns;
	if (arrival->next_ns >= arrival->end_ns)
		arrival->next_ns = ARRIVAL_NONE;
}
