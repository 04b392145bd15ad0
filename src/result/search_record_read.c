/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "result/reader.h"
#include "result/result_read.h"
#include "result/search_record.h"

static const char *schema_key(unsigned int version)
{
	return version ? NULL : SEARCH_SCHEMA;
}

/* 0: null, there is none. */
static double read_limit(struct reader *reader, const json_t *parent, const char *key)
{
	return reader_null(reader, parent, key) ? 0 : reader_positive(reader, parent, key);
}

static void read_head(struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *object;
	size_t back;

	if (!json_is_object(root))
		reader_refuse(reader, NULL, "expected an object, the record of a search");
	reader_choice(reader, root, "schema", schema_key);
	record->complete = reader_bool(reader, root, "complete");
	if (!record->complete)
		reader_refuse(reader, "complete", "is false: the search did not get to its end");
	object = reader_object(reader, root, "tool");
	back = reader_enter(reader, "tool");
	record->tool_version = reader_text(reader, object, "version");
	reader_leave(reader, back);
	record->started_at = reader_text(reader, root, "started_at");
	record->command = reader_texts(reader, root, "command", &record->command_count);
	object = reader_object(reader, root, "target");
	back = reader_enter(reader, "target");
	record->url = reader_text(reader, object, "url");
	reader_leave(reader, back);
}

static void read_goal(struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *object = reader_object(reader, root, "goal"), *array;
	size_t back = reader_enter(reader, "goal");

	record->goal.thresholds = reader_texts(
		reader, object, "thresholds", &record->goal.threshold_count);
	record->goal.slo = reader_bool(reader, object, "slo");
	record->goal.precision = read_limit(reader, object, "precision");
	record->goal.budget_s = read_limit(reader, object, "budget_s");
	record->goal.ladder_rps = reader_elements(reader, object, "ladder",
		sizeof(*record->goal.ladder_rps), &array, &record->goal.rung_count);
	for (size_t i = 0; i < record->goal.rung_count; i++) {
		size_t inner = reader_enter_element(reader, "ladder", i);

		record->goal.ladder_rps[i] = reader_positive(
			reader, json_array_get(array, i), NULL);
		reader_leave(reader, inner);
	}
	reader_leave(reader, back);
}

static size_t *read_indices(
	struct reader *reader, const json_t *parent, const char *key, size_t *count)
{
	json_t *array;
	size_t *indices = reader_elements(reader, parent, key, sizeof(*indices), &array, count);

	for (size_t i = 0; i < *count; i++) {
		size_t back = reader_enter_element(reader, key, i);

		indices[i] = reader_count(reader, json_array_get(array, i), NULL);
		reader_leave(reader, back);
	}
	return indices;
}

static bool read_bound(struct reader *reader, const json_t *parent, const char *key, double *rps)
{
	if (reader_null(reader, parent, key))
		return false;
	*rps = reader_positive(reader, parent, key);
	return true;
}

/* An interval has both ends, the lower one first. */
static void check_answer(struct reader *reader, const struct search_record *record)
{
	if (record->answer.kind != SEARCH_FOUND)
		return;
	if (!record->answer.has_lower || !record->answer.has_upper)
		reader_refuse(reader, "kind", "is \"found\", but a bound is null");
	else if (record->answer.lower_rps > record->answer.upper_rps)
		reader_refuse(reader, "upper_rps", "is below \"lower_rps\"");
}

/* Width and safe capacity follow from the bounds and are not looked at. */
static void read_answer(struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *object = reader_object(reader, root, "answer");
	size_t back = reader_enter(reader, "answer");

	record->answer.kind = reader_choice(reader, object, "kind", search_answer_key);
	record->answer.has_lower = read_bound(
		reader, object, "lower_rps", &record->answer.lower_rps);
	record->answer.has_upper = read_bound(
		reader, object, "upper_rps", &record->answer.upper_rps);
	check_answer(reader, record);
	record->answer.precise = reader_bool(reader, object, "precise");
	record->answer.lower_confirmed = reader_bool(reader, object, "lower_confirmed");
	record->answer.upper_confirmed = reader_bool(reader, object, "upper_confirmed");
	record->answer.lower_trials = read_indices(
		reader, object, "lower_trials", &record->answer.lower_trial_count);
	record->answer.upper_trials = read_indices(
		reader, object, "upper_trials", &record->answer.upper_trial_count);
	record->answer.sentence = reader_text_or_null(reader, object, "sentence");
	reader_leave(reader, back);
}

