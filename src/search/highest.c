/* SPDX-License-Identifier: MIT */
#include "search/highest.h"

#include <math.h>
#include <string.h>

/* To three significant digits, at least 1. */
static double rounded(double rps)
{
	double unit = pow(10, floor(log10(rps)) - 2);

	if (unit < 1)
		unit = 1;
	rps = round(rps / unit) * unit;
	return rps < 1 ? 1 : rps;
}

void highest_begin(struct highest *highest, double estimate_rps)
{
	memset(highest, 0, sizeof(*highest));
	highest->rate_rps = rounded(HIGHEST_FIRST * estimate_rps);
}

static double next_rate(const struct highest *highest)
{
	if (!highest->upper_rps)
		return rounded(highest->lower_rps * HIGHEST_UP);
	if (!highest->lower_rps)
		return rounded(highest->upper_rps * HIGHEST_DOWN);
	return rounded((highest->lower_rps + highest->upper_rps) / 2);
}

static bool near_enough(const struct highest *highest)
{
	return highest->lower_rps && highest->upper_rps &&
	       highest->upper_rps - highest->lower_rps <= HIGHEST_PRECISION * highest->upper_rps;
}

void highest_take(struct highest *highest, bool held)
{
	highest->trials++;
	highest->tries++;
	if (held)
		highest->lower_rps = highest->rate_rps;
	else if (highest->tries >= HIGHEST_TRIES)
		highest->upper_rps = highest->rate_rps;
	if (highest->trials >= (highest->lower_rps ? HIGHEST_TRIALS : HIGHEST_HOPELESS) ||
		near_enough(highest)) {
		highest->done = true;
		return;
	}
	if (!held && highest->tries < HIGHEST_TRIES)
		return;
	highest->tries = 0;
	highest->rate_rps = next_rate(highest);
	/* Small rates have nothing between them. */
	if (highest->rate_rps == highest->lower_rps || highest->rate_rps == highest->upper_rps)
		highest->done = true;
}
