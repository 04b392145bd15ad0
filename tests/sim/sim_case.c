/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "plan/window.h"
#include "tests/sim/fake_log.h"
#include "tests/sim/sim_message.h"

/* Turns of a spinning worker a case may take, more or less. */
#define SPINS 20000

static bool one_in(struct rng *rng, uint32_t chances)
{
	return rng_below(rng, chances) == 0;
}

/* Between low and high, each order of magnitude as likely as any other. */
static uint64_t spread(struct rng *rng, uint64_t low, uint64_t high)
{
	double logarithm = log((double)low) + rng_unit(rng) * log((double)high / (double)low);

	return (uint64_t)exp(logarithm);
}

/* A chance of trouble: mostly none, else one in 2 to one in `rarest`. */
static uint32_t trouble(struct rng *rng, uint32_t mostly, uint32_t rarest)
{
	return one_in(rng, mostly) ? (uint32_t)spread(rng, 2, rarest) : 0;
}

static void name_address(struct plan_address *address, size_t index, bool is_unix)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->sockaddr;
	struct sockaddr_un *un = (struct sockaddr_un *)&address->sockaddr;

	if (is_unix) {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "/%zu", index);
		address->sockaddr_bytes = sizeof(*un);
		return;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)(8000 + index));
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address->sockaddr_bytes = sizeof(*in);
}

static void draw_addresses(struct sim_case *sim, struct rng *rng)
{
	bool all_well = !one_in(rng, 3);
	bool is_unix = sim->seed % 8 == 3;

	sim->plan.addresses = sim->addresses;
	sim->plan.address_count = 1 + (size_t)rng_below(rng, SIM_SERVER_ADDRESSES);
	for (size_t i = 0; i < sim->plan.address_count; i++) {
		name_address(&sim->addresses[i], i, is_unix);
		sim->server.addresses[i] = all_well ? SIM_ADDRESS_ACCEPTS
						    : (enum sim_address)rng_below(
							      rng, SIM_ADDRESS_COUNT);
	}
}

static void draw_request(struct sim_case *sim, struct rng *rng)
{
	struct plan_request *request = &sim->plan.request;

	request->name = "GET /";
	request->head = one_in(rng, 8);
	request->wire_bytes = (size_t)spread(rng, 16, one_in(rng, 16) ? 70000 : 600);
	request->wire = malloc(request->wire_bytes);
	if (!request->wire)
		fake_log_fail("no memory");
	for (size_t i = 0; i < request->wire_bytes; i++)
		request->wire[i] = (char)rng_next(rng);
}

static void draw_workers(struct sim_case *sim, struct rng *rng)
{
	struct plan *plan = &sim->plan;

	plan->workers = sim->workers;
	plan->worker_count = one_in(rng, 3) ? 1 + (size_t)rng_below(rng, SIM_CASE_WORKERS) : 1;
	sim->worker = (size_t)rng_below(rng, plan->worker_count);
	for (size_t i = 0; i < plan->worker_count; i++) {
		sim->workers[i].connections = (uint32_t)spread(rng, 1, 51);
		sim->workers[i].first_connection = plan->connections;
		sim->workers[i].numa_node = -1;
		plan->connections += sim->workers[i].connections;
	}
	plan->pipeline = one_in(rng, 2) ? 1 : 1 + (uint32_t)rng_below(rng, 16);
	plan->max_in_flight_per_worker = UINT64_MAX;
	plan->buffer_count = 1U << (1 + rng_below(rng, 6));
	plan->buffer_bytes = (uint32_t)spread(rng, 16, 4096);
	plan->incremental_buffers = one_in(rng, 2);
	plan->pacing = (enum scenario_pacing)rng_below(rng, 3);
}

