/* SPDX-License-Identifier: MIT */
#include "analysis/stepper.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/aim.h"
#include "analysis/bounds.h"
#include "analysis/stepper_state.h"
#include "base/clock.h"

/* A failed trial completed so much of its rate when the hint is one. */
#define HINT_LEAST 0.01
#define HINT_MOST  0.97

/* As long as nothing passed: of the load that failed, or of the hint. */
#define DESCENT      (1 / 3.0)
#define DESCENT_HINT 0.95

/* Long trials show what short ones do not when they are so many times as long. */
#define LASTING 4

/* Trials of the generator at a load until it is the limit; how near to it a load has to pass. */
#define GENERATOR_TRIALS 3
#define GENERATOR_DRIVEN 5 /* where it could drive more before */
#define GENERATOR_NEAR   0.9

/* Above so much of the generator's limit, a load half way to what passed takes its place. */
#define BELOW_LIMIT 0.98

/* Suspect failures that are no more explained by one before. */
#define SUSPECTS_ENOUGH 3

/* Trials in a row that say nothing of the server, whatever the reason. */
#define VOIDS 6

/* Of a trial beyond warm-up and duration, until it was seen; and the most that is expected of the
 * next one, as only gross overloads take long to drain. */
#define OVERHEAD_NS      (350 * NS_PER_MS)
#define OVERHEAD_MOST_NS NS_PER_S

/* --- the next trial ------------------------------------------------------------------------ */

uint64_t stepper_cost(const struct stepper *stepper, uint64_t duration_ns)
{
	return lengths_warmup(duration_ns) + duration_ns + stepper->overhead_ns;
}

uint64_t stepper_remaining(const struct stepper *stepper)
{
	return stepper->options.budget_ns > stepper->elapsed_ns
		       ? stepper->options.budget_ns - stepper->elapsed_ns
		       : 0;
}

void stepper_finish(struct stepper *stepper, enum search_answer_kind end)
{
	stepper->done = true;
	stepper->end = end;
}

double stepper_round(const struct stepper *stepper, double rps)
{
	const struct stepper_options *options = &stepper->options;
	double limit = stepper->limit_rps, pass = stepper->highest_pass_rps, unit;

	if (limit > 0 && rps > BELOW_LIMIT * limit)
		rps = pass > 0 ? sqrt(pass * limit) : limit / 2;
	unit = pow(10, floor(log10(rps)) - 4);
	rps = round(rps / unit) * unit;
	return fmax(fmin(rps, options->highest_rps), options->lowest_rps);
}

uint64_t stepper_length(const struct stepper *stepper, double rps, uint64_t duration_ns)
{
	uint64_t enough_ns = stepper->options.rungs ? 0 : lengths_enough(&stepper->options, rps);

	return duration_ns > enough_ns ? duration_ns : enough_ns;
}

void stepper_try(struct stepper *stepper, enum search_stage stage, double rps, uint64_t asked_ns)
{
	uint64_t duration_ns = stepper_length(stepper, rps, asked_ns);

	stepper->next = (struct stepper_trial){
		.stage = stage,
		.rps = rps,
		.warmup_ns = lengths_warmup(duration_ns),
		.duration_ns = duration_ns,
	};
	stepper->asked_ns = asked_ns;
	stepper->lasting = asked_ns >= stepper->lengths.long_ns;
	if (stepper->tried.trial_count == STEPPER_TRIALS ||
		stepper_cost(stepper, duration_ns) > stepper_remaining(stepper))
		stepper_finish(stepper, SEARCH_UNDECIDED);
}

bool stepper_holds(struct stepper *stepper, double rps, enum tried_decision wanted)
{
	const struct tried_load *load = tried_find(&stepper->tried, rps);
	bool confirmed;

	if (tried_decide(load, &confirmed) == wanted && confirmed)
		return true;
	/* Where nothing lower is to be tried, a server has no chance to recover. */
	if (wanted == TRIED_UPPER && load && load->suspect >= SUSPECTS_ENOUGH)
		return true;
	stepper_try(stepper, SEARCH_CONFIRM, rps, stepper->lengths.long_ns);
	return false;
}

