/* SPDX-License-Identifier: MIT */
#include "engine/worker.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "engine/conn.h"
#include "engine/launch.h"
#include "engine/outcome.h"
#include "engine/receive.h"

#define TICK_NS (10 * NS_PER_MS)
/* Below this the rest of a sleep is spun: a sleeping thread comes back 5 to 300 µs late. */
#define SPIN_NS (50 * NS_PER_US)
/* From here on submitting alone takes so long that waiting in the same enter would hide it. */
#define SPLIT_ENTER_SENDS 4
/* A send up to this size fits an empty socket buffer, so it cannot outlive its own response. */
#define QUIET_SEND_BYTES 16384
/* Copies of the request kept back to back, so that a pipeline goes out in one send. */
#define WIRE_COPIES_BYTES  65536
#define SUBMISSION_ENTRIES 1024

/* Arena pieces are laid out by one function that either counts or takes. */
struct layout {
	struct arena *arena; /* NULL: count only */
	size_t bytes;
};

static void *piece(struct layout *layout, size_t bytes, size_t align_bytes)
{
	layout->bytes += arena_need(bytes, align_bytes);
	return layout->arena ? arena_alloc(layout->arena, bytes, align_bytes) : NULL;
}

static uint32_t wire_copies(const struct plan *plan)
{
	size_t copies = WIRE_COPIES_BYTES / plan->request.wire_bytes;

	if (copies < 1)
		return 1;
	return copies < plan->pipeline ? (uint32_t)copies : plan->pipeline;
}

/* Buffers start at different cache sets: equal low address bits would make them evict each other.
 */
static uint32_t buffer_stride(const struct plan *plan)
{
	return plan->buffer_bytes + 5 * 64;
}

struct pieces {
	void *stats, *buffers;
	uint64_t *backlog;
};

static void lay_out(struct worker *worker, const struct plan *plan, size_t index,
	struct layout *layout, struct pieces *pieces)
{
	size_t conns = plan->workers[index].connections;
	size_t requests = conns * plan->pipeline;

	pieces->stats = piece(layout, stats_bytes(plan->longest_ns), 64);
	pieces->buffers = piece(layout, (size_t)plan->buffer_count * buffer_stride(plan), 4096);
	pieces->backlog = plan->max_in_flight_per_worker == UINT64_MAX
				  ? NULL
				  : piece(layout, plan->max_in_flight_per_worker * sizeof(uint64_t),
					    64);
	worker->conns = piece(layout, conns * sizeof(struct conn), 64);
	worker->conn_links = piece(layout, conns * sizeof(struct index_link), 64);
	worker->requests = piece(layout, requests * sizeof(struct request), 64);
	worker->request_links = piece(layout, requests * sizeof(struct index_link), 64);
	worker->wire = piece(layout, plan->request.wire_bytes * wire_copies(plan), 4096);
	worker->queued = piece(
		layout, sizeof(uint32_t) * WORKER_SENDS_PER_ENTER * plan->pipeline, 64);
	worker->address_counts = piece(layout, plan->address_count * sizeof(uint32_t), 64);
}

size_t worker_memory(const struct plan *plan, size_t index)
{
	struct layout layout = {0};
	struct worker scratch;
	struct pieces pieces;

	lay_out(&scratch, plan, index, &layout, &pieces);
	return layout.bytes;
}

static int open_ring(struct worker *worker, void *buffers, struct err *err)
{
	const struct plan *plan = worker->plan;
	uint32_t conns = worker->place->connections;
	struct ring_options options = {
		.submission_entries = SUBMISSION_ENTRIES,
		/* Each connection may have a receive, a send, and the three of a close at once. */
		.completion_entries = conns < 512 ? 4096 : conns * 8,
		.slots = conns,
		.buffer_count = plan->buffer_count,
		.buffer_bytes = plan->buffer_bytes,
		.buffer_stride_bytes = buffer_stride(plan),
		.buffers = buffers,
	};

	return ring_new(&worker->ring, &options, err);
}

static void init_tables(struct worker *worker)
{
	const struct plan *plan = worker->plan;

	index_list_init(&worker->idle);
	index_list_init(&worker->partial);
	index_list_init(&worker->connecting);
	index_list_init(&worker->down);
	index_list_init(&worker->unanswered);
	for (uint32_t i = 0; i < worker->place->connections; i++) {
		worker->conns[i].address = (uint16_t)((worker->place->first_connection + i) %
						      plan->address_count);
		worker->conns[i].list = CONN_LISTED_DOWN;
		index_list_append(&worker->down, worker->conn_links, i);
	}
	worker->wire_copies = wire_copies(plan);
	for (uint32_t i = 0; i < worker->wire_copies; i++)
		memcpy(worker->wire + i * plan->request.wire_bytes, plan->request.wire,
			plan->request.wire_bytes);
	worker->quiet_sends = plan->pipeline == 1 && plan->request.wire_bytes <= QUIET_SEND_BYTES;
}