static void draw_server(struct sim_case *sim, struct rng *rng)
{
	struct sim_server_options *server = &sim->server;
	uint32_t rare = one_in(rng, 2) ? 6 : 40;

	server->seed = sim->seed;
	server->head = sim->plan.request.head;
	server->early = one_in(rng, 8);
	server->connect_ns = spread(rng, 1000, 3000000);
	server->delay_ns = spread(rng, 2000, 5000000);
	server->burst_ns = one_in(rng, 4) ? spread(rng, 1000, 2000000) : 0;
	server->piece_ns = one_in(rng, 2) ? spread(rng, 100, 500000) : 0;
	server->idle_ns = spread(rng, 1000, 20000000);
	server->pieces = one_in(rng, 2) ? (uint32_t)spread(rng, 1, 12) : 0;
	server->body_bytes = (uint32_t)spread(rng, 1, one_in(rng, 8) ? SIM_BODY_BYTES : 400);
	server->window_bytes = one_in(rng, 5) ? spread(rng, 8, 4 * sim->plan.request.wire_bytes)
					      : 0;
	server->window_stays_one_in = trouble(rng, 3, 20);
	/* An answer to what is still being sent. */
	server->early |= server->window_bytes && one_in(rng, 2);
	server->close_after = one_in(rng, rare) ? (uint32_t)spread(rng, 1, 30) : 0;
	server->close_told_one_in = trouble(rng, rare, 50);
	server->mute_one_in = trouble(rng, rare, 100);
	server->slow_one_in = trouble(rng, rare, 50);
	server->reset_one_in = trouble(rng, rare, 50);
	server->leave_one_in = trouble(rng, rare, 50);
	server->cut_one_in = trouble(rng, rare, 50);
	server->garbage_one_in = trouble(rng, rare, 50);
	server->interim_one_in = trouble(rng, rare, 20);
	server->until_close_one_in = trouble(rng, rare, 20);
	server->idle_one_in = trouble(rng, rare, 30);
}

static void draw_kernel(struct sim_case *sim, struct rng *rng)
{
	struct fake_ring_options *ring = &sim->ring;
	uint32_t rare = one_in(rng, 3) ? 100 : 3;

	ring->seed = sim->seed;
	ring->enter_ns = spread(rng, 100, 20000);
	ring->operation_ns = spread(rng, 50, 5000);
	ring->late_ns = spread(rng, 1, one_in(rng, 4) ? 3000000 : 300000);
	ring->early_one_in = trouble(rng, rare, 50);
	ring->delay_one_in = trouble(rng, rare, 50);
	ring->delay_ns = spread(rng, 1000, 20000000);
	ring->shuffle_one_in = trouble(rng, rare, 4);
	ring->bound_one_in = trouble(rng, rare, 10);
	ring->end_one_in = trouble(rng, rare, 50);
	ring->split_one_in = trouble(rng, rare, 10);
	ring->short_one_in = trouble(rng, 3 * rare, 100);
	ring->spurious_one_in = trouble(rng, rare, 100);
	ring->install_fails_one_in = trouble(rng, 4 * rare, 20);
	ring->completion_entries = one_in(rng, 6) ? (uint32_t)spread(rng, 1, 64) : 0;
	sim->sock_fails_one_in = trouble(rng, 4 * rare, 20);
	if (one_in(rng, 25)) {
		ring->fails_at_enter = spread(rng, 1, 500);
		ring->failure = -EBADF;
	}
}

/* How long a request takes when nothing goes wrong, about. */
static uint64_t cycle_ns(const struct sim_case *sim)
{
	return sim->server.delay_ns / 2 + sim->server.burst_ns / 2 + 2 * sim->latency_ns +
	       sim->ring.enter_ns + 20 * sim->ring.operation_ns;
}

