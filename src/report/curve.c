/* SPDX-License-Identifier: MIT */
#include "report/curve.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/threshold.h"
#include "base/units.h"
#include "report/curve_axis.h"
#include "report/curve_marks.h"
#include "report/curve_scaling.h"
#include "report/search_answer.h"
#include "report/search_trials.h"
#include "report/xml.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Pixels. */
enum places {
	WIDTH = 960,
	HEIGHT = 580,
	LEFT = 76,
	RIGHT = WIDTH - 28,
	TOP = 138,
	BOTTOM = HEIGHT - 74,
	FOOT = 20, /* what a panel below may use of the room at the bottom */
	HEADLINE_Y = 34,
	SUBTITLE_Y = 57,
	LEGEND_Y = 86,
	SAFE_Y = TOP - 24,
	BOUND_Y = TOP - 8,
	TICK = 5,
	THINNEST_BAND = 2,
	LABEL_GAP = 14, /* between the baselines of two labels that shall not touch */
	LABEL_SHIFT = 150
};

/* Of the font, estimated: where a label may stand without leaving the picture. */
#define LETTER_PX 7.4

#define HEADLINE_LETTERS 100
#define SUBTITLE_LETTERS 132

/* A threshold further from what was measured than this factor is left out. */
#define THRESHOLD_REACH 1000

/* Colours for light pages, and once more for dark ones; the shapes take theirs from `color`. */
static const char style[] =
	"svg{background:#fdfdfc;color:#6e6e73}\n"
	"text{font:12px system-ui,'DejaVu Sans','Liberation Sans',Helvetica,Arial,sans-serif;"
	"fill:#55555a}\n"
	".head{font-size:18px;font-weight:600;fill:#1d1d1f}\n"
	".interval,.safe{font-weight:600}\n"
	"circle{fill:currentColor;stroke:currentColor}\n"
	"path,polyline{fill:none;stroke:currentColor}\n"
	"text.p50,text.p95,text.p99,text.other,text.interval,text.safe{fill:currentColor}\n"
	".bound{stroke-width:1.5}.band{fill:currentColor;opacity:.16}\n"
	"path.safe{stroke-width:1.5;stroke-dasharray:6 4}\n"
	".goal{stroke-width:1.2;stroke-dasharray:2 3}\n"
	".line{stroke-width:1.6;opacity:.55}\n"
	".cross,.arrow{stroke-width:1.8}\n"
	".ring,.page{fill:#fdfdfc}.ring{stroke-width:1.5}\n"
	".trial:hover *{stroke-width:4}\n"
	".grid{color:#e6e6e8}.axis{color:#8e8e93}.other{color:#6e6e73}\n"
	".band,.bound{color:#d55e00}.interval{color:#a84900}.safe{color:#237032}\n"
	".p50{color:#0072b2}.p95{color:#a87400}.p99{color:#b3226e}\n"
	"@media(prefers-color-scheme:dark){\n"
	"svg{background:#17181b}text{fill:#a9a9b0}.head{fill:#ececee}\n"
	".ring,.page{fill:#17181b}\n"
	".grid{color:#303137}.axis{color:#7c7c84}.other{color:#9a9aa2}\n"
	".band,.bound{color:#ff9d5c}.interval{color:#ffb07c}.safe{color:#83da97}\n"
	".p50{color:#56b4e9}.p95{color:#e9b44c}.p99{color:#ff7ab6}\n"
	"}\n";

static void cut_text(struct buf *out, const char *text, size_t letters)
{
	xml_text(out, text, SIZE_MAX, letters);
	if (xml_characters(text, strlen(text)) > letters)
		buf_text(out, ELLIPSIS);
}

/* --- what is drawn --- */

struct curve {
	const struct search_record *record;
	const struct search_trial **sorted;
	struct threshold_list goals; /* those that can be drawn */
	struct curve_axis load, latency;
};

