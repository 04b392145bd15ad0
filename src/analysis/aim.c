/* SPDX-License-Identifier: MIT */
#include "analysis/aim.h"

#include <math.h>

#include "analysis/bounds.h"

/* What a pair of loads takes of the precision asked for, leaving room for rates that are rounded;
 * and where in it the capacity is thought to be: nearer to the upper load, as a small overload is
 * missed more easily than a pass (TRIAL_BEHIND). */
#define PAIR_SHARE  0.97
#define PAIR_MIDDLE 0.55
/* A pair is tried once the middle part of what is thought takes so much of its width. */
#define PAIR_SPREAD 0.8
#define PART_FIRST  0.15
#define PART_LAST   0.85
/* It is given up when the part grows to so many times its width. */
#define PAIR_LOST 3.0
/* When time runs out it is as wide as leaves out so much on either side. */
#define PAIR_TAIL 0.1
/* Long trials at one load of a pair; if these were not enough, another pair is tried. */
#define PAIR_TRIALS 5
/* Of a pair when all goes well. */
#define PAIR_LEAST 4

/* Short trials do not tell more after so many. */
#define NARROW_SHORT 12

/* Where the next load lies in what is thought of the capacity: after a failure it is one that
 * probably passes, as two failures in a row tell less. After many that passed it is further up, so
 * that the search does not creep towards a failure that was odd. */
#define AFTER_PASS 0.5
#define AFTER_FAIL 0.35
#define PASSES     4
#define EACH_PASS  0.1
#define AFTER_MOST 0.8

/* A server that is slow to break with this probability is tried with long trials alone. */
#define SLOW 0.5

/* A server that recovers slowly with this probability gets time for it after each failure, and any
 * server after so many failures in a row. */
#define RELAPSES    0.5
#define FAILS_SHORT 3
#define FAILS_LONG  2
/* The load meanwhile, of the least it is thought to bear. */
#define REST_SHARE 0.5
#define REST_LEAST 0.05

/* So near to the generator's limit no upper bound can be had. */
#define LIMIT_NEAR 0.98

static bool needs_rest(const struct stepper *stepper)
{
	unsigned int most = stepper->lasting ? FAILS_LONG : FAILS_SHORT;

	return stepper->fails &&
	       (stepper->fails >= most || belief_relapses(&stepper->belief) > RELAPSES);
}

/* A load the server bears for certain, until it has recovered; lower still when it did not. */
static void rest(struct stepper *stepper)
{
	const struct lengths *lengths = &stepper->lengths;
	double least_rps = fmin(belief_quantile(&stepper->belief, REST_LEAST), stepper->next.rps);
	uint64_t duration_ns = lengths->recover_ns;

	stepper->passes = 0;
	if (duration_ns < lengths->short_ns)
		duration_ns = lengths->short_ns;
	stepper_try(stepper, SEARCH_NARROW, stepper_round(stepper, REST_SHARE * least_rps),
		duration_ns);
}

/* Where the capacity rather lies beyond what may be asked for, or above all that was tried; false:
 * it does not. */
static bool beyond(struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	const struct belief *belief = &stepper->belief;

	if (stepper->limit_rps > 0 && belief_below(belief, LIMIT_NEAR * stepper->limit_rps) < 0.5) {
		stepper_approach_limit(stepper);
	} else if (belief_below(belief, options->highest_rps) < 0.5) {
		if (stepper_holds(stepper, options->highest_rps, TRIED_LOWER))
			stepper_finish(stepper, SEARCH_ABOVE_HIGHEST);
	} else if (belief_below(belief, options->lowest_rps) > 0.5) {
		if (stepper_holds(stepper, options->lowest_rps, TRIED_UPPER))
			stepper_finish(stepper, SEARCH_BELOW_LOWEST);
	} else if (belief_below(belief, stepper->highest_tried_rps) < 0.5) {
		stepper_try(stepper, SEARCH_RANGE,
			stepper_round(stepper, 2 * stepper->highest_tried_rps),
			stepper->lengths.short_ns);
	} else {
		return false;
	}
	return true;
}

static bool open(const struct stepper *stepper, double rps, enum tried_decision wanted)
{
	return !bounds_hold(&stepper->tried, &stepper->belief, rps, wanted);
}

/* Whether a load of the pair is rather on the wrong side, or can not be made sure. */
static bool lost(const struct stepper *stepper, double rps, enum tried_decision wanted)
{
	const struct tried_load *load = tried_find(&stepper->tried, rps);
	double below = belief_below(&stepper->belief, rps);

	if ((wanted == TRIED_LOWER ? below : 1 - below) > 0.5)
		return true;
	return load && load->passed[1] + load->failed[1] >= PAIR_TRIALS &&
	       open(stepper, rps, wanted);
}

