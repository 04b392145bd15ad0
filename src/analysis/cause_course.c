/* SPDX-License-Identifier: MIT */
#include "analysis/cause_course.h"

#include <math.h>
#include <string.h>

#include "base/units.h"

/* --- slow break ------------------------------------------------------------------------------ */

/* Failing trials at so much more than the lowest rate that failed still tell how it breaks. */
#define NEAR_BROKEN 1.5
/* Early: unanswered requests grow by less than this share of the rate, so few fail. */
#define EARLY_GROWTH 0.02
#define EARLY_ERRORS 0.005
/* A queue of so many milliseconds' requests may come and go. */
#define EARLY_SLACK_S 0.02
/* Late: more than these, for at least so long. */
#define LATE_GROWTH 0.04
#define LATE_ERRORS 0.02
#define LATE_S      0.5

/* A stretch of a trial, from one interval to before another. */
struct stretch {
	double seconds, due, answered, errors;
	double from, to; /* unanswered at its begin and its end */
};

static double unanswered(const struct result_interval *interval)
{
	return (double)interval->in_flight + (double)interval->waiting;
}

static void add_interval(struct stretch *stretch, const struct result_interval *interval)
{
	stretch->seconds += interval->seconds;
	stretch->due += (double)interval->scheduled;
	stretch->answered += (double)interval->completed;
	stretch->errors += (double)interval->errors;
	stretch->to = unanswered(interval);
}

static double growth(const struct stretch *stretch)
{
	return stretch->due > 0 ? (stretch->to - stretch->from) / stretch->due : 0;
}

static double errors(const struct stretch *stretch)
{
	return stretch->due > 0 ? stretch->errors / stretch->due : 0;
}

/* Nothing of the window yet; returns the interval it begins with. */
static size_t begin_stretch(const struct result *result, struct stretch *stretch)
{
	size_t begin = 0;

	*stretch = (struct stretch){0};
	while (begin < result->interval_count && result->timeline[begin].phase != RESULT_MEASURED)
		begin++;
	if (begin)
		stretch->from = stretch->to = unanswered(&result->timeline[begin - 1]);
	return begin;
}

static bool kept_up(const struct stretch *early, double rps, double window_s)
{
	return early->seconds >= CAUSE_COURSE_EARLY_S &&
	       early->seconds >= CAUSE_COURSE_EARLY_SHARE * window_s &&
	       early->to - early->from < EARLY_GROWTH * early->due &&
	       early->to < early->from + EARLY_SLACK_S * rps + 3 && errors(early) <= EARLY_ERRORS;
}

static bool gave_way(const struct stretch *late)
{
	return late->seconds >= LATE_S &&
	       ((growth(late) >= LATE_GROWTH &&
			late->answered < (1 - LATE_GROWTH / 2) * late->due) ||
		       errors(late) >= LATE_ERRORS);
}

/* Where the window of a trial is best cut into two. */
struct slow_break {
	const struct search_trial *trial; /* NULL: nowhere */
	struct stretch early, late;
	double worst; /* of what came after it: growth and errors */
};

static void try_cut(const struct search_trial *trial, const struct stretch *early,
	const struct stretch *all, struct slow_break *found)
{
	struct stretch late = {.seconds = all->seconds - early->seconds,
		.due = all->due - early->due,
		.answered = all->answered - early->answered,
		.errors = all->errors - early->errors,
		.from = early->to,
		.to = all->to};
	double worst = growth(&late) + errors(&late);

	if (worst > found->worst && kept_up(early, trial->rps, all->seconds) && gave_way(&late))
		*found = (struct slow_break){trial, *early, late, worst};
}

/* Keeps what was found before, unless it is worse here. */
static void find_break(const struct search_trial *trial, struct slow_break *found)
{
	const struct result *result = &trial->result;
	struct stretch all, early;
	size_t begin = begin_stretch(result, &all);

	early = all;
	for (size_t i = begin; i < result->interval_count; i++)
		if (result->timeline[i].phase == RESULT_MEASURED)
			add_interval(&all, &result->timeline[i]);
	for (size_t i = begin; i < result->interval_count; i++) {
		if (result->timeline[i].phase != RESULT_MEASURED)
			continue;
		add_interval(&early, &result->timeline[i]);
		try_cut(trial, &early, &all, found);
	}
}

