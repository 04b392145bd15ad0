/* SPDX-License-Identifier: MIT */
#include "report/search.h"

#include <stdio.h>

#include "analysis/threshold.h"
#include "base/units.h"
#include "report/curve.h"
#include "report/layout.h"
#include "report/search_answer.h"
#include "report/search_doubling.h"
#include "report/search_scaling.h"
#include "report/search_trials.h"
#include "report/seconds.h"

/* Below the text of an item. */
#define ADVICE_INDENT (LAYOUT_INDENT + 2)

/* Strengths of evidence as words. */
#define STRONG 0.7
#define FAIR   0.35

/* From this share of what the box has shown, the generator may have been part of what was seen. */
#define NEAR_ITS_LIMIT 0.8

static void append_list(struct buf *line, char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(line, "%s%s", i ? ", " : "", texts[i]);
}

static void write_entry(const char *label, struct buf *line, struct buf *out)
{
	layout_entry(out, label, buf_string(line));
	out->failed |= line->failed;
	buf_release(line);
}

/* Of the first trial: all had the same connections. */
static void write_load(const struct search_record *record, struct buf *out)
{
	const struct result *result;
	char text[UNITS_TEXT_BYTES];
	uint64_t connections = 0;
	struct buf line = {0};

	if (!record->trial_count)
		return;
	result = &record->trials[0].result;
	for (size_t i = 0; i < result->generator.worker_count; i++)
		connections += result->generator.workers[i].connections;
	if (result->scenario_count && result->scenarios[0].open_loop)
		buf_printf(&line, "open loop, %s arrivals ", result->scenarios[0].arrival);
	buf_printf(&line, "on %s connection%s, %zu worker%s", units_format_count(text, connections),
		connections == 1 ? "" : "s", result->generator.worker_count,
		result->generator.worker_count == 1 ? "" : "s");
	if (result->scenario_count && result->scenarios[0].request_count)
		buf_printf(&line, "; %s", result->scenarios[0].requests[0].name);
	write_entry("load", &line, out);
}

static void write_goal(const struct search_record *record, struct buf *out)
{
	char text[UNITS_TEXT_BYTES];
	struct buf line = {0}, how = {0};

	append_list(&line, record->goal.thresholds, record->goal.threshold_count);
	write_entry("goal", &line, out);
	if (record->goal.slo)
		layout_entry(out, "", "the usual objectives (--slo), as no thresholds were given");
	if (record->goal.rung_count)
		buf_text(&how, "a ladder: ");
	for (size_t i = 0; i < record->goal.rung_count; i++)
		buf_printf(&how, "%s%s", i ? ", " : "",
			units_format_rate(text, record->goal.ladder_rps[i]));
	if (record->goal.rung_count)
		buf_text(&how, " requests/s");
	else if (record->goal.precision > 0)
		buf_printf(&how, "an interval of at most %g %% of its upper end",
			100 * record->goal.precision);
	if (record->goal.budget_s > 0)
		buf_printf(&how, "%swithin %s", how.length_bytes ? ", " : "",
			seconds_asked(text, record->goal.budget_s));
	if (how.length_bytes)
		layout_entry(out, "", buf_string(&how));
	out->failed |= how.failed;
	buf_release(&how);
}

static const char *strength_word(double strength)
{
	return strength >= STRONG ? "strong" : strength >= FAIR ? "fair" : "weak";
}

static void write_advice(const struct search_cause *cause, struct buf *out)
{
	struct buf line = {0};

	if (!cause->advice)
		return;
	buf_printf(&line, "→ %s", cause->advice);
	buf_fill(out, ' ', ADVICE_INDENT);
	layout_wrap(out, buf_string(&line), ADVICE_INDENT);
	out->failed |= line.failed;
	buf_release(&line);
}

/* Of one kind, as they are ranked. */
static size_t write_causes(
	const struct search_record *record, bool sign, const char *label, struct buf *out)
{
	size_t written = 0;

	for (size_t i = 0; i < record->cause_count; i++) {
		const struct search_cause *cause = &record->causes[i];
		struct buf line = {0};

		if (cause->sign != sign)
			continue;
		if (sign)
			buf_text(&line, cause->sentence);
		else
			buf_printf(&line, "%s (evidence: %s)", cause->sentence,
				strength_word(cause->strength));
		layout_item(out, written++ ? "" : label, buf_string(&line));
		out->failed |= line.failed;
		buf_release(&line);
		write_advice(cause, out);
	}
	return written;
}

static void write_explanation(const struct search_record *record, struct buf *out)
{
	/* Without a load that failed there is nothing to explain. */
	if (!record->cause_count && !search_record_broken(record))
		return;
	buf_text(out, "\n");
	if (!write_causes(record, false, "gave way", out))
		layout_entry(out, "gave way", "not known: nothing that was measured explains it");
	write_causes(record, true, "signs", out);
	for (size_t i = 0; i < record->unknown_count; i++)
		layout_item(out, i ? "" : "not seen", record->unknown[i]);
}

static double highest_asked(const struct search_record *record)
{
	double highest_rps = 0;

	for (size_t i = 0; i < record->trial_count; i++)
		if (record->trials[i].rps > highest_rps)
			highest_rps = record->trials[i].rps;
	return highest_rps;
}

/* What the box has shown that it can, against what it was asked for. */
static void write_generator(const struct search_record *record, struct buf *out)
{
	double highest_rps = highest_asked(record);
	char shown[UNITS_TEXT_BYTES], asked[UNITS_TEXT_BYTES];

	if (!record->calibration.known) {
		layout_entry(out, "generator",
			"what this box can generate is not known: ringload calibrate measures it");
		return;
	}
	units_format_rate(shown, record->calibration.highest_rps);
	units_format_rate(asked, highest_rps);
	layout_entryf(out, "generator", "has shown %s%s requests/s (calibrated %s)",
		record->calibration.bound ? "at least " : "", shown,
		record->calibration.measured_at);
	if (highest_rps > record->calibration.highest_rps)
		layout_entryf(out, "", "WARNING: %s requests/s were asked, more than it has shown",
			asked);
	else if (highest_rps > NEAR_ITS_LIMIT * record->calibration.highest_rps)
		layout_entryf(out, "", "%s requests/s were asked, which is near its limit", asked);
}

static void write_notes(const struct search_record *record, struct buf *out)
{
	for (size_t i = 0; i < record->note_count; i++)
		layout_item(out, i ? "" : "notes", record->notes[i]);
}

void report_search_text(const struct search_record *record, struct buf *out)
{
	layout_entryf(out, "ringload", "%s, %s", record->tool_version, record->started_at);
	layout_entry(out, "target", record->url);
	write_load(record, out);
	write_goal(record, out);
	search_answer_entries(record, out);
	search_doubling_entry(record, out);
	write_explanation(record, out);
	search_scaling_entries(record, out);
	search_trials_table(record, out);
	search_trials_course(record, out);
	write_generator(record, out);
	write_notes(record, out);
	search_answer_again(record, out);
}

void report_search_svg(const struct search_record *record, struct buf *out)
{
	curve_svg(record, out);
}
