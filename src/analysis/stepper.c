/* SPDX-License-Identifier: MIT */
#include "analysis/stepper.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/belief.h"
#include "analysis/bounds.h"
#include "analysis/tried.h"
#include "base/clock.h"
#include "base/units.h"

/* What a pair of bounds to be confirmed takes of the precision asked for, leaving room for rates
 * that are rounded, and where in it the capacity is thought to be. */
#define PAIR_SHARE  0.97
#define PAIR_MIDDLE 0.5
/* A pair is tried once the capacity lies within so much of it, by nine tenths. */
#define PAIR_SPREAD 0.9
/* Long trials at one bound of a pair; if that was not enough, another pair is tried. */
#define PAIR_TRIALS 5

/* Trials of a pair when all goes well. */
#define PAIR_LEAST 4

/* Short trials do not tell more after so many. */
#define NARROW_SHORT 12

/* Where the next load lies in what is thought of the capacity. After a failure it is one that
 * probably passes: two failures in a row tell little. */
#define AFTER_PASS 0.5
#define AFTER_FAIL 0.35

/* A server that is slow to break with this probability is tried with long trials alone. */
#define SLOW 0.3

/* A failed trial completed so much of its rate when the hint is one. */
#define HINT_LEAST 0.01
#define HINT_MOST  0.97

/* As long as nothing passed and there is no hint. */
#define DESCENT 3.0

/* While the server recovers, of the rate that is thought it bears. */
#define REST_SHARE 0.5

/* Failures in a row that are not taken for what the first one did; after these they are real. */
#define SUSPECTS 2

/* Trials of the generator at a load until it is the limit; how near to it a load has to pass. */
#define GENERATOR_TRIALS 3
#define GENERATOR_NEAR   0.9

/* Trials in a row that say nothing of the server, whatever the reason. */
#define VOIDS 6

/* Of a trial beyond warm-up and duration, until it was seen. */
#define OVERHEAD_NS (350 * NS_PER_MS)

_Static_assert(STEPPER_TRIALS == BELIEF_TRIALS && STEPPER_TRIALS == TRIED_TRIALS,
	"all have room for as many trials");

/* Two loads that are to become the bounds; 0: none. */
struct pair {
	double lower_rps, upper_rps;
};

struct stepper {
	struct stepper_options options;
	uint64_t trial_ns, confirm_ns, rung_ns, recover_ns;
	struct tried tried;
	struct belief belief;
	uint64_t elapsed_ns, overhead_ns;

	double highest_pass_rps, lowest_fail_rps; /* 0: none */
	double hint_rps;
	double limit_rps; /* the generator's; 0: none */
	size_t narrow_count;
	double highest_tried_rps;
	struct pair pair;

	/* The failure before: the server may not have recovered. */
	bool failed_last; /* the last trial that said anything */
	bool recovering;
	uint64_t failed_ns; /* when it ended */
	double suspect_rps; /* the last load that failed while it may have been recovering */
	unsigned int suspects;
	bool relapses; /* seen to recover slowly */
	bool rest_due, resting;

	unsigned int voids; /* in a row */
	bool done;
	enum search_answer_kind end; /* SEARCH_UNDECIDED: by the bounds there are */
	struct stepper_trial next;
	bool lasting; /* of the next trial */
	struct stepper_answer answer;
	size_t lower_trials[STEPPER_TRIALS], upper_trials[STEPPER_TRIALS];
};

/* --- lengths ------------------------------------------------------------------------------- */

static uint64_t clamp_ns(uint64_t value_ns, uint64_t least_ns, uint64_t most_ns)
{
	return value_ns < least_ns ? least_ns : value_ns > most_ns ? most_ns : value_ns;
}

