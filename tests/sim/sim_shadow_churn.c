/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/fake_log.h"

#define BACKOFF_FIRST_NS (10 * NS_PER_MS)
#define BACKOFF_LAST_NS  (1000 * NS_PER_MS)

static uint64_t later_of(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

static void set_free(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	conn->state = SHADOW_DOWN;
	conn->backoff_ns = BACKOFF_FIRST_NS;
	conn->available = true;
	conn->since_ns = now_ns;
	conn->idle_since = shadow->events++;
}

void shadow_churn_free(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	set_free(shadow, conn, now_ns);
}

void shadow_churn_begins(struct shadow *shadow, uint64_t now_ns)
{
	uint32_t conns = shadow->place->connections;

	shadow->dials = calloc(2 * conns, sizeof(*shadow->dials));
	if (!shadow->dials)
		fake_log_fail("no memory");
	rng_init(&shadow->jitter, shadow->plan->seed, 1000000 + shadow->index);
	if (shadow->plan->connect_rate_mrps)
		shadow->gap_ns = (uint64_t)(1e9 / shadow->control->connects_per_second);
	for (uint32_t i = 0; i < conns; i++)
		set_free(shadow, &shadow->conns[i], now_ns);
}

struct shadow_conn *shadow_churn_oldest(const struct shadow *shadow)
{
	struct shadow_conn *found = NULL;

	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		struct shadow_conn *conn = &shadow->conns[i];

		if (conn->bound && (!found || conn->bound_number < found->bound_number))
			found = conn;
	}
	return found;
}

static void unbind(struct shadow *shadow, struct shadow_conn *conn)
{
	conn->bound = conn->ready = false;
	shadow->bound_count--;
}

static void close_conn(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	if (conn->state == SHADOW_OPEN)
		shadow->last_established_ns = now_ns;
	conn->state = SHADOW_CLOSING;
}

/* --- completions --------------------------------------------------------------------------- */

void shadow_churn_connected(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	if (!conn->bound)
		fake_log_fail("a connection nobody waits for");
	conn->requests[0].available_ns += now_ns - conn->connect_ns;
	conn->connect_ns = now_ns;
	conn->backoff_ns = BACKOFF_FIRST_NS;
	conn->ready = true;
	conn->ready_since = shadow->events++;
}

/* The request stays with its place, which pauses; what it waits is not the generator's doing. */
static void pause_conn(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	conn->state = SHADOW_DOWN;
	conn->ready = false;
	conn->retry_ns = now_ns + conn->backoff_ns / 2 +
			 rng_below(&shadow->jitter, conn->backoff_ns / 2 + 1);
	conn->backoff_ns *= 2;
	if (conn->backoff_ns > BACKOFF_LAST_NS)
		conn->backoff_ns = BACKOFF_LAST_NS;
	conn->requests[0].available_ns += conn->retry_ns - conn->connect_ns;
}

void shadow_churn_closed(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns)
{
	if (conn->bound)
		pause_conn(shadow, conn, now_ns);
	else
		set_free(shadow, conn, now_ns);
}

/* --- a turn -------------------------------------------------------------------------------- */

void shadow_churn_dials(struct shadow *shadow, uint32_t slot, bool failed)
{
	if (shadow->evaluated)
		fake_log_fail("slot %u: a connect after the clock was read for it", slot);
	if (shadow->dial_count == 2 * shadow->place->connections)
		fake_log_fail("more connects in a turn than there are places");
	shadow->dials[shadow->dial_count++] = (struct shadow_dial){slot, failed};
}

/* Whether a connect was asked for on it this turn: so it was down when the turn began. */
static bool dialled(const struct shadow *shadow, const struct shadow_conn *conn)
{
	for (uint32_t i = 0; i < shadow->dial_count; i++)
		if (&shadow->conns[shadow->dials[i].slot] == conn)
			return true;
	return false;
}

static void drop_expired(struct shadow *shadow, uint64_t now_ns)
{
	struct shadow_conn *conn;

	while ((conn = shadow_churn_oldest(shadow)) &&
		conn->requests[0].intended_ns + shadow->plan->timeout_ns <= now_ns) {
		uint64_t intended_ns = conn->requests[0].intended_ns;
		enum stats_phase phase = shadow_phase_of(shadow, intended_ns);
		enum shadow_state state = conn->state;

		++*shadow_counter(shadow, phase, COUNTER_DROPPED_NO_CONNECTION);
		shadow_record(&shadow->phase[phase].total, now_ns - intended_ns, true);
		unbind(shadow, conn);
		if (state == SHADOW_DOWN || dialled(shadow, conn)) {
			set_free(shadow, conn, now_ns);
			conn->state = state;
		} else {
			close_conn(shadow, conn, now_ns);
		}
	}
}