/* The thresholds on percentiles, mean or maximum of total, from above. */
static void take_goals(struct curve *curve)
{
	for (size_t i = 0; i < curve->record->goal.threshold_count; i++) {
		const char *expression = curve->record->goal.thresholds[i];
		struct threshold *last;

		/* A stored text may be anything. */
		if (threshold_list_add(&curve->goals, expression, NULL))
			continue;
		last = &curve->goals.items[curve->goals.count - 1];
		if (metric_unit(&last->metric) != RESULT_NS ||
			last->metric.latency != RESULT_TOTAL || !(last->value > 0) ||
			(last->operator!= THRESHOLD_LESS && last->operator!=
				THRESHOLD_LESS_OR_EQUAL))
			curve->goals.count--;
	}
}

/* The values that the axes have to show. */
struct range {
	double highest_rps, least_ns, most_ns;
};

static void take_range(struct range *range, const struct search_trial *trial)
{
	const struct result_latency *latency = &trial->result.run.latency[RESULT_TOTAL];

	range->highest_rps = fmax(range->highest_rps, trial->rps);
	for (int i = 0; latency->count && i < CURVE_MARKS_SERIES; i++) {
		double value_ns = (double)latency->quantile[curve_marks_series[i].kind].value_ns;

		if (!(value_ns > 0))
			continue;
		range->least_ns = range->least_ns > 0 ? fmin(range->least_ns, value_ns) : value_ns;
		range->most_ns = fmax(range->most_ns, value_ns);
	}
}

static bool within_reach(const struct range *range, double value_ns)
{
	return !(range->most_ns > 0) || (value_ns <= range->most_ns * THRESHOLD_REACH &&
						value_ns >= range->least_ns / THRESHOLD_REACH);
}

static void init_axes(struct curve *curve)
{
	struct range measured = {0, 0, 0}, range;
	size_t kept = 0;

	for (size_t i = 0; i < curve->record->trial_count; i++)
		take_range(&measured, &curve->record->trials[i]);
	if (curve->record->answer.has_lower)
		measured.highest_rps = fmax(measured.highest_rps, curve->record->answer.lower_rps);
	if (curve->record->answer.has_upper)
		measured.highest_rps = fmax(measured.highest_rps, curve->record->answer.upper_rps);
	range = measured;
	for (size_t i = 0; i < curve->goals.count; i++) {
		double value_ns = curve->goals.items[i].value;

		if (!within_reach(&measured, value_ns))
			continue;
		range.least_ns = range.least_ns > 0 ? fmin(range.least_ns, value_ns) : value_ns;
		range.most_ns = fmax(range.most_ns, value_ns);
		curve->goals.items[kept++] = curve->goals.items[i];
	}
	curve->goals.count = kept;
	curve_axis_init_linear(&curve->load, range.highest_rps, LEFT, RIGHT);
	curve_axis_init_log(&curve->latency, range.least_ns, range.most_ns, BOTTOM, TOP);
}

/* --- the page --- */

static void write_description(const struct curve *curve, struct buf *out)
{
	char safe[UNITS_TEXT_BYTES];
	struct buf answer = {0};

	search_answer_headline(curve->record, &answer);
	buf_text(out, "<title id=\"title\">Latency against load: ");
	xml_text(out, buf_string(&answer), SIZE_MAX, SIZE_MAX);
	buf_text(out, "</title>\n<desc id=\"desc\">p50, p95 and p99 of ");
	buf_printf(out, "%zu trial%s of ", curve->record->trial_count,
		curve->record->trial_count == 1 ? "" : "s");
	xml_text(out, curve->record->url, SIZE_MAX, SIZE_MAX);
	buf_text(out, " against the requests a second that were asked.");
	if (curve->record->answer.has_lower)
		buf_printf(out, " Safe capacity: %s requests/s.",
			units_format_rate(safe, search_answer_safe(curve->record)));
	buf_text(out, "</desc>\n");
	buf_printf(out, "<style>\n%s</style>\n", style);
	buf_text(out, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
	buf_printf(out, "<text class=\"head\" x=\"%d\" y=\"%d\">", LEFT, HEADLINE_Y);
	cut_text(out, buf_string(&answer), HEADLINE_LETTERS);
	buf_text(out, "</text>\n");
	out->failed |= answer.failed;
	buf_release(&answer);
}

static void write_head(const struct curve *curve, struct buf *out)
{
	int height = HEIGHT + curve_scaling_height(curve->record);
	struct buf subtitle = {0};

	buf_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"title desc\">\n",
		WIDTH, height, WIDTH, height);
	write_description(curve, out);
	buf_printf(&subtitle, "%s", curve->record->url);
	for (size_t i = 0; i < curve->record->goal.threshold_count; i++)
		buf_printf(&subtitle, "%s%s",
			i ? ", " : "; asked: ", curve->record->goal.thresholds[i]);
	buf_printf(out, "<text x=\"%d\" y=\"%d\">", LEFT, SUBTITLE_Y);
	cut_text(out, buf_string(&subtitle), SUBTITLE_LETTERS);
	buf_text(out, "</text>\n");
	out->failed |= subtitle.failed;
	buf_release(&subtitle);
}

