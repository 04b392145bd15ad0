/* SPDX-License-Identifier: MIT */
#include "search/search.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/enough.h"
#include "analysis/gone.h"
#include "analysis/trial_steal.h"
#include "analysis/trial_verdict.h"
#include "base/clock.h"
#include "base/units.h"
#include "run/session.h"
#include "search/account.h"
#include "search/outline.h"
#include "search/reach.h"

/* A signal is noticed within this time. */
#define PAUSE_SLICE_NS (50 * NS_PER_MS)

/* Intervals of a trial's timeline, within the bounds of session.h. */
#define INTERVALS            12
#define INTERVAL_SHORTEST_NS (50 * NS_PER_MS)
#define INTERVAL_LONGEST_NS  NS_PER_S

/* Trials this long may end before their time, when a breach lasts for one of so many parts. */
#define ABORT_TRIAL_NS (8 * NS_PER_S)
#define ABORT_PARTS    4

struct search {
	const struct search_options *options;
	struct scenario scenario; /* with the highest rate; lists are the caller's */
	struct session *session;
	struct stepper *stepper;
	struct search_record *record;
	uint64_t start_ns;
	uint64_t rest_ns;             /* the pause before the next trial */
	double taken[STEPPER_TRIALS]; /* of the machine, in failures that were stolen; else 0 */
};

/* What the stepper gets: a search that explains its answer keeps something of the budget for it. */
static struct stepper_options with_budget(const struct search_options *options, bool explains)
{
	struct stepper_options stepper = options->stepper;
	struct enough enough;

	enough_find(options->run.thresholds, &enough);
	stepper.least_requests = enough.requests;
	if (explains && !stepper.rungs)
		stepper.budget_ns -= stepper.budget_ns / SEARCH_EXPLAINED_SHARE;
	return stepper;
}

/* Whether there is a trial that the budget bears, also with what the probe takes if there is one.
 */
static int check_time(const struct search_options *options, struct err *err)
{
	struct stepper_options asked = with_budget(
		options, options->run.attribution.mode != ATTRIBUTION_OFF);
	char budget[UNITS_TEXT_BYTES];
	struct stepper_trial first;
	struct stepper *stepper;
	bool enough;
	int code = stepper_check(&options->stepper, err);

	if (code >= 0)
		code = reach_check(options, &asked, err);
	if (code < 0)
		return code;
	stepper = stepper_open(&asked);
	if (!stepper)
		return account_no_memory(err);
	enough = stepper_next(stepper, &first);
	stepper_close(stepper);
	if (enough)
		return 0;
	return err_set(err, ERR_USAGE, -ERANGE,
		"--budget %s leaves no time for the first trial: ask for more of it, or for "
		"shorter trials",
		units_format_duration_exact(budget, options->stepper.budget_ns));
}

static uint64_t to_mrps(double rps)
{
	return (uint64_t)llround(rps * 1e3);
}

