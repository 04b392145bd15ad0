/* SPDX-License-Identifier: MIT */
/*
 * Watches a run for a breach that lasts (analysis/breach.h), from the collector's copies of the
 * statistics: once an interval, until the window ends or the breach was found. Ending the run is
 * the collector's business.
 *
 * A zeroed struct watches nothing, and all calls on it do nothing.
 *
 * Owner: the caller's storage; what it points to is its own until lookout_release. Threads: the
 * collector's. Errors: memory, at lookout_init. Units: ns since the start of the run.
 */
#ifndef RINGLOAD_RUN_LOOKOUT_H
#define RINGLOAD_RUN_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/breach.h"
#include "base/err.h"
#include "measure/stats.h"
#include "measure/timeline.h"
#include "plan/plan.h"

struct lookout {
	bool on;
	const struct plan *plan;
	struct breach breach;
	uint64_t interval_ns;          /* as planned: none is longer */
	uint64_t last_ns;              /* the end of what was looked at */
	bool outstanding;              /* then */
	struct stats *before, *change; /* the last copy, and what came since */
	struct result_abort found;     /* `happened` once there was a breach */
};

/* When a run is to be ended. */
struct lookout_terms {
	uint64_t lasting_ns; /* how long a breach is to last; 0: nothing is watched */
	bool lost_only;      /* only when its verdict cannot change; of an open loop with an end */
};

/* thresholds may be NULL. */
int lookout_init(struct lookout *lookout, const struct plan *plan,
	const struct threshold_list *thresholds, const struct lookout_terms *terms,
	struct err *err);
void lookout_release(struct lookout *lookout);

/* The run begins with these statistics; what follows is looked at in intervals of this length. */
void lookout_begin(struct lookout *lookout, const struct stats *merged, uint64_t interval_ns);

/*
 * The next interval has come to its end: planned_ns, which it passed by `late_ns`. merged: the sum
 * of all workers' blocks; the timeline has taken it. True once, when the run is to be ended.
 */
bool lookout_take(struct lookout *lookout, uint64_t planned_ns, uint64_t late_ns,
	const struct stats *merged, const struct timeline *timeline);

#endif
