/* SPDX-License-Identifier: MIT */
#include "analysis/bounds.h"

/* How likely the capacity is on the wrong side of a bound. */
static double doubt(const struct belief *belief, double rps, enum tried_decision side)
{
	double below;

	if (!belief)
		return 0;
	below = belief_below(belief, rps);
	return side == TRIED_LOWER ? below : 1 - below;
}

static bool better(const struct bound *bound, const struct bound *than, enum tried_decision side)
{
	if (!than->known || bound->confirmed != than->confirmed)
		return !than->known || bound->confirmed;
	if (bound->likely != than->likely)
		return bound->likely;
	/* The nearest is the highest lower bound; the surest the lowest. */
	return (bound->rps > than->rps) == (bound->likely == (side == TRIED_LOWER));
}

static struct bound choose(
	const struct tried *tried, const struct belief *belief, enum tried_decision side)
{
	struct bound best = {.known = false};

	for (size_t i = 0; i < tried->load_count; i++) {
		const struct tried_load *load = &tried->loads[i];
		struct bound bound = {.known = true, .rps = load->rps};
		double doubtful;

		if (tried_decide(load, &bound.confirmed) != side)
			continue;
		doubtful = doubt(belief, load->rps, side);
		bound.sure = doubtful <= BOUNDS_SURE;
		bound.likely = doubtful <= BOUNDS_LIKELY;
		/* So that the lower one is always the lower one. */
		if (doubtful < 0.5 && better(&bound, &best, side))
			best = bound;
	}
	return best;
}

void bounds_choose(struct bounds *bounds, const struct tried *tried, const struct belief *belief)
{
	bounds->lower = choose(tried, belief, TRIED_LOWER);
	bounds->upper = choose(tried, belief, TRIED_UPPER);
}

bool bounds_hold(const struct tried *tried, const struct belief *belief, double rps,
	enum tried_decision wanted)
{
	bool confirmed;

	return tried_decide(tried_find(tried, rps), &confirmed) == wanted && confirmed &&
	       doubt(belief, rps, wanted) <= BOUNDS_SURE;
}
