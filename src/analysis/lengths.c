/* SPDX-License-Identifier: MIT */
#include "analysis/lengths.h"

#include <math.h>

/* Of a rung, when it is not said. */
#define RUNG_NS (20 * NS_PER_S)
/* Warm-up, drain and pause of a long trial. */
#define AROUND_NS (11 * NS_PER_S / 10)
/* Of these the drain and the pause, at most as a rule. */
#define AFTER_NS NS_PER_S

uint64_t lengths_clamp(uint64_t value_ns, uint64_t least_ns, uint64_t most_ns)
{
	return value_ns < least_ns ? least_ns : value_ns > most_ns ? most_ns : value_ns;
}

void lengths_choose(struct lengths *lengths, const struct stepper_options *options)
{
	uint64_t budget_ns = options->budget_ns, share_ns;

	lengths->short_ns = options->trial_ns;
	if (!lengths->short_ns)
		lengths->short_ns = lengths_clamp(budget_ns / 200,
			lengths_clamp(budget_ns / 30, LENGTHS_SHORTEST_NS, NS_PER_S), 3 * NS_PER_S);
	if (options->confirm_ns && lengths->short_ns > options->confirm_ns)
		lengths->short_ns = options->confirm_ns;
	lengths->long_ns = options->confirm_ns;
	if (!lengths->long_ns)
		lengths->long_ns = lengths_clamp(budget_ns / 18, lengths->short_ns,
			lengths_clamp(budget_ns / 75 * 2, 8 * NS_PER_S, 30 * NS_PER_S));
	if (lengths->long_ns < lengths->short_ns)
		lengths->long_ns = lengths->short_ns;
	lengths->recover_ns = lengths_clamp(budget_ns / 20, 0, 6 * NS_PER_S);
	lengths->rung_ns = options->rung_ns;
	if (!lengths->rung_ns && options->rung_count) {
		/* Without what lies before and after it. */
		share_ns = budget_ns / options->rung_count;
		share_ns -= lengths_clamp(share_ns / 2, 0, AROUND_NS);
		lengths->rung_ns = lengths_clamp(share_ns, NS_PER_S / 2, RUNG_NS);
	}
}

uint64_t lengths_ladder(const struct stepper_options *options, size_t again)
{
	uint64_t each_ns = lengths_warmup(options->rung_ns) + options->rung_ns + AFTER_NS;

	return ((options->rung_count + again) * each_ns + NS_PER_S - 1) / NS_PER_S * NS_PER_S;
}

static uint64_t most_enough(const struct stepper_options *options)
{
	return lengths_clamp(
		options->budget_ns / LENGTHS_ENOUGH_PART, LENGTHS_SHORTEST_NS, options->budget_ns);
}

uint64_t lengths_enough(const struct stepper_options *options, double rps)
{
	double ns = LENGTHS_ENOUGH_MORE * options->least_requests / rps * (double)NS_PER_S;
	uint64_t most_ns = most_enough(options);

	return ns < (double)most_ns ? (uint64_t)ns : most_ns;
}

double lengths_lowest(const struct stepper_options *options)
{
	double rps = LENGTHS_ENOUGH_MORE * options->least_requests * (double)NS_PER_S /
		     (double)most_enough(options);

	/* A number to ask for. */
	return rps > 100 ? ceil(rps) : ceil(100 * rps) / 100;
}

uint64_t lengths_warmup(uint64_t duration_ns)
{
	return lengths_clamp(duration_ns / 4, NS_PER_S / 20, NS_PER_S / 2);
}
