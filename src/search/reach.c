/* SPDX-License-Identifier: MIT */
#include "search/reach.h"

#include <errno.h>
#include <math.h>

#include "analysis/enough.h"
#include "analysis/lengths.h"
#include "base/clock.h"
#include "base/units.h"

/* Of the least: fewer are too few. Arrivals and their count err a little. */
#define FEW 0.9

int reach_check(const struct search_options *options, const struct stepper_options *stepper,
	struct err *err)
{
	double lowest_rps = stepper->rungs ? 0 : lengths_lowest(stepper);
	char highest[UNITS_TEXT_BYTES], budget[UNITS_TEXT_BYTES], needed[UNITS_TEXT_BYTES];
	char requests[UNITS_TEXT_BYTES];
	struct enough enough;
	double needed_s;

	if (lowest_rps <= stepper->highest_rps)
		return 0;
	enough_find(options->run.thresholds, &enough);
	needed_s = ceil(
		(double)options->stepper.budget_ns / 1e9 * lowest_rps / stepper->highest_rps);
	return err_set(err, ERR_USAGE, -ERANGE,
		"--highest \"%s\" is too low to tell \"%s\" within --budget \"%s\": that takes at "
		"least %s requests in each trial: ask for --budget %s, or for an objective that "
		"is told sooner",
		units_format_rate(highest, stepper->highest_rps), enough.expression,
		units_format_duration_exact(budget, options->stepper.budget_ns),
		units_format_count(requests, (uint64_t)enough.requests),
		units_format_duration_exact(needed, (uint64_t)needed_s * NS_PER_S));
}

static void note_rung(
	const struct search_record *record, const struct enough *enough, struct buf *out)
{
	char had[UNITS_TEXT_BYTES], least[UNITS_TEXT_BYTES], rate[UNITS_TEXT_BYTES];
	uint64_t most = 0;

	for (size_t i = 0; i < record->answer.lower_trial_count; i++) {
		const struct search_trial *trial = &record->trials[record->answer.lower_trials[i]];
		uint64_t requests = trial->result.run.counters.value[COUNTER_SCHEDULED];

		most = requests > most ? requests : most;
	}
	if (!record->answer.has_lower || (double)most >= FEW * enough->requests)
		return;
	buf_printf(out,
		"%s requests cannot tell %s: at least %s are needed, so it is not sure that %s/s "
		"were borne: ask for a longer --step-duration",
		units_format_count(had, most), enough->expression,
		units_format_count(least, (uint64_t)enough->requests),
		units_format_rate(rate, record->answer.lower_rps));
}

void reach_note(const struct search_options *options, const struct stepper_options *stepper,
	const struct search_record *record, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES], least[UNITS_TEXT_BYTES];
	struct enough enough;

	enough_find(options->run.thresholds, &enough);
	if (!(enough.requests > 0))
		return;
	if (stepper->rungs) {
		note_rung(record, &enough, out);
		return;
	}
	if (record->answer.has_lower || !record->answer.has_upper ||
		stepper_lowest(stepper) <= options->stepper.lowest_rps)
		return;
	buf_printf(out,
		"nothing below %s/s can be told within the budget: %s takes at least %s requests "
		"in each trial; ask for more --budget, or for an objective that is told sooner",
		units_format_rate(rate, stepper_lowest(stepper)), enough.expression,
		units_format_count(least, (uint64_t)enough.requests));
}
