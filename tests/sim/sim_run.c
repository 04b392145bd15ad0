/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/worker.h"
#include "tests/sim/fake_log.h"
#include "tests/sim/fake_sock.h"
#include "tests/sim/sim_lists.h"
#include "tests/sim/sim_shadow.h"

/* No case takes nearly as many turns. */
#define MOST_TURNS 3000000

struct stage {
	const struct sim_case *sim;
	struct fake_clock clock;
	struct fake_net net;
	struct sim_server server;
	struct worker_control control;
	struct arena arena;
	struct worker worker;
	struct shadow shadow;
	const struct sockaddr *addresses[SIM_SERVER_ADDRESSES];
	struct plan plan;            /* the case's, as windows change it */
	unsigned int window;         /* counted from 0 */
	uint64_t asked_ns, ready_ns; /* of the window */
};

static void set_up(struct stage *stage)
{
	const struct sim_case *sim = stage->sim;
	const struct plan *plan = &stage->plan;
	struct fake_ring_watch ring_watch;
	struct fake_sock_watch sock_watch;
	struct err err;

	stage->plan = sim->plan;
	fake_clock_init(&stage->clock, &sim->clock, sim->seed);
	fake_clock_current = &stage->clock;
	sim_server_init(&stage->server, &sim->server);
	fake_net_init(&stage->net, &stage->server.net);
	for (size_t i = 0; i < plan->address_count; i++)
		stage->addresses[i] = (const struct sockaddr *)&plan->addresses[i].sockaddr;
	stage->net.addresses = stage->addresses;
	stage->net.address_count = plan->address_count;
	stage->net.request = (const uint8_t *)plan->request.wire;
	stage->net.request_bytes = plan->request.wire_bytes;
	stage->net.latency_ns = sim->latency_ns;
	stage->control = (struct worker_control){
		.start_ns = UINT64_MAX, .connects_per_second = sim->connects_per_second};
	sim_shadow_init(&stage->shadow, plan, sim->worker, !sim->ring.register_fails,
		&stage->control, &stage->clock);
	stage->shadow.worker = &stage->worker;
	ring_watch = sim_shadow_ring_watch(&stage->shadow);
	sock_watch = sim_shadow_sock_watch(&stage->shadow);
	fake_ring_setup(&sim->ring, &stage->net, &ring_watch);
	fake_sock_setup(&stage->net, sim->seed, sim->sock_fails_one_in, &sock_watch);
	/* Its storage need not be zeroed. */
	memset(&stage->worker, 0xa5, sizeof(stage->worker));
	if (arena_init(&stage->arena, worker_memory(plan, sim->worker), -1, &err) ||
		worker_init(
			&stage->worker, plan, sim->worker, &stage->control, &stage->arena, &err))
		fake_log_fail("%s", err.text);
	sim_shadow_watch_clock(&stage->shadow);
	stage->asked_ns = stage->clock.now_ns;
}

static void take_down(struct stage *stage)
{
	worker_release(&stage->worker);
	if (stage->net.open_now)
		fake_log_fail("%" PRIu64 " sockets were left open", stage->net.open_now);
	arena_release(&stage->arena);
	sim_shadow_release(&stage->shadow);
	fake_net_release(&stage->net);
	fake_clock_current = NULL;
}

/* What the engine's thread and its user do meanwhile. */
static void control(struct stage *stage)
{
	const struct sim_case *sim = stage->sim;
	const struct sim_window *window = &sim->windows[stage->window];
	uint64_t now_ns = stage->clock.now_ns;
	uint64_t past_ns = now_ns - sim->clock.start_ns;

	if (stage->worker.ready == stage->window + 1 && !stage->ready_ns)
		stage->ready_ns = now_ns;
	if (stage->ready_ns && stage->control.start_ns == UINT64_MAX &&
		now_ns >= stage->ready_ns + window->start_known_ns) {
		stage->control.start_ns = (uint64_t)((int64_t)now_ns + window->start_ahead_ns);
		fake_log_trace("start at %" PRIu64, stage->control.start_ns);
	}
	if (now_ns - stage->asked_ns >= window->stop_ns && stage->control.stop == ENGINE_RUN)
		stage->control.stop = ENGINE_STOP_WINDOW;
	if (past_ns >= sim->drain_at_ns && stage->control.stop < ENGINE_STOP_DRAIN)
		stage->control.stop = ENGINE_STOP_DRAIN;
	if (past_ns >= sim->now_at_ns)
		stage->control.stop = ENGINE_STOP_NOW;
}

