/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <stdlib.h>

#include "tests/sim/fake_log.h"

/* Arrival `arrival_index` of this worker, by the formula of plan/arrival.h. */
void shadow_find_arrival(struct shadow *shadow)
{
	const struct plan *plan = shadow->plan;
	unsigned __int128 index = shadow->index +
				  (unsigned __int128)shadow->arrival_index * plan->worker_count;
	uint64_t at_ns = shadow->poisson.next_ns;
	uint64_t window_ns = shadow_later(plan->warmup_ns, plan->duration_ns);

	if (plan->arrival == SCENARIO_CONSTANT)
		at_ns = (uint64_t)(index * 1000000000000ULL / plan->rate_mrps);
	if (at_ns >= shadow->cut_ns || at_ns >= window_ns ||
		(at_ns >= plan->warmup_ns && !shadow->measured_left))
		at_ns = ARRIVAL_NONE;
	shadow->arrival_ns = at_ns;
}

static void next_arrival(struct shadow *shadow)
{
	if (shadow->arrival_ns >= shadow->plan->warmup_ns)
		shadow->measured_left--;
	shadow->arrival_index++;
	if (shadow->plan->arrival == SCENARIO_POISSON)
		arrival_advance(&shadow->poisson);
	shadow_find_arrival(shadow);
}

uint64_t shadow_waiting(const struct shadow *shadow)
{
	return shadow->waiting_count - shadow->waited;
}

static void wait_in_line(struct shadow *shadow, uint64_t intended_ns)
{
	if (shadow->waiting_count == shadow->waiting_room) {
		shadow->waiting_room = shadow->waiting_room ? 2 * shadow->waiting_room : 256;
		shadow->waiting = realloc(
			shadow->waiting, shadow->waiting_room * sizeof(*shadow->waiting));
		if (!shadow->waiting)
			fake_log_fail("no memory");
	}
	shadow->waiting[shadow->waiting_count++] = intended_ns;
}

void shadow_become_due(struct shadow *shadow, uint64_t now_ns)
{
	uint64_t limit = shadow->plan->max_in_flight_per_worker;

	while (shadow->arrival_ns != ARRIVAL_NONE &&
		shadow->start_ns + shadow->arrival_ns <= now_ns) {
		uint64_t intended_ns = shadow->start_ns + shadow->arrival_ns;
		enum stats_phase phase = shadow_phase_of(shadow, intended_ns);

		++*shadow_counter(shadow, phase, COUNTER_SCHEDULED);
		if (shadow->in_flight + shadow->bound_count + shadow_waiting(shadow) >= limit)
			++*shadow_counter(shadow, phase, COUNTER_DROPPED_LIMIT);
		else
			wait_in_line(shadow, intended_ns);
		next_arrival(shadow);
	}
}

bool shadow_any_open(const struct shadow *shadow)
{
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].state == SHADOW_OPEN)
			return true;
	return false;
}

void shadow_expire(struct shadow *shadow, uint64_t now_ns)
{
	while (shadow_waiting(shadow)) {
		uint64_t intended_ns = shadow->waiting[shadow->waited];
		enum stats_phase phase = shadow_phase_of(shadow, intended_ns);
		bool none = !shadow_any_open(shadow) && shadow->last_established_ns <= intended_ns;

		if (intended_ns + shadow->plan->timeout_ns > now_ns)
			return;
		++*shadow_counter(shadow, phase,
			none ? COUNTER_DROPPED_NO_CONNECTION : COUNTER_DROPPED_EXPIRED);
		shadow_record(&shadow->phase[phase].total, now_ns - intended_ns, true);
		shadow->waited++;
	}
}
