/* SPDX-License-Identifier: MIT */
#include "report/live.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/layout.h"

/* A field between two others. */
#define SEPARATOR "  "

/* Appends the field if the line has room for all of it; once one had none, nothing follows. */
struct line {
	struct buf *out;
	size_t columns, used;
	bool full;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...)
{
	char text[128];
	va_list arguments;
	size_t width;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	width = layout_width(text) + (line->used ? sizeof(SEPARATOR) - 1 : 0);
	if (line->full || line->used + width > line->columns) {
		line->full = true;
		return;
	}
	buf_printf(line->out, "%s%s", line->used ? SEPARATOR : "", text);
	line->used += width;
}

static void add_time(struct line *line, uint64_t seconds, const char *what)
{
	if (seconds < 100)
		add(line, "%us%s", (unsigned int)seconds, what);
	else if (seconds < 3600)
		add(line, "%um%02us%s", (unsigned int)(seconds / 60), (unsigned int)(seconds % 60),
			what);
	else
		add(line, "%uh%02um%s", (unsigned int)(seconds / 3600),
			(unsigned int)(seconds / 60 % 60), what);
}

/* How long it will go on, or where that is not known, how long it has. */
static void add_clock(struct line *line, const struct live_view *view)
{
	/* Rounded up: the last one shown is 1 s. */
	if (view->has_left && view->state != LIVE_DRAINING)
		add_time(line, (view->left_ns + NS_PER_S - 1) / NS_PER_S, " left");
	else
		add_time(line, view->elapsed_ns / NS_PER_S, "");
}

static void add_interval(struct line *line, const struct live_view *view)
{
	const struct timeline_interval *interval = view->interval;
	uint64_t length_ns = interval->end_ns - interval->begin_ns;
	double rate = length_ns ? (double)interval->completed * (double)NS_PER_S / (double)length_ns
				: 0;
	char text[UNITS_TEXT_BYTES], asked[UNITS_TEXT_BYTES];

	/* Digits beyond the first three only flicker. */
	if (rate >= 1000)
		rate = (double)(uint64_t)(rate + 0.5);
	if (view->asked_rps > 0)
		add(line, "%s of %s/s", units_format_rate(text, rate),
			units_format_rate(asked, view->asked_rps));
	else
		add(line, "%s/s", units_format_rate(text, rate));
	if (interval->max_ns)
		add(line, "p99 %s%s", interval->p99.lower_bound ? "≥ " : "",
			units_format_duration(text, interval->p99.value_ns));
	else
		add(line, "p99 -");
	add(line, "%s errors", units_format_count(text, interval->errors));
	add(line, "%s in flight", units_format_count(text, interval->in_flight));
	add(line, "%s waiting", units_format_count(text, interval->waiting));
}

void live_line(const struct live_view *view, size_t columns, struct buf *out)
{
	static const char *const states[LIVE_STATE_COUNT] = {
		[LIVE_CONNECTING] = "connecting",
		[LIVE_WARMUP] = "warm-up",
		[LIVE_DRAINING] = "draining",
	};
	struct line line = {.out = out, .columns = columns < 20 ? 20 : columns};
	char established[UNITS_TEXT_BYTES], connections[UNITS_TEXT_BYTES];

	/* Measuring is what it does most of the time: the line fits 80 columns without the word. */
	if (view->interrupted || view->state != LIVE_MEASURING)
		add(&line, "%s", view->interrupted ? "stopping" : states[view->state]);
	if (view->state == LIVE_CONNECTING) {
		add(&line, "%s of %s connections",
			units_format_count(established, view->connections_established),
			units_format_count(connections, view->connections));
		return;
	}
	add_clock(&line, view);
	if (view->interval)
		add_interval(&line, view);
	if (view->interrupted)
		add(&line, "(Ctrl-C again to stop at once)");
}