/* What had its response ends, unless that was its end. */
static void close_served(struct shadow *shadow, uint64_t now_ns)
{
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		struct shadow_conn *conn = &shadow->conns[i];

		if (conn->state == SHADOW_OPEN && !conn->bound && !conn->count && !conn->sending &&
			!conn->reset)
			close_conn(shadow, conn, now_ns);
	}
}

static void send_one(struct shadow *shadow, const struct shadow_send *send, uint64_t sent_ns)
{
	struct shadow_conn *conn = &shadow->conns[send->slot];
	struct shadow_request *request = &conn->requests[0];
	struct shadow_phase *phase = &shadow->phase[request->phase];

	if (!conn->ready || send->count != 1 || send->offset_bytes)
		fake_log_fail("slot %u: it has no request to be sent", send->slot);
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].ready && shadow->conns[i].ready_since < conn->ready_since)
			fake_log_fail("slot %u: slot %u has been ready longer", send->slot, i);
	unbind(shadow, conn);
	request->sent_ns = sent_ns;
	request->number = shadow->number++;
	request->offset_bytes = 0;
	phase->value[COUNTER_SENT]++;
	phase->value[COUNTER_BYTES_SENT] += shadow->plan->request.wire_bytes;
	shadow_count_in_window(shadow, COUNTER_WINDOW_SENT, sent_ns);
	shadow_record(&phase->connection_wait, request->available_ns - request->intended_ns, false);
	shadow_record(&phase->send_lag, sent_ns - request->available_ns, false);
	conn->count = 1;
	conn->sending = !shadow->quiet;
	conn->sent_bytes = shadow->plan->request.wire_bytes;
	shadow->in_flight++;
}

/* A connect that could have been made from since_ns on, if there were no rate to keep. */
static uint64_t take_turn(struct shadow *shadow, uint32_t slot, uint64_t since_ns, uint64_t now_ns)
{
	uint64_t at_ns = later_of(since_ns, shadow->allowed_ns);

	if (at_ns > now_ns)
		fake_log_fail("slot %u: it is connected before %" PRIu64, slot, at_ns);
	if (shadow->gap_ns)
		shadow->allowed_ns = at_ns + shadow->gap_ns;
	return at_ns;
}

static uint64_t session_begins(struct shadow *shadow, uint64_t at_ns)
{
	enum stats_phase phase = shadow_phase_of(shadow, at_ns);

	if (shadow->life != SHADOW_RUNNING || at_ns >= shadow->end_ns ||
		(phase == STATS_MEASURED && !shadow->requests_left--))
		fake_log_fail("a session began a request after its last");
	++*shadow_counter(shadow, phase, COUNTER_SCHEDULED);
	return at_ns;
}

static void bind_request(
	struct shadow *shadow, struct shadow_conn *conn, uint32_t slot, uint64_t now_ns)
{
	uint64_t intended_ns = later_of(conn->since_ns, shadow->start_ns), at_ns;

	if (!conn->available)
		fake_log_fail("slot %u: a connect of a place that is not free", slot);
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		if (shadow->conns[i].available && shadow->conns[i].idle_since < conn->idle_since)
			fake_log_fail("slot %u: slot %u has been free longer", slot, i);
	if (shadow->plan->open_loop) {
		if (!shadow_waiting(shadow))
			fake_log_fail("slot %u: a connect for nothing", slot);
		intended_ns = shadow->waiting[shadow->waited++];
	}
	at_ns = take_turn(shadow, slot, later_of(conn->since_ns, intended_ns), now_ns);
	if (!shadow->plan->open_loop)
		intended_ns = session_begins(shadow, at_ns);
	conn->requests[0] = (struct shadow_request){.intended_ns = intended_ns,
		.available_ns = at_ns,
		.phase = shadow_phase_of(shadow, intended_ns)};
	conn->available = false;
	conn->bound = true;
	conn->bound_number = shadow->number++;
	shadow->bound_count++;
}

