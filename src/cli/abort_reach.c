/* SPDX-License-Identifier: MIT */
#include "cli/abort_reach.h"

#include "analysis/lengths.h"
#include "base/units.h"

void abort_reach_tell(const struct stepper_options *stepper, uint64_t abort_ns, struct buf *out)
{
	char asked[UNITS_TEXT_BYTES], longest[UNITS_TEXT_BYTES];
	struct lengths lengths;
	uint64_t longest_ns;

	lengths_choose(&lengths, stepper);
	longest_ns = stepper->rungs ? lengths.rung_ns : lengths.long_ns;
	if (!abort_ns || longest_ns > abort_ns)
		return;
	buf_printf(out,
		"--abort-on-breach %s ends no trial: %s %s: give it a shorter time, or ask for a "
		"longer %s",
		units_format_duration_exact(asked, abort_ns),
		stepper->rungs ? "each step is" : "the longest are",
		units_format_duration(longest, longest_ns),
		stepper->rungs ? "--step-duration" : "--budget or --confirm");
}
