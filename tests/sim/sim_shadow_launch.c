/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include "tests/sim/fake_log.h"

uint64_t shadow_available_since(const struct shadow *shadow)
{
	uint64_t since_ns = UINT64_MAX;

	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].available && shadow->conns[i].since_ns < since_ns)
			since_ns = shadow->conns[i].since_ns;
	return since_ns;
}

/* An idle connection before one with requests out, and the one idle longest. */
static void check_choice(const struct shadow *shadow, const struct shadow_send *send)
{
	const struct shadow_conn *chosen = &shadow->conns[send->slot];

	if (!chosen->available)
		fake_log_fail("slot %u: it could not take a request", send->slot);
	if (chosen->count + send->count > shadow->plan->pipeline ||
		send->count > shadow->wire_copies)
		fake_log_fail("slot %u: %u requests at once on %u", send->slot, send->count,
			chosen->count);
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		const struct shadow_conn *other = &shadow->conns[i];

		if (other->available && other->idle &&
			(!chosen->idle || other->idle_since < chosen->idle_since))
			fake_log_fail("slot %u: slot %u has been idle longer", send->slot, i);
	}
}

static uint64_t take_intended(struct shadow *shadow, const struct shadow_conn *conn)
{
	uint64_t intended_ns = conn->since_ns;
	enum stats_phase phase;

	if (shadow->plan->open_loop) {
		if (!shadow_waiting(shadow))
			fake_log_fail("a request that was not due was sent");
		return shadow->waiting[shadow->waited++];
	}
	if (intended_ns < shadow->start_ns)
		intended_ns = shadow->start_ns;
	phase = shadow_phase_of(shadow, intended_ns);
	if (shadow->life != SHADOW_RUNNING || intended_ns >= shadow->end_ns ||
		(phase == STATS_MEASURED && !shadow->requests_left--))
		fake_log_fail("a session began a request after its last");
	++*shadow_counter(shadow, phase, COUNTER_SCHEDULED);
	return intended_ns;
}

static void take_request(struct shadow *shadow, struct shadow_conn *conn, uint64_t free_ns,
	uint64_t sent_ns, uint64_t offset_bytes)
{
	uint64_t intended_ns = take_intended(shadow, conn);
	struct shadow_request *request = &conn->requests[conn->count++];
	struct shadow_phase *phase = &shadow->phase[shadow_phase_of(shadow, intended_ns)];

	if (!shadow->plan->open_loop || free_ns < intended_ns)
		free_ns = intended_ns;
	*request = (struct shadow_request){.intended_ns = intended_ns,
		.available_ns = free_ns,
		.sent_ns = sent_ns,
		.number = shadow->number++,
		.offset_bytes = offset_bytes,
		.phase = shadow_phase_of(shadow, intended_ns)};
	phase->value[COUNTER_SENT]++;
	shadow_count_in_window(shadow, COUNTER_WINDOW_SENT, sent_ns);
	phase->value[COUNTER_BYTES_SENT] += shadow->plan->request.wire_bytes;
	shadow_record(&phase->connection_wait, free_ns - intended_ns, false);
	shadow_record(&phase->send_lag, sent_ns - free_ns, false);
	shadow->in_flight++;
}

void shadow_become_available(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	bool was = conn->available, was_idle = conn->idle;

	if (conn->sending && !conn->count && !conn->early)
		conn->early_ns = now_ns;
	conn->early = conn->sending && !conn->count;
	if (shadow->plan->no_keepalive)
		return; /* no second request */
	conn->available = conn->state == SHADOW_OPEN && !conn->sending && !conn->reset &&
			  conn->count < shadow->plan->pipeline;
	conn->idle = conn->available && !conn->count;
	if (conn->available && !was)
		conn->since_ns = now_ns;
	if (conn->idle && !was_idle)
		conn->idle_since = shadow->events++;
}

/* Whether the worker left something unsent that it could have sent. */
static void check_all_launched(const struct shadow *shadow)
{
	uint64_t free_ns = shadow_available_since(shadow);
	bool more = shadow_waiting(shadow);

	if (shadow->send_count >= WORKER_SENDS_PER_ENTER || free_ns == UINT64_MAX)
		return;
	if (!shadow->plan->open_loop)
		more = shadow->life == SHADOW_RUNNING && shadow->requests_left;
	if (more)
		fake_log_fail("a request could have been sent and was not");
}

void shadow_launch(struct shadow *shadow, uint64_t now_ns, uint64_t sent_ns)
{
	if (shadow->plan->open_loop) {
		shadow_become_due(shadow, now_ns);
		shadow_expire(shadow, now_ns);
	}
	if (shadow->send_count > WORKER_SENDS_PER_ENTER)
		fake_log_fail("%u sends share one enter", shadow->send_count);
	for (uint32_t i = 0; i < shadow->send_count; i++) {
		struct shadow_send *send = &shadow->sends[i];
		struct shadow_conn *conn = &shadow->conns[send->slot];
		uint64_t free_ns = shadow_available_since(shadow);

		check_choice(shadow, send);
		for (uint32_t r = 0; r < send->count; r++)
			take_request(shadow, conn, free_ns, sent_ns,
				send->offset_bytes + r * shadow->plan->request.wire_bytes);
		conn->sending = !shadow->quiet;
		conn->cut = false;
		conn->sent_bytes = send->count * shadow->plan->request.wire_bytes;
		shadow_become_available(shadow, conn, now_ns);
	}
	check_all_launched(shadow);
}