/* 45 s: 1 s and 3 s; 5 min: 1.5 s and 8 s, long enough for a break that takes 5 s to show. */
static void choose_lengths(struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	uint64_t budget_ns = options->budget_ns;

	stepper->trial_ns = options->trial_ns;
	if (!stepper->trial_ns)
		stepper->trial_ns = clamp_ns(budget_ns / 200,
			clamp_ns(budget_ns / 30, 100 * NS_PER_MS, NS_PER_S), 3 * NS_PER_S);
	stepper->confirm_ns = options->confirm_ns;
	if (!stepper->confirm_ns)
		stepper->confirm_ns = clamp_ns(budget_ns / 15, stepper->trial_ns,
			clamp_ns(budget_ns * 2 / 75, 8 * NS_PER_S, 30 * NS_PER_S));
	stepper->recover_ns = clamp_ns(budget_ns / 20, 0, 6 * NS_PER_S);
	stepper->rung_ns = options->rung_ns;
	if (!stepper->rung_ns && options->rung_count) {
		uint64_t share_ns = budget_ns / options->rung_count;

		stepper->rung_ns = clamp_ns(share_ns - share_ns / 20, NS_PER_S, 20 * NS_PER_S);
	}
}

static uint64_t warmup_of(uint64_t duration_ns)
{
	return clamp_ns(duration_ns / 4, 50 * NS_PER_MS, NS_PER_S / 2);
}

static uint64_t cost_of(const struct stepper *stepper, uint64_t duration_ns)
{
	return warmup_of(duration_ns) + duration_ns + stepper->overhead_ns;
}

static uint64_t remaining(const struct stepper *stepper)
{
	return stepper->options.budget_ns > stepper->elapsed_ns
		       ? stepper->options.budget_ns - stepper->elapsed_ns
		       : 0;
}

/* --- the next trial ------------------------------------------------------------------------ */

static void finish(struct stepper *stepper, enum search_answer_kind end)
{
	stepper->done = true;
	stepper->end = end;
}

/* Five digits, within what was asked. */
static double round_rate(const struct stepper *stepper, double rps)
{
	double unit = pow(10, floor(log10(rps)) - 4);

	rps = round(rps / unit) * unit;
	return fmin(fmax(rps, stepper->options.lowest_rps), stepper->options.highest_rps);
}

static void try(struct stepper *stepper, enum search_stage stage, double rps, uint64_t duration_ns)
{
	stepper->next = (struct stepper_trial){
		.stage = stage,
		.rps = rps,
		.warmup_ns = warmup_of(duration_ns),
		.duration_ns = duration_ns,
	};
	stepper->lasting = duration_ns >= stepper->confirm_ns;
	if (cost_of(stepper, duration_ns) > remaining(stepper))
		finish(stepper, SEARCH_UNDECIDED);
}

static enum tried_decision decide(const struct stepper *stepper, double rps, bool *confirmed)
{
	return tried_decide(tried_find(&stepper->tried, rps), confirmed);
}

/* Tries a load by long trials until it is decided; true: it is, as asked. */
static bool holds(struct stepper *stepper, double rps, enum tried_decision wanted)
{
	bool confirmed;

	if (decide(stepper, rps, &confirmed) == wanted && confirmed)
		return true;
	try(stepper, SEARCH_CONFIRM, rps, stepper->confirm_ns);
	return false;
}

/* Nothing higher than the generator's limit is tried: the answer is what passes near to it. */
static void approach_limit(struct stepper *stepper)
{
	double limit = stepper->limit_rps, pass = stepper->highest_pass_rps;

	if (!(pass > 0) && limit <= stepper->options.lowest_rps)
		finish(stepper, SEARCH_GENERATOR_LIMIT);
	else if (!(pass > 0))
		try(stepper, SEARCH_RANGE, round_rate(stepper, limit / 2), stepper->trial_ns);
	else if (pass < limit * fmin(GENERATOR_NEAR, 1 - stepper->options.precision))
		try(stepper, SEARCH_NARROW, round_rate(stepper, sqrt(pass * limit)),
			stepper->trial_ns);
	else if (holds(stepper, pass, TRIED_LOWER))
		finish(stepper, SEARCH_GENERATOR_LIMIT);
}

