/* SPDX-License-Identifier: MIT */
#include "report/stability.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "report/layout.h"
#include "report/seconds.h"

static const char *const names[RESULT_STABILITY_COUNT] = {
	[RESULT_RESTARTS] = "restarts",
	[RESULT_ERROR_VARIATION] = "error rate",
	[RESULT_RATE_VARIATION] = "rate",
};

/* A stored file may hold any number. */
static uint64_t whole(double value)
{
	return value < 1 ? 0 : value < 1e15 ? (uint64_t)value : (uint64_t)1e15;
}

/* first: nothing stands before it in the row. */
static void say_value(bool first, enum result_stability_kind kind,
	const struct result_stability_criterion *criterion, struct buf *text)
{
	uint64_t restarts = whole(criterion->value);
	char value[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES];

	if (kind == RESULT_RESTARTS) {
		buf_printf(text, "%s restart%s", units_format_count(value, restarts),
			restarts == 1 ? "" : "s");
		return;
	}
	buf_printf(text, "%s%s by %s", names[kind], first ? " varies" : "",
		units_format_share(value, criterion->value));
	if (criterion->verdict == RESULT_UNSTABLE)
		buf_printf(text, " (%s allowed)", units_format_share(bound, criterion->bound));
}

/* What is known, in a row. */
static void say_known(const struct result_stability *stability, struct buf *text)
{
	static const enum result_stability_kind order[RESULT_STABILITY_COUNT] = {
		RESULT_ERROR_VARIATION, RESULT_RATE_VARIATION, RESULT_RESTARTS};
	bool first = true;

	for (size_t i = 0; i < RESULT_STABILITY_COUNT; i++) {
		const struct result_stability_criterion *criterion = &stability->criteria[order[i]];

		if (criterion->verdict == RESULT_STABILITY_UNKNOWN)
			continue;
		buf_text(text, first ? "" : ", ");
		say_value(first, order[i], criterion, text);
		first = false;
	}
	if (!first && stability->criteria[RESULT_RESTARTS].verdict == RESULT_STABILITY_UNKNOWN)
		buf_text(text, "; restarts unknown");
}

static bool same_reason(const struct result_stability *stability)
{
	const char *errors = stability->criteria[RESULT_ERROR_VARIATION].reason;
	const char *rate = stability->criteria[RESULT_RATE_VARIATION].reason;

	return errors && rate && !strcmp(errors, rate);
}

/* Why errors or rate are unknown; the reason that restarts are stands with the resources. */
static void write_unknown(const struct result_stability *stability, const char *label,
	const char *before, struct buf *out)
{
	for (unsigned int i = RESULT_ERROR_VARIATION; i <= RESULT_RATE_VARIATION; i++) {
		const char *reason = stability->criteria[i].reason;

		if (!reason)
			continue;
		if (same_reason(stability)) {
			layout_entryf(out, label, "%s: %s",
				*before ? "unknown" : "error rate and rate unknown", reason);
			return;
		}
		layout_entryf(out, label, "%s%s%s: %s", before, names[i], *before ? "" : " unknown",
			reason);
		label = before = "";
	}
}

void stability_line(const struct result_stability *stability, struct buf *out)
{
	double seconds = (double)stability->intervals * stability->interval_s;
	bool unknown = stability->verdict == RESULT_STABILITY_UNKNOWN;
	char over[UNITS_TEXT_BYTES];
	struct buf text = {0};

	if (!stability->judged)
		return;
	say_known(stability, &text);
	if (unknown) {
		write_unknown(stability, "stability", "unknown: ", out);
		if (text.length_bytes)
			layout_entry(out, "", buf_string(&text));
	} else {
		layout_entryf(out, "stability", "%s over %s: %s",
			stability->verdict == RESULT_STABLE ? "stable" : "UNSTABLE",
			seconds_rounded(over, seconds), buf_string(&text));
		write_unknown(stability, "", "", out);
	}
	out->failed |= text.failed;
	buf_release(&text);
}
