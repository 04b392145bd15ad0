/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_shadow.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fake_log.h"

static void *take(size_t count, size_t bytes)
{
	void *array = calloc(count, bytes);

	if (!array)
		fake_log_fail("no memory");
	return array;
}

void shadow_record(struct shadow_hist *hist, uint64_t value_ns, bool censored)
{
	hist->count++;
	hist->sum_ns += value_ns;
	hist->censored += censored;
	if (hist->count == 1 || value_ns < hist->min_ns)
		hist->min_ns = value_ns;
	if (value_ns > hist->max_ns)
		hist->max_ns = value_ns;
}

enum stats_phase shadow_phase_of(const struct shadow *shadow, uint64_t intended_ns)
{
	return intended_ns < shadow->measured_from_ns ? STATS_WARMUP : STATS_MEASURED;
}

uint64_t *shadow_counter(struct shadow *shadow, enum stats_phase phase, enum counter counter)
{
	return &shadow->phase[phase].value[counter];
}

void shadow_count_in_window(struct shadow *shadow, enum counter counter, uint64_t now_ns)
{
	if (now_ns < shadow->window_until_ns)
		++*shadow_counter(shadow, shadow_phase_of(shadow, now_ns), counter);
}

/* --- the phases ---------------------------------------------------------------------------- */

static bool until_last(const struct shadow *shadow);

/* When the last request became due, or with the last answer to N of a closed loop. */
static void end_window(struct shadow *shadow, uint64_t now_ns)
{
	if (shadow->life == SHADOW_RUNNING)
		shadow->window_end_ns = shadow->end_ns < now_ns ? shadow->end_ns : now_ns;
	if (shadow->life == SHADOW_DRAINING && until_last(shadow) && shadow->last_done_ns)
		shadow->window_end_ns = shadow->last_done_ns;
}

static void finish(struct shadow *shadow, uint64_t now_ns)
{
	end_window(shadow, now_ns);
	if (shadow->plan->open_loop && shadow->life != SHADOW_BEFORE)
		shadow_become_due(shadow, now_ns);
	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		struct shadow_conn *conn = &shadow->conns[i];

		for (uint32_t r = 0; r < conn->count; r++) {
			struct shadow_phase *phase = &shadow->phase[conn->requests[r].phase];

			phase->value[COUNTER_IN_FLIGHT]++;
			shadow_record(&phase->total, now_ns - conn->requests[r].intended_ns, true);
			shadow_record(&phase->service, now_ns - conn->requests[r].sent_ns, true);
		}
		conn->unanswered = conn->count > 0;
		conn->count = 0;
	}
	shadow->in_flight = 0;
	if (shadow->plan->no_keepalive)
		shadow_churn_finish(shadow, now_ns);
	for (; shadow_waiting(shadow); shadow->waited++) {
		uint64_t intended_ns = shadow->waiting[shadow->waited];
		struct shadow_phase *phase = &shadow->phase[shadow_phase_of(shadow, intended_ns)];

		phase->value[COUNTER_UNSENT]++;
		shadow_record(&phase->total, now_ns - intended_ns, true);
	}
	shadow->life = SHADOW_DONE;
}

/* N requests of a closed loop, all begun: they are over with the last answer. */
static bool until_last(const struct shadow *shadow)
{
	return shadow->plan->has_requests && !shadow->plan->open_loop && !shadow->requests_left;
}

static void drain(struct shadow *shadow, uint64_t now_ns)
{
	end_window(shadow, now_ns);
	shadow->life = SHADOW_DRAINING;
	shadow->unwanted_ns = now_ns; /* but for what waits */
	if (until_last(shadow))
		shadow->window_until_ns = UINT64_MAX;
	else if (now_ns < shadow->window_until_ns)
		shadow->window_until_ns = now_ns;
	shadow->drain_until_ns = shadow_later(now_ns, shadow->plan->drain_ns);
}

