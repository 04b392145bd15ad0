/* SPDX-License-Identifier: MIT */
#include "run/lookout.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/validity.h"

/* Standard deviations. */
#define RANDOM_MOST 4
/* The collector comes late by much less, unless the whole process stood still. */
#define LATE_SHARE 2 /* of the interval: one half */

static struct stats *stats_new(uint64_t longest_ns)
{
	size_t bytes = stats_bytes(longest_ns);
	void *memory = NULL;

	if (posix_memalign(&memory, 64, bytes))
		return NULL;
	return stats_init(memset(memory, 0, bytes), longest_ns);
}

/* That become due in the window; of those that come at random hardly ever more. */
static double most_requests(const struct plan *plan)
{
	double requests = (double)plan->rate_mrps / 1e3 * (double)plan->duration_ns / 1e9;

	assert(plan->open_loop && plan->duration_ns != UINT64_MAX);
	return requests + RANDOM_MOST * sqrt(requests);
}

int lookout_init(struct lookout *lookout, const struct plan *plan,
	const struct threshold_list *thresholds, const struct lookout_terms *terms, struct err *err)
{
	struct breach_options options = {
		.lasting_ns = terms->lasting_ns,
		.warmup_ns = plan->warmup_ns,
		.longest_ns = plan->longest_ns,
		.open_loop = plan->open_loop,
		.lost_of = terms->lost_only ? most_requests(plan) : 0,
		.thresholds = thresholds,
	};
	int code;

	*lookout = (struct lookout){0};
	if (!terms->lasting_ns)
		return 0;
	code = breach_init(&lookout->breach, &options, err);
	if (code < 0)
		return code;
	lookout->before = stats_new(plan->longest_ns);
	lookout->change = stats_new(plan->longest_ns);
	if (!lookout->before || !lookout->change) {
		lookout_release(lookout);
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "no memory to watch for a breach");
	}
	lookout->plan = plan;
	lookout->on = true;
	return 0;
}

void lookout_release(struct lookout *lookout)
{
	breach_release(&lookout->breach);
	free(lookout->before);
	free(lookout->change);
	*lookout = (struct lookout){0};
}

void lookout_begin(struct lookout *lookout, const struct stats *merged, uint64_t interval_ns)
{
	if (!lookout->on)
		return;
	lookout->interval_ns = interval_ns;
	stats_copy(lookout->before, merged);
}

/* In an open loop workers that are busy all the time may be what is slow. */
static bool workers_keep_up(const struct lookout *lookout, const struct timeline *timeline)
{
	for (size_t i = 0; lookout->breach.options.open_loop && i < timeline->worker_count; i++)
		if (timeline->latest_shares[i].busy > VALIDITY_BUSY)
			return false;
	return true;
}

/* Whether enough is still to become due: a run that only drains cannot be ended any sooner. */
static bool goes_on(const struct lookout *lookout, uint64_t now_ns, const struct stats *merged)
{
	const struct plan *plan = lookout->plan;
	const uint64_t *measured = merged->phase[STATS_MEASURED].counters.value;

	if (plan->has_requests && measured[COUNTER_SCHEDULED] >= plan->requests)
		return false;
	return plan->duration_ns == UINT64_MAX ||
	       now_ns + lookout->interval_ns / 2 < plan->warmup_ns + plan->duration_ns;
}

bool lookout_take(struct lookout *lookout, uint64_t planned_ns, uint64_t late_ns,
	const struct stats *merged, const struct timeline *timeline)
{
	struct breach_look look = {
		.begin_ns = lookout->last_ns,
		.end_ns = planned_ns,
		.outstanding = lookout->outstanding,
		.change = lookout->change,
	};

	if (!lookout->on || lookout->found.happened || planned_ns <= lookout->last_ns ||
		!goes_on(lookout, planned_ns, merged))
		return false;
	look.trusted = late_ns < lookout->interval_ns / LATE_SHARE &&
		       planned_ns - lookout->last_ns <= lookout->interval_ns &&
		       workers_keep_up(lookout, timeline);
	stats_copy(lookout->change, merged);
	stats_subtract(lookout->change, lookout->before);
	stats_copy(lookout->before, merged);
	lookout->last_ns = planned_ns;
	lookout->outstanding = timeline->latest.in_flight + timeline->latest.waiting > 0;
	return breach_take(&lookout->breach, &look, &lookout->found);
}