/* Nothing failed yet. */
static void climb(struct stepper *stepper)
{
	double pass = stepper->highest_pass_rps;

	if (stepper->limit_rps > 0)
		approach_limit(stepper);
	else if (!(pass > 0))
		try(stepper, SEARCH_RANGE, stepper->options.first_rps, stepper->trial_ns);
	else if (pass < stepper->options.highest_rps)
		try(stepper, SEARCH_RANGE, fmin(2 * pass, stepper->options.highest_rps),
			stepper->trial_ns);
	else if (holds(stepper, pass, TRIED_LOWER))
		finish(stepper, SEARCH_ABOVE_HIGHEST);
}

/* Nothing passed yet. */
static void descend(struct stepper *stepper)
{
	double fail = stepper->lowest_fail_rps, rps = fail / DESCENT;

	if (stepper->limit_rps > 0 && stepper->limit_rps < fail)
		approach_limit(stepper);
	else if (fail <= stepper->options.lowest_rps) {
		if (holds(stepper, fail, TRIED_UPPER))
			finish(stepper, SEARCH_BELOW_LOWEST);
	} else {
		if (stepper->hint_rps > 0 && stepper->hint_rps < fail)
			rps = 0.95 * stepper->hint_rps;
		try(stepper, SEARCH_RANGE, round_rate(stepper, rps), stepper->trial_ns);
	}
}

static bool bound_open(const struct stepper *stepper, double rps, enum tried_decision wanted)
{
	return !bounds_hold(&stepper->tried, &stepper->belief, rps, wanted);
}

/* Whether one of them is rather on the wrong side, or can no more be had. */
static bool pair_broken(const struct stepper *stepper)
{
	const double rps[2] = {stepper->pair.lower_rps, stepper->pair.upper_rps};

	for (size_t i = 0; i < 2; i++) {
		const struct tried_load *load = tried_find(&stepper->tried, rps[i]);
		double below = belief_below(&stepper->belief, rps[i]);
		enum tried_decision wanted = i ? TRIED_UPPER : TRIED_LOWER;

		if ((i ? 1 - below : below) > 0.5)
			return true;
		if (load && load->passed[1] + load->failed[1] >= PAIR_TRIALS &&
			bound_open(stepper, rps[i], wanted))
			return true;
	}
	return false;
}

/* Round what is thought of the capacity, as wide as asked or as is known. */
static void place_pair(struct stepper *stepper, double width_log)
{
	double middle = belief_quantile(&stepper->belief, 0.5);
	double lower = middle * exp(-PAIR_MIDDLE * width_log);

	stepper->pair.lower_rps = round_rate(stepper, lower);
	stepper->pair.upper_rps = round_rate(stepper, lower * exp(width_log));
	stepper->narrow_count = 0;
}

/* A trial at the bound that is open; at the lower one after a failure. */
static void try_pair(struct stepper *stepper)
{
	double lower = stepper->pair.lower_rps, upper = stepper->pair.upper_rps;
	bool lower_open = bound_open(stepper, lower, TRIED_LOWER);
	bool upper_open = bound_open(stepper, upper, TRIED_UPPER);
	const struct tried_load *load = tried_find(&stepper->tried, lower);
	bool try_lower = lower_open;

	if (lower_open && upper_open && !stepper->failed_last && load && load->passed[1])
		try_lower = false;
	try(stepper, SEARCH_CONFIRM, try_lower ? lower : upper, stepper->confirm_ns);
}

static void narrow(struct stepper *stepper)
{
	bool lasting = belief_slow(&stepper->belief) > SLOW ||
		       stepper->narrow_count >= NARROW_SHORT;
	double rps = belief_quantile(
		&stepper->belief, stepper->failed_last ? AFTER_FAIL : AFTER_PASS);

	stepper->narrow_count++;
	stepper->pair.lower_rps = 0;
	try(stepper, SEARCH_NARROW, round_rate(stepper, rps),
		lasting ? stepper->confirm_ns : stepper->trial_ns);
}