static const char *verdict_key(unsigned int verdict)
{
	return result_stability_verdict_key(verdict);
}

static void read_doubling(
	struct reader *reader, const json_t *root, struct search_doubling *doubling)
{
	json_t *object;
	size_t back;

	if (reader->status || !json_object_get(root, "doubling"))
		return;
	object = reader_object(reader, root, "doubling");
	back = reader_enter(reader, "doubling");
	doubling->judged = true;
	doubling->verdict = reader_choice(reader, object, "verdict", verdict_key);
	doubling->bound = reader_positive(reader, object, "bound");
	doubling->has_growth = read_bound(reader, object, "from_rps", &doubling->from_rps);
	if (doubling->has_growth) {
		doubling->to_rps = reader_positive(reader, object, "to_rps");
		doubling->p50_growth = reader_real(reader, object, "p50_growth");
		doubling->p99_growth = reader_real(reader, object, "p99_growth");
	}
	doubling->reason = reader_text_or_null(reader, object, "reason");
	if (!doubling->reason == (doubling->verdict == RESULT_STABILITY_UNKNOWN))
		reader_refuse(reader, "reason", "expected one beside \"unknown\" alone");
	else if (!doubling->reason && !doubling->has_growth)
		reader_refuse(reader, "from_rps", "is null beside a verdict");
	reader_leave(reader, back);
}