double cause_course_slow_break(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_record *record = evidence->record;
	struct slow_break found = {0};
	char rate[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES];

	for (size_t i = 0; evidence->broken.trial && i < record->trial_count; i++)
		if (record->trials[i].verdict == SEARCH_FAIL &&
			record->trials[i].rps <= NEAR_BROKEN * evidence->broken.rps)
			find_break(&record->trials[i], &found);
	if (!found.trial)
		return 0;
	buf_printf(sentence,
		"slow break: at %s/s the server kept up for %.1f s, then answered %s of what was "
		"due",
		units_format_rate(rate, found.trial->rps), found.early.seconds,
		units_format_share(share, fmin(found.late.answered / found.late.due, 1)));
	if (errors(&found.late) >= LATE_ERRORS)
		buf_printf(sentence, ", %s of it with an error",
			units_format_share(share, fmin(errors(&found.late), 1)));
	return cause_evidence_ramp(found.worst, LATE_ERRORS, 0.15);
}

/* --- slow recovery --------------------------------------------------------------------------- */

/* Loads that are as good as the same. */
#define ALIKE 0.99
/* As long as another trial, or not. */
#define LONGER 1.1
/* Answering less than this of a load that had passed is no bad luck, … */
#define FAR_BELOW 0.80
/* … asked for that or hardly more. */
#define HARDLY_MORE 1.05

/* What comes by chance as often may well have. */
#define CHANCE 0.001

/* … and that from the first half second on. */
#define BEGIN_S 0.5

/* When it never passed again. */
#define NOT_RECOVERED 0.85

/* Answers a second while a trial began, its warm-up included; false when that is not known. */
static bool begun_rps(const struct search_trial *trial, double *rps)
{
	const struct result *result = &trial->result;
	struct stretch stretch = {0};

	for (size_t i = 0; i < result->interval_count && stretch.seconds < BEGIN_S; i++)
		add_interval(&stretch, &result->timeline[i]);
	if (stretch.seconds <= 0)
		return false;
	*rps = stretch.answered / stretch.seconds;
	return true;
}

/* Whether it began so, as a server does that has not recovered. One that is well and is then asked
 * for more than it bears begins with what it bears, and may collapse after. */
static bool began_below(const struct search_trial *trial, double least_rps)
{
	double rps;

	return begun_rps(trial, &rps) && rps < least_rps;
}

/* A trial that failed after an overload though its load had passed before. */
struct relapse {
	const struct search_trial *passed, *overload, *failed;
};

/* Whether it fell behind, or failed, within so many seconds of its window. */
static bool failed_within(const struct search_trial *trial, double seconds)
{
	const struct result *result = &trial->result;
	struct stretch stretch;

	for (size_t i = begin_stretch(result, &stretch); i < result->interval_count; i++) {
		if (stretch.seconds >= seconds)
			break;
		if (result->timeline[i].phase == RESULT_MEASURED)
			add_interval(&stretch, &result->timeline[i]);
	}
	return growth(&stretch) >= LATE_GROWTH || errors(&stretch) >= LATE_ERRORS;
}

/* Whether it is clear that this trial should have passed, as the other one did. What a longer trial
 * shows later than the other one ended is a slow break. */
static bool contradicts(const struct search_trial *failed, const struct search_trial *passed)
{
	double least_rps = FAR_BELOW * fmin(failed->rps, passed->rps);

	if (failed->duration_s > LONGER * passed->duration_s &&
		!failed_within(failed, passed->duration_s))
		return false;
	return failed->rps <= CAUSE_COURSE_BELOW * passed->rps ||
	       (failed->rps <= HARDLY_MORE * passed->rps &&
		       failed->result.run.completed_rps < least_rps &&
		       began_below(failed, least_rps));
}

/* Whether an objective on errors is all that was missed. */
static bool failed_by_errors_alone(const struct search_trial *trial)
{
	const struct result *result = &trial->result;
	bool errors = false;

	for (size_t i = 0; i < result->threshold_count; i++) {
		if (result->thresholds[i].state != RESULT_FAIL)
			continue;
		if (strncmp(result->thresholds[i].expression, "error_rate", strlen("error_rate")))
			return false;
		errors = true;
	}
	return errors && !(trial->has_backlog_growth && trial->backlog_growth >= LATE_GROWTH);
}

