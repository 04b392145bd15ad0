/* SPDX-License-Identifier: MIT */
#include "engine/phase.h"

#include "engine/churn.h"
#include "engine/conn.h"
#include "engine/health.h"
#include "engine/launch.h"
#include "engine/outcome.h"

/* Between two windows: when nothing happens for so long, all that did was seen. An enter that waits
 * runs everything the kernel has for it, one that does not only a part. */
#define SETTLE_NS (1000 * 1000ULL)

static bool any_closing(const struct worker *worker)
{
	for (uint32_t i = 0; i < worker->place->connections; i++)
		if (worker->conns[i].state == CONN_CLOSING)
			return true;
	return false;
}

/* Whether everything was seen that happened between two windows (a turn that waited brought nothing
 * more), and every connection that came to its end is gone. */
static bool settled(struct worker *worker)
{
	uint64_t completions = worker->stats->health.value[HEALTH_COMPLETIONS];
	bool quiet = completions == worker->completions_seen;

	worker->completions_seen = completions;
	worker->next_connect_ns = worker->now_ns + SETTLE_NS;
	if (!quiet || any_closing(worker))
		return false;
	worker->settling = false;
	return true;
}

/* Connects what is down, each once. */
static void attempt(struct worker *worker)
{
	uint64_t gap_ns = (uint64_t)(1e9 / worker->control->connects_per_second);

	for (; worker->next_connect < worker->place->connections; worker->next_connect++) {
		if (worker->conns[worker->next_connect].state != CONN_DOWN)
			continue;
		if (worker->next_connect_ns > worker->now_ns ||
			ring_submission_space(worker->ring) <= WORKER_SENDS_PER_ENTER)
			return;
		conn_connect(worker, worker->next_connect);
		worker->next_connect_ns += gap_ns;
	}
	worker->next_connect_ns = UINT64_MAX;
}

/* Out of the way of phase_advance, which each turn calls. */
static __attribute__((noinline)) void establish(struct worker *worker)
{
	if (worker->settling && !settled(worker))
		return;
	attempt(worker);
	if (worker->next_connect < worker->place->connections ||
		!index_list_empty(&worker->lists[CONN_LISTED_CONNECTING]))
		return;
	arena_seal(worker->arena);
	worker->phase = WORKER_READY;
	__atomic_store_n(&worker->ready, worker->window, __ATOMIC_RELEASE);
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* N requests of a closed loop, all begun, are over with the last answer: the drain is part of the
 * window. */
static bool until_last_answer(const struct worker *worker)
{
	return worker->plan->has_requests && !worker->plan->open_loop && !worker->requests_left;
}

static void await_start(struct worker *worker)
{
	uint64_t start_ns = __atomic_load_n(&worker->control->start_ns, __ATOMIC_ACQUIRE);

	if (start_ns == UINT64_MAX)
		return;
	worker->start_ns = start_ns;
	worker->measured_from_ns = start_ns + worker->plan->warmup_ns;
	worker->end_ns = saturating_add(worker->measured_from_ns, worker->plan->duration_ns);
	if (worker->now_ns >= start_ns) {
		worker->phase = WORKER_RUNNING;
		worker->window_until_ns = worker->end_ns;
	}
}

static void begin_drain(struct worker *worker, uint64_t window_end_ns)
{
	worker->phase = WORKER_DRAINING;
	worker->window_until_ns = until_last_answer(worker) ? UINT64_MAX : window_end_ns;
	worker->window_end_ns = window_end_ns;
	worker->drain_until_ns = saturating_add(worker->now_ns, worker->plan->drain_ns);
}

/* Sessions without a server would never come to their last request: since when there is none. */
static uint64_t alone_since(const struct worker *worker)
{
	if (worker->established)
		return UINT64_MAX;
	return worker->last_established_ns > worker->start_ns ? worker->last_established_ns
							      : worker->start_ns;
}

/* Whether nothing will become due any more. */
static bool window_over(const struct worker *worker)
{
	if (worker->now_ns >= worker->end_ns)
		return true;
	if (worker->plan->open_loop || !worker->plan->has_requests)
		return false;
	return !worker->requests_left ||
	       worker->now_ns >= saturating_add(alone_since(worker),
					 worker->plan->timeout_ns + WORKER_ALONE_NS);
}

/* Whether all that became due has come to an end. */
static bool drained(const struct worker *worker)
{
	if (worker->in_flight || worker->backlog.count || worker->churn.bound_count)
		return false;
	return !worker->plan->open_loop || worker->due.next_ns == ARRIVAL_NONE;
}

void phase_finish(struct worker *worker)
{
	if (worker->phase == WORKER_RUNNING)
		worker->window_end_ns = worker->end_ns < worker->now_ns ? worker->end_ns
									: worker->now_ns;
	if (worker->phase >= WORKER_RUNNING && worker->plan->open_loop)
		launch_due(worker);
	while (!index_list_empty(&worker->unanswered))
		outcome_in_flight(worker, worker->unanswered.first, worker->now_ns);
	if (worker->churn.on)
		churn_finish(worker);
	while (worker->backlog.count) {
		outcome_unsent(worker, worker->start_ns + backlog_oldest(&worker->backlog),
			worker->now_ns);
		backlog_pop(&worker->backlog);
	}
	if (worker->phase == WORKER_DRAINING && until_last_answer(worker) && worker->last_done_ns)
		worker->window_end_ns = worker->last_done_ns;
	health_account(worker);
	worker->phase = WORKER_DONE;
}

static void obey_stop(struct worker *worker, int stop)
{
	if (stop < ENGINE_STOP_NOW && worker->phase == WORKER_RUNNING) {
		worker->end_ns = worker->now_ns;
		if (worker->plan->open_loop)
			arrival_cut(&worker->due, worker->now_ns - worker->start_ns);
		begin_drain(worker, worker->now_ns);
	}
	if (stop == ENGINE_STOP_NOW || worker->phase < WORKER_RUNNING)
		phase_finish(worker);
}

void phase_advance(struct worker *worker)
{
	int stop = __atomic_load_n(&worker->control->stop, __ATOMIC_RELAXED);

	if (worker->phase == WORKER_ESTABLISHING && stop == ENGINE_RUN)
		establish(worker);
	if (worker->phase == WORKER_READY)
		await_start(worker);
	/* After the start: what was due between it and the stop counts, however late this worker
	 * is. */
	if (stop != ENGINE_RUN)
		obey_stop(worker, stop);
	if (worker->phase == WORKER_RUNNING && window_over(worker))
		begin_drain(
			worker, worker->end_ns < worker->now_ns ? worker->end_ns : worker->now_ns);
	if (worker->phase == WORKER_DRAINING &&
		(drained(worker) || worker->now_ns >= worker->drain_until_ns))
		phase_finish(worker);
}
