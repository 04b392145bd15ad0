/* SPDX-License-Identifier: MIT */
#include "analysis/breach.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* --- opening -------------------------------------------------------------------------------- */

/* What the thresholds say of errors and latency takes the place of what is usual. */
static void take_bounds(struct breach_bounds *bounds, const struct threshold_list *thresholds)
{
	bounds->errors = BREACH_ERRORS;
	bounds->failures = BREACH_FAILURES;
	for (size_t i = 0; thresholds && i < thresholds->count; i++) {
		const struct threshold *threshold = &thresholds->items[i];

		if (threshold->warn || !breach_reading_is_upper(threshold))
			continue;
		if (!strcmp(threshold->name, "error_rate")) {
			bounds->errors = bounds->errors_asked
						 ? fmin(bounds->errors, threshold->value)
						 : threshold->value;
			bounds->errors_asked = true;
		} else if (metric_unit(&threshold->metric) == RESULT_NS &&
			   threshold->metric.latency <= RESULT_SERVICE) {
			bounds->latency_asked = true;
			bounds->asked_ns = fmax(bounds->asked_ns, threshold->value);
		}
	}
	if (bounds->errors_asked)
		bounds->failures = fmax(bounds->failures, bounds->errors);
}

int breach_init(struct breach *breach, const struct breach_options *options, struct err *err)
{
	size_t bytes = hist_bytes(HIST_PRECISION_3_DIGITS, options->longest_ns);

	*breach = (struct breach){.options = *options};
	breach->track_count = RESULT_SIGN_THRESHOLD +
			      (options->thresholds ? options->thresholds->count : 0);
	breach->tracks = calloc(breach->track_count, sizeof(*breach->tracks));
	breach->gathered_cells = calloc(1, bytes);
	if (!breach->tracks || !breach->gathered_cells) {
		breach_release(breach);
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "no memory to watch for a breach");
	}
	hist_init(&breach->gathered, HIST_PRECISION_3_DIGITS, options->longest_ns,
		breach->gathered_cells);
	take_bounds(&breach->bounds, options->thresholds);
	return 0;
}

void breach_release(struct breach *breach)
{
	free(breach->tracks);
	free(breach->gathered_cells);
	*breach = (struct breach){0};
}

/* --- the base ------------------------------------------------------------------------------- */

static void clear_gathered(struct breach *breach)
{
	struct hist *gathered = &breach->gathered;

	memset(gathered->cells, 0, gathered->cell_count * sizeof(*gathered->cells));
	hist_init(gathered, HIST_PRECISION_3_DIGITS, breach->options.longest_ns, gathered->cells);
}

static void gather_base(struct breach *breach, const struct breach_look *look, bool warmup)
{
	const struct stats_request
		*requests = &look->change->phase[warmup ? STATS_WARMUP : STATS_MEASURED];
	uint64_t median_ns;

	if (breach->base_intervals == BREACH_BASE_INTERVALS ||
		breach_reading_errors(&requests->counters) >
			breach->bounds.errors * breach_reading_ended(&requests->counters))
		return;
	hist_add(&breach->gathered, &requests->total);
	if (hist_count(&breach->gathered) < BREACH_FEWEST)
		return;
	breach->base_intervals += !warmup;
	median_ns = hist_percentile(&breach->gathered, 0.5).value_ns;
	if (median_ns < BREACH_BASE_LEAST_NS)
		median_ns = BREACH_BASE_LEAST_NS;
	if (!breach->bounds.base_ns || median_ns < breach->bounds.base_ns)
		breach->bounds.base_ns = median_ns;
	clear_gathered(breach);
}

/* --- what lasts ----------------------------------------------------------------------------- */

static const struct threshold *threshold_of(const struct breach *breach, size_t index)
{
	return index < RESULT_SIGN_THRESHOLD
		       ? NULL
		       : &breach->options.thresholds->items[index - RESULT_SIGN_THRESHOLD];
}

static struct breach_reading read_sign(
	const struct breach *breach, const struct breach_look *look, size_t index)
{
	const struct threshold *threshold = threshold_of(breach, index);

	if (threshold)
		return breach_reading_threshold(look, threshold, breach->options.open_loop);
	return breach_reading_sign(&breach->bounds, look, (enum result_sign)index);
}

/* Whether an objective is missed, whatever is still to come. */
static bool is_lost(const struct breach *breach, size_t index, const struct breach_reading *reading)
{
	bool asked = index >= RESULT_SIGN_THRESHOLD ||
		     (index == RESULT_SIGN_ERRORS && breach->bounds.errors_asked);

	return asked && reading->chance == BREACH_SHARE &&
	       breach->tracks[index].found > reading->allowed * breach->options.lost_of;
}

