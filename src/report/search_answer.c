/* SPDX-License-Identifier: MIT */
#include "report/search_answer.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "analysis/gone.h"
#include "base/units.h"
#include "report/layout.h"
#include "report/seconds.h"

/* The two bounds as texts, and which there are. */
struct bounds {
	bool lower, upper;
	char from[UNITS_TEXT_BYTES], to[UNITS_TEXT_BYTES];
};

static void bounds_init(struct bounds *bounds, const struct search_record *record)
{
	bounds->lower = record->answer.has_lower;
	bounds->upper = record->answer.has_upper;
	units_format_rate(bounds->from, record->answer.lower_rps);
	units_format_rate(bounds->to, record->answer.upper_rps);
}

/* Where the breaking point lies, as far as the bounds tell. */
static void write_place(struct buf *out, const struct bounds *bounds, const char *nothing)
{
	if (bounds->lower && bounds->upper)
		buf_printf(out, "between %s and %s requests/s", bounds->from, bounds->to);
	else if (bounds->lower)
		buf_printf(out, "above %s requests/s", bounds->from);
	else if (bounds->upper)
		buf_printf(out, "below %s requests/s", bounds->to);
	else
		buf_text(out, nothing);
}

void search_answer_headline(const struct search_record *record, struct buf *out)
{
	struct bounds bounds;
	size_t gone;

	bounds_init(&bounds, record);
	if (record->interrupted)
		buf_text(out, "interrupted; so far ");
	switch (record->answer.kind) {
	case SEARCH_GENERATOR_LIMIT:
		if (bounds.lower)
			buf_printf(out, "not found: this generator's own limit is %s requests/s",
				bounds.from);
		else
			buf_text(out, "not found: this generator could not keep its schedule at "
				      "the rates that were tried");
		break;
	case SEARCH_ABOVE_HIGHEST:
		write_place(out, &bounds, "not found: nothing failed");
		if (bounds.lower)
			buf_text(out, ", the highest rate that was tried");
		break;
	case SEARCH_BELOW_LOWEST:
		write_place(out, &bounds, "not found: nothing passed");
		if (bounds.upper && !bounds.lower)
			buf_text(out, ", the lowest rate that was tried");
		break;
	case SEARCH_UNDECIDED:
		if (!record->interrupted)
			buf_text(out, "not decided: ");
		if (!record->interrupted && gone_ends(record, &gone))
			buf_printf(out, "the server went away after trial %zu had begun; so far ",
				gone + 1);
		write_place(out, &bounds, "no trial said enough");
		break;
	default:
		write_place(out, &bounds, "not found");
		break;
	}
}

/* With a line below it, as it is what all was made for. */
static void write_headline(const struct search_record *record, struct buf *out)
{
	struct buf sentence = {0};
	size_t width;

	search_answer_headline(record, &sentence);
	width = layout_width(buf_string(&sentence));
	if (width > LAYOUT_COLUMNS - LAYOUT_INDENT)
		width = LAYOUT_COLUMNS - LAYOUT_INDENT;
	layout_entry(out, "answer", buf_string(&sentence));
	buf_fill(out, ' ', LAYOUT_INDENT);
	buf_fill(out, '=', width);
	buf_text(out, "\n");
	out->failed |= sentence.failed;
	buf_release(&sentence);
}

/* The trials a bound rests on. */
struct basis {
	const size_t *trials;
	size_t count;
	enum search_verdict verdict; /* that they are there for */
	const char *verb;            /* "passed" */
	bool confirmed;
};

static size_t count_verdicts(const struct search_record *record, const struct basis *basis)
{
	size_t count = 0;

	for (size_t i = 0; i < basis->count; i++)
		count += record->trials[basis->trials[i]].verdict == basis->verdict;
	return count;
}

static double longest_s(const struct search_record *record, const struct basis *basis)
{
	double longest = 0;

	for (size_t i = 0; i < basis->count; i++)
		if (record->trials[basis->trials[i]].duration_s > longest)
			longest = record->trials[basis->trials[i]].duration_s;
	return longest;
}

/* Long trials decide nothing where they disagree, or where another failed shortly before. */
static const char *confirmation(const struct search_record *record, const struct basis *basis)
{
	if (basis->confirmed)
		return ", confirmed";
	for (size_t i = 0; i < basis->count; i++)
		if (record->trials[basis->trials[i]].stage == SEARCH_CONFIRM)
			return ", not confirmed: its long trials do not decide it (too few, or "
			       "soon after another that failed)";
	return ", not confirmed by a long trial";
}

