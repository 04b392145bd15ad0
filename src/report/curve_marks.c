/* SPDX-License-Identifier: MIT */
#include "report/curve_marks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/seconds.h"
#include "report/xml.h"

/* Pixels. */
#define RADIUS       4.0
#define SMALL_RADIUS 3.0
#define MANY_TRIALS  30 /* from which on marks are small */
#define LETTER       7.2
#define LEGEND_GAP   26
#define NEAR         10

const struct curve_marks_row curve_marks_series[CURVE_MARKS_SERIES] = {
	{RESULT_P50, "p50"},
	{RESULT_P95, "p95"},
	{RESULT_P99, "p99"},
};

enum shape { DOT, CROSS, RING };

static const enum shape shapes[SEARCH_VERDICT_COUNT] = {
	[SEARCH_PASS] = DOT,
	[SEARCH_FAIL] = CROSS,
	[SEARCH_GENERATOR] = RING,
	[SEARCH_VOID] = RING,
};

const char *curve_marks_class(const char *name)
{
	for (size_t i = 0; i < CURVE_MARKS_SERIES; i++)
		if (!strcmp(name, curve_marks_series[i].class))
			return curve_marks_series[i].class;
	return "other";
}

static void write_mark(
	struct buf *out, enum shape shape, const char *class, double x, double y, double radius)
{
	switch (shape) {
	case CROSS:
		buf_printf(out,
			"<path class=\"%s cross\" d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\"/>",
			class, x - radius, y - radius, 2 * radius, 2 * radius, -2 * radius,
			-2 * radius, 2 * radius);
		break;
	case RING:
		buf_printf(out, "<circle class=\"%s ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
			class, x, y, radius);
		break;
	default:
		buf_printf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", class,
			x, y, radius);
		break;
	}
}

/* --- legend --- */

/* One entry; where the next begins. */
static double write_entry(
	struct buf *out, enum shape shape, const char *class, const char *text, double x, int y)
{
	write_mark(out, shape, class, x + RADIUS, y - RADIUS, RADIUS);
	buf_printf(out, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x + 3 * RADIUS, y, text);
	return x + 3 * RADIUS + (double)strlen(text) * LETTER + LEGEND_GAP;
}

void curve_marks_legend(const struct curve_marks *marks, int x, int y, struct buf *out)
{
	static const char *const words[] = {
		[DOT] = "passed", [CROSS] = "failed", [RING] = "says nothing of the server"};
	bool used[] = {[DOT] = false, [CROSS] = false, [RING] = false};
	double at = x;

	for (size_t i = 0; i < marks->record->trial_count; i++)
		used[shapes[marks->record->trials[i].verdict]] = true;
	for (size_t i = 0; i < CURVE_MARKS_SERIES; i++)
		at = write_entry(
			out, DOT, curve_marks_series[i].class, curve_marks_series[i].class, at, y);
	at += LEGEND_GAP;
	for (unsigned int i = 0; i < sizeof(used) / sizeof(*used); i++)
		if (used[i])
			at = write_entry(out, i, "other", words[i], at, y);
}

/* --- lines --- */

/* Whether lines go through this trial: one that passed below the break, or the break itself. */
static bool is_joined(const struct search_trial *trial, const struct search_trial *broken)
{
	if (!trial->result.run.latency[RESULT_TOTAL].count)
		return false;
	if (trial == broken)
		return true;
	return trial->verdict == SEARCH_PASS && (!broken || trial->rps < broken->rps);
}

static double height_of(const struct curve_marks *marks, const struct search_trial *trial,
	enum result_quantile_kind kind)
{
	const struct result_latency *latency = &trial->result.run.latency[RESULT_TOTAL];

	return curve_axis_at(marks->latency, (double)latency->quantile[kind].value_ns);
}

