/* SPDX-License-Identifier: MIT */
#include "analysis/stability.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* As good as a second: a tick comes when the collector is let run. */
#define WHOLE_S 0.95
/* After the end of the window; more of the drain changes the rate. */
#define LATE_S 0.05
/* Chance gives so much, one-sided, in one of 1,000. */
#define CHANCE   0.001
#define CHANCE_Z 3.09
/* Expected in an interval on average, for its chi-square to hold. */
#define LEAST_EXPECTED 5.0
/* What of `service` first answers are waited for. */
#define FIRST_ANSWERS 0.90

/* A second of the measured window, or longer. */
struct interval {
	double begin_s, seconds; /* since the start of the run */
	double scheduled, completed, errors;
};

/* What was seen in an interval, and what would be if all were alike. */
struct cell {
	double seen, expected;
	double spread; /* variance of seen by chance */
	double whole;  /* what seen is taken as a share of */
};

struct judge {
	const struct result *result;
	struct result_stability *stability;
	struct interval *intervals;
	size_t count;
	struct cell *cells; /* room for one an interval */
	bool failed;        /* memory */
};

/* --- intervals ------------------------------------------------------------------------------- */

static void add(struct interval *to, const struct result_interval *from)
{
	if (!(to->seconds > 0))
		to->begin_s = from->t_s - from->seconds;
	to->seconds += from->seconds;
	to->scheduled += (double)from->scheduled;
	to->completed += (double)from->completed;
	to->errors += (double)from->errors;
}

static void take_intervals(struct judge *judge)
{
	const struct result *result = judge->result;
	double end_s = result->window.warmup_s + result->window.duration_s + LATE_S;
	struct interval open = {0};
	double all_s = 0;

	for (size_t i = 0; i < result->interval_count; i++) {
		const struct result_interval *interval = &result->timeline[i];

		if (interval->phase != RESULT_MEASURED || interval->t_s > end_s)
			continue;
		add(&open, interval);
		if (open.seconds < WHOLE_S)
			continue;
		all_s += open.seconds;
		judge->intervals[judge->count++] = open;
		open = (struct interval){0};
	}
	judge->stability->intervals = judge->count;
	judge->stability->interval_s = judge->count ? all_s / (double)judge->count : 0;
}

/* --- chance ---------------------------------------------------------------------------------- */

/* Whether chi-square of so many degrees of freedom comes to this in fewer than one of 1,000. */
static bool beyond_chance(double chi_square, double freedom)
{
	double part = 2 / (9 * freedom);

	return (cbrt(chi_square / freedom) - (1 - part)) / sqrt(part) > CHANCE_Z;
}

/* The probability of `least` hits or more in so many trials of probability p; least > trials * p,
 * so that the terms only fall. */
static double binomial_tail(double trials, double p, double least)
{
	int sign;
	double term, sum = 0;

	if (p >= 1 || least > trials)
		return least > trials ? 0 : 1;
	term = exp(lgamma_r(trials + 1, &sign) - lgamma_r(least + 1, &sign) -
		   lgamma_r(trials - least + 1, &sign) + least * log(p) +
		   (trials - least) * log1p(-p));
	for (double hits = least; hits <= trials && term > sum * 1e-12; hits++) {
		sum += term;
		term *= (trials - hits) / (hits + 1) * p / (1 - p);
	}
	return sum;
}

static bool dispersed(const struct cell *cells, size_t count)
{
	double chi_square = 0;

	for (size_t i = 0; i < count; i++)
		chi_square += pow(cells[i].seen - cells[i].expected, 2) / cells[i].spread;
	return beyond_chance(chi_square, (double)(count - 1));
}

/* Whether one interval has more of all than falls on it by chance. */
static bool clustered(const struct cell *cells, size_t count, double all)
{
	for (size_t i = 0; i < count; i++)
		if (cells[i].seen > cells[i].expected &&
			binomial_tail(all, cells[i].expected / all, cells[i].seen) * (double)count <
				CHANCE)
			return true;
	return false;
}

/* Whether the counts are farther from what was expected than chance puts them. */
static bool moved(const struct cell *cells, size_t count)
{
	double all = 0;

	for (size_t i = 0; i < count; i++)
		all += cells[i].seen;
	return all >= LEAST_EXPECTED * (double)count ? dispersed(cells, count)
						     : clustered(cells, count, all);
}