/* A server that fails one request in 20 at any load lets one trial of 40 pass by luck, and has not
 * recovered from anything: whether one that fails so may have passed by chance. */
static bool passed_by_chance(const struct search_trial *passed, const struct search_trial *failed)
{
	double requests = (double)passed->result.run.counters.value[COUNTER_SCHEDULED];

	return failed_by_errors_alone(failed) &&
	       pow(1 - fmin(fmax(failed->result.run.error_rate, 0), 1), requests) > CHANCE;
}

static bool find_relapse(const struct search_record *record, size_t index, struct relapse *relapse)
{
	const struct search_trial *trial = &record->trials[index];

	*relapse = (struct relapse){.failed = trial};
	/* One that has ended does not recover slowly. */
	if (trial->verdict != SEARCH_FAIL || cause_evidence_gone(trial))
		return false;
	for (size_t i = 0; i < index; i++) {
		const struct search_trial *other = &record->trials[i];

		if (other->verdict == SEARCH_PASS && contradicts(trial, other) &&
			!passed_by_chance(other, trial))
			*relapse = (struct relapse){.passed = other, .failed = trial};
		else if (other->verdict == SEARCH_FAIL && relapse->passed &&
			 trial->rps < other->rps &&
			 (!relapse->overload || other->rps > relapse->overload->rps))
			relapse->overload = other;
	}
	return relapse->passed && relapse->overload;
}

/* The first trial after this one that passed at its load or more. */
static const struct search_trial *find_recovery(
	const struct search_record *record, const struct search_trial *failed)
{
	const struct search_trial *end = record->trials + record->trial_count;

	for (const struct search_trial *trial = failed + 1; trial < end; trial++)
		if (trial->verdict == SEARCH_PASS && trial->rps >= ALIKE * failed->rps)
			return trial;
	return NULL;
}

static double end_s(const struct search_trial *trial)
{
	return trial->t_s + trial->warmup_s + trial->duration_s;
}

double cause_course_slow_recovery(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_record *record = evidence->record;
	const struct search_trial *recovery = NULL;
	struct relapse relapse, first = {0};
	size_t count = 0;
	char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES], top[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *again;

		if (!find_relapse(record, i, &relapse))
			continue;
		again = find_recovery(record, relapse.failed);
		/* The one that shows both: down, and up again. */
		if (!count++ || (again && !recovery)) {
			first = relapse;
			recovery = again;
		}
	}
	if (!count || (!recovery && count < 2))
		return 0;
	buf_printf(sentence,
		"slow recovery: %s/s had passed, but after an overload of %s/s the server failed "
		"at %s/s, ",
		units_format_rate(high, first.passed->rps),
		units_format_rate(top, first.overload->rps),
		units_format_rate(low, first.failed->rps));
	if (first.failed->result.run.completed_rps < FAR_BELOW * first.failed->rps)
		buf_printf(sentence, "where it answered %s/s, ",
			units_format_rate(low, round(first.failed->result.run.completed_rps)));
	if (!recovery) {
		buf_printf(sentence,
			"%zu times, and had not recovered %.1f s after it, when the search ended",
			count,
			fmax(end_s(&record->trials[record->trial_count - 1]) -
					end_s(first.overload),
				0));
		return NOT_RECOVERED;
	}
	buf_printf(sentence, "and passed there again %.1f s after it",
		fmax(recovery->t_s - end_s(first.overload), 0));
	return 1;
}

/* --- collapse -------------------------------------------------------------------------------- */

/* Of what it answered at its best. */
#define COLLAPSED 0.80

/* Answers without an error, a second. */
static double good_rps(const struct search_trial *trial)
{
	const struct result_block *run = &trial->result.run;
	double completed = (double)run->counters.value[COUNTER_COMPLETED];
	double ok = (double)run->counters.value[COUNTER_OUTCOME_OK];

	return completed > 0 ? run->completed_rps * ok / completed : 0;
}

/* The trial that passed with the most answers. */
static const struct search_trial *find_best(const struct search_record *record)
{
	const struct search_trial *best = NULL;

	for (size_t i = 0; i < record->trial_count; i++)
		if (record->trials[i].verdict == SEARCH_PASS &&
			(!best || good_rps(&record->trials[i]) > good_rps(best)))
			best = &record->trials[i];
	return best;
}