/* Nothing higher than the generator's limit is tried: the answer is what passes near to it. */
void stepper_approach_limit(struct stepper *stepper)
{
	double limit = stepper->limit_rps, pass = stepper->highest_pass_rps;

	if (!(pass > 0) && limit <= stepper->options.lowest_rps)
		stepper_finish(stepper, SEARCH_GENERATOR_LIMIT);
	else if (!(pass > 0))
		stepper_try(stepper, SEARCH_RANGE, stepper_round(stepper, limit / 2),
			stepper->lengths.short_ns);
	else if (pass < limit * fmin(GENERATOR_NEAR, 1 - stepper->options.precision))
		stepper_try(stepper, SEARCH_NARROW, stepper_round(stepper, sqrt(pass * limit)),
			stepper->lengths.short_ns);
	else if (stepper_holds(stepper, pass, TRIED_LOWER))
		stepper_finish(stepper, SEARCH_GENERATOR_LIMIT);
}

/* Nothing failed yet. */
static void climb(struct stepper *stepper)
{
	double pass = stepper->highest_pass_rps;

	if (stepper->limit_rps > 0)
		stepper_approach_limit(stepper);
	else if (!(pass > 0))
		stepper_try(stepper, SEARCH_RANGE, stepper->options.first_rps,
			stepper->lengths.short_ns);
	else if (pass < stepper->options.highest_rps)
		stepper_try(stepper, SEARCH_RANGE, stepper_round(stepper, 2 * pass),
			stepper->lengths.short_ns);
	else if (stepper_holds(stepper, pass, TRIED_LOWER))
		stepper_finish(stepper, SEARCH_ABOVE_HIGHEST);
}

/* Nothing passed yet. */
static void descend(struct stepper *stepper)
{
	double fail = stepper->lowest_fail_rps, rps = DESCENT * fail;

	if (stepper->limit_rps > 0 && stepper->limit_rps < fail)
		stepper_approach_limit(stepper);
	else if (fail <= stepper->options.lowest_rps) {
		/* Where long trials are not to be had, what failed there is the answer. */
		if (stepper_holds(stepper, fail, TRIED_UPPER) ||
			(stepper->done && stepper->answer.has_upper &&
				stepper->answer.upper_rps <= fail))
			stepper_finish(stepper, SEARCH_BELOW_LOWEST);
	} else {
		if (stepper->hint_rps > 0 && stepper->hint_rps < fail)
			rps = DESCENT_HINT * stepper->hint_rps;
		stepper_try(stepper, SEARCH_RANGE, stepper_round(stepper, rps),
			stepper->lengths.short_ns);
	}
}

static void ladder(struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	size_t rung = 0;

	while (rung < options->rung_count && options->rungs[rung] <= stepper->highest_pass_rps)
		rung++;
	if (stepper->limit_rps > 0)
		stepper_finish(stepper, SEARCH_GENERATOR_LIMIT);
	else if (stepper->lowest_fail_rps > 0)
		stepper_finish(stepper, rung ? SEARCH_FOUND : SEARCH_BELOW_LOWEST);
	else if (rung == options->rung_count)
		stepper_finish(stepper, SEARCH_ABOVE_HIGHEST);
	else
		stepper_try(stepper, SEARCH_LADDER, options->rungs[rung], stepper->lengths.rung_ns);
}

static void plan(struct stepper *stepper)
{
	bool passed = stepper->highest_pass_rps > 0, failed = stepper->lowest_fail_rps > 0;

	if (stepper->options.rungs)
		ladder(stepper);
	else if (stepper->again_due)
		stepper_try(stepper, SEARCH_RANGE, stepper->next.rps, stepper->lengths.short_ns);
	else if (!failed)
		climb(stepper);
	else if (!passed)
		descend(stepper);
	else
		aim_next(stepper);
}

/* --- what is known --------------------------------------------------------------------------- */

static void conclude(struct stepper *stepper)
{
	bool thinks = stepper->lowest_fail_rps > 0 && !stepper->options.rungs;
	struct stepper_answer *answer = &stepper->answer;
	struct bounds bounds;
	double width;

	bounds_choose(&bounds, &stepper->tried, thinks ? &stepper->belief : NULL);
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
	for (size_t i = 0; i < answer->upper_trial_count; i++)
		answer->upper_stolen += stepper->stolen[stepper->upper_trials[i]];
	if (!answer->has_lower || !answer->has_upper)
		return;
	answer->kind = SEARCH_FOUND;
	width = (answer->upper_rps - answer->lower_rps) / answer->upper_rps;
	answer->precise = width <= stepper->options.precision && bounds.lower.sure &&
			  bounds.upper.sure;
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
	if (!answer->has_upper)
		answer->upper_stolen = 0;
	answer->upper_confirmed &= answer->has_upper;
	answer->lower_confirmed &= answer->has_lower;
}

