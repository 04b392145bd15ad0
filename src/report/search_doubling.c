/* SPDX-License-Identifier: MIT */
#include "report/search_doubling.h"

#include "base/units.h"
#include "report/layout.h"

/* "p50 +12.0 %", "p50 -3.00 %", "p99 24 times as much". */
static void say_growth(const char *name, double growth, struct buf *line)
{
	char text[UNITS_TEXT_BYTES];

	if (growth >= UNITS_GROWTH_TIMES)
		buf_printf(line, "%s %s times as much", name, units_format_times(text, 1 + growth));
	else
		buf_printf(line, "%s %s%s", name, growth < 0 ? "-" : "+",
			units_format_share(text, growth < 0 ? -growth : growth));
}

void search_doubling_entry(const struct search_record *record, struct buf *out)
{
	const struct search_doubling *doubling = &record->doubling;
	char from[UNITS_TEXT_BYTES], to[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES];
	struct buf line = {0};

	if (!doubling->judged)
		return;
	if (!doubling->has_growth) {
		layout_entryf(out, "doubled load", "unknown: %s", doubling->reason);
		return;
	}
	units_format_rate(from, doubling->from_rps);
	units_format_rate(to, doubling->to_rps);
	buf_printf(&line, "%s from %s to %s/s: ",
		doubling->verdict == RESULT_STABLE     ? "stable"
		: doubling->verdict == RESULT_UNSTABLE ? "UNSTABLE"
						       : "not sure",
		from, to);
	say_growth("p50", doubling->p50_growth, &line);
	say_growth(", p99", doubling->p99_growth, &line);
	if (doubling->verdict != RESULT_STABLE)
		buf_printf(&line, " (%s allowed)", units_format_share(bound, doubling->bound));
	if (doubling->reason)
		buf_printf(&line, "; %s", doubling->reason);
	layout_entry(out, "doubled load", buf_string(&line));
	out->failed |= line.failed;
	buf_release(&line);
}