/* Where the capacity rather lies beyond what may be asked for, or beyond all that was tried; false:
 * it does not. */
static bool aim_beyond(struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	const struct belief *belief = &stepper->belief;

	if (stepper->limit_rps > 0 && belief_below(belief, 0.98 * stepper->limit_rps) < 0.5) {
		approach_limit(stepper);
	} else if (belief_below(belief, options->highest_rps) < 0.5) {
		if (holds(stepper, options->highest_rps, TRIED_LOWER))
			finish(stepper, SEARCH_ABOVE_HIGHEST);
	} else if (belief_below(belief, options->lowest_rps) > 0.5) {
		if (holds(stepper, options->lowest_rps, TRIED_UPPER))
			finish(stepper, SEARCH_BELOW_LOWEST);
	} else if (belief_below(belief, stepper->highest_tried_rps) < 0.5) {
		try(stepper, SEARCH_RANGE,
			fmin(2 * stepper->highest_tried_rps, options->highest_rps),
			stepper->trial_ns);
	} else {
		return false;
	}
	return true;
}

/* There are trials that passed and trials that failed. */
static void aim(struct stepper *stepper)
{
	const struct belief *belief = &stepper->belief;
	double pair_log = -log(1 - stepper->options.precision * PAIR_SHARE);
	double spread_log = log(belief_quantile(belief, 0.95) / belief_quantile(belief, 0.05));
	uint64_t confirm_ns = PAIR_LEAST * cost_of(stepper, stepper->confirm_ns);
	bool late = remaining(stepper) <
		    confirm_ns + 2 * cost_of(stepper, stepper->trial_ns) + stepper->recover_ns;
	struct pair *pair = &stepper->pair;

	if (pair->lower_rps > 0 && (pair_broken(stepper) || spread_log > 3 * pair_log))
		pair->lower_rps = 0;
	if (pair->lower_rps > 0 && !bound_open(stepper, pair->lower_rps, TRIED_LOWER) &&
		!bound_open(stepper, pair->upper_rps, TRIED_UPPER)) {
		if (remaining(stepper) < confirm_ns) {
			finish(stepper, SEARCH_UNDECIDED);
			return;
		}
		pair->lower_rps = 0;
		late = false;
	}
	if (!(pair->lower_rps > 0) && (late || spread_log <= PAIR_SPREAD * pair_log))
		place_pair(stepper, fmax(pair_log, 1.2 * spread_log));
	if (pair->lower_rps > 0)
		try_pair(stepper);
	else
		narrow(stepper);
}

/* A load the server bears for certain, until it has recovered. */
static void rest(struct stepper *stepper)
{
	uint64_t duration_ns = stepper->recover_ns;

	stepper->rest_due = false;
	stepper->resting = true;
	if (duration_ns < stepper->trial_ns)
		duration_ns = stepper->trial_ns;
	try(stepper, SEARCH_NARROW,
		round_rate(stepper, REST_SHARE * belief_quantile(&stepper->belief, 0.05)),
		duration_ns);
}

static void ladder(struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	size_t rung = 0;

	while (rung < options->rung_count && options->rungs[rung] <= stepper->highest_pass_rps)
		rung++;
	if (stepper->limit_rps > 0)
		finish(stepper, SEARCH_GENERATOR_LIMIT);
	else if (stepper->lowest_fail_rps > 0)
		finish(stepper, rung ? SEARCH_FOUND : SEARCH_BELOW_LOWEST);
	else if (rung == options->rung_count)
		finish(stepper, SEARCH_ABOVE_HIGHEST);
	else
		try(stepper, SEARCH_LADDER, options->rungs[rung], stepper->rung_ns);
}

