/* SPDX-License-Identifier: MIT */
#include "result/emit.h"
#include "result/emit_record.h"
#include "result/result_write.h"
#include "result/search_record.h"

static void write_head(struct emit *emit, const struct search_record *record)
{
	emit_text(emit, "schema", SEARCH_SCHEMA);
	emit_bool(emit, "complete", record->complete);
	emit_object(emit, "tool");
	emit_text(emit, "version", record->tool_version);
	emit_object_end(emit);
	emit_text(emit, "started_at", record->started_at);
	emit_record_texts(emit, "command", record->command, record->command_count);
	emit_object(emit, "target");
	emit_text(emit, "url", record->url);
	emit_object_end(emit);
}

static void write_goal(struct emit *emit, const struct search_record *record)
{
	emit_object(emit, "goal");
	emit_record_texts(
		emit, "thresholds", record->goal.thresholds, record->goal.threshold_count);
	emit_bool(emit, "slo", record->goal.slo);
	emit_record_positive(emit, "precision", record->goal.precision);
	emit_record_positive(emit, "budget_s", record->goal.budget_s);
	emit_array(emit, "ladder");
	for (size_t i = 0; i < record->goal.rung_count; i++)
		emit_real(emit, NULL, record->goal.ladder_rps[i]);
	emit_array_end(emit);
	emit_object_end(emit);
}

static void write_indices(struct emit *emit, const char *key, const size_t *indices, size_t count)
{
	emit_array(emit, key);
	for (size_t i = 0; i < count; i++)
		emit_count(emit, NULL, indices[i]);
	emit_array_end(emit);
}

/* Width and safe capacity are made of the bounds as they are written, so that they come out the
 * same of what was read. */
static void write_answer(struct emit *emit, const struct search_record *record)
{
	double lower_rps = emit_real_kept(record->answer.lower_rps);
	double upper_rps = emit_real_kept(record->answer.upper_rps);
	bool both = record->answer.has_lower && record->answer.has_upper;

	emit_object(emit, "answer");
	emit_text(emit, "kind", search_answer_key(record->answer.kind));
	emit_record_real(emit, "lower_rps", record->answer.has_lower, lower_rps);
	emit_record_real(emit, "upper_rps", record->answer.has_upper, upper_rps);
	emit_record_real(emit, "width", both, (upper_rps - lower_rps) / upper_rps);
	emit_bool(emit, "precise", record->answer.precise);
	emit_bool(emit, "lower_confirmed", record->answer.lower_confirmed);
	emit_bool(emit, "upper_confirmed", record->answer.upper_confirmed);
	write_indices(emit, "lower_trials", record->answer.lower_trials,
		record->answer.lower_trial_count);
	write_indices(emit, "upper_trials", record->answer.upper_trials,
		record->answer.upper_trial_count);
	emit_record_real(emit, "safe_rps", record->answer.has_lower, SEARCH_SAFE_SHARE * lower_rps);
	emit_text(emit, "sentence", record->answer.sentence);
	emit_object_end(emit);
}

static void write_doubling(struct emit *emit, const struct search_doubling *doubling)
{
	bool known = doubling->has_growth;

	if (!doubling->judged)
		return;
	emit_object(emit, "doubling");
	emit_text(emit, "verdict", result_stability_verdict_key(doubling->verdict));
	emit_real(emit, "bound", doubling->bound);
	emit_record_real(emit, "from_rps", known, doubling->from_rps);
	emit_record_real(emit, "to_rps", known, doubling->to_rps);
	emit_record_real(emit, "p50_growth", known, doubling->p50_growth);
	emit_record_real(emit, "p99_growth", known, doubling->p99_growth);
	emit_text(emit, "reason", doubling->reason);
	emit_object_end(emit);
}

