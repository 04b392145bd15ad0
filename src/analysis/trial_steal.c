/* SPDX-License-Identifier: MIT */
#include "analysis/trial_steal.h"

#include <math.h>

#include "analysis/trial_verdict.h"
#include "base/units.h"

double trial_steal_undone(const struct result *result)
{
	const uint64_t *value = result->run.counters.value;
	struct trial_backlog backlog;
	double undone = 0;

	trial_backlog(result, &backlog);
	if (backlog.known && backlog.growing)
		undone = backlog.share;
	if (value[COUNTER_SCHEDULED])
		undone = fmax(undone,
			1 - (double)value[COUNTER_OUTCOME_OK] / (double)value[COUNTER_SCHEDULED]);
	return undone;
}

bool trial_steal_explains(double taken, double undone)
{
	return taken > TRIAL_STEAL && undone <= TRIAL_STEAL_UNDONE * taken;
}

void trial_steal_sentence(double taken, struct buf *out)
{
	char share[UNITS_TEXT_BYTES];

	buf_printf(out, "the machine was taken from the server for %s of the trial",
		units_format_share(share, taken));
}

void trial_steal_note(double least, double most, struct buf *out)
{
	char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];

	units_format_share(low, least);
	units_format_share(high, most);
	buf_printf(out,
		"the interval is the server's on a machine that loses %s%s%s of its time: trials "
		"that bound it from above failed while the hypervisor took that from the server, "
		"and trying them again gave no better ones",
		low, least < most ? " to " : "", least < most ? high : "");
}