static void draw_load(struct sim_case *sim, struct rng *rng)
{
	struct plan *plan = &sim->plan;
	uint64_t requests = spread(rng, 1, one_in(rng, 10) ? 3000 : 400);
	uint64_t slots = (uint64_t)sim->workers[sim->worker].connections * plan->pipeline;
	struct err err;

	plan->seed = sim->seed;
	plan->open_loop = !one_in(rng, 3);
	plan->duration_ns = spread(rng, 200000, 200000000);
	if (!plan->open_loop)
		plan->duration_ns = requests * (cycle_ns(sim) + slots * sim->ring.operation_ns) /
				    slots;
	plan->rate_mrps = 1 + requests * plan->worker_count * 1000000000000ULL / plan->duration_ns;
	plan->arrival = one_in(rng, 2) ? SCENARIO_POISSON : SCENARIO_CONSTANT;
	if (one_in(rng, 4))
		plan->warmup_ns = rng_below(rng, plan->duration_ns) + 1;
	if (one_in(rng, 4)) {
		plan->has_requests = true;
		plan->requests = plan->worker_count + spread(rng, 1, requests + 1);
		if (one_in(rng, 2))
			plan->duration_ns = UINT64_MAX;
		if (window_fit(plan, &err))
			fake_log_fail("%s", err.text);
	}
	if (plan->open_loop && one_in(rng, 6))
		plan->max_in_flight_per_worker = spread(rng, 1, 2 * slots + 1);
	plan->timeout_ns = spread(rng, 20000, 400000000);
	plan->drain_ns = one_in(rng, 8) ? 0 : spread(rng, 1000, 2 * plan->timeout_ns);
	plan->longest_ns = plan->timeout_ns +
			   (plan->drain_ns > plan->timeout_ns ? plan->drain_ns : plan->timeout_ns);
}

/* How long the window is, about. */
static uint64_t window_ns(const struct sim_case *sim)
{
	const struct plan *plan = &sim->plan;

	if (plan->duration_ns != UINT64_MAX)
		return plan->warmup_ns + plan->duration_ns;
	return plan->warmup_ns + sim->workers[sim->worker].requests * cycle_ns(sim);
}

static void draw_start(struct sim_window *window, struct rng *rng)
{
	window->start_known_ns = one_in(rng, 2) ? 0 : rng_below(rng, 30000000);
	window->start_ahead_ns = (int64_t)rng_below(rng, 12000000) - 1000000;
}

static void draw_times(struct sim_case *sim, struct rng *rng)
{
	uint64_t connecting_ns, all_ns;

	sim->connects_per_second = (double)spread(rng, 1000, 200000);
	connecting_ns = (uint64_t)(1e9 * sim->workers[sim->worker].connections /
				   sim->connects_per_second);
	draw_start(&sim->windows[0], rng);
	all_ns = connecting_ns + sim->windows[0].start_known_ns + 12000000 + window_ns(sim) +
		 sim->plan.drain_ns;
	sim->drain_at_ns = one_in(rng, 6) ? rng_below(rng, all_ns) : UINT64_MAX;
	sim->now_at_ns = one_in(rng, 6) ? rng_below(rng, all_ns) : UINT64_MAX;
	sim->clock = (struct fake_clock_options){
		/* As long after boot as that arithmetic has something to carry. */
		.start_ns = 1000000000 + rng_below(rng, 1000000000000),
		.reading_ns = spread(rng, 1, 2000),
		.relax_ns = 20 + all_ns / SPINS,
		.stall_one_in = trouble(rng, 3, 2000),
		.stall_ns = spread(rng, 10000, 50000000),
	};
}

/* Mostly fewer rows than there are requests, so that they have to make room. */
static void draw_slowest(struct sim_case *sim, struct rng *rng)
{
	sim->plan.slowest_rows = one_in(rng, 3) ? 0 : (size_t)spread(rng, 1, 300);
}

static void draw_send(struct sim_case *sim, struct rng *rng)
{
	sim->plan.send = one_in(rng, 2) ? SCENARIO_SEND_PLAIN
					: (enum scenario_send)rng_below(rng, SCENARIO_SEND_COUNT);
	sim->plan.send_reports = sim->plan.send == SCENARIO_SEND_AUTO || !one_in(rng, 4);
	sim->plan.request.shared = sim->plan.request.wire_bytes > PLAN_SHARED_BYTES;
	sim->ring.copied_one_in = one_in(rng, 2) ? (uint32_t)spread(rng, 1, 40) : 0;
	if (sim->plan.send == SCENARIO_SEND_AUTO && one_in(rng, 4))
		sim->ring.register_fails = -ENOMEM;
}