static void write_causes(struct emit *emit, const struct search_record *record)
{
	emit_lines(emit, "causes");
	for (size_t i = 0; i < record->cause_count; i++) {
		const struct search_cause *cause = &record->causes[i];

		emit_object(emit, NULL);
		emit_text(emit, "key", cause->key);
		emit_bool(emit, "sign", cause->sign);
		emit_real(emit, "strength", cause->strength);
		emit_text(emit, "sentence", cause->sentence);
		emit_text(emit, "advice", cause->advice);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_usl(struct emit *emit, const struct search_usl *usl)
{
	bool fitted = usl->status == SEARCH_USL_FITTED;
	bool peak = fitted && usl->has_peak, doubled = fitted && usl->has_doubled;

	if (!usl->sentence)
		return;
	emit_object(emit, "usl");
	emit_text(emit, "status", search_usl_status_key(usl->status));
	emit_text(emit, "limit", fitted ? search_usl_limit_key(usl->limit) : NULL);
	emit_record_real(emit, "lambda_rps", fitted, usl->lambda_rps);
	emit_record_real(emit, "sigma", fitted, usl->sigma);
	emit_record_real(emit, "kappa", fitted, usl->kappa);
	emit_record_real(emit, "peak_concurrency", peak, usl->peak_concurrency);
	emit_record_real(emit, "peak_rps", peak, usl->peak_rps);
	emit_record_real(emit, "base_concurrency", doubled, usl->base_concurrency);
	emit_record_real(emit, "base_rps", doubled, usl->base_rps);
	emit_record_real(emit, "doubled_rps", doubled, usl->doubled_rps);
	emit_record_real(emit, "error", fitted, usl->error);
	emit_array(emit, "levels");
	for (size_t i = 0; i < usl->level_count; i++) {
		emit_object(emit, NULL);
		emit_real(emit, "concurrency", usl->levels[i].concurrency);
		emit_real(emit, "rps", usl->levels[i].rps);
		emit_object_end(emit);
	}
	emit_array_end(emit);
	emit_text(emit, "sentence", usl->sentence);
	emit_object_end(emit);
}

static void write_trial(struct emit *emit, const struct search_trial *trial, size_t index)
{
	emit_object(emit, NULL);
	emit_count(emit, "index", index);
	emit_text(emit, "stage", search_stage_key(trial->stage));
	emit_real(emit, "t_s", trial->t_s);
	emit_real(emit, "rps", trial->rps);
	emit_real(emit, "warmup_s", trial->warmup_s);
	emit_real(emit, "duration_s", trial->duration_s);
	emit_text(emit, "verdict", search_verdict_key(trial->verdict));
	emit_text(emit, "reason", trial->reason);
	emit_record_real(emit, "backlog_growth", trial->has_backlog_growth, trial->backlog_growth);
	result_write_member(emit, "result", &trial->result);
	emit_object_end(emit);
}

static void write_calibration(struct emit *emit, const struct search_record *record)
{
	if (!record->calibration.known) {
		emit_null(emit, "calibration");
		return;
	}
	emit_object(emit, "calibration");
	emit_real(emit, "highest_rps", record->calibration.highest_rps);
	emit_bool(emit, "bound", record->calibration.bound);
	emit_text(emit, "measured_at", record->calibration.measured_at);
	emit_object_end(emit);
}

void search_record_write(const struct search_record *record, struct buf *out)
{
	struct emit emit = {.out = out};

	emit_object(&emit, NULL);
	write_head(&emit, record);
	write_goal(&emit, record);
	write_answer(&emit, record);
	write_doubling(&emit, &record->doubling);
	write_causes(&emit, record);
	emit_record_texts(&emit, "unknown", record->unknown, record->unknown_count);
	write_usl(&emit, &record->usl);
	emit_lines(&emit, "trials");
	for (size_t i = 0; i < record->trial_count; i++)
		write_trial(&emit, &record->trials[i], i);
	emit_array_end(&emit);
	write_calibration(&emit, record);
	emit_real(&emit, "elapsed_s", record->elapsed_s);
	emit_bool(&emit, "interrupted", record->interrupted);
	emit_record_texts(&emit, "notes", record->notes, record->note_count);
	emit_object_end(&emit);
}
