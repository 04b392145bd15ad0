/* SPDX-License-Identifier: MIT */
#include "report/curve_scaling.h"

#include <math.h>
#include <stdint.h>

#include "analysis/usl.h"
#include "base/units.h"
#include "report/curve_axis.h"
#include "report/xml.h"

enum places {
	PANEL = 320,
	HEAD_Y = 22,
	PLOT_TOP = 44,
	PLOT_BOTTOM = PANEL - 52,
	TICK = 5,
	RADIUS = 4
};

/* Points of the line. */
#define STEPS 96

struct panel {
	const struct search_record *record;
	struct usl_law law;
	int left, right, top;
	struct curve_axis in_flight, rps;
};

/* Also of what was stored, which may be anything. */
static bool is_drawn(const struct search_usl *usl)
{
	return usl->status == SEARCH_USL_FITTED && usl->level_count >= USL_FEWEST;
}

int curve_scaling_height(const struct search_record *record)
{
	return is_drawn(&record->usl) ? PANEL : 0;
}

static double highest(const struct panel *panel, double concurrency)
{
	const struct search_record *record = panel->record;
	double peak = usl_peak(&panel->law), rps = 0;

	for (size_t i = 0; i < record->usl.level_count; i++)
		rps = fmax(rps, record->usl.levels[i].rps);
	rps = fmax(rps, usl_rps(&panel->law, fmin(peak, concurrency)));
	return record->answer.has_upper ? fmax(rps, record->answer.upper_rps) : rps;
}

static void write_axes(const struct panel *panel, struct buf *out)
{
	double ticks[CURVE_AXIS_TICKS];
	size_t count = curve_axis_ticks(&panel->rps, ticks);
	int bottom = panel->top + PLOT_BOTTOM;
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < count; i++) {
		double y = curve_axis_at(&panel->rps, ticks[i]);

		buf_printf(out,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			panel->left, y, panel->right, panel->left - 8, y + 4,
			units_format_rate(text, ticks[i]));
	}
	count = curve_axis_ticks(&panel->in_flight, ticks);
	for (size_t i = 0; i < count; i++) {
		double x = curve_axis_at(&panel->in_flight, ticks[i]);

		buf_printf(out,
			"<path class=\"axis\" d=\"M%.1f %dv%d\"/><text x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%s</text>\n",
			x, bottom, TICK, x, bottom + 21, units_format_rate(text, ticks[i]));
	}
	buf_printf(
		out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", panel->left, bottom, panel->right);
	buf_printf(out,
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">requests in flight, in the "
		"service</text>\n",
		(panel->left + panel->right) / 2, bottom + 42);
}

/* What was measured as the limit, from the edge to the edge. */
static void write_interval(const struct panel *panel, struct buf *out)
{
	double lower, upper;

	if (!panel->record->answer.has_lower || !panel->record->answer.has_upper)
		return;
	lower = curve_axis_at(&panel->rps, panel->record->answer.lower_rps);
	upper = curve_axis_at(&panel->rps, panel->record->answer.upper_rps);
	buf_printf(out, "<rect class=\"band\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n",
		panel->left, upper, panel->right - panel->left, fmax(lower - upper, 2));
}

static void write_line(const struct panel *panel, double most, struct buf *out)
{
	buf_text(out, "<polyline class=\"p50 line\" points=\"");
	for (unsigned int i = 0; i <= STEPS; i++) {
		double concurrency = 1 + (most - 1) * i / STEPS;

		buf_printf(out, " %.1f,%.1f", curve_axis_at(&panel->in_flight, concurrency),
			curve_axis_at(&panel->rps, usl_rps(&panel->law, concurrency)));
	}
	buf_text(out, "\"/>\n");
}

static void write_rate(double rps, struct buf *out)
{
	char text[UNITS_TEXT_BYTES];

	/* A small one begins with "<". */
	xml_text(out, units_format_rate(text, rps), SIZE_MAX, SIZE_MAX);
}

static void write_dots(const struct panel *panel, struct buf *out)
{
	const struct search_usl *usl = &panel->record->usl;

	for (size_t i = 0; i < usl->level_count; i++) {
		const struct search_usl_level *level = &usl->levels[i];

		buf_printf(out,
			"<circle class=\"p50\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>%.1f in "
			"flight: ",
			curve_axis_at(&panel->in_flight, level->concurrency),
			curve_axis_at(&panel->rps, level->rps), RADIUS, level->concurrency);
		write_rate(level->rps, out);
		buf_text(out, "/s, by the law ");
		write_rate(usl_rps(&panel->law, level->concurrency), out);
		buf_text(out, "/s</title></circle>\n");
	}
}

void curve_scaling_panel(
	const struct search_record *record, int left, int right, int top, struct buf *out)
{
	const struct search_usl *usl = &record->usl;
	struct panel panel = {.record = record,
		.law = {usl->lambda_rps, usl->sigma, usl->kappa},
		.left = left,
		.right = right,
		.top = top};
	double most;

	if (!is_drawn(usl))
		return;
	most = usl->levels[usl->level_count - 1].concurrency;
	curve_axis_init_linear(&panel.in_flight, most, left, right);
	curve_axis_init_linear(
		&panel.rps, highest(&panel, most), top + PLOT_BOTTOM, top + PLOT_TOP);
	buf_printf(out,
		"<text x=\"%d\" y=\"%d\">completed a second: measured (dots), and by the Universal "
		"Scalability Law (line, sigma %.3g, kappa %.3g)</text>\n",
		left, top + HEAD_Y, usl->sigma, usl->kappa);
	write_axes(&panel, out);
	write_interval(&panel, out);
	write_line(&panel, most, out);
	write_dots(&panel, out);
}
