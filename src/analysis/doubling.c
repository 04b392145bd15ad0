/* SPDX-License-Identifier: MIT */
#include "analysis/doubling.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"

/* Standard errors of a rank; two percentiles off by as much, each the other way, come by chance
 * once in 1,000. */
#define CHANCE_Z 2.2

static const double quantiles[DOUBLING_QUANTILE_COUNT] = {
	[DOUBLING_P50] = 0.50,
	[DOUBLING_P99] = 0.99,
};

/* --- between loads --------------------------------------------------------------------------- */

/* A percentile at the doubled load, and the least that it may be. */
struct doubled {
	double ns, low_ns;
	bool late;
};

/* 1 / latency is taken linearly. */
static double between(double before_ns, double after_ns, double share)
{
	return 1 / ((1 - share) / before_ns + share / after_ns);
}

/* The latencies at this load, of the points at it or on both sides of it; false: it lies beyond. */
static bool look_up(const struct doubling_point *points, size_t count, double rps,
	struct doubled latency[DOUBLING_QUANTILE_COUNT])
{
	const struct doubling_point *before, *after;
	size_t at = 0;
	double share;

	while (at < count && points[at].rps < rps * (1 - DOUBLING_NEAR))
		at++;
	if (at == count || !at)
		return false;
	after = &points[at];
	before = after->rps <= rps * (1 + DOUBLING_NEAR) ? after : after - 1;
	share = before == after ? 0 : (rps - before->rps) / (after->rps - before->rps);
	for (int i = 0; i < DOUBLING_QUANTILE_COUNT; i++) {
		const struct doubling_latency *low = &before->latency[i],
					      *high = &after->latency[i];

		latency[i].ns = between(low->ns, high->ns, share);
		latency[i].low_ns = between(low->low_ns, high->low_ns, share);
		latency[i].late = before->late || after->late;
	}
	return true;
}

bool doubling_find(const struct doubling_point *points, size_t count, double highest_rps,
	double *from_rps, struct doubling_growth growth[DOUBLING_QUANTILE_COUNT])
{
	struct doubled doubled[DOUBLING_QUANTILE_COUNT];

	for (size_t i = count; i-- > 0;) {
		if (2 * points[i].rps > highest_rps * (1 + DOUBLING_NEAR) ||
			!look_up(points, count, 2 * points[i].rps, doubled))
			continue;
		*from_rps = points[i].rps;
		for (int j = 0; j < DOUBLING_QUANTILE_COUNT; j++) {
			const struct doubling_latency *single = &points[i].latency[j];

			growth[j].growth = doubled[j].ns / single->ns - 1;
			growth[j].least = doubled[j].low_ns / single->high_ns - 1;
			growth[j].from_late = points[i].late;
			growth[j].to_late = doubled[j].late;
		}
		return true;
	}
	return false;
}

/* --- points of trials ------------------------------------------------------------------------ */

static void read_quantile(
	const struct result_latency *total, double quantile, struct doubling_latency *latency)
{
	double error = CHANCE_Z * sqrt(quantile * (1 - quantile) / (double)total->count);
	double low = fmax(quantile - error, 0), high = quantile + error;

	latency->ns = (double)result_percentile(total, quantile).value_ns;
	latency->low_ns = (double)result_percentile(total, low).value_ns;
	latency->high_ns = high < 1 ? (double)result_percentile(total, high).value_ns : INFINITY;
}

static uint64_t samples(const struct search_trial *trial)
{
	return trial->result.run.latency[RESULT_TOTAL].count;
}

static bool counts(const struct search_trial *trial)
{
	const struct result_latency *total = &trial->result.run.latency[RESULT_TOTAL];

	return trial->verdict == SEARCH_PASS && total->count && !total->not_measured &&
	       trial->rps > 0 && result_percentile(total, 0).value_ns > 0 &&
	       !result_percentile(total, quantiles[DOUBLING_P99]).lower_bound;
}