/* Where connections come from, and how they end. */
static void draw_sockets(struct sim_case *sim, struct rng *rng)
{
	struct plan *plan = &sim->plan;

	plan->reset_on_close = one_in(rng, 4);
	if (!one_in(rng, 4))
		return;
	for (size_t i = 0; i < plan->address_count; i++)
		if (sim->addresses[i].sockaddr.ss_family != AF_INET)
			return;
	plan->sources.ranges = sim->sources;
	plan->sources.range_count = 1 + (size_t)rng_below(rng, SIM_CASE_SOURCES);
	for (size_t i = 0; i < plan->sources.range_count; i++)
		sim->sources[i] = (struct source_range){.family = AF_INET,
			.first = {127, (uint8_t)i, 255, (uint8_t)rng_next(rng)},
			.count = spread(rng, 1, 5000)};
}

static void draw_churn(struct sim_case *sim, struct rng *rng)
{
	struct plan *plan = &sim->plan;

	if (!one_in(rng, 3))
		return;
	plan->no_keepalive = true;
	plan->pipeline = 1;
	/* Mostly so few that connects have to wait for each other. */
	if (one_in(rng, 2)) {
		sim->connects_per_second = (double)spread(rng, 100, 50000);
		plan->connect_rate_mrps = (uint64_t)(sim->connects_per_second * 1e3);
		for (size_t i = 0; i < plan->address_count; i++)
			if (one_in(rng, 2))
				sim->server.addresses[i] = SIM_ADDRESS_MOODY;
	}
	/* For whom a socket was not to be had cannot be seen: a slot that takes none can. */
	if (sim->sock_fails_one_in)
		sim->ring.install_fails_one_in = sim->sock_fails_one_in;
	sim->sock_fails_one_in = 0;
	if (sim->server.window_bytes) {
		sim->server.early = false;
		sim->server.idle_one_in = 0;
	}
}

static void draw_stamps(struct sim_case *sim, struct rng *rng)
{
	sim->plan.rx_timestamps = one_in(rng, 3);
	sim->plan.incremental_buffers &= !sim->plan.rx_timestamps;
	sim->ring.unstamped_one_in = trouble(rng, 3, 20);
	sim->ring.absurd_one_in = trouble(rng, 6, 20);
	sim->clock.wall_stall_one_in = trouble(rng, 3, 100);
	sim->clock.ahead_ns = rng_next(rng) >> 1;
	sim->clock.unsure_one_in = trouble(rng, 3, 10);
	sim->clock.step_at_ns = UINT64_MAX;
	if (!one_in(rng, 4))
		return;
	sim->clock.step_at_ns = sim->clock.start_ns + rng_below(rng, 100000000);
	sim->clock.step_ns = (int64_t)spread(rng, 20000, 3600000000000);
	if (one_in(rng, 2))
		sim->clock.step_ns = -sim->clock.step_ns;
	/* What is not known of a moment must not end what is known of a longer time. */
	if (one_in(rng, 2))
		sim->clock.unsure_one_in = sim->clock.wall_stall_one_in = 2;
}

static void draw_retiming(struct sim_case *sim, struct sim_window *window, struct rng *rng)
{
	uint64_t requests = spread(rng, 1, 300);

	window->retimed = true;
	window->plan.seed = rng_next(rng);
	window->plan.duration_ns = spread(rng, 200000, 200000000);
	window->plan.rate_mrps = 1 + requests * sim->plan.worker_count * 1000000000000ULL /
					     window->plan.duration_ns;
	if (one_in(rng, 4))
		window->plan.warmup_ns = rng_below(rng, window->plan.duration_ns) + 1;
}