/* Round what is thought of the capacity; wider than asked when there is no time to know better. */
static void place_pair(struct stepper *stepper, double width_log, bool late)
{
	const struct belief *belief = &stepper->belief;
	double lower = belief_quantile(belief, 0.5) * exp(-PAIR_MIDDLE * width_log);
	double upper = lower * exp(width_log);

	if (late) {
		/* Above all that failed no bound needs to be. */
		double most = fmax(stepper->highest_tried_rps, upper);

		lower = fmin(lower, belief_quantile(belief, PAIR_TAIL));
		upper = fmin(fmax(upper, belief_quantile(belief, 1 - PAIR_TAIL)), most);
	}
	stepper->pair.lower_rps = stepper_round(stepper, lower);
	stepper->pair.upper_rps = stepper_round(stepper, upper);
	stepper->narrow_count = 0;
}

/* By turns, so that each failure at the upper load follows a pass at the lower one, and each pass
 * at the lower one shows that the server recovered. */
static void try_pair(struct stepper *stepper)
{
	const struct lengths *lengths = &stepper->lengths;
	double lower = stepper->pair.lower_rps, upper = stepper->pair.upper_rps;
	bool lower_open = open(stepper, lower, TRIED_LOWER);
	bool upper_open = open(stepper, upper, TRIED_UPPER);
	const struct tried_load *load = tried_find(&stepper->tried, lower);

	if (lower_open && !(upper_open && !stepper->fails && load && load->passed[1]))
		stepper_try(stepper, SEARCH_CONFIRM, lower, lengths->long_ns);
	else if (!stepper->fails)
		stepper_try(stepper, SEARCH_CONFIRM, upper, lengths->long_ns);
	else
		stepper_try(stepper, SEARCH_NARROW, lower,
			lengths_clamp(lengths->recover_ns, lengths->short_ns, lengths->long_ns));
}

/* Where in what is thought of the capacity the next load lies. */
static double next_share(const struct stepper *stepper)
{
	if (stepper->fails)
		return AFTER_FAIL;
	if (stepper->passes <= PASSES)
		return AFTER_PASS;
	return fmin(AFTER_PASS + EACH_PASS * (stepper->passes - PASSES), AFTER_MOST);
}

static void narrow(struct stepper *stepper)
{
	const struct belief *belief = &stepper->belief;
	bool lasting = belief_slow(belief) > SLOW || stepper->narrow_count >= NARROW_SHORT;
	/* It is the range's part to go higher. */
	double rps = fmin(belief_quantile(belief, next_share(stepper)), stepper->highest_tried_rps);

	stepper->narrow_count++;
	stepper_try(stepper, SEARCH_NARROW, stepper_round(stepper, rps),
		lasting ? stepper->lengths.long_ns : stepper->lengths.short_ns);
}

/* A pair that was had, or can no more be, makes room for the next. Returns false when a wide one is
 * all there will be: there is no time for another. */
static bool settle_pair(struct stepper *stepper, double spread_log, uint64_t confirm_ns, bool *late)
{
	double lower = stepper->pair.lower_rps, upper = stepper->pair.upper_rps;

	if (!(lower > 0))
		return true;
	if (lost(stepper, lower, TRIED_LOWER) || lost(stepper, upper, TRIED_UPPER) ||
		spread_log > PAIR_LOST * log(upper / lower)) {
		stepper->pair.lower_rps = 0;
	} else if (!open(stepper, lower, TRIED_LOWER) && !open(stepper, upper, TRIED_UPPER)) {
		stepper->pair.lower_rps = 0;
		*late = false;
		return stepper_remaining(stepper) >= confirm_ns;
	}
	return true;
}

void aim_next(struct stepper *stepper)
{
	const struct belief *belief = &stepper->belief;
	const struct lengths *lengths = &stepper->lengths;
	double width_log = -log(1 - stepper->options.precision * PAIR_SHARE), spread_log;
	double middle_rps = belief_quantile(belief, 0.5);
	uint64_t long_ns = stepper_length(stepper, middle_rps, lengths->long_ns);
	uint64_t short_ns = stepper_length(stepper, middle_rps, lengths->short_ns);
	uint64_t confirm_ns = PAIR_LEAST * stepper_cost(stepper, long_ns);
	bool late = stepper_remaining(stepper) <
		    confirm_ns + 2 * stepper_cost(stepper, short_ns) + lengths->recover_ns;

	if (needs_rest(stepper)) {
		rest(stepper);
		return;
	}
	if (beyond(stepper))
		return;
	spread_log = log(belief_quantile(belief, PART_LAST) / belief_quantile(belief, PART_FIRST));
	if (!settle_pair(stepper, spread_log, confirm_ns, &late)) {
		stepper_finish(stepper, SEARCH_UNDECIDED);
		return;
	}
	if (!(stepper->pair.lower_rps > 0) && (late || spread_log <= PAIR_SPREAD * width_log))
		place_pair(stepper, width_log, late);
	if (!(stepper->pair.lower_rps > 0))
		narrow(stepper);
	else if (stepper->pair.lower_rps < stepper->pair.upper_rps)
		try_pair(stepper);
	else
		stepper_approach_limit(stepper);
}