/* --- what came of a trial -------------------------------------------------------------------- */

static void take_pass(struct stepper *stepper)
{
	stepper->fails = 0;
	stepper->passes++;
	stepper->highest_pass_rps = fmax(stepper->highest_pass_rps, stepper->next.rps);
}

/* Whether it may be the failure before that shows. */
static bool is_suspect(const struct stepper *stepper, uint64_t begun_ns)
{
	return stepper->failed_ns && begun_ns - stepper->failed_ns < stepper->lengths.recover_ns;
}

/* Returns the hint there is in it, or 0. */
static double take_fail(struct stepper *stepper, double completed_rps)
{
	double rps = stepper->next.rps;

	stepper->failed_ns = stepper->elapsed_ns;
	stepper->fails++;
	stepper->passes = 0;
	if (!(stepper->lowest_fail_rps > 0) || rps < stepper->lowest_fail_rps)
		stepper->lowest_fail_rps = rps;
	if (completed_rps > HINT_MOST * rps || completed_rps < HINT_LEAST * rps)
		return 0;
	return completed_rps;
}

/* From now on nothing at this load or above it is tried, nor counts as passed. */
static void set_limit(struct stepper *stepper, double limit_rps)
{
	const struct tried *tried = &stepper->tried;

	if (stepper->limit_rps > 0 && stepper->limit_rps <= limit_rps)
		return;
	stepper->limit_rps = limit_rps;
	stepper->pair.lower_rps = 0;
	stepper->highest_pass_rps = 0;
	for (size_t i = 0; i < tried->load_count; i++) {
		const struct tried_load *load = &tried->loads[i];

		if (load->rps < limit_rps && load->passed[0] + load->passed[1])
			stepper->highest_pass_rps = fmax(stepper->highest_pass_rps, load->rps);
	}
}

/* Whether the generator could drive as much before. */
static bool driven(const struct stepper *stepper, double rps)
{
	const struct tried *tried = &stepper->tried;

	for (size_t i = 0; i < tried->load_count; i++) {
		const struct tried_load *load = &tried->loads[i];

		if (load->rps > rps &&
			load->passed[0] + load->passed[1] + load->failed[0] + load->failed[1])
			return true;
	}
	return false;
}

/* The generator could not, or nothing can be said: the same again, but not for ever. */
static void take_void(struct stepper *stepper, const struct tried_load *load)
{
	unsigned int spoke = load->passed[0] + load->passed[1] + load->failed[0] + load->failed[1];
	unsigned int most = driven(stepper, load->rps) ? GENERATOR_DRIVEN : GENERATOR_TRIALS;
	bool limit = load->generator >= most && load->generator > spoke;

	stepper->voids++;
	if (!limit && stepper->voids < VOIDS) {
		stepper_try(stepper, stepper->next.stage, load->rps, stepper->asked_ns);
	} else if (!load->generator) {
		stepper_finish(stepper, SEARCH_UNDECIDED);
	} else {
		stepper->voids = 0;
		stepper->again_due = false;
		set_limit(stepper, load->rps);
		plan(stepper);
	}
}

static void learn(struct stepper *stepper, const struct stepper_outcome *outcome, bool suspect)
{
	bool weighed = stepper->lowest_fail_rps > 0, failed = outcome->verdict == SEARCH_FAIL;
	double hint_rps = 0;

	if (failed)
		hint_rps = take_fail(stepper, outcome->completed_rps);
	else
		take_pass(stepper);
	/* A ladder is not led by what is thought. */
	if (stepper->options.rungs)
		return;
	belief_take(&stepper->belief, &(struct belief_trial){
					      .rps = stepper->next.rps,
					      .duration_ns = stepper->next.duration_ns,
					      .lasting = stepper->lasting,
					      .failed = failed,
					      .suspect = suspect,
				      });
	if (hint_rps > 0)
		stepper->hint_rps = hint_rps;
	stepper->again_due = failed && !(hint_rps > 0) && stepper->fails == 1 &&
			     stepper->next.stage == SEARCH_RANGE;
	if ((failed && !weighed) || hint_rps > 0)
		belief_weigh(&stepper->belief, stepper->hint_rps);
}