static double to_s(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* --- trials --------------------------------------------------------------------------------- */

static uint64_t interval_of(const struct stepper_trial *trial)
{
	uint64_t interval = trial->duration_ns / INTERVALS;

	if (interval < INTERVAL_SHORTEST_NS)
		return INTERVAL_SHORTEST_NS;
	return interval > INTERVAL_LONGEST_NS ? INTERVAL_LONGEST_NS : interval;
}

static uint64_t pause_after(const struct search_trial *trial)
{
	const struct counters *counters = &trial->result.run.counters;

	if (counters->value[COUNTER_TIMED_OUT] + counters->value[COUNTER_IN_FLIGHT])
		return SEARCH_PAUSE_UNANSWERED_NS;
	return trial->verdict == SEARCH_FAIL ? SEARCH_PAUSE_FAILED_NS : SEARCH_PAUSE_PASSED_NS;
}

static void pause_until(const struct search *search, uint64_t deadline_ns)
{
	uint64_t now = clock_now_ns();

	while (now < deadline_ns && !session_interrupted(search->session)) {
		uint64_t slice = now + PAUSE_SLICE_NS;

		clock_sleep_until(slice < deadline_ns ? slice : deadline_ns);
		now = clock_now_ns();
	}
}

/* Judges the trial and keeps it; the result moves into the record. */
static int keep_trial(struct search *search, const struct stepper_trial *asked, double t_s,
	struct result *result, struct err *err)
{
	struct search_trial trial = {
		.stage = asked->stage,
		.t_s = t_s,
		.rps = asked->rps,
		.warmup_s = to_s(asked->warmup_ns),
		.duration_s = to_s(asked->duration_ns),
	};
	struct trial_backlog backlog;
	struct buf reason = {0};
	int code = 0;

	trial.verdict = trial_verdict(result, &reason);
	trial_backlog(result, &backlog);
	trial.has_backlog_growth = backlog.known;
	trial.backlog_growth = backlog.share;
	if (reason.failed || search_record_add_trial(search->record, &trial, result,
				     reason.length_bytes ? buf_string(&reason) : NULL) < 0)
		code = account_no_memory(err);
	buf_release(&reason);
	return code;
}

/* What a trial is for. */
enum purpose { FINDS, BOUNDS, EXPLAINS };

/*
 * When a trial ends before its time. Unasked, only where that can neither change its verdict nor
 * what is told of the cause: a long one of a bound, which another one explains.
 */
static void set_abort(const struct search *search, enum purpose purpose,
	const struct stepper_trial *asked, struct session_window *window)
{
	uint64_t abort_ns = search->options->run.abort_ns;

	if (purpose == EXPLAINS)
		return;
	window->abort_ns = abort_ns;
	if (abort_ns || purpose != BOUNDS || asked->duration_ns < ABORT_TRIAL_NS ||
		!session_probes(search->session))
		return;
	window->abort_ns = asked->duration_ns / ABORT_PARTS;
	window->abort_lost_only = true;
}

/* Runs one trial and keeps it; the pause it asks for is in search->rest_ns. */
static int measure(struct search *search, const struct stepper_trial *asked, enum purpose purpose,
	struct err *err)
{
	struct search_record *record = search->record;
	char rate[UNITS_TEXT_BYTES], label[64];
	struct session_window window = {
		.rate_mrps = to_mrps(asked->rps),
		.warmup_ns = asked->warmup_ns,
		.duration_ns = asked->duration_ns,
		.interval_ns = interval_of(asked),
		.unprobed = purpose == BOUNDS,
		.label = label,
	};
	uint64_t begin_ns = clock_now_ns();
	struct result result;
	int code;

	snprintf(label, sizeof(label), "trial %zu, %s/s", record->trial_count + 1,
		units_format_rate(rate, asked->rps));
	set_abort(search, purpose, asked, &window);
	code = session_trial(search->session, &window, &result, err);
	if (code < 0)
		return code;
	code = keep_trial(search, asked, to_s(begin_ns - search->start_ns), &result, err);
	if (code < 0)
		result_release(&result);
	else
		search->rest_ns = pause_after(&record->trials[record->trial_count - 1]);
	return code;
}

static void tell(const struct search *search)
{
	search->record->elapsed_s = to_s(clock_now_ns() - search->start_ns);
	if (search->options->told)
		search->options->told(search->options->context, search->record);
}

/* Whether a trial that failed may be the hypervisor's doing; what it took is kept. */
static bool is_stolen(struct search *search, const struct search_trial *trial)
{
	double taken;

	if (trial->verdict != SEARCH_FAIL || !session_steal(search->session, &taken) ||
		!trial_steal_explains(taken, trial_steal_undone(&trial->result)))
		return false;
	search->taken[search->record->trial_count - 1] = taken;
	return true;
}

/* The record says of a stolen failure that it was one, and whether it counts. */
static int keep_stolen(struct search *search, struct search_trial *trial,
	enum search_verdict counted, struct err *err)
{
	struct buf reason = {0};

	if (counted == SEARCH_FAIL && trial->reason)
		buf_printf(&reason, "%s; ", trial->reason);
	trial_steal_sentence(search->taken[search->record->trial_count - 1], &reason);
	if (counted != SEARCH_FAIL && trial->reason)
		buf_printf(&reason, ", in which %s", trial->reason);
	return account_verdict(trial, counted, &reason, err);
}

/*
 * One trial from its load to what the stepper makes of it. What the bounds rest on is measured
 * without the probe, which takes a little of the server's CPU time.
 */
static int try_once(struct search *search, const struct stepper_trial *asked, struct err *err)
{
	enum purpose purpose = asked->stage == SEARCH_NARROW || asked->stage == SEARCH_CONFIRM
				       ? BOUNDS
				       : FINDS;
	struct stepper_outcome outcome = {0};
	uint64_t begin_ns = clock_now_ns();
	enum search_verdict counted;
	struct search_trial *trial;
	int code = measure(search, asked, purpose, err);

	if (code < 0)
		return code;
	trial = &search->record->trials[search->record->trial_count - 1];
	code = account_gone(search->record, err);
	if (code < 0)
		return code;
	if (code)
		search->rest_ns = SEARCH_PAUSE_GONE_NS;
	outcome.verdict = trial->verdict;
	outcome.stolen = is_stolen(search, trial);
	outcome.completed_rps = trial->result.run.completed_rps;
	outcome.took_ns = clock_now_ns() - begin_ns + search->rest_ns;
	counted = stepper_take(search->stepper, &outcome);
	if (outcome.stolen)
		code = keep_stolen(search, trial, counted, err);
	if (code >= 0)
		code = account_answer(search->record, search->stepper, err);
	if (code >= 0)
		tell(search);
	return code;
}

/* The trials that explain: one at each bound, as long as the longest trial of its load, so that it
 * is the one that explanations take (search_record.h), and made whole. Returns how many. */
static size_t plan_explaining(const struct search *search, struct stepper_trial asked[2])
{
	const struct search_record *record = search->record;
	const struct search_trial *bounds[] = {
		search_record_lower(record), search_record_broken(record)};

	if (record->answer.kind != SEARCH_FOUND || record->goal.rung_count || !bounds[0] ||
		!bounds[1] || !session_probes(search->session))
		return 0;
	for (size_t i = 0; i < 2; i++)
		asked[i] = (struct stepper_trial){
			.stage = SEARCH_EXPLAIN,
			.rps = bounds[i]->rps,
			.warmup_ns = (uint64_t)llround(bounds[i]->warmup_s * 1e9),
			.duration_ns = (uint64_t)llround(bounds[i]->duration_s * 1e9),
		};
	return 2;
}

/*
 * Where the server's time goes at both bounds: one more trial of each with the probe. They explain
 * the answer, and do not change it; so a signal meanwhile leaves it as whole as it was.
 */
static int explain(struct search *search, struct err *err)
{
	const struct search_record *record = search->record;
	struct stepper_trial asked[2];
	size_t count = plan_explaining(search, asked), i;
	int code = 0;

	for (i = 0; i < count && code >= 0; i++) {
		pause_until(search, clock_now_ns() + search->rest_ns);
		if (session_interrupted(search->session))
			break;
		code = measure(search, &asked[i], EXPLAINS, err);
		if (code >= 0)
			tell(search);
	}
	if (!session_interrupted(search->session))
		return code;
	if (i == count && code >= 0 &&
		(!count || !record->trials[record->trial_count - 1].result.window.interrupted))
		return 0;
	return search_record_add_note(search->record, SEARCH_UNEXPLAINED) < 0
		       ? account_no_memory(err)
		       : 0;
}

/*
 * A trial that could not be made ends the search with what is known: minutes of measurement are not
 * thrown away for the last of them. Without any there is nothing to report. The stepper's answer
 * stands when it was one of those that explain it.
 */
static int end_early(struct search *search, const struct err *why, int code, struct err *err)
{
	struct stepper_trial missing;
	bool open = stepper_next(search->stepper, &missing);
	struct buf note = {0};

	if (!search->record->trial_count) {
		*err = *why;
		return code;
	}
	buf_printf(&note, "%s: %s",
		open ? "the search ended early"
		     : "the answer is not explained from the server's kernel",
		why->text);
	if (open)
		search->record->answer.kind = SEARCH_UNDECIDED;
	return account_note(search->record, &note, err);
}

/* What is to be known of an upper bound that a machine was taken for. */
static int note_stolen(struct search *search, struct err *err)
{
	struct stepper_answer answer;
	struct buf note = {0};
	double least = 1, most = 0;

	stepper_answer(search->stepper, &answer);
	for (size_t i = 0; i < answer.upper_trial_count; i++) {
		double taken = search->taken[answer.upper_trials[i]];

		if (taken > 0) {
			least = fmin(least, taken);
			most = fmax(most, taken);
		}
	}
	if (!answer.upper_stolen || !(most > 0))
		return 0;
	trial_steal_note(least, most, &note);
	return account_note(search->record, &note, err);
}

/* What is to be known of an answer for which there were too few requests. */
static int note_reach(struct search *search, struct err *err)
{
	struct stepper_options stepper = with_budget(
		search->options, session_probes(search->session));
	struct buf note = {0};

	reach_note(search->options, &stepper, search->record, &note);
	return account_note(search->record, &note, err);
}

/* Before there was an answer. */
static int end_interrupted(struct search *search, struct err *err)
{
	search->record->interrupted = true;
	if (search->record->trial_count)
		return 0;
	return err_set(err, ERR_INTERRUPTED, -EINTR, "interrupted before the load began");
}

static int try_all(struct search *search, struct err *err)
{
	struct err why = {ERR_NONE, ""};
	struct stepper_trial asked;
	size_t first;
	bool open;
	int code = 0;

	while ((open = stepper_next(search->stepper, &asked)) && code >= 0) {
		if (gone_ends(search->record, &first))
			break;
		pause_until(search, clock_now_ns() + search->rest_ns);
		if (session_interrupted(search->session))
			break;
		code = try_once(search, &asked, &why);
	}
	if (open && session_interrupted(search->session))
		return end_interrupted(search, err);
	if (code >= 0 && gone_ends(search->record, &first))
		search->record->answer.kind = SEARCH_UNDECIDED;
	else if (code >= 0)
		code = explain(search, &why);
	return code < 0 ? end_early(search, &why, code, err) : 0;
}

static int search_begin(struct search *search, const struct scenario *scenario, struct err *err)
{
	struct stepper_options stepper;
	int code = check_time(search->options, err);

	if (code >= 0)
		code = account_begin(search->record, scenario, search->options, err);
	if (code < 0)
		return code;
	search->scenario = *scenario;
	search->scenario.rate_mrps = to_mrps(search->options->stepper.highest_rps);
	code = session_open(&search->session, &search->scenario, &search->options->run, err);
	if (code < 0)
		return code;
	stepper = with_budget(search->options, session_probes(search->session));
	search->stepper = stepper_open(&stepper);
	return search->stepper ? 0 : account_no_memory(err);
}

int search_execute(const struct scenario *scenario, const struct search_options *options,
	struct search_record *record, struct err *err)
{
	struct search search = {.options = options, .record = record, .start_ns = clock_now_ns()};
	int code;

	memset(record, 0, sizeof(*record));
	code = search_begin(&search, scenario, err);
	if (code >= 0)
		code = try_all(&search, err);
	if (code >= 0)
		code = note_stolen(&search, err);
	if (code >= 0)
		code = note_reach(&search, err);
	if (code >= 0)
		code = account_end(record, err);
	if (code < 0)
		search_record_release(record);
	session_close(search.session);
	stepper_close(search.stepper);
	return code;
}

/* --- what would be done --------------------------------------------------------------------- */

/* The session is that of the highest load, of whatever load a trial is. */
int search_describe(const struct scenario *scenario, const struct search_options *options,
	struct buf *out, struct err *err)
{
	struct scenario highest = *scenario;
	struct outline outline = {.options = options};
	struct session_window window;
	int code = check_time(options, err);

	highest.rate_mrps = to_mrps(options->stepper.highest_rps);
	if (code >= 0)
		code = session_foresees_probe(&highest, &options->run, &outline.explains, err);
	if (code < 0)
		return code;
	outline.explains &= !options->stepper.rungs;
	outline.stepper = with_budget(options, outline.explains);
	if (outline_print(&outline, out) < 0)
		return account_no_memory(err);
	buf_text(out, "\nThe last of them:\n");
	window = (struct session_window){.rate_mrps = to_mrps(outline.last.rps),
		.warmup_ns = outline.last.warmup_ns,
		.duration_ns = outline.last.duration_ns};
	return session_describe(&highest, &options->run, &window, out, err);
}
