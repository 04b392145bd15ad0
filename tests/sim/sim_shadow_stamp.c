/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <inttypes.h>

#include "tests/sim/fake_log.h"

/* What docs/measurement.md says of a wall clock that was set. */
#define SETTLE_NS NS_PER_S
#define STEP_NS   2000

void shadow_stamps_batch(struct shadow *shadow, uint64_t now_ns)
{
	shadow->batch_ns = now_ns;
	shadow->wall_looked = shadow->wall_suspected = false;
}

/* The response that ended with the bytes being processed. */
void shadow_stamp_completed(
	struct shadow *shadow, const struct shadow_request *request, uint64_t done_ns)
{
	const struct fake_completion *piece = shadow->piece;

	if (!shadow->plan->rx_timestamps)
		return;
	if (shadow->stamp_count == sizeof(shadow->stamps) / sizeof(shadow->stamps[0]))
		fake_log_fail("more answers than a batch can have");
	shadow->stamps[shadow->stamp_count++] = (struct shadow_stamp){.phase = request->phase,
		.stamped = piece->stamped,
		.sent_ns = request->sent_ns,
		.arrived_ns = piece->arrived_ns,
		.done_ns = done_ns};
}

void shadow_wall_looked(struct shadow *shadow, uint64_t now_ns)
{
	shadow->wall_looked = true;
	shadow->wall_slow = now_ns > shadow->clock->read_ns + STEP_NS;
	if (now_ns >= shadow->clock->options.step_at_ns && !shadow->wall_stepped)
		shadow->wall_suspected = true;
}

static void distrust_until(struct shadow *shadow, uint64_t time_ns)
{
	if (time_ns > shadow->stamps_count_from_ns)
		shadow->stamps_count_from_ns = time_ns;
}

void shadow_wall_offset(struct shadow *shadow, uint64_t now_ns, bool sure)
{
	if (!shadow->wall_suspected && !shadow->wall_slow)
		fake_log_fail("the wall clock was looked at closely for nothing");
	shadow->wall_suspected = shadow->wall_slow = false;
	if (!sure) {
		distrust_until(shadow, shadow->batch_ns + 1);
	} else if (now_ns >= shadow->clock->options.step_at_ns && !shadow->wall_stepped) {
		shadow->wall_stepped = true;
		distrust_until(shadow, shadow->batch_ns + SETTLE_NS);
	}
}

static void judge(struct shadow *shadow, const struct shadow_stamp *stamp)
{
	struct shadow_phase *phase = &shadow->phase[stamp->phase];

	if (!stamp->stamped || stamp->done_ns < shadow->stamps_count_from_ns ||
		stamp->arrived_ns < stamp->sent_ns || stamp->arrived_ns > stamp->done_ns) {
		phase->value[COUNTER_UNSTAMPED]++;
		return;
	}
	shadow_record(&phase->until_arrival, stamp->arrived_ns - stamp->sent_ns, false);
	shadow_record(&phase->client_queue, stamp->done_ns - stamp->arrived_ns, false);
}

void shadow_stamps_judge(struct shadow *shadow)
{
	if (shadow->stamp_count && !shadow->wall_looked)
		fake_log_fail("nobody looked whether the wall clock was set");
	if (shadow->wall_suspected)
		fake_log_fail("the wall clock was set at %" PRIu64 ", and nobody looked closely",
			shadow->clock->options.step_at_ns);
	for (uint32_t i = 0; i < shadow->stamp_count; i++)
		judge(shadow, &shadow->stamps[i]);
	shadow->stamp_count = 0;
}