static void plan(struct stepper *stepper)
{
	bool passed = stepper->highest_pass_rps > 0, failed = stepper->lowest_fail_rps > 0;

	stepper->resting = false;
	if (stepper->tried.trial_count == STEPPER_TRIALS)
		finish(stepper, SEARCH_UNDECIDED);
	else if (stepper->options.rungs)
		ladder(stepper);
	else if (!failed)
		climb(stepper);
	else if (!passed)
		descend(stepper);
	else if (stepper->rest_due)
		rest(stepper);
	else if (!aim_beyond(stepper))
		aim(stepper);
}

/* --- what is known --------------------------------------------------------------------------- */

static void conclude(struct stepper *stepper)
{
	const struct belief *belief = &stepper->belief;
	struct stepper_answer *answer = &stepper->answer;
	struct bounds bounds;
	double width;

	bounds_choose(&bounds, &stepper->tried,
		stepper->lowest_fail_rps > 0 && !stepper->options.rungs ? belief : NULL);
	*answer = (struct stepper_answer){
		.kind = SEARCH_UNDECIDED,
		.has_lower = bounds.lower.known,
		.has_upper = bounds.upper.known,
		.lower_rps = bounds.lower.rps,
		.upper_rps = bounds.upper.rps,
		.lower_confirmed = bounds.lower.confirmed,
		.upper_confirmed = bounds.upper.confirmed,
		.lower_trials = stepper->lower_trials,
		.upper_trials = stepper->upper_trials,
	};
	if (answer->has_lower)
		answer->lower_trial_count = tried_at(
			&stepper->tried, answer->lower_rps, stepper->lower_trials);
	if (answer->has_upper)
		answer->upper_trial_count = tried_at(
			&stepper->tried, answer->upper_rps, stepper->upper_trials);
	if (!answer->has_lower || !answer->has_upper)
		return;
	answer->kind = SEARCH_FOUND;
	width = (answer->upper_rps - answer->lower_rps) / answer->upper_rps;
	/* Half a unit of what rates are rounded to. */
	answer->precise = width <= stepper->options.precision * (1 + 1e-9) &&
			  (stepper->options.rungs || (bounds.lower.sure && bounds.upper.sure));
}

/* The kind of the answer, once there is one. */
static void close_answer(struct stepper *stepper)
{
	struct stepper_answer *answer = &stepper->answer;

	if (stepper->end != SEARCH_UNDECIDED)
		answer->kind = stepper->end;
	else if (answer->kind == SEARCH_UNDECIDED && stepper->limit_rps > 0)
		answer->kind = SEARCH_GENERATOR_LIMIT;
	if (answer->kind == SEARCH_ABOVE_HIGHEST || answer->kind == SEARCH_GENERATOR_LIMIT)
		answer->has_upper = false;
	if (answer->kind == SEARCH_BELOW_LOWEST)
		answer->has_lower = false;
}

/* --- what came of a trial -------------------------------------------------------------------- */

static void take_pass(struct stepper *stepper)
{
	double rps = stepper->next.rps;

	if (stepper->suspect_rps > 0 && rps >= stepper->suspect_rps)
		stepper->relapses = true;
	if (rps >= stepper->suspect_rps)
		stepper->suspect_rps = 0;
	stepper->recovering = stepper->recovering && stepper->resting;
	stepper->suspects = 0;
	stepper->failed_last = false;
	stepper->highest_pass_rps = fmax(stepper->highest_pass_rps, rps);
}

/* Whether it may be the failure before that shows. */
static bool is_suspect(const struct stepper *stepper, uint64_t begun_ns)
{
	return stepper->recovering && begun_ns - stepper->failed_ns < stepper->recover_ns &&
	       stepper->suspects < SUSPECTS;
}

