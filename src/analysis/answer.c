/* SPDX-License-Identifier: MIT */
#include "analysis/answer.h"

#include "analysis/gone.h"
#include "base/units.h"

void answer_bounds(const struct search_record *record, struct buf *out)
{
	char lower[UNITS_TEXT_BYTES], upper[UNITS_TEXT_BYTES];

	units_format_rate(lower, record->answer.lower_rps);
	units_format_rate(upper, record->answer.upper_rps);
	if (record->answer.has_lower && record->answer.has_upper)
		buf_printf(out, "between %s and %s/s", lower, upper);
	else if (record->answer.has_lower)
		buf_printf(out, "above %s/s", lower);
	else if (record->answer.has_upper)
		buf_printf(out, "below %s/s", upper);
}

/* The lowest load above the lower bound that the generator could not drive; 0: there is none. */
static double not_driven(const struct search_record *record)
{
	double lower_rps = record->answer.has_lower ? record->answer.lower_rps : 0, lowest_rps = 0;

	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];

		if (trial->verdict != SEARCH_GENERATOR || trial->rps <= lower_rps)
			continue;
		if (!(lowest_rps > 0) || trial->rps < lowest_rps)
			lowest_rps = trial->rps;
	}
	return lowest_rps;
}

/* ": p95 was 412 ms, p95<200ms was asked", of the lowest load that failed. */
static void why(const struct search_record *record, struct buf *out)
{
	const struct search_trial *broken = search_record_broken(record);

	if (broken && broken->reason)
		buf_printf(out, ": %s", broken->reason);
}

/*
 * Bounds are the loads that are surest (bounds.h), and not the highest of which a trial passed and
 * the lowest of which one failed: those between them are told. passed_rps, failed_rps: 0: none.
 */
static void between_bounds(
	const struct search_record *record, double *passed_rps, double *failed_rps)
{
	*passed_rps = *failed_rps = 0;
	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];

		if (trial->stage == SEARCH_EXPLAIN || trial->rps <= record->answer.lower_rps ||
			trial->rps >= record->answer.upper_rps)
			continue;
		if (trial->verdict == SEARCH_PASS && trial->rps > *passed_rps)
			*passed_rps = trial->rps;
		if (trial->verdict == SEARCH_FAIL && (*failed_rps <= 0 || trial->rps < *failed_rps))
			*failed_rps = trial->rps;
	}
}

static void less_sure(const char *what, double rps, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES];

	if (rps > 0)
		buf_printf(out, " (trials %s %s/s, which is less sure)", what,
			units_format_rate(rate, rps));
}

static void found(const struct search_record *record, struct buf *out)
{
	char lower[UNITS_TEXT_BYTES], upper[UNITS_TEXT_BYTES], width[UNITS_TEXT_BYTES];
	double share = 1 - record->answer.lower_rps / record->answer.upper_rps;
	bool narrow = share <= record->goal.precision;
	double passed_rps, failed_rps;

	between_bounds(record, &passed_rps, &failed_rps);
	units_format_rate(lower, record->answer.lower_rps);
	units_format_rate(upper, record->answer.upper_rps);
	buf_printf(out, "%sbetween %s and %s requests a second (%s wide",
		record->interrupted ? "interrupted, so far " : "", lower, upper,
		units_format_share(width, share));
	if (!record->answer.precise && !record->interrupted && !record->goal.rung_count)
		buf_printf(out, ", %s %s%s: that takes more --budget",
			narrow ? "within the" : "asked were",
			units_format_share(width, record->goal.precision),
			narrow ? " asked, but not yet sure" : "");
	buf_text(out, "): the first was borne");
	less_sure("passed at up to", passed_rps, out);
	buf_text(out, ", at the second it failed");
	less_sure("failed from", failed_rps, out);
	why(record, out);
}

static void generator_limit(const struct search_record *record, struct buf *out)
{
	double could_not_rps = not_driven(record);
	char could[UNITS_TEXT_BYTES], could_not[UNITS_TEXT_BYTES];

	units_format_rate(could, record->answer.lower_rps);
	units_format_rate(could_not, could_not_rps);
	if (!record->answer.has_lower) {
		buf_printf(out,
			"not found: this generator could not keep its schedule at the loads that "
			"were tried, from %s requests a second up: nothing is known of the server",
			could_not);
		return;
	}
	buf_text(out, "not found: this generator's own limit is ");
	if (could_not_rps > 0)
		buf_printf(out,
			"%s requests a second; it could not drive %s, which says nothing of the "
			"server",
			could, could_not);
	else
		buf_printf(out, "about %s requests a second", could);
}

static void undecided(const struct search_record *record, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES];
	size_t first;

	if (record->interrupted)
		buf_text(out, "interrupted before it was found");
	else if (gone_ends(record, &first))
		buf_printf(out,
			"not found: the server went away after trial %zu, of %s/s, had begun, and "
			"did not come back",
			first + 1, units_format_rate(rate, record->trials[first].rps));
	else
		buf_text(out, "not found: the search ended before it was decided");
	if (!record->answer.has_lower && !record->answer.has_upper)
		return;
	buf_text(out, "; so far ");
	answer_bounds(record, out);
}

void answer_sentence(const struct search_record *record, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES];

	switch (record->answer.kind) {
	case SEARCH_FOUND:
		found(record, out);
		break;
	case SEARCH_GENERATOR_LIMIT:
		generator_limit(record, out);
		break;
	case SEARCH_ABOVE_HIGHEST:
		buf_printf(out,
			"above %s requests a second, the highest load tried: nothing failed",
			units_format_rate(rate, record->answer.lower_rps));
		break;
	case SEARCH_BELOW_LOWEST:
		buf_printf(out, "below %s requests a second, the lowest load tried, which failed",
			units_format_rate(rate, record->answer.upper_rps));
		why(record, out);
		break;
	case SEARCH_UNDECIDED:
	case SEARCH_ANSWER_KIND_COUNT:
		undecided(record, out);
		break;
	}
}