/* "200 µs", "5 ms": a tick has one digit and zeros. */
static char *format_tick(char text[UNITS_TEXT_BYTES], double value_ns)
{
	static const char *const units[] = {"ns", "µs", "ms", "s"};
	size_t unit = 0;

	while (unit + 1 < sizeof(units) / sizeof(*units) && value_ns >= 1000 * (1 - 1e-9)) {
		value_ns /= 1000;
		unit++;
	}
	snprintf(text, UNITS_TEXT_BYTES, "%g %s", value_ns, units[unit]);
	return text;
}

static void write_axes(const struct curve *curve, struct buf *out)
{
	double ticks[CURVE_AXIS_TICKS];
	size_t count = curve_axis_ticks(&curve->latency, ticks);
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < count; i++) {
		double y = curve_axis_at(&curve->latency, ticks[i]);

		buf_printf(out,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, y, RIGHT, LEFT - 8, y + 4, format_tick(text, ticks[i]));
	}
	count = curve_axis_ticks(&curve->load, ticks);
	for (size_t i = 0; i < count; i++) {
		double x = curve_axis_at(&curve->load, ticks[i]);

		buf_printf(out,
			"<path class=\"axis\" d=\"M%.1f %dv%d\"/><text x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%s</text>\n",
			x, BOTTOM, TICK, x, BOTTOM + 21, units_format_rate(text, ticks[i]));
	}
	buf_printf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, BOTTOM, RIGHT);
	buf_printf(out,
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">requests a second, as "
		"asked</text>\n",
		(LEFT + RIGHT) / 2, BOTTOM + 42);
	buf_printf(out,
		"<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">latency, "
		"since a request was due</text>\n",
		(TOP + BOTTOM) / 2);
}

/* A label with its middle at x, or as near to it as the picture allows. */
static void write_label(struct buf *out, const char *class, const char *text, double x, int y)
{
	double half = (double)xml_characters(text, strlen(text)) * LETTER_PX / 2;

	x = fmin(fmax(x, LEFT + half), RIGHT - half);
	buf_printf(
		out, "<text class=\"%s\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", class, x, y);
	xml_text(out, text, SIZE_MAX, SIZE_MAX);
	buf_text(out, "</text>\n");
}

static void write_bound(struct buf *out, double x)
{
	buf_printf(out, "<path class=\"bound\" d=\"M%.1f %dV%d\"/>\n", x, TOP, BOTTOM);
}

/* One bound alone: a line, and what it means. */
static void write_single_bound(const struct curve *curve, struct buf *out)
{
	const char *what = curve->record->answer.kind == SEARCH_GENERATOR_LIMIT
				   ? "generator's own limit:"
			   : curve->record->answer.has_lower ? "passes at"
							     : "fails at";
	double rps = curve->record->answer.has_lower ? curve->record->answer.lower_rps
						     : curve->record->answer.upper_rps;
	double x = curve_axis_at(&curve->load, rps);
	char rate[UNITS_TEXT_BYTES], text[UNITS_TEXT_BYTES + 40];

	units_format_rate(rate, rps);
	snprintf(text, sizeof(text), "%s %s/s", what, rate);
	write_bound(out, x);
	write_label(out, "interval", text, x, BOUND_Y);
}

