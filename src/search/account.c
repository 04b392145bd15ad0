/* SPDX-License-Identifier: MIT */
#include "search/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/answer.h"
#include "analysis/cause.h"
#include "analysis/connection_limit.h"
#include "analysis/doubling.h"
#include "analysis/gone.h"
#include "analysis/usl_advice.h"
#include "base/version.h"
#include "run/calibration.h"

int account_no_memory(struct err *err)
{
	return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the record of a search");
}

/* Copies; false: no memory. */
static bool keep_texts(char ***to, size_t *kept, const char *const *texts, size_t count)
{
	*to = calloc(count + 1, sizeof(**to));
	for (size_t i = 0; *to && i < count; i++) {
		(*to)[i] = strdup(texts[i]);
		if (!(*to)[i])
			return false;
		(*kept)++;
	}
	return *to != NULL;
}

static bool keep_goal(struct search_record *record, const struct search_options *options)
{
	const struct threshold_list *thresholds = options->run.thresholds;
	const struct stepper_options *stepper = &options->stepper;
	const char **expressions = calloc(thresholds->count + 1, sizeof(*expressions));
	bool kept = false;

	for (size_t i = 0; expressions && i < thresholds->count; i++)
		expressions[i] = thresholds->items[i].expression;
	if (expressions)
		kept = keep_texts(&record->goal.thresholds, &record->goal.threshold_count,
			expressions, thresholds->count);
	free((void *)expressions);
	record->goal.slo = options->slo;
	/* A ladder is as precise as its rungs lie apart. */
	record->goal.precision = stepper->rungs ? 0 : stepper->precision;
	record->goal.budget_s = (double)stepper->budget_ns / 1e9;
	record->goal.ladder_rps = calloc(stepper->rung_count + 1, sizeof(double));
	if (!kept || !record->goal.ladder_rps)
		return false;
	record->goal.rung_count = stepper->rung_count;
	for (size_t i = 0; i < stepper->rung_count; i++)
		record->goal.ladder_rps[i] = stepper->rungs[i];
	return true;
}

/* What this machine has shown; a search goes on without. False: no memory. */
static bool keep_calibration(struct search_record *record)
{
	struct calibration_record shown;
	bool found;

	if (calibration_load(&shown, &found, NULL) < 0 || !found)
		return true;
	record->calibration.known = true;
	record->calibration.highest_rps = shown.highest_rps;
	record->calibration.bound = shown.embedded;
	record->calibration.measured_at = strdup(shown.measured_at);
	return record->calibration.measured_at;
}

int account_begin(struct search_record *record, const struct scenario *scenario,
	const struct search_options *options, struct err *err)
{
	const struct run_options *run = &options->run;

	record->tool_version = strdup(RINGLOAD_VERSION);
	record->url = strdup(scenario->url);
	if (!record->tool_version || !record->url || !keep_goal(record, options) ||
		!keep_texts(&record->command, &record->command_count, run->command,
			run->command_count) ||
		!keep_calibration(record))
		return account_no_memory(err);
	return 0;
}

/* A copy of an array of the stepper's; false: no memory. */
static bool keep_indices(size_t **to, size_t *kept, const size_t *indices, size_t count)
{
	size_t *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return false;
	if (count)
		memcpy(copy, indices, count * sizeof(*copy));
	free(*to);
	*to = copy;
	*kept = count;
	return true;
}

int account_answer(struct search_record *record, const struct stepper *stepper, struct err *err)
{
	struct stepper_answer answer;

	stepper_answer(stepper, &answer);
	record->answer.kind = answer.kind;
	record->answer.has_lower = answer.has_lower;
	record->answer.has_upper = answer.has_upper;
	record->answer.lower_rps = answer.lower_rps;
	record->answer.upper_rps = answer.upper_rps;
	record->answer.precise = answer.precise;
	record->answer.lower_confirmed = answer.lower_confirmed;
	record->answer.upper_confirmed = answer.upper_confirmed;
	if (!keep_indices(&record->answer.lower_trials, &record->answer.lower_trial_count,
		    answer.lower_trials, answer.has_lower ? answer.lower_trial_count : 0) ||
		!keep_indices(&record->answer.upper_trials, &record->answer.upper_trial_count,
			answer.upper_trials, answer.has_upper ? answer.upper_trial_count : 0))
		return account_no_memory(err);
	return 0;
}

int account_note(struct search_record *record, struct buf *note, struct err *err)
{
	int code = note->failed ? -ENOMEM : 0;

	if (code >= 0 && note->length_bytes)
		code = search_record_add_note(record, buf_string(note));
	buf_release(note);
	return code < 0 ? account_no_memory(err) : 0;
}

int account_verdict(struct search_trial *trial, enum search_verdict verdict, struct buf *reason,
	struct err *err)
{
	char *text = reason->failed ? NULL : strdup(buf_string(reason));

	buf_release(reason);
	if (!text)
		return account_no_memory(err);
	free(trial->reason);
	trial->reason = text;
	trial->verdict = verdict;
	return 0;
}

int account_gone(struct search_record *record, struct err *err)
{
	struct search_trial *trial = &record->trials[record->trial_count - 1];
	struct buf reason = {0};
	int code;

	if (!gone_trial(record, record->trial_count - 1))
		return 0;
	gone_sentence(trial, &reason);
	code = account_verdict(trial, SEARCH_VOID, &reason, err);
	return code < 0 ? code : 1;
}

int account_end(struct search_record *record, struct err *err)
{
	struct buf text = {0};
	bool failed = false;
	int code = cause_explain(record, err);

	if (code < 0)
		return code;
	if (doubling_judge(record) < 0 || usl_advise(record) < 0)
		return account_no_memory(err);
	if (connection_limit(record, &text))
		failed = search_record_add_note(record, buf_string(&text)) < 0;
	failed |= text.failed;
	buf_release(&text);
	answer_sentence(record, &text);
	record->answer.sentence = strdup(buf_string(&text));
	record->started_at = strdup(record->trials[0].result.started_at);
	failed |= text.failed || !record->answer.sentence || !record->started_at;
	buf_release(&text);
	if (failed)
		return account_no_memory(err);
	record->complete = true;
	return 0;
}