/* The first is that of the plan; stops of everything fall into any of them. */
static void draw_windows(struct sim_case *sim, struct rng *rng)
{
	uint64_t all_ns = window_ns(sim) + 30000000;

	sim->window_count = one_in(rng, 2) ? 1 : 2 + (unsigned int)rng_below(rng, 3);
	sim->windows[0].stop_ns = UINT64_MAX;
	for (unsigned int i = 0; i < sim->window_count; i++) {
		struct sim_window *window = &sim->windows[i];

		if (i)
			draw_start(window, rng);
		window->wait_ns = one_in(rng, 3) ? 0 : spread(rng, 1000, 300000000);
		window->stop_ns = one_in(rng, 6) ? rng_below(rng, all_ns) : UINT64_MAX;
		if (i && sim->plan.open_loop && !sim->plan.has_requests && !one_in(rng, 4))
			draw_retiming(sim, window, rng);
	}
	if (sim->drain_at_ns != UINT64_MAX)
		sim->drain_at_ns *= 1 + rng_below(rng, sim->window_count);
	if (sim->now_at_ns != UINT64_MAX)
		sim->now_at_ns *= 1 + rng_below(rng, sim->window_count);
}

void sim_case_init(struct sim_case *sim, uint64_t seed)
{
	struct rng rng;

	memset(sim, 0, sizeof(*sim));
	rng_init(&rng, seed, 0);
	sim->seed = seed;
	sim->latency_ns = spread(&rng, 100, 500000);
	draw_addresses(sim, &rng);
	draw_request(sim, &rng);
	draw_workers(sim, &rng);
	draw_server(sim, &rng);
	draw_kernel(sim, &rng);
	draw_load(sim, &rng);
	draw_times(sim, &rng);
	draw_slowest(sim, &rng);
	draw_send(sim, &rng);
	draw_sockets(sim, &rng);
	draw_churn(sim, &rng);
	draw_stamps(sim, &rng);
	draw_windows(sim, &rng);
}

void sim_case_release(struct sim_case *sim)
{
	free(sim->plan.request.wire);
	memset(sim, 0, sizeof(*sim));
}

void sim_case_describe(const struct sim_case *sim)
{
	static const char *const pacings[] = {"auto", "spin", "sleep"};
	const struct plan *plan = &sim->plan;
	const struct plan_worker *place = &sim->workers[sim->worker];

	fake_log_trace("worker %zu of %zu, %u connections, pipeline %u, %zu addresses, %s, "
		       "request of %zu bytes%s, %zu slowest",
		sim->worker, plan->worker_count, place->connections, plan->pipeline,
		plan->address_count, pacings[plan->pacing], plan->request.wire_bytes,
		plan->request.head ? " (HEAD)" : "", plan->slowest_rows);
	if (plan->no_keepalive)
		fake_log_trace("no keep-alive, %" PRIu64 " connects a second at most",
			plan->connect_rate_mrps / 1000);
	fake_log_trace("%s%s: %.1f a second, warm-up %" PRIu64 ", window %" PRIu64
		       ", requests %" PRIu64 ", limit %" PRIu64,
		plan->open_loop ? "open loop " : "closed loop",
		!plan->open_loop                    ? ""
		: plan->arrival == SCENARIO_POISSON ? "poisson"
						    : "constant",
		(double)plan->rate_mrps / 1000, plan->warmup_ns, plan->duration_ns,
		plan->has_requests ? place->requests : UINT64_MAX, plan->max_in_flight_per_worker);
	for (unsigned int i = 1; i < sim->window_count; i++)
		fake_log_trace("window %u after %" PRIu64 ": %.1f a second, warm-up %" PRIu64
			       ", window %" PRIu64 ", stop %" PRIu64,
			i + 1, sim->windows[i].wait_ns,
			(double)sim->windows[i].plan.rate_mrps / 1000,
			sim->windows[i].plan.warmup_ns, sim->windows[i].plan.duration_ns,
			sim->windows[i].stop_ns);
	fake_log_trace("timeout %" PRIu64 ", drain %" PRIu64 ", drain stop %" PRIu64
		       ", hard stop %" PRIu64,
		plan->timeout_ns, plan->drain_ns, sim->drain_at_ns, sim->now_at_ns);
}