static void dial(struct shadow *shadow, const struct shadow_dial *its, uint64_t now_ns,
	uint64_t submitted_ns)
{
	struct shadow_conn *conn = &shadow->conns[its->slot];

	if (conn->bound)
		conn->requests[0].available_ns += take_turn(shadow, its->slot, conn->retry_ns,
							  now_ns) -
						  conn->retry_ns;
	else
		bind_request(shadow, conn, its->slot, now_ns);
	conn->connect_ns = its->failed ? now_ns : submitted_ns;
	if (its->failed)
		pause_conn(shadow, conn, now_ns);
}

/* Whether something is due that a place could take. */
static bool takes_next(const struct shadow *shadow)
{
	uint64_t free_ns = shadow_available_since(shadow);

	if (free_ns == UINT64_MAX)
		return false;
	if (shadow->plan->open_loop)
		return shadow_waiting(shadow);
	return shadow->life == SHADOW_RUNNING && shadow->requests_left && free_ns < shadow->end_ns;
}

static void check_nothing_left(const struct shadow *shadow, uint64_t now_ns)
{
	uint32_t dialled = 0;
	bool pending = takes_next(shadow) && shadow->allowed_ns <= now_ns;

	for (uint32_t i = 0; i < shadow->dial_count; i++)
		dialled += !shadow->dials[i].failed;
	/* A session whose turn comes only after the end does not begin. */
	if (!shadow->plan->open_loop && shadow->allowed_ns >= shadow->end_ns)
		pending = false;
	if (pending && dialled < WORKER_SENDS_PER_ENTER)
		fake_log_fail("a request could have been connected for and was not");
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		const struct shadow_conn *conn = &shadow->conns[i];

		if (conn->ready && conn->state == SHADOW_OPEN &&
			shadow->send_count < WORKER_SENDS_PER_ENTER)
			fake_log_fail("slot %u: its request could have been sent", i);
		if (conn->bound && conn->state == SHADOW_DOWN && conn->retry_ns <= now_ns &&
			shadow->allowed_ns <= now_ns)
			fake_log_fail("slot %u: it stays down, though due by %" PRIu64, i,
				conn->retry_ns);
	}
}

void shadow_churn_launch(struct shadow *shadow, uint64_t now_ns, uint64_t sent_ns)
{
	drop_expired(shadow, now_ns);
	if (shadow->life >= SHADOW_RUNNING && shadow->plan->open_loop) {
		shadow_become_due(shadow, now_ns);
		shadow_expire(shadow, now_ns);
	}
	if (shadow->life >= SHADOW_RUNNING)
		close_served(shadow, now_ns);
	else if (shadow->send_count || shadow->dial_count)
		fake_log_fail("something was begun before the start");
	if (shadow->send_count > WORKER_SENDS_PER_ENTER)
		fake_log_fail("%u sends share one enter", shadow->send_count);
	for (uint32_t i = 0; i < shadow->send_count; i++)
		send_one(shadow, &shadow->sends[i], sent_ns);
	for (uint32_t i = 0; i < shadow->dial_count; i++)
		dial(shadow, &shadow->dials[i], now_ns, sent_ns);
	if (shadow->life >= SHADOW_RUNNING)
		check_nothing_left(shadow, now_ns);
}

void shadow_churn_finish(struct shadow *shadow, uint64_t now_ns)
{
	struct shadow_conn *conn;

	while ((conn = shadow_churn_oldest(shadow)) != NULL) {
		struct shadow_phase *phase = &shadow->phase[conn->requests[0].phase];

		phase->value[COUNTER_UNSENT]++;
		shadow_record(&phase->total, now_ns - conn->requests[0].intended_ns, true);
		unbind(shadow, conn);
	}
}

uint64_t shadow_churn_next(const struct shadow *shadow)
{
	return shadow->gap_ns && takes_next(shadow) ? shadow->allowed_ns : UINT64_MAX;
}

uint64_t shadow_churn_wakes(const struct shadow *shadow)
{
	const struct shadow_conn *oldest = shadow_churn_oldest(shadow);
	uint64_t at_ns = UINT64_MAX;

	if (oldest)
		at_ns = oldest->requests[0].intended_ns + shadow->plan->timeout_ns;
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		const struct shadow_conn *conn = &shadow->conns[i];
		uint64_t retry_ns = later_of(conn->retry_ns, shadow->allowed_ns);

		if (conn->bound && conn->state == SHADOW_DOWN && retry_ns < at_ns)
			at_ns = retry_ns;
	}
	return at_ns;
}