static int compare_heights(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

/* Trials that stand so near to each other that a line between them would be one up and down: it
 * goes through their median. */
struct cluster {
	double *heights; /* room for all trials */
	size_t count;
	double first_x, sum_x;
};

static void end_cluster(struct cluster *cluster, struct buf *out)
{
	if (!cluster->count)
		return;
	qsort(cluster->heights, cluster->count, sizeof(*cluster->heights), compare_heights);
	buf_printf(out, " %.1f,%.1f", cluster->sum_x / (double)cluster->count,
		cluster->heights[cluster->count / 2]);
	cluster->count = 0;
	cluster->sum_x = 0;
}

static void write_line(const struct curve_marks *marks, enum result_quantile_kind kind,
	struct cluster *cluster, struct buf *out)
{
	const struct search_trial *broken = search_record_broken(marks->record);

	for (size_t i = 0; i < marks->record->trial_count; i++) {
		const struct search_trial *trial = marks->sorted[i];
		double x = curve_axis_at(marks->load, trial->rps);

		if (!is_joined(trial, broken))
			continue;
		if (cluster->count && (x - cluster->first_x > NEAR || trial == broken))
			end_cluster(cluster, out);
		if (!cluster->count)
			cluster->first_x = x;
		cluster->heights[cluster->count++] = height_of(marks, trial, kind);
		cluster->sum_x += x;
	}
	end_cluster(cluster, out);
}

void curve_marks_lines(const struct curve_marks *marks, struct buf *out)
{
	struct cluster cluster = {
		.heights = calloc(marks->record->trial_count + 1, sizeof(*cluster.heights))};

	if (!cluster.heights) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < CURVE_MARKS_SERIES; i++) {
		buf_printf(
			out, "<polyline class=\"%s line\" points=\"", curve_marks_series[i].class);
		write_line(marks, curve_marks_series[i].kind, &cluster, out);
		buf_text(out, "\"/>\n");
	}
	free(cluster.heights);
}

/* --- trials --- */

/* What is shown when one points at it. */
static void write_tooltip(
	const struct curve_marks *marks, const struct search_trial *trial, struct buf *out)
{
	const struct result_block *run = &trial->result.run;
	const struct result_latency *latency = &run->latency[RESULT_TOTAL];
	char asked[UNITS_TEXT_BYTES], completed[UNITS_TEXT_BYTES], text[UNITS_TEXT_BYTES];

	buf_printf(out, "<title>trial %zu, %s: %s/s for %s, %s\n",
		(size_t)(trial - marks->record->trials) + 1, search_stage_key(trial->stage),
		units_format_rate(asked, trial->rps), seconds_asked(text, trial->duration_s),
		search_verdict_key(trial->verdict));
	buf_printf(
		out, "completed %s/s, errors ", units_format_rate(completed, run->completed_rps));
	xml_text(out, units_format_share(text, run->error_rate), SIZE_MAX, SIZE_MAX);
	for (size_t i = 0; latency->count && i < CURVE_MARKS_SERIES; i++) {
		const struct result_quantile
			*quantile = &latency->quantile[curve_marks_series[i].kind];

		buf_printf(out, "%s%s %s%s", i ? ", " : "\n", curve_marks_series[i].class,
			quantile->lower_bound ? "≥ " : "",
			units_format_duration(text, quantile->value_ns));
	}
	if (trial->reason) {
		buf_text(out, "\n");
		xml_text(out, trial->reason, SIZE_MAX, SIZE_MAX);
	}
	buf_text(out, "</title>");
}

static void write_trial(const struct curve_marks *marks, const struct search_trial *trial,
	double radius, struct buf *out)
{
	const struct result_latency *latency = &trial->result.run.latency[RESULT_TOTAL];
	double x = curve_axis_at(marks->load, trial->rps);

	buf_text(out, "<g class=\"trial\">");
	write_tooltip(marks, trial, out);
	/* Without an answer it has no height: it lies on the axis. */
	if (!latency->count)
		write_mark(
			out, shapes[trial->verdict], "other", x, marks->latency->start_px, radius);
	for (size_t i = 0; latency->count && i < CURVE_MARKS_SERIES; i++) {
		const struct curve_marks_row *series = &curve_marks_series[i];
		double y = height_of(marks, trial, series->kind);

		write_mark(out, shapes[trial->verdict], series->class, x, y, radius);
		if (latency->quantile[series->kind].lower_bound)
			buf_printf(out,
				"<path class=\"%s arrow\" d=\"M%.1f %.1fl%.1f %.1fl%.1f %.1f\"/>",
				series->class, x - radius, y - radius - 2, radius, -radius, radius,
				radius);
	}
	buf_text(out, "</g>\n");
}

void curve_marks_trials(const struct curve_marks *marks, struct buf *out)
{
	double radius = marks->record->trial_count >= MANY_TRIALS ? SMALL_RADIUS : RADIUS;

	for (size_t i = 0; i < marks->record->trial_count; i++)
		write_trial(marks, marks->sorted[i], radius, out);
}