static bool window_over(const struct shadow *shadow, uint64_t now_ns)
{
	uint64_t alone_ns = shadow->last_established_ns;

	if (alone_ns < shadow->start_ns)
		alone_ns = shadow->start_ns;
	if (now_ns >= shadow->end_ns)
		return true;
	if (shadow->plan->open_loop || !shadow->plan->has_requests)
		return false;
	return !shadow->requests_left ||
	       (!shadow_any_open(shadow) &&
		       now_ns >=
			       shadow_later(alone_ns, shadow->plan->timeout_ns + WORKER_ALONE_NS));
}

static void obey(struct shadow *shadow, uint64_t now_ns)
{
	int stop = shadow->control->stop;

	if (stop == ENGINE_RUN)
		return;
	if (shadow->life == SHADOW_BEFORE) {
		shadow->life = SHADOW_DONE;
	} else if (stop == ENGINE_STOP_NOW) {
		finish(shadow, now_ns);
	} else if (shadow->life == SHADOW_RUNNING) {
		shadow->end_ns = now_ns;
		shadow->cut_ns = now_ns - shadow->start_ns;
		if (shadow->plan->open_loop)
			shadow_find_arrival(shadow);
		drain(shadow, now_ns);
	}
}

static void begin(struct shadow *shadow, uint64_t now_ns)
{
	if (shadow->life != SHADOW_BEFORE || !shadow_ready(shadow) ||
		shadow->control->start_ns > now_ns)
		return;
	shadow->life = SHADOW_RUNNING;
	shadow->start_ns = shadow->control->start_ns;
	shadow->measured_from_ns = shadow->start_ns + shadow->plan->warmup_ns;
	shadow->end_ns = shadow_later(shadow->measured_from_ns, shadow->plan->duration_ns);
	shadow->window_until_ns = shadow->end_ns;
}

static void advance(struct shadow *shadow, uint64_t now_ns)
{
	begin(shadow, now_ns);
	obey(shadow, now_ns);
	if (shadow->life == SHADOW_RUNNING && window_over(shadow, now_ns))
		drain(shadow, now_ns);
	if (shadow->life != SHADOW_DRAINING)
		return;
	if (now_ns >= shadow->drain_until_ns ||
		(!shadow->in_flight && !shadow_waiting(shadow) && !shadow->bound_count &&
			(!shadow->plan->open_loop || shadow->arrival_ns == ARRIVAL_NONE)))
		finish(shadow, now_ns);
}

bool shadow_wanted(const struct shadow *shadow)
{
	return shadow->life < SHADOW_DRAINING || shadow_waiting(shadow);
}

struct shadow_conn *shadow_oldest(const struct shadow *shadow)
{
	struct shadow_conn *found = NULL;

	for (uint32_t i = 0; i < shadow->place->connections; i++) {
		struct shadow_conn *conn = &shadow->conns[i];

		if (conn->count && (!found || conn->requests[0].number < found->requests[0].number))
			found = conn;
	}
	return found;
}

static void time_out(struct shadow *shadow, uint64_t now_ns)
{
	struct shadow_conn *conn;

	while ((conn = shadow_oldest(shadow)) &&
		conn->requests[0].sent_ns + shadow->plan->timeout_ns <= now_ns)
		shadow_break(shadow, conn, COUNTER_TIMED_OUT, now_ns);
}

/* --- a turn -------------------------------------------------------------------------------- */

/* What a turn does before its first reading of the clock; that reading is when its sends went out.
 */
static void evaluate(struct shadow *shadow, uint64_t now_ns, uint64_t sent_ns)
{
	shadow->evaluated = true;
	shadow_check_ready(shadow, now_ns);
	if (shadow->life == SHADOW_DONE)
		fake_log_fail("a turn after the last");
	time_out(shadow, now_ns);
	advance(shadow, now_ns);
	if (shadow->life == SHADOW_DONE)
		return;
	if (shadow->plan->no_keepalive)
		shadow_churn_launch(shadow, now_ns, sent_ns);
	else if (shadow->life >= SHADOW_RUNNING)
		shadow_launch(shadow, now_ns, sent_ns);
	else if (shadow->send_count)
		fake_log_fail("a request was sent before the start");
}

