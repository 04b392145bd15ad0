/* SPDX-License-Identifier: MIT */
#include "analysis/usl_advice.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/answer.h"
#include "analysis/usl.h"
#include "base/buf.h"
#include "base/units.h"

#define UNKNOWN "; what more would give is not known"

/* --- the trials that count ------------------------------------------------------------------ */

static double connections(const struct result *result)
{
	double count = 0;

	for (size_t i = 0; i < result->generator.worker_count; i++)
		count += (double)result->generator.workers[i].connections;
	return count;
}

/* Requests in the service at a time; 0: not known. */
static double in_flight(const struct search_trial *trial)
{
	const struct result_latency *service = &trial->result.run.latency[RESULT_SERVICE];

	if (service->not_measured || !service->count)
		return 0;
	return trial->result.run.completed_rps * service->mean_ns / 1e9;
}

/* The most that the connections can have held; pipelined requests show in the readings alone. */
static double room(const struct result *result)
{
	double most = connections(result);

	for (size_t i = 0; i < result->interval_count; i++)
		if (result->timeline[i].phase == RESULT_MEASURED)
			most = fmax(most, (double)result->timeline[i].in_flight);
	return most;
}

static bool counts(const struct search_trial *trial)
{
	double concurrency = in_flight(trial);

	/* Little's law holds of a steady state alone: a stall breaks it. */
	if (concurrency > USL_ROOM * room(&trial->result))
		return false;
	if (!isfinite(concurrency) || !(concurrency > 0) ||
		!(trial->result.run.error_rate <= USL_ERRORS))
		return false;
	if (trial->verdict == SEARCH_FAIL)
		return concurrency >= USL_FULL * connections(&trial->result);
	return trial->verdict == SEARCH_PASS;
}

static struct usl_point point_of(const struct search_trial *trial)
{
	struct usl_point point = {in_flight(trial), trial->result.run.completed_rps};

	if (point.concurrency < 1)
		point = (struct usl_point){1, point.rps / point.concurrency};
	return point;
}

/* The trials that count, and what they were asked for. */
struct selection {
	struct usl_point *points;
	size_t count;
	double least_rps, most_rps;
};

static void take_trials(const struct search_record *record, struct selection *selection)
{
	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];

		if (!counts(trial))
			continue;
		if (!selection->count || trial->rps < selection->least_rps)
			selection->least_rps = trial->rps;
		selection->most_rps = fmax(selection->most_rps, trial->rps);
		selection->points[selection->count++] = point_of(trial);
	}
}

static int keep_levels(struct search_usl *usl, const struct selection *selection)
{
	usl->levels = calloc(selection->count + 1, sizeof(*usl->levels));
	if (!usl->levels)
		return -ENOMEM;
	usl->level_count = selection->count;
	for (size_t i = 0; i < selection->count; i++)
		usl->levels[i] = (struct search_usl_level){
			selection->points[i].concurrency, selection->points[i].rps};
	return 0;
}

/* --- figures -------------------------------------------------------------------------------- */

/* The highest throughput of any level. */
static double highest_rps(const struct search_usl *usl)
{
	double highest = 0;

	for (size_t i = 0; i < usl->level_count; i++)
		highest = fmax(highest, usl->levels[i].rps);
	return highest;
}

static double most_in_flight(const struct search_usl *usl)
{
	return usl->levels[usl->level_count - 1].concurrency;
}

static enum search_usl_limit limit_of(const struct search_usl *usl, const struct usl_law *law)
{
	double most = most_in_flight(usl), peak = usl_peak(law);
	double contention = law->sigma * (most - 1), coherency = law->kappa * most * (most - 1);

	if (contention + coherency < USL_LOST)
		return SEARCH_USL_NOT_SEEN;
	if (coherency >= contention)
		return SEARCH_USL_COHERENCY;
	if (peak < most && usl_rps(law, most) < (1 - USL_FALL) * usl_rps(law, peak))
		return SEARCH_USL_COHERENCY;
	return SEARCH_USL_CONTENTION;
}

static void take_law(
	const struct search_record *record, struct search_usl *usl, const struct usl_fit *fit)
{
	const struct search_trial *lower = search_record_lower(record);
	double believed_rps = USL_PROMISE * highest_rps(usl), peak = usl_peak(&fit->law);

	usl->lambda_rps = fit->law.lambda_rps;
	usl->sigma = fit->law.sigma;
	usl->kappa = fit->law.kappa;
	usl->error = fit->error;
	usl->limit = limit_of(usl, &fit->law);
	if (peak <= 2 * most_in_flight(usl)) {
		usl->peak_concurrency = peak;
		usl->peak_rps = usl_rps(&fit->law, peak);
		usl->has_peak = usl->peak_rps <= believed_rps;
	}
	if (lower && counts(lower) && in_flight(lower) >= 1) {
		struct usl_point base = point_of(lower);

		usl->base_concurrency = base.concurrency;
		usl->base_rps = base.rps;
		usl->doubled_rps = base.rps * usl_rps(&fit->law, 2 * base.concurrency) /
				   usl_rps(&fit->law, base.concurrency);
		/* Where as many and more were in flight, what they completed is known. */
		if (2 * base.concurrency <= most_in_flight(usl))
			usl->doubled_rps = fmin(usl->doubled_rps, fmax(base.rps, highest_rps(usl)));
		usl->has_doubled = usl->doubled_rps <= believed_rps;
	}
}

