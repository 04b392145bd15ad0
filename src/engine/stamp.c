/* SPDX-License-Identifier: MIT */
#include "engine/stamp.h"

#include "base/clock.h"

void stamp_init(struct worker *worker)
{
	struct stamp_clock *clock = &worker->stamp;
	uint64_t error_ns;

	clock->asked = worker->plan->rx_timestamps;
	if (!clock->asked)
		return;
	clock->offset_ns = clock_wall_offset_ns(&error_ns);
	worker->data_at = RING_STAMPED_BYTES;
}

/* Whether two times, modulo 2^64, are as close as reading clocks in turn leaves them. */
static bool agree(uint64_t one_ns, uint64_t other_ns)
{
	return one_ns - other_ns + STAMP_STEP_NS <= 2 * STAMP_STEP_NS;
}

/* What is read before then has no stamp that can be trusted. */
static void distrust_until(struct stamp_clock *clock, uint64_t time_ns)
{
	if (time_ns > clock->trusted_from_ns)
		clock->trusted_from_ns = time_ns;
}

/* The quick look did not agree: the thread was descheduled within it, or the clock was set. */
static void look_closely(struct worker *worker)
{
	struct stamp_clock *clock = &worker->stamp;
	uint64_t error_ns, offset_ns = clock_wall_offset_ns(&error_ns);

	if (error_ns > STAMP_STEP_NS) {
		/* It cannot be told: nothing of this batch. */
		distrust_until(clock, worker->now_ns + 1);
	} else if (!agree(offset_ns, clock->offset_ns)) {
		clock->offset_ns = offset_ns;
		distrust_until(clock, worker->now_ns + STAMP_SETTLE_NS);
	}
}

void stamp_look(struct worker *worker)
{
	if (!agree(clock_wall_ns() - worker->stamp.offset_ns, worker->now_ns))
		look_closely(worker);
}

void stamp_open(struct worker *worker, struct ring_completion *completion)
{
	struct stamp_clock *clock = &worker->stamp;
	uint64_t wall_ns;

	clock->arrived = ring_open_stamped(worker->ring, completion, &wall_ns) &&
			 worker->now_ns >= clock->trusted_from_ns;
	clock->arrival_ns = wall_ns - clock->offset_ns;
}

void stamp_completed(struct worker *worker, const struct request *request, uint64_t done_ns)
{
	struct stats_request *stats = &worker->stats->phase[request->phase];
	const struct stamp_clock *clock = &worker->stamp;

	if (!clock->arrived || clock->arrival_ns < request->sent_ns ||
		clock->arrival_ns > done_ns) {
		COUNT(&stats->counters, COUNTER_UNSTAMPED);
		return;
	}
	hist_record(&stats->until_arrival, clock->arrival_ns - request->sent_ns);
	hist_record(&stats->client_queue, done_ns - clock->arrival_ns);
}