/* Returns the hint there is in it, or 0. */
static double take_fail(struct stepper *stepper, double completed_rps, bool suspect)
{
	double rps = stepper->next.rps;

	stepper->suspects = suspect ? stepper->suspects + 1 : 0;
	if (suspect)
		stepper->suspect_rps = rps;
	stepper->rest_due = suspect || stepper->relapses;
	stepper->recovering = true;
	stepper->failed_ns = stepper->elapsed_ns;
	stepper->failed_last = true;
	if (!(stepper->lowest_fail_rps > 0) || rps < stepper->lowest_fail_rps)
		stepper->lowest_fail_rps = rps;
	if (suspect || completed_rps > HINT_MOST * rps || completed_rps < HINT_LEAST * rps)
		return 0;
	return completed_rps;
}

/* The generator could not, or nothing can be said: the same again, but not for ever. */
static void take_void(struct stepper *stepper, const struct tried_load *load)
{
	unsigned int spoke = load->passed[0] + load->passed[1] + load->failed[0] + load->failed[1];
	bool limit = load->generator >= GENERATOR_TRIALS && load->generator > spoke;

	stepper->voids++;
	if (!limit && stepper->voids < VOIDS) {
		if (stepper->tried.trial_count == STEPPER_TRIALS)
			finish(stepper, SEARCH_UNDECIDED);
		else
			try(stepper, stepper->next.stage, load->rps, stepper->next.duration_ns);
		return;
	}
	stepper->voids = 0;
	if (!load->generator) {
		finish(stepper, SEARCH_UNDECIDED);
		return;
	}
	if (!(stepper->limit_rps > 0) || load->rps < stepper->limit_rps)
		stepper->limit_rps = load->rps;
	plan(stepper);
}

static void learn(struct stepper *stepper, const struct stepper_outcome *outcome, bool suspect)
{
	bool weighed = stepper->lowest_fail_rps > 0, failed = outcome->verdict == SEARCH_FAIL;
	double hint_rps = 0;

	if (failed)
		hint_rps = take_fail(stepper, outcome->completed_rps, suspect);
	else
		take_pass(stepper);
	belief_take(&stepper->belief, &(struct belief_trial){
					      .rps = stepper->next.rps,
					      .duration_ns = stepper->next.duration_ns,
					      .lasting = stepper->lasting,
					      .failed = failed,
					      .suspect = suspect,
				      });
	if (hint_rps > 0)
		stepper->hint_rps = hint_rps;
	if ((failed && !weighed) || hint_rps > 0)
		belief_weigh(&stepper->belief, stepper->hint_rps);
}

void stepper_take(struct stepper *stepper, const struct stepper_outcome *outcome)
{
	const struct stepper_trial *trial = &stepper->next;
	uint64_t begun_ns = stepper->elapsed_ns, planned_ns = trial->warmup_ns + trial->duration_ns;
	bool suspect = outcome->verdict == SEARCH_FAIL && is_suspect(stepper, begun_ns);
	const struct tried_load *load;

	assert(!stepper->done);
	stepper->elapsed_ns += outcome->took_ns;
	if (outcome->took_ns > planned_ns)
		stepper->overhead_ns = (3 * stepper->overhead_ns + outcome->took_ns - planned_ns) /
				       4;
	stepper->highest_tried_rps = fmax(stepper->highest_tried_rps, trial->rps);
	load = tried_add(&stepper->tried, trial->rps, stepper->lasting, outcome->verdict, suspect);
	if (outcome->verdict == SEARCH_PASS || outcome->verdict == SEARCH_FAIL) {
		stepper->voids = 0;
		learn(stepper, outcome, suspect);
		conclude(stepper);
		if (stepper->answer.precise && stepper->answer.lower_confirmed &&
			stepper->answer.upper_confirmed)
			finish(stepper, SEARCH_FOUND);
		else
			plan(stepper);
	} else {
		take_void(stepper, load);
	}
	if (stepper->done)
		close_answer(stepper);
}

