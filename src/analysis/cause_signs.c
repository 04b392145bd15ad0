/* SPDX-License-Identifier: MIT */
#include "analysis/cause_signs.h"

#include <math.h>

#include "base/units.h"

/* "errors rose from 0 % to 12.4 % of the requests" */
static void tell_rise(const char *what, const char *of, const struct cause_view *base,
	double from_share, double to_share, struct buf *sentence)
{
	char from[UNITS_TEXT_BYTES], to[UNITS_TEXT_BYTES];

	if (base->trial && from_share < to_share)
		buf_printf(sentence, "%s rose from %s to %s of %s", what,
			units_format_share(from, from_share), units_format_share(to, to_share), of);
	else
		buf_printf(sentence, "%s: %s of %s", what, units_format_share(to, to_share), of);
}

double cause_signs_errors(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->errors, CAUSE_SIGNS_ERRORS, 0.1);

	if (strength > 0)
		tell_rise("errors", "the requests", base, base->errors, broken->errors, sentence);
	return strength;
}

double cause_signs_latency(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double times = base->has_latency && base->p99_ns > 0 ? broken->p99_ns / base->p99_ns : 0;
	double strength = cause_evidence_ramp(times, CAUSE_SIGNS_LATENCY, 50);
	char text[UNITS_TEXT_BYTES];

	if (!broken->has_latency || strength <= 0)
		return 0;
	cause_evidence_tell_time(broken->p99_at_least ? "p99 (at least)" : "p99", true,
		base->p99_ns, broken->p99_ns, sentence);
	buf_printf(sentence, ", %s times the base's", units_format_times(text, times));
	return strength;
}

double cause_signs_timeouts(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->timed_out, CAUSE_SIGNS_TIMEOUTS, 0.05);

	if (strength > 0)
		tell_rise("timeouts", "the requests", base, base->timed_out, broken->timed_out,
			sentence);
	return strength;
}

double cause_signs_refused(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double from = base->connect_refused + base->connect_failed;
	double to = broken->connect_refused + broken->connect_failed;
	double strength = cause_evidence_ramp(to, 0.001, 0.05);

	if (strength > 0)
		tell_rise("refused or unanswered connects", "all", base, from, to, sentence);
	return strength;
}

double cause_signs_resets(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double from = base->reset + base->closed, to = broken->reset + broken->closed;
	double strength = cause_evidence_ramp(to, 0.001, 0.05);

	if (strength > 0)
		tell_rise("connections reset or closed in a request", "the requests", base, from,
			to, sentence);
	return strength;
}

double cause_signs_behind(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_trial *broken = evidence->broken.trial;
	double strength = 0;
	char share[UNITS_TEXT_BYTES], rate[UNITS_TEXT_BYTES], done[UNITS_TEXT_BYTES];

	if (broken && broken->has_backlog_growth)
		strength = cause_evidence_ramp(broken->backlog_growth, 0.01, 0.1);
	if (strength <= 0)
		return 0;
	buf_printf(sentence,
		"it fell behind: %s/s of %s/s were answered, what is unanswered grew by %s of the "
		"rate",
		units_format_rate(done, round(evidence->broken.completed_rps)),
		units_format_rate(rate, evidence->broken.rps),
		units_format_share(share, broken->backlog_growth));
	return strength;
}

double cause_signs_stage(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double grown_ns = broken->residence_ns - base->residence_ns, most_ns = 0;
	enum probe_abi_stage most = 0;

	if (!base->has_parts || !broken->has_parts || grown_ns <= 0 ||
		broken->residence_ns < CAUSE_SIGNS_RESIDENCE * base->residence_ns)
		return 0;
	for (enum probe_abi_stage part = 0; part < PROBE_ABI_PARTS; part++) {
		double part_ns = broken->part_ns[part] - base->part_ns[part];

		if (part_ns <= most_ns)
			continue;
		most_ns = part_ns;
		most = part;
	}
	if (most_ns <= 0)
		return 0;
	cause_evidence_tell_time(
		stages_key(most), true, base->part_ns[most], broken->part_ns[most], sentence);
	buf_text(sentence, " and ");
	cause_evidence_tell_time(
		"residence", true, base->residence_ns, broken->residence_ns, sentence);
	return fmin(most_ns / grown_ns, 1);
}
