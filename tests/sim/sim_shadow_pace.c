/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <inttypes.h>

#include "tests/sim/fake_log.h"

/* Slow matters are looked at this often, whatever happens. */
#define LONGEST_WAIT_NS (10 * NS_PER_MS)
/* … and between two windows whether all has been seen. */
#define LONGEST_SETTLING_NS NS_PER_MS
#define MOST_RESTLESS       5

/* What auto learns of late waits, as docs/measurement.md has it. */
#define MOST_NS     1000000
#define WIDER_NS    20000
#define NARROWER_NS 100

static void sooner(uint64_t *until_ns, uint64_t at_ns)
{
	if (at_ns < *until_ns)
		*until_ns = at_ns;
}

/* When the next request is due that could be sent then; UINT64_MAX: none, or not known. */
static uint64_t next_arrival(const struct shadow *shadow)
{
	bool takes = shadow_available_since(shadow) != UINT64_MAX ||
		     shadow->plan->max_in_flight_per_worker != UINT64_MAX;
	uint64_t start_ns = shadow->life == SHADOW_BEFORE && shadow_ready(shadow)
				    ? shadow->control->start_ns
				    : shadow->start_ns;

	if (shadow->life == SHADOW_BEFORE && !shadow->plan->open_loop)
		return start_ns;
	if (shadow->plan->open_loop && takes && start_ns != UINT64_MAX &&
		shadow->life < SHADOW_DRAINING && shadow->arrival_ns != ARRIVAL_NONE)
		return start_ns + shadow->arrival_ns;
	return UINT64_MAX;
}

/* The same with what --connect-rate holds back. */
static uint64_t next_due(const struct shadow *shadow)
{
	uint64_t due_ns = next_arrival(shadow);

	if (shadow->plan->no_keepalive)
		sooner(&due_ns, shadow_churn_next(shadow));
	return due_ns;
}

/* Until when the worker may sleep or spin. */
static uint64_t wait_bound(const struct shadow *shadow, uint64_t now_ns)
{
	const struct shadow_conn *conn = shadow_oldest(shadow);
	uint64_t until_ns = now_ns + LONGEST_WAIT_NS;

	if (conn)
		sooner(&until_ns, conn->requests[0].sent_ns + shadow->plan->timeout_ns);
	if (shadow_waiting(shadow))
		sooner(&until_ns, shadow->waiting[shadow->waited] + shadow->plan->timeout_ns);
	if (shadow->plan->no_keepalive)
		sooner(&until_ns, shadow_churn_wakes(shadow));
	if (shadow->settling)
		sooner(&until_ns, now_ns + LONGEST_SETTLING_NS);
	if (shadow->life == SHADOW_RUNNING)
		sooner(&until_ns, shadow->end_ns);
	if (shadow->life == SHADOW_DRAINING)
		sooner(&until_ns, shadow->drain_until_ns);
	sooner(&until_ns, next_due(shadow));
	return until_ns;
}

static void check_wait(const struct shadow *shadow, uint64_t now_ns, uint64_t wait_ns)
{
	uint64_t until_ns = wait_bound(shadow, now_ns);

	if (wait_ns && now_ns + wait_ns > until_ns)
		fake_log_fail("waits %" PRIu64 " ns at %" PRIu64 ", though %" PRIu64 " is due",
			wait_ns, now_ns, until_ns);
}

/* Ready, and nothing is under way that is measured: the start is told, not looked for. */
static bool awaits_start(const struct shadow *shadow)
{
	if (shadow->life != SHADOW_BEFORE || !shadow_ready(shadow) ||
		shadow->control->start_ns != UINT64_MAX)
		return false;
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].state == SHADOW_CONNECTING)
			return false;
	return true;
}

void sim_shadow_sleeps(const struct shadow *shadow)
{
	if (!awaits_start(shadow))
		fake_log_fail("wants to sleep, though there is something to wait for");
}

/* While nothing is measured, nobody wants it to turn without waiting and with nothing to do; now
 * and then what it would wait for is due already. */
static void check_rest(struct shadow *shadow, uint64_t wait_ns)
{
	/* After spinning it is an answer to ring_pending. */
	if (wait_ns || shadow->looked || shadow->operations || shadow->life != SHADOW_BEFORE ||
		shadow_ready(shadow))
		shadow->restless = 0;
	else if (++shadow->restless > MOST_RESTLESS)
		fake_log_fail("%u turns for nothing", shadow->restless);
}

void shadow_pace_waits(struct shadow *shadow, uint64_t now_ns, uint64_t wait_ns)
{
	uint64_t due_ns = next_due(shadow);

	shadow->before_ns = now_ns;
	shadow->wait_ns = wait_ns;
	check_rest(shadow, wait_ns);
	if (!wait_ns)
		return;
	if (awaits_start(shadow))
		fake_log_fail("waits %" PRIu64 " ns for a start that it will be told", wait_ns);
	check_wait(shadow, now_ns, wait_ns);
	if (shadow->plan->pacing == SCENARIO_PACING_SPIN)
		fake_log_fail("sleeps for %" PRIu64 " ns instead of spinning", wait_ns);
	if (shadow->plan->pacing == SCENARIO_PACING_AUTO && due_ns != UINT64_MAX &&
		now_ns + wait_ns + shadow->margin_ns > due_ns)
		fake_log_fail("sleeps until %" PRIu64
			      " ns before a deadline, the margin is %" PRIu64,
			due_ns - now_ns - wait_ns, shadow->margin_ns);
}

static void narrow(struct shadow *shadow)
{
	shadow->margin_ns -= NARROWER_NS;
	if (shadow->margin_ns < SHADOW_MARGIN_LEAST_NS)
		shadow->margin_ns = SHADOW_MARGIN_LEAST_NS;
}

/* Only a wait that lasted its whole time tells something. */
void shadow_pace_waited(struct shadow *shadow, uint64_t now_ns)
{
	uint64_t until_ns = shadow->before_ns + shadow->wait_ns;

	if (!shadow->wait_ns || now_ns < until_ns)
		return;
	if (now_ns <= until_ns + shadow->margin_ns) {
		narrow(shadow);
		return;
	}
	shadow->margin_ns += WIDER_NS;
	if (shadow->margin_ns > MOST_NS)
		shadow->margin_ns = MOST_NS;
}

void shadow_pace_spins(struct shadow *shadow, uint64_t now_ns)
{
	uint64_t due_ns = next_due(shadow);
	uint64_t ahead_ns = due_ns - now_ns;

	if (shadow->plan->pacing == SCENARIO_PACING_SLEEP)
		fake_log_fail("spins instead of sleeping");
	if (awaits_start(shadow))
		fake_log_fail("spins for a start that it will be told");
	if (shadow->plan->pacing == SCENARIO_PACING_AUTO && ahead_ns > shadow->margin_ns)
		fake_log_fail("spins from %" PRIu64 " ns before a deadline, the margin is %" PRIu64,
			ahead_ns, shadow->margin_ns);
	if (ahead_ns > SHADOW_MARGIN_LEAST_NS && shadow->spun_for_ns != due_ns) {
		shadow->spun_for_ns = due_ns;
		narrow(shadow);
	}
}

void shadow_pace_relaxes(const struct shadow *shadow, uint64_t now_ns)
{
	check_wait(shadow, now_ns, 1);
}