static void read_causes(struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *array;

	record->causes = reader_elements(
		reader, root, "causes", sizeof(*record->causes), &array, &record->cause_count);
	for (size_t i = 0; i < record->cause_count; i++) {
		struct search_cause *cause = &record->causes[i];
		size_t back = reader_enter_element(reader, "causes", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		cause->key = reader_text(reader, object, "key");
		cause->sign = reader_bool(reader, object, "sign");
		cause->strength = reader_share(reader, object, "strength");
		cause->sentence = reader_text(reader, object, "sentence");
		cause->advice = reader_text_or_null(reader, object, "advice");
		reader_leave(reader, back);
	}
}

/* What a fit consists of; a figure without it is not looked at. */
static void read_law(struct reader *reader, const json_t *object, struct search_usl *usl)
{
	usl->limit = reader_choice(reader, object, "limit", search_usl_limit_key);
	usl->lambda_rps = reader_positive(reader, object, "lambda_rps");
	usl->sigma = reader_share(reader, object, "sigma");
	usl->kappa = reader_amount(reader, object, "kappa");
	usl->has_peak = read_bound(reader, object, "peak_concurrency", &usl->peak_concurrency);
	if (usl->has_peak)
		usl->peak_rps = reader_positive(reader, object, "peak_rps");
	usl->has_doubled = read_bound(reader, object, "base_concurrency", &usl->base_concurrency);
	if (usl->has_doubled) {
		usl->base_rps = reader_positive(reader, object, "base_rps");
		usl->doubled_rps = reader_positive(reader, object, "doubled_rps");
	}
	usl->error = reader_amount(reader, object, "error");
}

static void read_usl(struct reader *reader, const json_t *root, struct search_usl *usl)
{
	json_t *object, *array;
	size_t back;

	if (reader->status || !json_object_get(root, "usl"))
		return;
	object = reader_object(reader, root, "usl");
	back = reader_enter(reader, "usl");
	usl->status = reader_choice(reader, object, "status", search_usl_status_key);
	if (usl->status == SEARCH_USL_FITTED)
		read_law(reader, object, usl);
	usl->levels = reader_elements(
		reader, object, "levels", sizeof(*usl->levels), &array, &usl->level_count);
	for (size_t i = 0; i < usl->level_count; i++) {
		size_t inner = reader_enter_element(reader, "levels", i);
		const json_t *level = reader_object(reader, json_array_get(array, i), NULL);

		usl->levels[i].concurrency = reader_positive(reader, level, "concurrency");
		usl->levels[i].rps = reader_positive(reader, level, "rps");
		reader_leave(reader, inner);
	}
	usl->sentence = reader_text(reader, object, "sentence");
	reader_leave(reader, back);
}

static void read_trial(
	struct reader *reader, const json_t *object, struct search_trial *trial, size_t index)
{
	if (reader_count(reader, object, "index") != index)
		reader_refuse(reader, "index", "is not the trial's place in the list");
	trial->stage = reader_choice(reader, object, "stage", search_stage_key);
	trial->t_s = reader_amount(reader, object, "t_s");
	trial->rps = reader_positive(reader, object, "rps");
	trial->warmup_s = reader_amount(reader, object, "warmup_s");
	trial->duration_s = reader_amount(reader, object, "duration_s");
	trial->verdict = reader_choice(reader, object, "verdict", search_verdict_key);
	trial->reason = reader_text_or_null(reader, object, "reason");
	trial->has_backlog_growth = !reader_null(reader, object, "backlog_growth");
	if (trial->has_backlog_growth)
		trial->backlog_growth = reader_real(reader, object, "backlog_growth");
	result_read_member(reader, object, "result", &trial->result);
}

static void read_trials(struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *array;

	record->trials = reader_elements(
		reader, root, "trials", sizeof(*record->trials), &array, &record->trial_count);
	for (size_t i = 0; i < record->trial_count; i++) {
		size_t back = reader_enter_element(reader, "trials", i);

		read_trial(reader, reader_object(reader, json_array_get(array, i), NULL),
			&record->trials[i], i);
		reader_leave(reader, back);
	}
}

/* Whether there are the trials that the answer's list under key names. */
static void check_indices(
	struct reader *reader, const char *key, const size_t *indices, size_t count, size_t trials)
{
	size_t back = reader_enter(reader, "answer");

	for (size_t i = 0; i < count; i++) {
		size_t inner = reader_enter_element(reader, key, i);

		if (indices[i] >= trials)
			reader_refuse(reader, NULL, "is no index of a trial");
		reader_leave(reader, inner);
	}
	reader_leave(reader, back);
}

static void read_calibration(
	struct reader *reader, const json_t *root, struct search_record *record)
{
	json_t *object;
	size_t back;

	record->calibration.known = !reader_null(reader, root, "calibration");
	if (!record->calibration.known)
		return;
	object = reader_object(reader, root, "calibration");
	back = reader_enter(reader, "calibration");
	record->calibration.highest_rps = reader_positive(reader, object, "highest_rps");
	record->calibration.bound = reader_bool(reader, object, "bound");
	record->calibration.measured_at = reader_text(reader, object, "measured_at");
	reader_leave(reader, back);
}

static void read_all(struct reader *reader, const json_t *root, struct search_record *record)
{
	read_head(reader, root, record);
	read_goal(reader, root, record);
	read_answer(reader, root, record);
	read_doubling(reader, root, &record->doubling);
	read_causes(reader, root, record);
	record->unknown = reader_texts(reader, root, "unknown", &record->unknown_count);
	read_usl(reader, root, &record->usl);
	read_trials(reader, root, record);
	check_indices(reader, "lower_trials", record->answer.lower_trials,
		record->answer.lower_trial_count, record->trial_count);
	check_indices(reader, "upper_trials", record->answer.upper_trials,
		record->answer.upper_trial_count, record->trial_count);
	read_calibration(reader, root, record);
	record->elapsed_s = reader_amount(reader, root, "elapsed_s");
	record->interrupted = reader_bool(reader, root, "interrupted");
	record->notes = reader_texts(reader, root, "notes", &record->note_count);
}

int search_record_read(struct search_record *record, const char *name, const char *text,
	size_t text_bytes, struct err *err)
{
	struct reader reader = {.name = name, .text = text, .text_bytes = text_bytes, .err = err};
	json_t *root = reader_parse(&reader);

	memset(record, 0, sizeof(*record));
	if (!reader.status)
		read_all(&reader, root, record);
	json_decref(root);
	if (reader.status)
		search_record_release(record);
	return reader.status;
}
