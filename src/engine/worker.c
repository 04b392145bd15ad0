/* SPDX-License-Identifier: MIT */
#include "engine/worker.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "engine/churn.h"
#include "engine/conn.h"
#include "engine/health.h"
#include "engine/launch.h"
#include "engine/pace.h"
#include "engine/phase.h"
#include "engine/receive.h"
#include "engine/stamp.h"
#include "engine/zero_copy.h"

#define TICK_NS (10 * NS_PER_MS)
/* A send up to this size fits an empty socket buffer, so it cannot outlive its own response. */
#define QUIET_SEND_BYTES 16384

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
	/* Kept back to back, so that a pipeline goes out in one send. */
	size_t copies = PLAN_SHARED_BYTES / plan->request.wire_bytes;

	if (copies < 1)
		return 1;
	return copies < plan->pipeline ? (uint32_t)copies : plan->pipeline;
}

/* Whether the worker sends from memory of its own: always small requests, and large ones where it
 * is the first of its node. */
static bool makes_copies(const struct plan *plan, size_t index)
{
	if (!plan->request.shared)
		return true;
	return plan->request.per_node && plan->workers[index].first_of_node == index;
}

/* Of which the responses have what the plan says. */
static uint32_t buffer_bytes(const struct plan *plan)
{
	return plan->buffer_bytes + (plan->rx_timestamps ? RING_STAMPED_BYTES : 0);
}

/* Buffers start at different cache sets: equal low address bits would make them evict each other.
 */
static uint32_t buffer_stride(const struct plan *plan)
{
	return buffer_bytes(plan) + 5 * 64;
}

struct pieces {
	void *stats, *buffers, *slowest;
	char *wire; /* NULL: another's */
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
	pieces->slowest = plan->slowest_rows ? piece(layout, slowest_bytes(plan->slowest_rows), 64)
					     : NULL;
	worker->unasked = plan->slowest_rows
				  ? piece(layout, conns * sizeof(struct conn_unasked), 64)
				  : NULL;
	worker->conns = piece(layout, conns * sizeof(struct conn), 64);
	worker->conn_links = piece(layout, conns * sizeof(struct index_link), 64);
	worker->available_links = piece(layout, conns * sizeof(struct index_link), 64);
	worker->requests = piece(layout, requests * sizeof(struct request), 64);
	worker->request_links = piece(layout, requests * sizeof(struct index_link), 64);
	pieces->wire = makes_copies(plan, index)
			       ? piece(layout, plan->request.wire_bytes * wire_copies(plan), 4096)
			       : NULL;
	worker->queued = piece(
		layout, sizeof(uint32_t) * WORKER_SENDS_PER_ENTER * plan->pipeline, 64);
	worker->address_counts = piece(layout, plan->address_count * sizeof(uint32_t), 64);
	worker->source_counts = piece(layout, plan->address_count * sizeof(uint64_t), 64);
	worker->churn.dialled = plan->no_keepalive ? piece(layout, conns * sizeof(uint32_t), 64)
						   : NULL;
	worker->addresses = piece(
		layout, plan->address_count * sizeof(struct address_counters), 64);
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
		.submission_entries = WORKER_SUBMISSION_ENTRIES,
		/* Each connection may have a receive, a send, and the three of a close at once. */
		.completion_entries = conns < 512 ? 4096 : conns * 8,
		.slots = conns,
		.buffer_count = plan->buffer_count,
		.buffer_bytes = buffer_bytes(plan),
		.buffer_stride_bytes = buffer_stride(plan),
		.buffers = buffers,
		.incremental = plan->incremental_buffers,
		.reports = plan->send_reports,
	};

	return ring_new(&worker->ring, &options, err);
}

static void init_wire(struct worker *worker, char *copies)
{
	const struct plan_request *request = &worker->plan->request;
	const char **near = worker->control->copies;

	worker->wire_copies = wire_copies(worker->plan);
	worker->wire = copies ? copies : request->wire;
	if (!copies && near && near[worker->place->first_of_node])
		worker->wire = near[worker->place->first_of_node];
	for (uint32_t i = 0; copies && i < worker->wire_copies; i++)
		memcpy(copies + i * request->wire_bytes, request->wire, request->wire_bytes);
	worker->send = worker->plan->pipeline == 1 && request->wire_bytes <= QUIET_SEND_BYTES
			       ? WORKER_SEND_QUIET
			       : WORKER_SEND_LOUD;
}

static void init_tables(struct worker *worker)
{
	const struct plan *plan = worker->plan;

	for (unsigned int list = 0; list < CONN_LIST_COUNT; list++)
		index_list_init(&worker->lists[list]);
	index_list_init(&worker->available);
	index_list_init(&worker->unanswered);
	index_list_init(&worker->churn.bound);
	for (uint32_t i = 0; i < worker->place->connections; i++) {
		worker->conns[i].address = (uint16_t)((worker->place->first_connection + i) %
						      plan->address_count);
		worker->conns[i].list = CONN_LISTED_DOWN;
		index_list_append(&worker->lists[CONN_LISTED_DOWN], worker->conn_links, i);
	}
}