/* By load, and of one load that with most requests first. */
static int compare_trials(const void *left, const void *right)
{
	const struct search_trial *a = *(const struct search_trial *const *)left;
	const struct search_trial *b = *(const struct search_trial *const *)right;

	if (a->rps < b->rps || a->rps > b->rps)
		return a->rps < b->rps ? -1 : 1;
	return samples(a) > samples(b) ? -1 : samples(a) < samples(b);
}

/* Sorts the trials; how many points are made of them. */
static size_t take_points(
	const struct search_trial **trials, size_t count, struct doubling_point *points)
{
	size_t made = 0;

	qsort(trials, count, sizeof(*trials), compare_trials);
	for (size_t i = 0; i < count; i++) {
		const struct result_latency *total = &trials[i]->result.run.latency[RESULT_TOTAL];

		if (made && points[made - 1].rps >= trials[i]->rps)
			continue;
		points[made].rps = trials[i]->rps;
		points[made].late = trials[i]->result.validity.verdict == RESULT_GENERATOR_LIMITED;
		for (int j = 0; j < DOUBLING_QUANTILE_COUNT; j++)
			read_quantile(total, quantiles[j], &points[made].latency[j]);
		made++;
	}
	return made;
}

/* --- verdict --------------------------------------------------------------------------------- */

static int __attribute__((format(printf, 2, 3)))
leave_unknown(struct search_doubling *doubling, const char *format, ...)
{
	va_list arguments;
	int length;

	doubling->verdict = RESULT_STABILITY_UNKNOWN;
	va_start(arguments, format);
	length = vasprintf(&doubling->reason, format, arguments);
	va_end(arguments);
	if (length >= 0)
		return 0;
	doubling->reason = NULL;
	return -ENOMEM;
}

static int decide(struct search_doubling *doubling, const struct doubling_growth *growth)
{
	bool grew = false, surely = false;

	for (int i = 0; i < DOUBLING_QUANTILE_COUNT; i++) {
		grew |= growth[i].growth >= DOUBLING_BOUND;
		surely |= growth[i].least >= DOUBLING_BOUND;
	}
	if (grew && !surely)
		return leave_unknown(doubling, "of so few requests chance may have made it");
	if (grew && growth->to_late)
		return leave_unknown(
			doubling, "ringload itself was late at the double, which may have made it");
	if (!grew && growth->from_late)
		return leave_unknown(
			doubling, "ringload itself was late before, which may hide that it grew");
	doubling->verdict = grew ? RESULT_UNSTABLE : RESULT_STABLE;
	return 0;
}

static int judge_points(
	struct search_record *record, const struct doubling_point *points, size_t count)
{
	struct search_doubling *doubling = &record->doubling;
	double highest_rps = SEARCH_SAFE_SHARE * record->answer.lower_rps;
	struct doubling_growth growth[DOUBLING_QUANTILE_COUNT];
	char rate[UNITS_TEXT_BYTES];

	free(doubling->reason);
	*doubling = (struct search_doubling){.judged = true, .bound = DOUBLING_BOUND};
	if (!record->answer.has_lower)
		return leave_unknown(doubling, "no load is known that is borne");
	if (!doubling_find(points, count, highest_rps, &doubling->from_rps, growth))
		return leave_unknown(doubling,
			"no load and its double up to %s/s, which is safe, were both tried",
			units_format_rate(
				rate, highest_rps >= 100 ? floor(highest_rps) : highest_rps));
	doubling->has_growth = true;
	doubling->to_rps = 2 * doubling->from_rps;
	doubling->p50_growth = growth[DOUBLING_P50].growth;
	doubling->p99_growth = growth[DOUBLING_P99].growth;
	return decide(doubling, growth);
}

int doubling_judge(struct search_record *record)
{
	const struct search_trial **trials;
	struct doubling_point *points;
	size_t count = 0;
	int code = -ENOMEM;

	trials = calloc(record->trial_count + 1, sizeof(*trials));
	points = calloc(record->trial_count + 1, sizeof(*points));
	for (size_t i = 0; trials && i < record->trial_count; i++)
		if (counts(&record->trials[i]))
			trials[count++] = &record->trials[i];
	if (trials && points)
		code = judge_points(record, points, take_points(trials, count, points));
	free((void *)trials);
	free(points);
	return code;
}