/* --- the watches --------------------------------------------------------------------------- */

static void process_batch(struct shadow *shadow, uint64_t now_ns)
{
	if (!shadow->batch_count)
		return;
	shadow_stamps_judge(shadow);
	shadow_stamps_batch(shadow, now_ns);
	for (uint32_t i = 0; i < shadow->batch_count; i++)
		shadow_completion(shadow, &shadow->batch[i], now_ns);
	shadow->batch_count = 0;
}

static void clock_read(void *watcher, uint64_t previous_ns, uint64_t now_ns)
{
	struct shadow *shadow = watcher;

	if (shadow->renews) {
		shadow_renew(shadow, now_ns);
		return;
	}
	if (!shadow->evaluated)
		evaluate(shadow, previous_ns, now_ns);
	if (shadow->spins) {
		shadow->spins = false;
		shadow->health[HEALTH_SPIN_NS] += now_ns - shadow->spun_from_ns;
	}
	if (shadow->entered) {
		shadow->entered = false;
		shadow->health[HEALTH_ENTERS]++;
		if (shadow->life >= SHADOW_RUNNING)
			shadow_record(&shadow->loop,
				(shadow->wait_ns ? shadow->before_ns : now_ns) - shadow->reaped_ns,
				false);
		shadow_pace_waited(shadow, now_ns);
		shadow->reaped_ns = now_ns;
		if (shadow->enter_code)
			finish(shadow, now_ns);
	}
	process_batch(shadow, now_ns);
}

static void relaxed(void *watcher)
{
	struct shadow *shadow = watcher;

	shadow_pace_relaxes(shadow, shadow->clock->read_ns);
	shadow->spun_from_ns = shadow->clock->read_ns;
	shadow->spins = true;
}

/* What was used of the CPU and not spun is busy; what was not used was waited; see counters.h. */
static void cpu_read(void *watcher, uint64_t cpu_ns)
{
	struct shadow *shadow = watcher;
	uint64_t wall_ns = shadow->clock->read_ns;
	uint64_t used_ns = cpu_ns - shadow->cpu_ns;
	uint64_t spun_ns = shadow->health[HEALTH_SPIN_NS] - shadow->cpu_spin_ns;

	if (shadow->cpu_seen) {
		if (used_ns > spun_ns)
			shadow->health[HEALTH_BUSY_NS] += used_ns - spun_ns;
		if (wall_ns - shadow->cpu_wall_ns > used_ns)
			shadow->health[HEALTH_WAIT_NS] += wall_ns - shadow->cpu_wall_ns - used_ns;
	}
	shadow->cpu_seen = true;
	shadow->cpu_ns = cpu_ns;
	shadow->cpu_wall_ns = wall_ns;
	shadow->cpu_spin_ns = shadow->health[HEALTH_SPIN_NS];
}

static void pending_asked(void *watcher)
{
	struct shadow *shadow = watcher;

	if (!shadow->looked)
		shadow_pace_spins(shadow, shadow->clock->read_ns);
	shadow->looked = true;
	/* It looks all the time while it spins. */
	shadow->reaped_ns = shadow->clock->read_ns;
}