/* What begins anew with each window. */
static void begin_window(struct worker *worker)
{
	const struct plan *plan = worker->plan;

	if (plan->open_loop) {
		arrival_init(&worker->due, plan, worker->index);
		worker->backlog.taken = worker->due;
	}
	worker->requests_left = plan->has_requests ? worker->place->requests : UINT64_MAX;
	worker->start_ns = worker->end_ns = worker->measured_from_ns = UINT64_MAX;
	worker->window_until_ns = worker->window_end_ns = worker->last_done_ns = 0;
	worker->now_ns = worker->reaped_ns = clock_now_ns();
	worker->next_connect_ns = worker->now_ns;
	worker->next_connect = 0;
	worker->window++;
	worker->phase = WORKER_ESTABLISHING;
}

int worker_init(struct worker *worker, const struct plan *plan, size_t index,
	const struct worker_control *control, struct arena *arena, struct err *err)
{
	struct layout layout = {.arena = arena};
	struct pieces pieces;
	int code;

	memset(worker, 0, sizeof(*worker));
	worker->plan = plan;
	worker->place = &plan->workers[index];
	worker->index = index;
	worker->control = control;
	worker->arena = arena;
	lay_out(worker, plan, index, &layout, &pieces);
	worker->stats = stats_init(pieces.stats, plan->longest_ns);
	slowest_init(&worker->slowest, plan->slowest_rows, pieces.slowest);
	rng_init(&worker->jitter, plan->seed, 1000000 + index);
	margin_init(&worker->margin);
	stamp_init(worker);
	init_tables(worker);
	init_wire(worker, pieces.wire);
	worker->backlog.times = pieces.backlog;
	worker->backlog.capacity = plan->max_in_flight_per_worker;
	worker->launch = plan->open_loop ? launch_open_loop : launch_closed_loop;
	if (plan->no_keepalive)
		worker->launch = launch_churn;
	begin_window(worker);
	if (plan->no_keepalive)
		churn_init(worker);
	code = open_ring(worker, pieces.buffers, err);
	return code ? code : zero_copy_init(worker, err);
}

static void clear_figures(struct worker *worker)
{
	const struct plan *plan = worker->plan;

	memset(worker->stats, 0, stats_bytes(plan->longest_ns));
	stats_init(worker->stats, plan->longest_ns);
	slowest_init(&worker->slowest, worker->slowest.capacity, worker->slowest.rows);
	memset(worker->addresses, 0, plan->address_count * sizeof(*worker->addresses));
	worker->odd_byte_count = 0;
	worker->odd_reason = NULL;
	worker->overflows_before = ring_overflows(worker->ring);
	/* The time until its next look is not accounted for. */
	worker->wall_seen_ns = 0;
}

void worker_again(struct worker *worker)
{
	assert(worker->phase == WORKER_DONE && !worker->fault);
	clear_figures(worker);
	begin_window(worker);
	for (uint32_t i = 0; i < worker->place->connections; i++)
		conn_again(worker, i);
	if (worker->churn.on)
		churn_again(worker);
	worker->settling = true;
	worker->completions_seen = UINT64_MAX;
}

void worker_release(struct worker *worker)
{
	conn_release(worker);
	ring_free(worker->ring);
	worker->ring = NULL;
}

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
	health_account(worker);
}

/* With thousands of connections each completion misses the cache: have all of a batch on the way.
 */
static void prefetch(
	const struct worker *worker, const struct ring_completion *batch, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t conn = RING_TAG_SLOT(batch[i].tag);

		__builtin_prefetch(&worker->conns[conn]);
		__builtin_prefetch(&worker->requests[(size_t)conn * worker->plan->pipeline]);
	}
}

static void reap(struct worker *worker)
{
	struct ring_completion batch[WORKER_REAP_BATCH];
	uint32_t count, total = 0;

	do {
		count = ring_reap(worker->ring, batch, WORKER_REAP_BATCH);
		if (total && count)
			worker->now_ns = clock_now_ns();
		if (worker->stamp.asked && count)
			stamp_look(worker);
		prefetch(worker, batch, count);
		for (uint32_t i = 0; i < count; i++)
			receive_completion(worker, &batch[i]);
		total += count;
	} while (count == WORKER_REAP_BATCH && total < WORKER_REAP_LIMIT);
	COUNT_BY(&worker->stats->health, HEALTH_COMPLETIONS, total);
}

bool worker_waits(const struct worker *worker)
{
	/* What the reap has queued goes to the kernel first. */
	return phase_awaits_start(worker) &&
	       ring_submission_space(worker->ring) == WORKER_SUBMISSION_ENTRIES;
}

bool worker_step(struct worker *worker)
{
	/* First: what has timed out when the drain ends is timed out, and not in flight. */
	time_out_unanswered(worker);
	phase_advance(worker);
	if (worker->phase == WORKER_DONE)
		return false;
	if (worker->now_ns >= worker->tick_ns)
		tick(worker);
	if (worker->phase >= WORKER_RUNNING)
		worker->launch(worker);
	pace_enter(worker);
	if (worker->phase == WORKER_DONE)
		return false;
	reap(worker);
	COUNT(&worker->stats->health, HEALTH_LOOPS);
	return true;
}