static void sooner(uint64_t *until_ns, uint64_t from_ns, uint64_t after_ns)
{
	if (after_ns < *until_ns - from_ns)
		*until_ns = from_ns + after_ns;
}

/* What the engine's thread does while its worker waits: it sleeps until control() tells something,
 * or the worker wants to look after its connections. */
static void sleep_meanwhile(struct stage *stage)
{
	const struct sim_case *sim = stage->sim;
	const struct sim_window *window = &sim->windows[stage->window];
	uint64_t until_ns = stage->worker.tick_ns;
	uint64_t ready_ns = stage->ready_ns ? stage->ready_ns : stage->clock.now_ns;

	if (!worker_waits(&stage->worker) || until_ns <= stage->clock.now_ns)
		return;
	sim_shadow_sleeps(&stage->shadow);
	sooner(&until_ns, ready_ns, window->start_known_ns);
	sooner(&until_ns, stage->asked_ns, window->stop_ns);
	sooner(&until_ns, sim->clock.start_ns, sim->drain_at_ns);
	sooner(&until_ns, sim->clock.start_ns, sim->now_at_ns);
	fake_clock_wait_until(&stage->clock, until_ns);
}

static void add_up(const struct stage *stage, struct sim_run_totals *totals)
{
	const struct stats *stats = stage->worker.stats;

	for (unsigned int i = 0; i < STATS_PHASE_COUNT; i++) {
		const struct counters *counters = &stats->phase[i].counters;

		totals->requests += counters->value[COUNTER_SCHEDULED];
		totals->completed += counters->value[COUNTER_COMPLETED];
		totals->failed += counters_failed(counters);
		totals->timed_out += counters->value[COUNTER_TIMED_OUT];
		totals->dropped += counters_dropped(counters);
		totals->unsent += counters->value[COUNTER_UNSENT];
		totals->in_flight += counters->value[COUNTER_IN_FLIGHT];
		totals->stamped += hist_count(&stats->phase[i].client_queue);
		totals->unstamped += counters->value[COUNTER_UNSTAMPED];
	}
	totals->windows++;
	totals->connects += stats->connections.value[CONNECTION_ATTEMPTED];
	totals->zero_copy += stats->health.value[HEALTH_ZERO_COPY];
	totals->copied += stats->health.value[HEALTH_COPIED];
	totals->stale += stats->health.value[HEALTH_STALE];
	totals->enobufs += stats->health.value[HEALTH_ENOBUFS];
	totals->rearmed += stats->health.value[HEALTH_REARMED];
	totals->overflows += stats->health.value[HEALTH_CQ_OVERFLOW];
	totals->faults += stage->worker.fault != 0;
}

/* One window, turn by turn; how many. */
static uint64_t run_window(struct stage *stage)
{
	uint64_t turns = 0;
	bool goes_on = true;

	while (goes_on) {
		sleep_meanwhile(stage);
		control(stage);
		sim_shadow_turn_begins(&stage->shadow);
		goes_on = worker_step(&stage->worker);
		sim_shadow_turn_ended(&stage->shadow, goes_on);
		sim_shadow_compare(&stage->shadow, stage->worker.ring, !goes_on);
		sim_lists_check(&stage->worker);
		fake_ring_check(stage->worker.ring);
		if (++turns > MOST_TURNS)
			fake_log_fail("it does not come to an end");
	}
	return turns;
}

/* What engine_again does, when there is another window; false when there is none. */
static bool again(struct stage *stage)
{
	const struct sim_window *window = &stage->sim->windows[++stage->window];

	if (stage->window == stage->sim->window_count || stage->control.stop > ENGINE_STOP_WINDOW ||
		stage->worker.fault)
		return false;
	fake_clock_wait_until(&stage->clock, stage->clock.now_ns + window->wait_ns);
	if (window->retimed)
		plan_retime(&stage->plan, &window->plan);
	stage->control.stop = ENGINE_RUN;
	stage->control.start_ns = UINT64_MAX;
	stage->ready_ns = 0;
	sim_shadow_again(&stage->shadow);
	worker_again(&stage->worker);
	stage->asked_ns = stage->clock.now_ns;
	return true;
}

void sim_run(const struct sim_case *sim, struct sim_run_totals *totals)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		fake_log_fail("no memory");
	stage->sim = sim;
	sim_case_describe(sim);
	set_up(stage);
	do {
		totals->turns += run_window(stage);
		add_up(stage, totals);
	} while (again(stage));
	totals->stepped += stage->shadow.wall_stepped;
	take_down(stage);
	free(stage);
}