/* "passes at 11,890/s: 3 of 3 trials passed, the longest 20s, confirmed; reason" */
static void write_basis(const struct search_record *record, const char *what,
	const struct basis *basis, const char *reason, struct buf *out)
{
	char text[UNITS_TEXT_BYTES];
	struct buf line = {0};

	buf_printf(&line, "%s/s", what);
	if (basis->count)
		buf_printf(&line, ": %zu of %zu trial%s %s, the longest %s",
			count_verdicts(record, basis), basis->count, basis->count == 1 ? "" : "s",
			basis->verb, seconds_asked(text, longest_s(record, basis)));
	/* A ladder has one trial at each load. */
	if (!record->goal.rung_count)
		buf_text(&line, confirmation(record, basis));
	if (reason)
		buf_printf(&line, "; %s", reason);
	layout_entry(out, "", buf_string(&line));
	out->failed |= line.failed;
	buf_release(&line);
}

static void write_bounds(const struct search_record *record, struct buf *out)
{
	const struct search_trial *broken = search_record_broken(record);
	const struct basis lower = {record->answer.lower_trials, record->answer.lower_trial_count,
		SEARCH_PASS, "passed", record->answer.lower_confirmed};
	const struct basis upper = {record->answer.upper_trials, record->answer.upper_trial_count,
		SEARCH_FAIL, "failed", record->answer.upper_confirmed};
	char what[UNITS_TEXT_BYTES + 16];
	struct bounds bounds;

	bounds_init(&bounds, record);
	if (bounds.lower) {
		snprintf(what, sizeof(what), "passes at %s", bounds.from);
		write_basis(record, what, &lower, NULL, out);
	}
	if (bounds.upper) {
		snprintf(what, sizeof(what), "fails at %s", bounds.to);
		write_basis(record, what, &upper, broken ? broken->reason : NULL, out);
	}
}

/* How near the bounds are to each other, against what was asked. */
static void write_width(const struct search_record *record, struct buf *out)
{
	double lower_rps = record->answer.lower_rps, upper_rps = record->answer.upper_rps;
	double share = (upper_rps - lower_rps) / upper_rps;
	double wanted_percent = 100 * record->goal.precision;
	char width[UNITS_TEXT_BYTES];

	if (!record->answer.has_lower || !record->answer.has_upper || lower_rps > upper_rps)
		return;
	units_format_share(width, share);
	if (!(record->goal.precision > 0))
		layout_entryf(out, "", "%s wide", width);
	else if (record->answer.precise)
		layout_entryf(
			out, "", "%s wide, as precise as asked (%g %%)", width, wanted_percent);
	else if (share <= record->goal.precision)
		layout_entryf(out, "", "%s wide, as narrow as asked (%g %%), but not yet sure",
			width, wanted_percent);
	else
		layout_entryf(
			out, "", "%s wide, less precise than asked (%g %%)", width, wanted_percent);
}

static void write_limits(const struct search_record *record, struct buf *out)
{
	switch (record->answer.kind) {
	case SEARCH_GENERATOR_LIMIT:
		layout_entry(out, "",
			record->answer.has_lower
				? "what the server bears beyond that is not known: the generator "
				  "could not drive it, which says nothing of the server"
				: "nothing is known of the server: the generator itself was late; "
				  "ringload doctor tells what this machine takes from it, ringload "
				  "calibrate what it can generate");
		break;
	case SEARCH_ABOVE_HIGHEST:
		layout_entry(out, "", "nothing failed; ask for more to find what it bears");
		break;
	case SEARCH_BELOW_LOWEST:
		layout_entry(out, "",
			"nothing passed; begin lower, or ask whether the thresholds can be met");
		break;
	default:
		break;
	}
}

double search_answer_safe(const struct search_record *record)
{
	double safe_rps = SEARCH_SAFE_SHARE * record->answer.lower_rps;

	return safe_rps >= 100 ? floor(safe_rps) : safe_rps;
}

static void write_safe(const struct search_record *record, const char *label, struct buf *out)
{
	char safe[UNITS_TEXT_BYTES], lower[UNITS_TEXT_BYTES];

	if (!record->answer.has_lower)
		return;
	units_format_rate(lower, record->answer.lower_rps);
	units_format_rate(safe, search_answer_safe(record));
	layout_entryf(
		out, label, "%s requests/s (%g %% of %s)", safe, 100 * SEARCH_SAFE_SHARE, lower);
}

void search_answer_entries(const struct search_record *record, struct buf *out)
{
	buf_text(out, "\n");
	write_headline(record, out);
	write_bounds(record, out);
	write_width(record, out);
	write_limits(record, out);
	write_safe(record, "safe", out);
}

void search_answer_again(const struct search_record *record, struct buf *out)
{
	struct buf sentence = {0};

	search_answer_headline(record, &sentence);
	buf_text(out, "\n");
	layout_entry(out, "answer", buf_string(&sentence));
	write_safe(record, "safe", out);
	out->failed |= sentence.failed;
	buf_release(&sentence);
}