bool stepper_next(const struct stepper *stepper, struct stepper_trial *trial)
{
	if (!stepper->done)
		*trial = stepper->next;
	return !stepper->done;
}

void stepper_answer(const struct stepper *stepper, struct stepper_answer *answer)
{
	*answer = stepper->answer;
}

/* --- options --------------------------------------------------------------------------------- */

static int check_rungs(const struct stepper_options *options, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], before[UNITS_TEXT_BYTES];

	if (!options->rung_count || options->rung_count > STEPPER_RUNGS)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--ladder has %zu loads: 1 to %d are possible", options->rung_count,
			STEPPER_RUNGS);
	for (size_t i = 0; i < options->rung_count; i++) {
		units_format_rate(rate, options->rungs[i]);
		if (!(options->rungs[i] > 0))
			return err_set(err, ERR_USAGE, -EINVAL,
				"--ladder: a load of \"%s\" is none, expected more than 0", rate);
		if (!i || options->rungs[i] > options->rungs[i - 1])
			continue;
		units_format_rate(before, options->rungs[i - 1]);
		return err_set(err, ERR_USAGE, -EINVAL,
			"--ladder: \"%s\" comes after \"%s\": each load must be higher than the "
			"one before",
			rate, before);
	}
	return 0;
}

static int check_range(const struct stepper_options *options, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES];

	if (!(options->lowest_rps > 0) || options->lowest_rps > options->highest_rps)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--lowest \"%s\" is not possible with --highest \"%s\": it must be above 0 "
			"and not above the highest",
			units_format_rate(rate, options->lowest_rps),
			units_format_rate(bound, options->highest_rps));
	if (options->first_rps < options->lowest_rps || options->first_rps > options->highest_rps)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--from \"%s\" is not between --lowest and --highest \"%s\"",
			units_format_rate(rate, options->first_rps),
			units_format_rate(bound, options->highest_rps));
	return 0;
}

int stepper_check(const struct stepper_options *options, struct err *err)
{
	char text[UNITS_TEXT_BYTES], other[UNITS_TEXT_BYTES];
	uint64_t longest_ns = options->rungs ? options->rung_ns : options->confirm_ns;
	int status = options->rungs ? check_rungs(options, err) : check_range(options, err);

	if (status)
		return status;
	if (!(options->precision >= 0.001 && options->precision <= 0.5))
		return err_set(err, ERR_USAGE, -ERANGE,
			"--precision \"%s\" is out of range: 0.1%% to 50%% are possible",
			units_format_share(text, options->precision));
	if (options->budget_ns < 5 * NS_PER_S)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--budget \"%s\" is too short: at least 5s are needed",
			units_format_duration_exact(text, options->budget_ns));
	if (longest_ns > options->budget_ns || options->trial_ns > options->budget_ns)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--budget \"%s\" is shorter than one trial of \"%s\"",
			units_format_duration_exact(text, options->budget_ns),
			units_format_duration_exact(other,
				longest_ns > options->trial_ns ? longest_ns : options->trial_ns));
	if (options->confirm_ns && options->trial_ns > options->confirm_ns)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--trial \"%s\" is longer than --confirm \"%s\"",
			units_format_duration_exact(text, options->trial_ns),
			units_format_duration_exact(other, options->confirm_ns));
	return 0;
}

struct stepper *stepper_open(const struct stepper_options *options)
{
	struct stepper *stepper = calloc(1, sizeof(*stepper));

	if (!stepper)
		return NULL;
	stepper->options = *options;
	stepper->overhead_ns = OVERHEAD_NS;
	choose_lengths(stepper);
	if (!options->rungs)
		belief_init(&stepper->belief, options->lowest_rps, options->highest_rps);
	stepper->answer.kind = SEARCH_UNDECIDED;
	plan(stepper);
	return stepper;
}

void stepper_close(struct stepper *stepper)
{
	free(stepper);
}