static void take_time(struct stepper *stepper, uint64_t took_ns)
{
	uint64_t planned_ns = stepper->next.warmup_ns + stepper->next.duration_ns;

	stepper->elapsed_ns += took_ns;
	if (took_ns > planned_ns)
		stepper->overhead_ns = (3 * stepper->overhead_ns +
					       lengths_clamp(
						       took_ns - planned_ns, 0, OVERHEAD_MOST_NS)) /
				       4;
}

/* What it takes to make the trial again; of a ladder with the steps above it, which it must leave
 * their time. */
static uint64_t cost_again(const struct stepper *stepper)
{
	const struct stepper_options *options = &stepper->options;
	size_t trials = 1;

	for (size_t i = 0; options->rungs && i < options->rung_count; i++)
		trials += options->rungs[i] > stepper->next.rps;
	return trials * stepper_cost(stepper, stepper->next.duration_ns);
}

/* Whether a failure is tried again, as it may not be the server's; time was taken already. */
static bool tries_stolen_again(const struct stepper *stepper, const struct stepper_outcome *outcome)
{
	const struct tried_load *load = tried_find(&stepper->tried, stepper->next.rps);

	return outcome->verdict == SEARCH_FAIL && outcome->stolen &&
	       (!load || load->stolen < STEPPER_STOLEN_AGAIN) &&
	       stepper->stolen_ns + outcome->took_ns <=
		       stepper->options.budget_ns / STEPPER_STOLEN_PART &&
	       cost_again(stepper) <= stepper_remaining(stepper);
}

enum search_verdict stepper_take(struct stepper *stepper, const struct stepper_outcome *outcome)
{
	const struct stepper_trial *trial = &stepper->next;
	enum search_verdict verdict = outcome->verdict;
	uint64_t begun_ns = stepper->elapsed_ns;
	struct tried_load *load;
	bool again, suspect;

	assert(!stepper->done);
	take_time(stepper, outcome->took_ns);
	again = tries_stolen_again(stepper, outcome);
	if (again)
		verdict = SEARCH_VOID;
	suspect = verdict == SEARCH_FAIL && is_suspect(stepper, begun_ns);
	stepper->highest_tried_rps = fmax(stepper->highest_tried_rps, trial->rps);
	stepper->stolen[stepper->tried.trial_count] = verdict == SEARCH_FAIL && outcome->stolen;
	load = tried_add(&stepper->tried, trial->rps, stepper->lasting, verdict, suspect);
	load->stolen += again;
	stepper->stolen_ns += again ? outcome->took_ns : 0;
	if (verdict == SEARCH_PASS || verdict == SEARCH_FAIL) {
		stepper->voids = 0;
		learn(stepper, outcome, suspect);
		conclude(stepper);
		if (stepper->answer.precise && stepper->answer.lower_confirmed &&
			stepper->answer.upper_confirmed)
			stepper_finish(stepper, SEARCH_FOUND);
		else
			plan(stepper);
	} else if (again) {
		stepper_try(stepper, trial->stage, trial->rps, stepper->asked_ns);
	} else {
		take_void(stepper, load);
	}
	if (stepper->done)
		close_answer(stepper);
	return verdict;
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

double stepper_lowest(const struct stepper_options *options)
{
	if (options->rungs)
		return options->lowest_rps;
	return fmin(fmax(options->lowest_rps, lengths_lowest(options)), options->highest_rps);
}

struct stepper *stepper_open(const struct stepper_options *options)
{
	struct stepper *stepper = calloc(1, sizeof(*stepper));

	if (!stepper)
		return NULL;
	stepper->options = *options;
	stepper->options.lowest_rps = stepper_lowest(options);
	stepper->options.first_rps = fmax(options->first_rps, stepper->options.lowest_rps);
	stepper->overhead_ns = OVERHEAD_NS;
	lengths_choose(&stepper->lengths, options);
	if (!options->rungs)
		belief_init(&stepper->belief, stepper->options.lowest_rps, options->highest_rps,
			stepper->lengths.long_ns >= LASTING * stepper->lengths.short_ns);
	stepper->answer = (struct stepper_answer){
		.kind = SEARCH_UNDECIDED,
		.lower_trials = stepper->lower_trials,
		.upper_trials = stepper->upper_trials,
	};
	plan(stepper);
	return stepper;
}

void stepper_close(struct stepper *stepper)
{
	free(stepper);
}