/* Whether the sign, which is there now, has lasted and is no chance. */
static bool has_lasted(const struct breach *breach, const struct breach_look *look, size_t index,
	const struct breach_reading *reading)
{
	const struct breach_track *track = &breach->tracks[index];
	uint64_t lasted_ns = look->end_ns - track->begin_ns;

	if (lasted_ns < breach->options.lasting_ns)
		return false;
	if (breach->options.lost_of > 0 && !is_lost(breach, index, reading))
		return false;
	if (index == RESULT_SIGN_SILENCE)
		return (double)lasted_ns > reading->bound;
	return breach_reading_is_sure(reading, track->found, track->of);
}

static void tell(const struct breach *breach, const struct breach_look *look, size_t index,
	const struct breach_reading *reading, struct result_abort *found)
{
	const struct threshold *threshold = threshold_of(breach, index);
	uint64_t lasted_ns = look->end_ns - breach->tracks[index].begin_ns;

	*found = (struct result_abort){
		.happened = true,
		.after_s = (double)(look->end_ns - breach->options.warmup_ns) / (double)NS_PER_S,
		.lasted_s = (double)lasted_ns / (double)NS_PER_S,
		.sign = threshold ? RESULT_SIGN_THRESHOLD : (enum result_sign)index,
		.expression = threshold ? threshold->expression : NULL,
		.unit = reading->unit,
		.value = reading->value,
		.bound = reading->bound,
		.lower_bound = reading->lower_bound,
	};
	if (index == RESULT_SIGN_SILENCE)
		found->value = (double)lasted_ns;
}

static void follow(struct breach_track *track, const struct breach_look *look,
	const struct breach_reading *reading)
{
	if (!reading->known)
		return;
	if (!reading->broken) {
		track->on = false;
		return;
	}
	if (!track->on)
		*track = (struct breach_track){.on = true, .begin_ns = look->begin_ns};
	track->found += reading->found;
	track->of += reading->of;
}

static void forget(struct breach *breach)
{
	memset(breach->tracks, 0, breach->track_count * sizeof(*breach->tracks));
}

bool breach_take(struct breach *breach, const struct breach_look *look, struct result_abort *found)
{
	bool warmup = look->end_ns <= breach->options.warmup_ns, fires = false;
	uint64_t first_ns = UINT64_MAX;

	if (!look->trusted) {
		forget(breach);
		return false;
	}
	gather_base(breach, look, warmup);
	if (warmup)
		return false;
	for (size_t i = 0; i < breach->track_count; i++) {
		struct breach_reading reading = read_sign(breach, look, i);
		struct breach_track *track = &breach->tracks[i];

		follow(track, look, &reading);
		if (!reading.known || !reading.broken || track->begin_ns >= first_ns ||
			!has_lasted(breach, look, i, &reading))
			continue;
		first_ns = track->begin_ns;
		tell(breach, look, i, &reading, found);
		fires = true;
	}
	return fires;
}

/* --- in words ------------------------------------------------------------------------------- */

void breach_sentence(const struct result_abort *aborted, struct buf *out)
{
	static const char *const whats[RESULT_SIGN_COUNT] = {
		[RESULT_SIGN_REFUSED] = "refused or unanswered connects were",
		[RESULT_SIGN_RESETS] = "requests cut off by a close or reset were",
		[RESULT_SIGN_TIMEOUTS] = "timeouts were",
		[RESULT_SIGN_ERRORS] = "errors were",
		[RESULT_SIGN_LATENCY] = "the median latency was"};
	char value[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES], lasted[UNITS_TEXT_BYTES];
	double lasted_ms = fmin(fmax(aborted->lasted_s, 0), 1e9) * 1e3;

	units_format_duration_exact(lasted, (uint64_t)(lasted_ms + 0.5) * NS_PER_MS);
	threshold_format(value, aborted->unit, aborted->value);
	if (aborted->unit == RESULT_SHARE)
		snprintf(bound, sizeof(bound), "%g %%", aborted->bound * 100);
	else
		threshold_format(bound, aborted->unit, aborted->bound);
	if (aborted->sign == RESULT_SIGN_SILENCE) {
		buf_printf(out, "nothing was answered for %s", lasted);
		return;
	}
	if (aborted->sign == RESULT_SIGN_THRESHOLD)
		buf_printf(out, "%s did not hold", aborted->expression);
	else
		buf_printf(out, "%s above %s", whats[aborted->sign], bound);
	buf_printf(out, " for %s without a break, at last %s%s", lasted,
		aborted->lower_bound ? "at least " : "", value);
	if (aborted->sign == RESULT_SIGN_LATENCY)
		buf_printf(out, "; %d times that of the first seconds is too much", BREACH_LATENCY);
}