static void note_send(struct shadow *shadow, uint32_t slot, uint64_t bytes, bool zero_copy)
{
	uint64_t count = bytes / shadow->plan->request.wire_bytes;

	if (shadow->conns[slot].rest_due) {
		shadow->conns[slot].rest_due = false;
		if (bytes != shadow->conns[slot].sent_bytes || zero_copy)
			fake_log_fail("slot %u: %" PRIu64 " bytes are not the rest", slot, bytes);
		return;
	}
	if (zero_copy != (shadow->trial || shadow->zero_copy))
		fake_log_fail("slot %u: a send with%s a copy", slot, zero_copy ? "out" : "");
	shadow->trial = false;
	shadow->health[HEALTH_SENDS]++;
	shadow->health[HEALTH_ZERO_COPY] += zero_copy;
	if (!count || bytes % shadow->plan->request.wire_bytes)
		fake_log_fail("slot %u: %" PRIu64 " bytes are no whole requests", slot, bytes);
	if (shadow->evaluated)
		fake_log_fail("slot %u: a send after the clock was read for it", slot);
	if (shadow->send_count == sizeof(shadow->sends) / sizeof(shadow->sends[0]))
		fake_log_fail("more sends than share an enter");
	/* One send at a time, and the last was taken whole: what the socket took is what went
	 * before. */
	shadow->sends[shadow->send_count++] = (struct shadow_send){
		slot, (uint32_t)count, shadow->conns[slot].peer->accepted_bytes};
}

static void queued(void *watcher, enum ring_operation operation, uint64_t tag, uint64_t bytes)
{
	struct shadow *shadow = watcher;
	uint32_t slot = RING_TAG_SLOT(tag);
	struct shadow_conn *conn = &shadow->conns[slot];

	shadow->operations++;
	switch (operation) {
	case RING_CONNECT:
		shadow_connecting(shadow, slot, RING_TAG_GENERATION(tag));
		break;
	case RING_SEND:
	case RING_SEND_ZERO_COPY:
		note_send(shadow, slot, bytes, operation == RING_SEND_ZERO_COPY);
		break;
	case RING_RECEIVE:
	case RING_RECEIVE_STAMPED:
		if ((operation == RING_RECEIVE_STAMPED) != shadow->plan->rx_timestamps)
			fake_log_fail("slot %u: a receive of the other kind", slot);
		conn->armed_receives++;
		break;
	case RING_CANCEL:
		shadow_cancelled(shadow, slot);
		break;
	default:
		break;
	}
}

static void entering(void *watcher, uint64_t wait_ns)
{
	struct shadow *shadow = watcher;

	shadow_pace_waits(shadow, shadow->clock->read_ns, wait_ns);
}

static void entered(void *watcher, int code)
{
	struct shadow *shadow = watcher;

	shadow->entered = true;
	shadow->enter_code = code;
}

static void reaped(void *watcher, const struct fake_completion *completions, uint32_t count)
{
	struct shadow *shadow = watcher;

	assert(count <= WORKER_REAP_BATCH);
	if (shadow->batch_count)
		fake_log_fail("the clock was not read for the last batch of completions");
	memcpy(shadow->batch, completions, count * sizeof(*completions));
	shadow->batch_count = count;
	shadow->restless = 0;
	shadow->health[HEALTH_COMPLETIONS] += count;
	/* The reading after the enter is the first batch's; each later one gets its own. */
	if (!shadow->batches++)
		process_batch(shadow, shadow->clock->read_ns);
}

static void installed(void *watcher, uint32_t slot, int result)
{
	struct shadow *shadow = watcher;

	shadow_installed(shadow, slot, result);
}

static void opened(void *watcher, int result)
{
	struct shadow *shadow = watcher;

	shadow_opened(shadow, result);
}

static void stamped(void *watcher, int result)
{
	if (result)
		shadow_open_failed(watcher, result);
}

static void wall_looked(void *watcher, uint64_t now_ns)
{
	shadow_wall_looked(watcher, now_ns);
}

static void offset_looked(void *watcher, uint64_t now_ns, bool sure)
{
	shadow_wall_offset(watcher, now_ns, sure);
}

static void asked_port(void *watcher, const struct fake_conn *conn)
{
	struct shadow *shadow = watcher;

	shadow_asked_port(shadow, conn);
}