int worker_init(struct worker *worker, const struct plan *plan, size_t index,
	const struct worker_control *control, struct arena *arena, struct err *err)
{
	struct layout layout = {.arena = arena};
	struct pieces pieces;

	memset(worker, 0, sizeof(*worker));
	worker->plan = plan;
	worker->place = &plan->workers[index];
	worker->index = index;
	worker->control = control;
	worker->arena = arena;
	lay_out(worker, plan, index, &layout, &pieces);
	worker->stats = stats_init(pieces.stats, plan->longest_ns);
	rng_init(&worker->jitter, plan->seed, 1000000 + index);
	init_tables(worker);
	if (plan->open_loop) {
		arrival_init(&worker->due, plan, index);
		worker->backlog.taken = worker->due;
		worker->backlog.times = pieces.backlog;
		worker->backlog.capacity = plan->max_in_flight_per_worker;
	}
	worker->requests_left = plan->has_requests ? worker->place->requests : UINT64_MAX;
	worker->launch = plan->open_loop ? launch_open_loop : launch_closed_loop;
	worker->start_ns = worker->end_ns = worker->measured_from_ns = UINT64_MAX;
	worker->drain_until_ns = UINT64_MAX;
	worker->now_ns = worker->reaped_ns = clock_now_ns();
	worker->next_connect_ns = worker->now_ns;
	return open_ring(worker, pieces.buffers, err);
}

void worker_release(struct worker *worker)
{
	ring_free(worker->ring);
	worker->ring = NULL;
}

/* ---- from phase to phase ---- */