/* --- in words ------------------------------------------------------------------------------- */

static const char *number(char text[UNITS_TEXT_BYTES], double concurrency)
{
	if (concurrency < 9.95)
		snprintf(text, UNITS_TEXT_BYTES, "%.1f", concurrency);
	else
		units_format_rate(text, round(concurrency));
	return text;
}

static const char *rate(char text[UNITS_TEXT_BYTES], double rps)
{
	return units_format_rate(text, rps < 100 ? rps : round(rps));
}

/* "2 % more", of what there was before. */
static void say_change(double from, double to, struct buf *out)
{
	double percent = round(100 * (to / from - 1));

	if (percent > 0)
		buf_printf(out, "%.0f %% more", percent);
	else if (percent < 0)
		buf_printf(out, "%.0f %% less", -percent);
	else
		buf_text(out, "no more");
}

static void say_measured(const struct search_record *record, struct buf *out)
{
	struct buf bounds = {0};

	answer_bounds(record, &bounds);
	if (bounds.length_bytes)
		buf_printf(out, "; the limit that was measured lies %s", buf_string(&bounds));
	out->failed |= bounds.failed;
	buf_release(&bounds);
}

static void say_doubled(const struct search_record *record, struct buf *out)
{
	const struct search_usl *usl = &record->usl;
	char base[UNITS_TEXT_BYTES], rps[UNITS_TEXT_BYTES];

	if (!usl->has_doubled)
		return;
	buf_printf(out, "; twice the %s in flight at the lower bound would give %s/s, ",
		number(base, usl->base_concurrency), rate(rps, usl->doubled_rps));
	say_change(usl->base_rps, usl->doubled_rps, out);
	if (2 * usl->base_concurrency > USL_LEVEL * most_in_flight(usl))
		buf_text(out, ", though so many were not tried");
	if (record->answer.has_upper && usl->doubled_rps > record->answer.upper_rps)
		buf_text(out, ", and so much was not borne");
}

static void say_contention(
	const struct search_record *record, const struct usl_law *law, struct buf *out)
{
	const struct search_usl *usl = &record->usl;
	double ceiling_rps = law->lambda_rps / law->sigma, seen_rps = highest_rps(usl);
	bool near = ceiling_rps <= USL_PROMISE * seen_rps;
	char share[UNITS_TEXT_BYTES], rps[UNITS_TEXT_BYTES];

	buf_printf(out,
		"contention limits it: %s of a request's time is for what only one can have at a "
		"time, so each more in flight gives less",
		units_format_share(share, law->sigma));
	if (near && ceiling_rps <= seen_rps)
		buf_printf(out, ", and all together hardly more than the %s/s that were completed",
			rate(rps, seen_rps));
	else if (near)
		buf_printf(out, ", and all together about %s/s at most", rate(rps, ceiling_rps));
	say_doubled(record, out);
	if (!near && !usl->has_doubled)
		buf_text(out, UNKNOWN);
}

static void say_coherency(
	const struct search_record *record, const struct usl_law *law, struct buf *out)
{
	const struct search_usl *usl = &record->usl;
	char peak[UNITS_TEXT_BYTES], rps[UNITS_TEXT_BYTES], most[UNITS_TEXT_BYTES];
	bool tried = usl->peak_concurrency <= most_in_flight(usl);

	buf_text(out, "coherency limits it: each request in flight slows all others");
	if (usl->has_peak)
		buf_printf(out, ", so throughput has a peak: about %s/s with %s in flight%s",
			rate(rps, usl->peak_rps), number(peak, usl->peak_concurrency),
			tried ? "" : ", more than were tried");
	if (usl->has_peak && tried)
		buf_printf(out, ", and %s/s with %s", rate(rps, usl_rps(law, most_in_flight(usl))),
			number(most, most_in_flight(usl)));
	else
		say_doubled(record, out);
	if (!usl->has_peak && !usl->has_doubled)
		buf_text(out, UNKNOWN);
}

static void say_not_seen(const struct search_record *record, struct buf *out)
{
	char most[UNITS_TEXT_BYTES], rps[UNITS_TEXT_BYTES];

	buf_printf(out,
		"no limit was seen within what was tried: up to %s in flight, %s/s, requests do "
		"not slow each other" UNKNOWN,
		number(most, most_in_flight(&record->usl)), rate(rps, highest_rps(&record->usl)));
	if (record->answer.has_upper)
		buf_printf(out, "; what failed at %s/s is of another kind",
			rate(rps, record->answer.upper_rps));
}

