/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sim/fake_log.h"

void shadow_begin_window(struct shadow *shadow)
{
	const struct plan *plan = shadow->plan;

	shadow->life = SHADOW_BEFORE;
	shadow->window++;
	shadow->start_ns = shadow->measured_from_ns = shadow->end_ns = UINT64_MAX;
	shadow->drain_until_ns = shadow->cut_ns = UINT64_MAX;
	shadow->window_until_ns = shadow->window_end_ns = shadow->last_done_ns = 0;
	shadow->measured_left = plan->has_requests ? shadow->place->requests : UINT64_MAX;
	shadow->requests_left = shadow->measured_left;
	shadow->arrival_index = 0;
	shadow->waiting_count = shadow->waited = 0;
	shadow->first_connects = 0;
	if (!plan->open_loop)
		return;
	if (plan->arrival == SCENARIO_POISSON)
		arrival_init(&shadow->poisson, plan, shadow->index);
	shadow_find_arrival(shadow);
}

bool shadow_ready(const struct shadow *shadow)
{
	return shadow->worker->ready == shadow->window;
}

/* --- what the worker does when it is asked for another window ------------------------------ */

static void forget_figures(struct shadow *shadow)
{
	memset(shadow->phase, 0, sizeof(shadow->phase));
	memset(shadow->connections, 0, sizeof(shadow->connections));
	memset(shadow->addresses, 0, shadow->plan->address_count * sizeof(*shadow->addresses));
	memset(shadow->health, 0, sizeof(shadow->health));
	memset(&shadow->connect, 0, sizeof(shadow->connect));
	memset(&shadow->loop, 0, sizeof(shadow->loop));
	shadow->row_count = 0;
	shadow->uncertain_stale = shadow->uncertain_replaced = shadow->socketless = 0;
	shadow->overflows_before = ring_overflows(shadow->worker->ring);
	shadow->cpu_seen = false;
	shadow->cpu_spin_ns = 0;
}

/* Its request was never answered, or its connect is of no use any more, or (--no-keepalive) it was
 * for a request of the window before. */
static bool is_given_up(const struct shadow *shadow, const struct shadow_conn *conn)
{
	if (conn->state == SHADOW_OPEN)
		return conn->unanswered || shadow->plan->no_keepalive;
	return conn->state == SHADOW_CONNECTING;
}

static void renew_conn(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	conn->abandoned |= conn->dialling;
	if (is_given_up(shadow, conn)) {
		if (conn->state == SHADOW_OPEN)
			shadow->last_established_ns = now_ns;
		conn->state = SHADOW_CLOSING;
		conn->available = conn->idle = conn->early = false;
	}
	if (conn->early)
		conn->early_ns = now_ns;
	if (shadow->plan->no_keepalive && conn->state == SHADOW_DOWN && !conn->available)
		shadow_churn_free(shadow, conn, now_ns);
	conn->unanswered = conn->tried = conn->due = false;
}

void sim_shadow_again(struct shadow *shadow)
{
	shadow->renews = true;
}

void shadow_renew(struct shadow *shadow, uint64_t now_ns)
{
	shadow->renews = false;
	forget_figures(shadow);
	shadow_begin_window(shadow);
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		renew_conn(shadow, &shadow->conns[i], now_ns);
	shadow->reaped_ns = shadow->begun_ns = now_ns;
	shadow->settling = true;
	shadow->completions_seen = UINT64_MAX;
}

/* --- until it is ready --------------------------------------------------------------------- */

static bool any_closing(const struct shadow *shadow)
{
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].state == SHADOW_CLOSING)
			return true;
	return false;
}

void shadow_settle(struct shadow *shadow, uint64_t now_ns)
{
	uint64_t completions = shadow->health[HEALTH_COMPLETIONS];
	bool quiet = completions == shadow->completions_seen;

	if (!shadow->settling)
		return;
	shadow->completions_seen = completions;
	if (!quiet || any_closing(shadow))
		return;
	shadow->settling = false;
	shadow->begun_ns = now_ns;
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		shadow->conns[i].due = shadow->conns[i].state == SHADOW_DOWN;
}

void shadow_check_ready(struct shadow *shadow, uint64_t now_ns)
{
	if (shadow->was_ready == shadow->worker->ready)
		return;
	if (!shadow_ready(shadow))
		fake_log_fail(
			"ready for window %u in window %u", shadow->worker->ready, shadow->window);
	if (shadow->settling)
		fake_log_fail("ready before all was seen that had happened");
	shadow->was_ready = shadow->worker->ready;
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		const struct shadow_conn *conn = &shadow->conns[i];

		if (shadow->plan->no_keepalive || shadow->failed_opens_ever)
			break;
		/* One that was ready may have begun to connect again in the same turn. */
		if (conn->state == SHADOW_CONNECTING && conn->connect_ns < now_ns)
			fake_log_fail("slot %u: ready while it connects", i);
		if (conn->due && !conn->tried)
			fake_log_fail("slot %u: ready, and it was not attempted", i);
	}
}