static void establish(struct worker *worker)
{
	uint64_t gap_ns = (uint64_t)(1e9 / worker->control->connects_per_second);

	while (worker->next_connect < worker->place->connections &&
		worker->next_connect_ns <= worker->now_ns &&
		ring_submission_space(worker->ring) > WORKER_SENDS_PER_ENTER) {
		conn_connect(worker, worker->next_connect++);
		worker->next_connect_ns += gap_ns;
	}
	if (worker->next_connect < worker->place->connections ||
		!index_list_empty(&worker->connecting))
		return;
	arena_seal(worker->arena);
	worker->phase = WORKER_READY;
	__atomic_store_n(&worker->ready, 1, __ATOMIC_RELEASE);
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void await_start(struct worker *worker)
{
	uint64_t start_ns = __atomic_load_n(&worker->control->start_ns, __ATOMIC_ACQUIRE);

	if (start_ns == UINT64_MAX)
		return;
	worker->start_ns = start_ns;
	worker->measured_from_ns = start_ns + worker->plan->warmup_ns;
	worker->end_ns = saturating_add(worker->measured_from_ns, worker->plan->duration_ns);
	if (worker->now_ns >= start_ns)
		worker->phase = WORKER_RUNNING;
}

static void begin_drain(struct worker *worker, uint64_t window_end_ns)
{
	worker->phase = WORKER_DRAINING;
	worker->window_end_ns = window_end_ns;
	worker->drain_until_ns = saturating_add(worker->now_ns, worker->plan->drain_ns);
}

/* Whether nothing will become due any more. */
static bool window_over(const struct worker *worker)
{
	uint64_t alone_ns = saturating_add(worker->last_established_ns, worker->plan->timeout_ns);

	if (worker->now_ns >= worker->end_ns)
		return true;
	if (!worker->plan->has_requests)
		return false;
	if (worker->plan->open_loop)
		return worker->due.next_ns == ARRIVAL_NONE;
	/* Sessions without a server would never come to their last request. */
	return !worker->requests_left || (!worker->established && worker->now_ns >= alone_ns);
}

/* Whether all that became due has come to an end. */
static bool drained(const struct worker *worker)
{
	if (worker->in_flight || worker->backlog.count)
		return false;
	return !worker->plan->open_loop || worker->due.next_ns == ARRIVAL_NONE;
}

/* How the time since the last look was spent: the CPU clock tells work and spinning from waiting.
 */
static void account(struct worker *worker)
{
	uint64_t cpu_ns = clock_thread_cpu_ns();
	uint64_t spin_ns = worker->stats->health.value[HEALTH_SPIN_NS];
	uint64_t used_ns = cpu_ns - worker->cpu_seen_ns;
	uint64_t wall_ns = worker->now_ns - worker->wall_seen_ns;
	uint64_t spun_ns = spin_ns - worker->spin_seen_ns;

	if (worker->wall_seen_ns) {
		COUNT_BY(&worker->stats->health, HEALTH_BUSY_NS,
			used_ns > spun_ns ? used_ns - spun_ns : 0);
		COUNT_BY(&worker->stats->health, HEALTH_WAIT_NS,
			wall_ns > used_ns ? wall_ns - used_ns : 0);
	}
	worker->cpu_seen_ns = cpu_ns;
	worker->wall_seen_ns = worker->now_ns;
	worker->spin_seen_ns = spin_ns;
}

static void finish(struct worker *worker)
{
	while (!index_list_empty(&worker->unanswered))
		outcome_in_flight(worker, worker->unanswered.first, worker->now_ns);
	while (worker->backlog.count) {
		outcome_unsent(worker, worker->start_ns + backlog_oldest(&worker->backlog),
			worker->now_ns);
		backlog_pop(&worker->backlog);
	}
	/* N requests of a closed loop are over with the last answer: that is the window of their
	 * rate. */
	if (worker->plan->has_requests && !worker->plan->open_loop && worker->last_done_ns)
		worker->window_end_ns = worker->last_done_ns;
	account(worker);
	worker->phase = WORKER_DONE;
}

static void obey_stop(struct worker *worker, int stop)
{
	if (worker->phase < WORKER_RUNNING) {
		if (stop != ENGINE_RUN)
			worker->phase = WORKER_DONE;
		return;
	}
	if (stop == ENGINE_STOP_DRAIN && worker->phase == WORKER_RUNNING) {
		worker->end_ns = worker->now_ns;
		if (worker->plan->open_loop)
			arrival_cut(&worker->due, worker->now_ns - worker->start_ns);
		begin_drain(worker, worker->now_ns);
	}
	if (stop == ENGINE_STOP_NOW) {
		if (worker->phase == WORKER_RUNNING)
			worker->window_end_ns = worker->now_ns;
		finish(worker);
	}
}

static void advance_phase(struct worker *worker)
{
	int stop = __atomic_load_n(&worker->control->stop, __ATOMIC_RELAXED);

	if (stop != ENGINE_RUN)
		obey_stop(worker, stop);
	if (worker->phase == WORKER_ESTABLISHING)
		establish(worker);
	if (worker->phase == WORKER_READY)
		await_start(worker);
	if (worker->phase == WORKER_RUNNING && window_over(worker))
		begin_drain(
			worker, worker->end_ns < worker->now_ns ? worker->end_ns : worker->now_ns);
	if (worker->phase == WORKER_DRAINING && ((!worker->in_flight && !worker->backlog.count) ||
							worker->now_ns >= worker->drain_until_ns))
		finish(worker);
}

/* ---- slow matters ---- */

static void time_out_unanswered(struct worker *worker)
{
	while (!index_list_empty(&worker->unanswered)) {
		uint32_t oldest = worker->unanswered.first;

		if (worker->requests[oldest].sent_ns + worker->plan->timeout_ns > worker->now_ns)
			return;
		conn_break(worker, oldest / worker->plan->pipeline, COUNTER_TIMED_OUT);
	}
}

static void tick(struct worker *worker)
{
	worker->tick_ns = worker->now_ns + TICK_NS;
	conn_tick(worker);
	account(worker);
	__atomic_store_n(&worker->stats->health.value[HEALTH_CQ_OVERFLOW],
		ring_overflows(worker->ring), __ATOMIC_RELAXED);
}

/* ---- submit, wait, reap ---- */

static void earlier(uint64_t *wake_ns, uint64_t at_ns)
{
	if (at_ns < *wake_ns)
		*wake_ns = at_ns;
}

/* When the next arrival wants attention; it need not, while no connection could take it. */
static uint64_t next_due(const struct worker *worker)
{
	bool takes = !index_list_empty(&worker->idle) || !index_list_empty(&worker->partial) ||
		     worker->plan->max_in_flight_per_worker != UINT64_MAX;

	if (worker->phase != WORKER_RUNNING && worker->phase != WORKER_READY)
		return UINT64_MAX;
	if (worker->start_ns == UINT64_MAX)
		return UINT64_MAX;
	if (worker->now_ns < worker->start_ns && !worker->plan->open_loop)
		return worker->start_ns;
	if (!worker->plan->open_loop || !takes || worker->due.next_ns == ARRIVAL_NONE)
		return UINT64_MAX;
	return worker->start_ns + worker->due.next_ns;
}

/* When anything else does. */
static uint64_t next_other(const struct worker *worker)
{
	uint64_t wake_ns = worker->tick_ns;

	if (!index_list_empty(&worker->unanswered))
		earlier(&wake_ns, worker->requests[worker->unanswered.first].sent_ns +
					  worker->plan->timeout_ns);
	if (worker->backlog.count)
		earlier(&wake_ns, worker->start_ns + backlog_oldest(&worker->backlog) +
					  worker->plan->timeout_ns);
	if (worker->phase == WORKER_ESTABLISHING &&
		worker->next_connect < worker->place->connections)
		earlier(&wake_ns, worker->next_connect_ns);
	if (worker->phase == WORKER_RUNNING)
		earlier(&wake_ns, worker->end_ns);
	if (worker->phase == WORKER_DRAINING)
		earlier(&wake_ns, worker->drain_until_ns);
	return wake_ns;
}

static void spin(struct worker *worker, uint64_t until_ns)
{
	uint64_t begun_ns = worker->now_ns;

	/* With deferred task work a response stays unseen until an enter: watch for the kernel's
	 * flag. */
	while (worker->now_ns < until_ns && !ring_pending(worker->ring)) {
		clock_relax();
		worker->now_ns = clock_now_ns();
	}
	COUNT_BY(&worker->stats->health, HEALTH_SPIN_NS, worker->now_ns - begun_ns);
}

/* How long the coming enter may wait, or whether to spin instead. */
static uint64_t pace(const struct worker *worker, bool *spins, uint64_t *until_ns)
{
	uint64_t due_ns = next_due(worker);
	uint64_t wake_ns = next_other(worker);
	uint64_t margin_ns = worker->plan->pacing == SCENARIO_PACING_AUTO ? SPIN_NS : 0;

	*spins = false;
	if (launch_pending(worker) || due_ns <= worker->now_ns || wake_ns <= worker->now_ns)
		return 0;
	*until_ns = due_ns < wake_ns ? due_ns : wake_ns;
	if (worker->plan->pacing == SCENARIO_PACING_SPIN || due_ns - worker->now_ns <= margin_ns) {
		*spins = true;
		return 0;
	}
	if (due_ns != UINT64_MAX)
		earlier(&wake_ns, due_ns - margin_ns);
	return wake_ns - worker->now_ns;
}

static void enter(struct worker *worker, uint64_t wait_ns)
{
	uint64_t before_ns = worker->now_ns;
	int code = ring_enter(worker->ring, wait_ns);

	worker->now_ns = clock_now_ns();
	/* A wait is no loss of resolution: a completion ends it. */
	hist_record(
		&worker->stats->loop, (wait_ns ? before_ns : worker->now_ns) - worker->reaped_ns);
	worker->reaped_ns = worker->now_ns;
	COUNT(&worker->stats->health, HEALTH_ENTERS);
	if (code) {
		worker->fault = code;
		finish(worker);
	}
}

static void submit_and_wait(struct worker *worker)
{
	uint64_t wait_ns, until_ns;
	bool spins;
	bool heavy = worker->queued_sends >= SPLIT_ENTER_SENDS;

	worker->now_ns = clock_now_ns();
	launch_stamp(worker, worker->now_ns);
	wait_ns = pace(worker, &spins, &until_ns);
	if (!spins) {
		enter(worker, heavy ? 0 : wait_ns);
		return;
	}
	if (ring_submission_space(worker->ring) < SUBMISSION_ENTRIES) {
		enter(worker, 0);
		return;
	}
	spin(worker, until_ns);
	worker->reaped_ns = worker->now_ns; /* it looked all the time */
	if (ring_pending(worker->ring))
		enter(worker, 0);
}

static void reap(struct worker *worker)
{
	struct ring_completion batch[WORKER_REAP_BATCH];
	uint32_t count, total = 0;

	do {
		count = ring_reap(worker->ring, batch, WORKER_REAP_BATCH);
		if (total && count)
			worker->now_ns = clock_now_ns();
		for (uint32_t i = 0; i < count; i++)
			receive_completion(worker, &batch[i]);
		total += count;
	} while (count == WORKER_REAP_BATCH && total < WORKER_REAP_LIMIT);
	COUNT_BY(&worker->stats->health, HEALTH_COMPLETIONS, total);
}

bool worker_step(struct worker *worker)
{
	advance_phase(worker);
	if (worker->phase == WORKER_DONE)
		return false;
	time_out_unanswered(worker);
	if (worker->now_ns >= worker->tick_ns)
		tick(worker);
	if (worker->phase >= WORKER_RUNNING)
		worker->launch(worker);
	submit_and_wait(worker);
	if (worker->phase == WORKER_DONE)
		return false;
	reap(worker);
	COUNT(&worker->stats->health, HEALTH_LOOPS);
	return true;
}