static void say_fitted(
	const struct search_record *record, const struct usl_law *law, struct buf *out)
{
	switch (record->usl.limit) {
	case SEARCH_USL_CONTENTION:
		say_contention(record, law, out);
		break;
	case SEARCH_USL_COHERENCY:
		say_coherency(record, law, out);
		break;
	default:
		say_not_seen(record, out);
		return;
	}
	say_measured(record, out);
}

static void say_few(const struct search_usl *usl, struct buf *out)
{
	if (!usl->level_count)
		buf_text(out, "no trial says how many requests were in flight in a steady state");
	else if (most_in_flight(usl) <= 1)
		buf_text(out, "less than one request was in flight at every load that counts: "
			      "nothing is known of several at a time");
	else
		buf_printf(out,
			"throughput is known at %zu level%s of concurrency, and takes %d: try more "
			"loads between those that were borne and those that were not",
			usl->level_count, usl->level_count == 1 ? "" : "s", USL_FEWEST);
}

static void say_sudden(const struct search_usl *usl, struct buf *out)
{
	char rps[UNITS_TEXT_BYTES], most[UNITS_TEXT_BYTES], last[UNITS_TEXT_BYTES];

	buf_printf(out,
		"a hard limit, as of a pool, a quota or CPUs: throughput grew in proportion up to "
		"%s/s, and with %s in flight it was %s/s; more in flight gives nothing (the "
		"Universal Scalability Law describes gradual limits, and was not fitted)",
		rate(rps, highest_rps(usl)), number(most, most_in_flight(usl)),
		rate(last, usl->levels[usl->level_count - 1].rps));
}

static void say_poor(const struct search_usl *usl, const struct usl_fit *fit, struct buf *out)
{
	char rps[UNITS_TEXT_BYTES], concurrency[UNITS_TEXT_BYTES];
	const struct search_usl_level *worst = &usl->levels[fit->worst];

	buf_text(out, "the trials do not follow one law");
	if (fit->worst_error != 0)
		buf_printf(out, ": %s/s with %s in flight are %.0f %% %s the nearest one",
			rate(rps, worst->rps), number(concurrency, worst->concurrency),
			100 * fabs(fit->worst_error), fit->worst_error > 0 ? "above" : "below");
	buf_text(out, "; where the machine stalls, longer trials (--trial) help");
}

static void say_narrow(
	const struct search_usl *usl, const struct selection *selection, struct buf *out)
{
	char least[UNITS_TEXT_BYTES], most[UNITS_TEXT_BYTES];

	if (selection->most_rps < USL_LOADS * selection->least_rps)
		buf_printf(out, "the loads that count, %s to %s/s, lie within a factor of %g",
			rate(least, selection->least_rps), rate(most, selection->most_rps),
			USL_LOADS);
	else
		buf_printf(out, "concurrency hardly varied: %s to %s in flight",
			number(least, usl->levels[0].concurrency),
			number(most, most_in_flight(usl)));
	buf_text(out, "; begin lower (--first)");
}

static void say(const struct search_record *record, const struct selection *selection,
	const struct usl_fit *fit, struct buf *out)
{
	const struct search_usl *usl = &record->usl;

	switch (usl->status) {
	case SEARCH_USL_FITTED:
		say_fitted(record, &fit->law, out);
		break;
	case SEARCH_USL_SUDDEN:
		say_sudden(usl, out);
		break;
	case SEARCH_USL_POOR:
		say_poor(usl, fit, out);
		break;
	case SEARCH_USL_NARROW:
		say_narrow(usl, selection, out);
		break;
	default:
		say_few(usl, out);
		break;
	}
}

/* --- all of it ------------------------------------------------------------------------------ */

static int advise(struct search_record *record, struct selection *selection)
{
	struct search_usl *usl = &record->usl;
	struct buf text = {0};
	struct usl_fit fit;
	int code;

	take_trials(record, selection);
	selection->count = usl_levels(selection->points, selection->count);
	code = keep_levels(usl, selection);
	if (code >= 0)
		code = usl_fit(selection->points, selection->count, &fit);
	if (code < 0)
		return code;
	usl->status = fit.status;
	if (selection->count >= USL_FEWEST &&
		selection->most_rps < USL_LOADS * selection->least_rps)
		usl->status = SEARCH_USL_NARROW;
	if (usl->status == SEARCH_USL_FITTED)
		take_law(record, usl, &fit);
	say(record, selection, &fit, &text);
	usl->sentence = strdup(buf_string(&text));
	code = text.failed || !usl->sentence ? -ENOMEM : 0;
	buf_release(&text);
	return code;
}

int usl_advise(struct search_record *record)
{
	struct selection selection = {
		.points = calloc(record->trial_count + 1, sizeof(*selection.points))};
	int code;

	assert(!record->usl.levels && !record->usl.sentence);
	if (!selection.points)
		return -ENOMEM;
	code = advise(record, &selection);
	free(selection.points);
	return code;
}