/* --- criteria -------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4))) leave_unknown(
	struct judge *judge, struct result_stability_criterion *criterion, const char *format, ...)
{
	va_list arguments;

	criterion->verdict = RESULT_STABILITY_UNKNOWN;
	va_start(arguments, format);
	if (vasprintf(&criterion->reason, format, arguments) < 0) {
		criterion->reason = NULL;
		judge->failed = true;
	}
	va_end(arguments);
}

/* The deviation of the cells' shares, with chance's part in it. */
static double measure(
	struct result_stability_criterion *criterion, const struct cell *cells, size_t count)
{
	double mean = 0, variance = 0, chance = 0;

	for (size_t i = 0; i < count; i++) {
		mean += cells[i].seen / cells[i].whole / (double)count;
		chance += cells[i].spread / pow(cells[i].whole, 2) / (double)count;
	}
	for (size_t i = 0; i < count; i++)
		variance += pow(cells[i].seen / cells[i].whole - mean, 2) / (double)(count - 1);
	criterion->has_value = true;
	criterion->intervals = count;
	criterion->chance = sqrt(chance);
	criterion->value = sqrt(fmax(variance - chance, 0));
	return sqrt(variance);
}

static void blame_chance(struct judge *judge, struct result_stability_criterion *criterion)
{
	char text[UNITS_TEXT_BYTES];

	leave_unknown(judge, criterion, "chance alone makes %s of so few requests",
		units_format_share(text, criterion->chance));
}

/* Whether there is too little to judge by. */
static bool hindered(
	struct judge *judge, struct result_stability_criterion *criterion, size_t count)
{
	if (judge->result->validity.verdict == RESULT_INTERNAL_ERROR)
		leave_unknown(judge, criterion, "the generator failed");
	else if (judge->count < STABILITY_LEAST_INTERVALS)
		leave_unknown(judge, criterion,
			"%zu whole second%s measured, at least %d are needed", judge->count,
			judge->count == 1 ? " was" : "s were", STABILITY_LEAST_INTERVALS);
	else if (count < STABILITY_LEAST_INTERVALS)
		leave_unknown(judge, criterion,
			"%zu of %zu seconds can be compared, at least %d are needed", count,
			judge->count, STABILITY_LEAST_INTERVALS);
	else
		return false;
	return true;
}

static void judge_restarts(struct judge *judge)
{
	const struct result_resources *resources = &judge->result->resources;
	const struct result_resources_counter *restarts = &resources->counters[RESOURCES_RESTARTS];
	struct result_stability_criterion *criterion = &judge->stability->criteria[RESULT_RESTARTS];
	const char *reason = resources->measured ? restarts->reason : resources->reason;

	criterion->bound = STABILITY_RESTARTS;
	if (!resources->measured || !restarts->known) {
		leave_unknown(judge, criterion, "%s", reason ? reason : "no reason is known");
		return;
	}
	criterion->has_value = true;
	criterion->value = (double)restarts->count;
	criterion->verdict = restarts->count > STABILITY_RESTARTS ? RESULT_UNSTABLE : RESULT_STABLE;
}

/* Errors, or where they are the rule what was none: the rarer tells by chance more exactly. */
static size_t take_errors(const struct judge *judge)
{
	double errors = 0, due = 0, share;
	size_t count = 0;
	bool are_the_rule;

	for (size_t i = 0; i < judge->count; i++) {
		errors += judge->intervals[i].errors;
		due += fmax(judge->intervals[i].scheduled, judge->intervals[i].errors);
	}
	are_the_rule = errors > due / 2;
	share = due > 0 ? (are_the_rule ? due - errors : errors) / due : 0;
	for (size_t i = 0; i < judge->count; i++) {
		const struct interval *interval = &judge->intervals[i];
		double own = fmax(interval->scheduled, interval->errors);
		double seen = are_the_rule ? own - interval->errors : interval->errors;

		if (own > 0)
			judge->cells[count++] = (struct cell){.seen = seen,
				.expected = share * own,
				.spread = share * (1 - share) * own,
				.whole = own};
	}
	return count;
}

