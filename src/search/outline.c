/* SPDX-License-Identifier: MIT */
#include "search/outline.h"

#include <errno.h>
#include <math.h>

#include "base/units.h"
#include "report/layout.h"

/* The trials if each passed, and the last of them. */
static int describe_trials(struct outline *outline, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES];
	struct stepper *stepper = stepper_open(&outline->stepper);
	struct stepper_trial trial;
	struct buf line = {0};

	if (!stepper)
		return -ENOMEM;
	while (stepper_next(stepper, &trial)) {
		struct stepper_outcome outcome = {
			.verdict = SEARCH_PASS,
			.completed_rps = trial.rps,
			.took_ns = trial.warmup_ns + trial.duration_ns + SEARCH_PAUSE_PASSED_NS,
		};

		buf_printf(&line, "%s%s/s for %s",
			line.length_bytes ? ", " : "if all passed, each after its warm-up: ",
			units_format_rate(rate, trial.rps),
			units_format_duration(time, trial.duration_ns));
		outline->last = trial;
		stepper_take(stepper, &outcome);
	}
	stepper_close(stepper);
	layout_entry(out, "Trials", buf_string(&line));
	out->failed |= line.failed;
	buf_release(&line);
	return 0;
}

static void describe_range(const struct outline *outline, struct buf *out)
{
	const struct stepper_options *stepper = &outline->options->stepper;
	double lowest_rps = stepper_lowest(&outline->stepper);
	char first[UNITS_TEXT_BYTES], lowest[UNITS_TEXT_BYTES], highest[UNITS_TEXT_BYTES];
	char share[UNITS_TEXT_BYTES], budget[UNITS_TEXT_BYTES];

	units_format_duration_exact(budget, stepper->budget_ns);
	if (stepper->rung_count) {
		layout_entryf(out, "Search",
			"a ladder of %zu loads, up to the first that fails, within about %s",
			stepper->rung_count, budget);
		return;
	}
	layout_entryf(out, "Search",
		"from %s requests/s on, between %s/s and %s/s, until the interval is at most %s "
		"wide, within about %s",
		units_format_rate(first, fmax(stepper->first_rps, lowest_rps)),
		units_format_rate(lowest, lowest_rps),
		units_format_rate(highest, stepper->highest_rps),
		units_format_share(share, stepper->precision), budget);
}

static void describe_goal(const struct search_options *options, struct buf *out)
{
	const struct threshold_list *thresholds = options->run.thresholds;
	struct buf line = {0};

	for (size_t i = 0; i < thresholds->count; i++)
		buf_printf(&line, "%s%s", i ? ", " : "", thresholds->items[i].expression);
	if (options->slo)
		buf_text(&line, ": the usual objectives, as no --threshold was given");
	layout_entry(out, "Judged by", buf_string(&line));
	out->failed |= line.failed;
	buf_release(&line);
}

static void describe_explaining(const struct outline *outline, struct buf *out)
{
	uint64_t kept_ns = outline->options->stepper.budget_ns - outline->stepper.budget_ns;
	char kept[UNITS_TEXT_BYTES];

	layout_entryf(out, "Explained",
		"by one more trial of each bound with the probe, which rests in the trials that "
		"narrow and confirm; %s of the time are kept for them",
		units_format_duration(kept, kept_ns));
}

int outline_print(struct outline *outline, struct buf *out)
{
	describe_range(outline, out);
	describe_goal(outline->options, out);
	if (outline->explains)
		describe_explaining(outline, out);
	return describe_trials(outline, out);
}