/* Whether the server was well when the trial began, so that it was this load that it fell from. */
static bool was_well(const struct search_record *record, size_t index, double least_rps)
{
	double rps;

	if (index && record->trials[index - 1].verdict == SEARCH_PASS)
		return true;
	return begun_rps(&record->trials[index], &rps) && rps >= least_rps;
}

double cause_course_collapse(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_record *record = evidence->record;
	const struct search_trial *best = find_best(record), *worst = NULL;
	double best_rps = best ? good_rps(best) : 0;
	char asked[UNITS_TEXT_BYTES], got[UNITS_TEXT_BYTES];

	for (size_t i = 0; best_rps > 0 && i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];
		struct slow_break slow = {0};

		if (trial->verdict != SEARCH_FAIL || trial->rps * ALIKE <= best->rps ||
			good_rps(trial) >= COLLAPSED * best_rps || cause_evidence_gone(trial) ||
			!was_well(record, i, COLLAPSED * best_rps))
			continue;
		find_break(trial, &slow);
		if (!slow.trial && (!worst || good_rps(trial) < good_rps(worst)))
			worst = trial;
	}
	if (!worst)
		return 0;
	buf_printf(sentence,
		"throughput collapses: at %s/s the server answered %s/s without an error, ",
		units_format_rate(asked, worst->rps),
		units_format_rate(got, round(good_rps(worst))));
	buf_printf(sentence, "%.0f %% of the %s/s it answered at %s/s",
		100 * good_rps(worst) / best_rps, units_format_rate(got, round(best_rps)),
		units_format_rate(asked, best->rps));
	return cause_evidence_ramp(1 - good_rps(worst) / best_rps, 1 - COLLAPSED, 0.60);
}

/* --- leaking --------------------------------------------------------------------------------- */

/* Growth of a request at base and at break, one over the other, at most. */
#define LEAK_ALIKE 2.5
/* Of the growth in a window, so much came in its second half. */
#define LEAK_LATE 0.25
/* Of the limit. */
#define LEAK_NEAR 0.80
/* As long as nothing runs short of it. */
#define LEAK_ALONE 0.3

static double for_request(const struct cause_view *view)
{
	return view->memory_requests && view->memory_grown_bytes >= CAUSE_COURSE_LEAK_BYTES &&
			       view->memory_late_bytes >= LEAK_LATE * view->memory_grown_bytes
		       ? view->memory_grown_bytes / (double)view->memory_requests
		       : 0;
}

/* The trial that passed with enough requests to show growth: the highest, else the lowest load. */
static const struct cause_view *passed_view(const struct cause_evidence *evidence)
{
	return for_request(&evidence->lower) > 0 ? &evidence->lower : &evidence->base;
}

double cause_course_leaking(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *passed = passed_view(evidence), *broken = &evidence->broken;
	double before = for_request(passed), now = for_request(broken);
	bool failed = cause_evidence_failed(broken, "target_memory");
	bool near = broken->limit_share >= LEAK_NEAR || broken->oom_kills > 0 ||
		    broken->memory_events > passed->memory_events ||
		    broken->swap_bytes > passed->swap_bytes;
	char grown[UNITS_TEXT_BYTES], each[UNITS_TEXT_BYTES], all[UNITS_TEXT_BYTES];

	if (!broken->has_memory || !passed->has_memory ||
		fmin(before, now) < CAUSE_COURSE_LEAK_REQUEST_BYTES ||
		fmax(before, now) > LEAK_ALIKE * fmin(before, now))
		return 0;
	buf_printf(sentence, "server leaks: memory grew by %s in the trial, %s for each request ",
		cause_evidence_format_bytes(grown, broken->memory_grown_bytes),
		cause_evidence_format_bytes(each, now));
	buf_printf(sentence, "(%s where it passed), to %s",
		cause_evidence_format_bytes(each, before),
		cause_evidence_format_bytes(all, broken->memory_bytes));
	if (broken->limit_bytes > 0 && broken->limit_share > 0)
		buf_printf(sentence, ", %.0f %% of its limit", broken->limit_share * 100);
	return near || failed ? 1 : LEAK_ALONE;
}