static void write_interval(const struct curve *curve, struct buf *out)
{
	double from = curve_axis_at(&curve->load, curve->record->answer.lower_rps);
	double to = curve_axis_at(&curve->load, curve->record->answer.upper_rps);
	char lower[UNITS_TEXT_BYTES], upper[UNITS_TEXT_BYTES], text[2 * UNITS_TEXT_BYTES + 8];

	buf_printf(out, "<rect class=\"band\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
		from, TOP, fmax(to - from, THINNEST_BAND), BOTTOM - TOP);
	write_bound(out, from);
	write_bound(out, to);
	snprintf(text, sizeof(text), "%s to %s/s",
		units_format_rate(lower, curve->record->answer.lower_rps),
		units_format_rate(upper, curve->record->answer.upper_rps));
	write_label(out, "interval", text, (from + to) / 2, BOUND_Y);
}

static void write_safe(const struct curve *curve, struct buf *out)
{
	double rps = search_answer_safe(curve->record);
	double x = curve_axis_at(&curve->load, rps);
	char rate[UNITS_TEXT_BYTES], text[UNITS_TEXT_BYTES + 16];

	snprintf(text, sizeof(text), "safe: %s/s", units_format_rate(rate, rps));
	buf_printf(out, "<path class=\"safe\" d=\"M%.1f %dV%d\"/>\n", x, TOP - 18, BOTTOM);
	write_label(out, "safe", text, x, SAFE_Y);
}

static void write_answer(const struct curve *curve, struct buf *out)
{
	if (curve->record->answer.has_lower && curve->record->answer.has_upper)
		write_interval(curve, out);
	else if (curve->record->answer.has_lower || curve->record->answer.has_upper)
		write_single_bound(curve, out);
	if (curve->record->answer.has_lower)
		write_safe(curve, out);
}

static void write_goals(const struct curve *curve, struct buf *out)
{
	double last_y = 0;
	int x = LEFT + 6;

	for (size_t i = 0; i < curve->goals.count; i++) {
		const struct threshold *goal = &curve->goals.items[i];
		const char *class = curve_marks_class(goal->name);
		double y = curve_axis_at(&curve->latency, goal->value);

		/* Beside the one before, where it would stand on it. */
		x = i && fabs(y - last_y) < LABEL_GAP ? x + LABEL_SHIFT : LEFT + 6;
		last_y = y;
		buf_printf(out,
			"<path class=\"goal %s\" d=\"M%d %.1fH%d\"/><text class=\"%s\" x=\"%d\" "
			"y=\"%.1f\">",
			class, LEFT, y, RIGHT, class, x, y - 4);
		xml_text(out, goal->expression, SIZE_MAX, SIZE_MAX);
		buf_text(out, "</text>\n");
	}
}

static void write_foot(const struct curve *curve, struct buf *out)
{
	int height = HEIGHT + curve_scaling_height(curve->record);

	if (!curve->record->trial_count)
		buf_printf(out,
			"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">no trial was made</text>\n",
			(LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2);
	buf_printf(
		out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">ringload ", RIGHT, height - 12);
	xml_text(out, curve->record->tool_version, SIZE_MAX, SIZE_MAX);
	buf_text(out, ", ");
	xml_text(out, curve->record->started_at, SIZE_MAX, SIZE_MAX);
	buf_text(out, "</text>\n</svg>\n");
}

void curve_svg(const struct search_record *record, struct buf *out)
{
	struct curve curve = {.record = record, .sorted = search_trials_sorted(record)};
	struct curve_marks marks = {.record = record,
		.sorted = curve.sorted,
		.load = &curve.load,
		.latency = &curve.latency};

	if (!curve.sorted) {
		out->failed = true;
		return;
	}
	take_goals(&curve);
	init_axes(&curve);
	write_head(&curve, out);
	curve_marks_legend(&marks, LEFT, LEGEND_Y, out);
	write_axes(&curve, out);
	write_answer(&curve, out);
	write_goals(&curve, out);
	curve_marks_lines(&marks, out);
	curve_marks_trials(&marks, out);
	curve_scaling_panel(record, LEFT, RIGHT, HEIGHT - FOOT, out);
	write_foot(&curve, out);
	threshold_list_release(&curve.goals);
	free(curve.sorted);
}