struct fake_ring_watch sim_shadow_ring_watch(struct shadow *shadow)
{
	return (struct fake_ring_watch){.watcher = shadow,
		.installed = installed,
		.queued = queued,
		.entering = entering,
		.entered = entered,
		.asked = pending_asked,
		.reaped = reaped};
}

struct fake_sock_watch sim_shadow_sock_watch(struct shadow *shadow)
{
	return (struct fake_sock_watch){.watcher = shadow,
		.opened = opened,
		.bound = shadow_bound,
		.resets = shadow_resets,
		.stamped = stamped,
		.asked_port = asked_port};
}

void sim_shadow_watch_clock(struct shadow *shadow)
{
	shadow->clock->watcher = shadow;
	shadow->clock->watch = clock_read;
	shadow->clock->watch_relax = relaxed;
	shadow->clock->watch_cpu = cpu_read;
	shadow->clock->watch_wall = wall_looked;
	shadow->clock->watch_offset = offset_looked;
	shadow->reaped_ns = shadow->begun_ns = shadow->clock->read_ns;
	if (shadow->plan->no_keepalive)
		shadow_churn_begins(shadow, shadow->begun_ns);
}

void sim_shadow_turn_begins(struct shadow *shadow)
{
	shadow->begins_ns = shadow->clock->read_ns;
	shadow->evaluated = shadow->looked = false;
	shadow_settle(shadow, shadow->begins_ns);
	shadow->send_count = shadow->dial_count = shadow->operations = 0;
	shadow->batches = 0;
	shadow->failed_opens = 0;
}

void sim_shadow_turn_ended(struct shadow *shadow, bool goes_on)
{
	if (!shadow->evaluated)
		evaluate(shadow, shadow->clock->read_ns, 0);
	if (shadow->batch_count)
		fake_log_fail("the clock was not read for the last batch of completions");
	shadow_stamps_judge(shadow);
	if (goes_on != (shadow->life != SHADOW_DONE))
		fake_log_fail("the worker %s", goes_on ? "goes on after its end" : "ended early");
	shadow->health[HEALTH_LOOPS] += goes_on;
	shadow_check_conns(shadow);
}

void sim_shadow_init(struct shadow *shadow, const struct plan *plan, size_t index, bool registered,
	const struct worker_control *control, struct fake_clock *clock)
{
	size_t fits = 65536 / plan->request.wire_bytes;

	memset(shadow, 0, sizeof(*shadow));
	shadow->plan = plan;
	shadow->place = &plan->workers[index];
	shadow->index = index;
	shadow->control = control;
	shadow->clock = clock;
	shadow->wire_copies = fits < 1                ? 1
			      : fits < plan->pipeline ? (uint32_t)fits
						      : plan->pipeline;
	shadow->registered = registered && plan->send != SCENARIO_SEND_PLAIN;
	shadow->quiet = plan->pipeline == 1 && plan->request.wire_bytes <= 16384 &&
			!shadow->registered;
	shadow->trial = shadow->registered && plan->send == SCENARIO_SEND_AUTO;
	shadow->zero_copy = shadow->registered && plan->send == SCENARIO_SEND_ZERO_COPY;
	shadow->margin_ns = SHADOW_MARGIN_LEAST_NS;
	shadow->addresses = take(plan->address_count, sizeof(*shadow->addresses));
	shadow->conns = take(shadow->place->connections, sizeof(*shadow->conns));
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		shadow->conns[i] = (struct shadow_conn){
			.requests = take(plan->pipeline, sizeof(struct shadow_request)),
			.address = (shadow->place->first_connection + i) % plan->address_count};
	shadow_begin_window(shadow);
}

void sim_shadow_release(struct shadow *shadow)
{
	for (uint32_t i = 0; i < shadow->place->connections; i++)
		free(shadow->conns[i].requests);
	free(shadow->conns);
	free(shadow->dials);
	free(shadow->addresses);
	free(shadow->waiting);
	free(shadow->rows);
	memset(shadow, 0, sizeof(*shadow));
}
