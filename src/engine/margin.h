/* SPDX-License-Identifier: MIT */
/*
 * How long before a deadline a sleep has to end, so that the rest can be spun: as long as this
 * machine's timed waits come late, which is a few microseconds on a quiet one and some hundred in
 * a virtual machine that has to be scheduled itself.
 *
 * It is learnt by stochastic approximation of a quantile (Robbins and Monro, 1951): a wait that
 * came later than the margin widens it by one step, any other narrows it by 1/200 of a step. It
 * stands still where one wait in 201 comes later: half of the hundredth that send_lag's p99 may
 * miss. A deadline that was spun for, only because the margin is wide, narrows it too; else a
 * margin wider than the time between two deadlines would never be put to the test again.
 *
 * Owner: the caller's. Threads: one. Errors: none. Units: ns.
 */
#ifndef RINGLOAD_ENGINE_MARGIN_H
#define RINGLOAD_ENGINE_MARGIN_H

#include <stdint.h>

#include "base/clock.h"

/* What a quiet machine needs, and what no machine may take: at 1,000 deadlines a second the most is
 * the whole CPU. */
#define MARGIN_LEAST_NS (50 * NS_PER_US)
#define MARGIN_MOST_NS  (1000 * NS_PER_US)
/* From least to most in 48 late waits; back in 9,500 that are not late. */
#define MARGIN_WIDEN_NS  (20 * NS_PER_US)
#define MARGIN_NARROW_NS (MARGIN_WIDEN_NS / 200)

struct margin {
	uint64_t ns;
	uint64_t spun_for_ns; /* the latest deadline that was spun for, as it seemed needed */
};

static inline void margin_init(struct margin *margin)
{
	*margin = (struct margin){.ns = MARGIN_LEAST_NS};
}

static inline void margin_narrow(struct margin *margin)
{
	margin->ns -= margin->ns >= MARGIN_LEAST_NS + MARGIN_NARROW_NS
			      ? MARGIN_NARROW_NS
			      : margin->ns - MARGIN_LEAST_NS;
}

/* A timed wait ended late_ns after its time. One that something else ended is none. */
static inline void margin_waited(struct margin *margin, uint64_t late_ns)
{
	if (late_ns <= margin->ns)
		margin_narrow(margin);
	else if (margin->ns < MARGIN_MOST_NS)
		margin->ns += MARGIN_WIDEN_NS < MARGIN_MOST_NS - margin->ns
				      ? MARGIN_WIDEN_NS
				      : MARGIN_MOST_NS - margin->ns;
}

/* ahead_ns before the deadline it was decided to spin for it. Counts once for each deadline. */
static inline void margin_spins(struct margin *margin, uint64_t deadline_ns, uint64_t ahead_ns)
{
	if (ahead_ns <= MARGIN_LEAST_NS || deadline_ns == margin->spun_for_ns)
		return;
	margin->spun_for_ns = deadline_ns;
	margin_narrow(margin);
}

#endif