static void judge_errors(struct judge *judge)
{
	struct result_stability_criterion *criterion = &judge->stability
								->criteria[RESULT_ERROR_VARIATION];
	size_t count = take_errors(judge);
	double deviation;

	criterion->bound = STABILITY_ERROR_VARIATION;
	if (hindered(judge, criterion, count))
		return;
	deviation = measure(criterion, judge->cells, count);
	if (deviation < criterion->bound)
		criterion->verdict = RESULT_STABLE;
	else if (criterion->value >= criterion->bound && moved(judge->cells, count))
		criterion->verdict = RESULT_UNSTABLE;
	else
		blame_chance(judge, criterion);
}

/* When the first answers of the run may be expected. */
static double first_answers_s(const struct result *result)
{
	const struct result_latency *service = &result->run.latency[RESULT_SERVICE];

	return (double)result_percentile(service, FIRST_ANSWERS).value_ns / 1e9;
}

static size_t take_rates(const struct judge *judge, bool open_loop)
{
	double first_s = first_answers_s(judge->result), completed = 0, wholes = 0;
	size_t count = 0;

	for (size_t i = 0; i < judge->count; i++) {
		const struct interval *interval = &judge->intervals[i];
		double whole = open_loop ? interval->scheduled : interval->seconds;

		if (interval->begin_s < first_s || !(whole > 0))
			continue;
		judge->cells[count++] = (struct cell){.seen = interval->completed, .whole = whole};
		completed += interval->completed;
		wholes += whole;
	}
	for (size_t i = 0; i < count; i++) {
		struct cell *cell = &judge->cells[i];

		cell->expected = cell->spread = cell->whole = cell->whole * completed / wholes;
	}
	return completed > 0 ? count : 0;
}

static void judge_rate(struct judge *judge)
{
	const struct result *result = judge->result;
	struct result_stability_criterion *criterion = &judge->stability
								->criteria[RESULT_RATE_VARIATION];
	bool open_loop = result->scenario_count && result->scenarios[0].open_loop;
	size_t count = take_rates(judge, open_loop);
	double deviation;

	criterion->bound = STABILITY_RATE_VARIATION;
	if (hindered(judge, criterion, count))
		return;
	deviation = measure(criterion, judge->cells, count);
	if (deviation < criterion->bound)
		criterion->verdict = RESULT_STABLE;
	else if (result->validity.verdict == RESULT_GENERATOR_LIMITED)
		leave_unknown(judge, criterion,
			"the generator was limited, and may itself be why it varied");
	else if (criterion->value >= criterion->bound && moved(judge->cells, count))
		criterion->verdict = RESULT_UNSTABLE;
	else
		blame_chance(judge, criterion);
}

static enum result_stability_verdict conclude(const struct result_stability *stability)
{
	const struct result_stability_criterion *criteria = stability->criteria;

	for (size_t i = 0; i < RESULT_STABILITY_COUNT; i++)
		if (criteria[i].verdict == RESULT_UNSTABLE)
			return RESULT_UNSTABLE;
	return criteria[RESULT_ERROR_VARIATION].verdict == RESULT_STABLE &&
			       criteria[RESULT_RATE_VARIATION].verdict == RESULT_STABLE
		       ? RESULT_STABLE
		       : RESULT_STABILITY_UNKNOWN;
}

int stability_judge(
	const struct result *result, struct result_stability *stability, struct err *err)
{
	struct result_stability judged = {.judged = true};
	struct judge judge = {.result = result, .stability = &judged};

	judge.intervals = calloc(result->interval_count + 1, sizeof(*judge.intervals));
	judge.cells = calloc(result->interval_count + 1, sizeof(*judge.cells));
	judge.failed = !judge.intervals || !judge.cells;
	if (!judge.failed) {
		take_intervals(&judge);
		judge_restarts(&judge);
		judge_errors(&judge);
		judge_rate(&judge);
		judged.verdict = conclude(&judged);
	}
	free(judge.intervals);
	free(judge.cells);
	if (judge.failed) {
		result_stability_release(&judged);
		return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the verdict");
	}
	*stability = judged;
	return 0;
}
