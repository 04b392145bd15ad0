/* SPDX-License-Identifier: MIT */
/*
 * What the probe costs a server that goes on: a load on it, and the probe on and off in turns.
 *
 *   probe_turns URL PID PAIRS SLICE_MS SAMPLE [RATE]
 *
 * PID is the server's process; without a rate the load is a closed loop over 64 connections. Every
 * pair has a slice with the probe and one without, the first of which alternates. It prints JSON:
 * {"pairs": [{"first", "on": {...}, "off": {...}}]}, where a slice is {wall_ns, requests,
 * server_cpu_ns, client_cpu_ns, p50_ns, p99_ns, percentiles being those of the client's total.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/engine.h"
#include "measure/stats.h"
#include "plan/plan.h"
#include "probe/probe.h"
#include "scenario/scenario.h"

#define CONNECTIONS 64
#define LONGEST_NS  (3600 * 1000000000ULL)
/* After a switch, until the server runs as it will. */
#define SETTLE_NS 10000000ULL

struct turns {
	struct engine *engine;
	struct plan plan;
	struct probe *probe;
	clockid_t server;
	uint64_t slice_ns;
	struct stats *before, *after; /* copies */
	void *memory[2];
};

struct slice {
	uint64_t wall_ns, requests, server_cpu_ns, client_cpu_ns, p50_ns, p99_ns;
};

static _Noreturn void give_up(const char *sentence)
{
	fprintf(stderr, "probe_turns: %s\n", sentence);
	exit(1);
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec used;

	if (clock_gettime(clock, &used))
		give_up("the server has ended");
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static uint64_t completed(const struct turns *turns)
{
	const struct stats *stats = engine_stats(turns->engine, 0);

	return __atomic_load_n(
		&stats->phase[STATS_MEASURED].counters.value[COUNTER_COMPLETED], __ATOMIC_RELAXED);
}

/* Sleeps, and lets the probe do its part meanwhile when it is on. */
static void pass(const struct turns *turns, uint64_t ns, bool on)
{
	uint64_t now = clock_now_ns(), end = now + ns, next = end;

	while (now < end) {
		if (on)
			next = probe_tick(turns->probe, now);
		if (engine_wait(turns->engine, next < end ? next : end))
			give_up("the load has ended");
		now = clock_now_ns();
	}
}

static void switch_probe(const struct turns *turns, bool on)
{
	struct err err = {0};

	if (!on)
		probe_pause(turns->probe);
	else if (probe_resume(turns->probe, &err))
		give_up(err.text);
	pass(turns, SETTLE_NS, on);
}

static void measure(struct turns *turns, bool on, struct slice *slice)
{
	struct hist *total = &turns->after->phase[STATS_MEASURED].total;
	struct slice start;

	switch_probe(turns, on);
	stats_copy(turns->before, engine_stats(turns->engine, 0));
	start.wall_ns = clock_now_ns();
	start.client_cpu_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	start.server_cpu_ns = cpu_ns(turns->server);
	start.requests = completed(turns);
	pass(turns, turns->slice_ns, on);
	slice->server_cpu_ns = cpu_ns(turns->server) - start.server_cpu_ns;
	slice->requests = completed(turns) - start.requests;
	slice->client_cpu_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start.client_cpu_ns;
	slice->wall_ns = clock_now_ns() - start.wall_ns;
	stats_copy(turns->after, engine_stats(turns->engine, 0));
	stats_subtract(turns->after, turns->before);
	slice->p50_ns = hist_percentile(total, 0.5).value_ns;
	slice->p99_ns = hist_percentile(total, 0.99).value_ns;
}

static void tell(const char *name, const struct slice *slice)
{
	printf(", \"%s\": {\"wall_ns\": %" PRIu64 ", \"requests\": %" PRIu64, name, slice->wall_ns,
		slice->requests);
	printf(", \"server_cpu_ns\": %" PRIu64 ", \"client_cpu_ns\": %" PRIu64,
		slice->server_cpu_ns, slice->client_cpu_ns);
	printf(", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 "}", slice->p50_ns, slice->p99_ns);
}

static void take_turns(struct turns *turns, unsigned long pairs)
{
	struct slice slices[2]; /* [on] */

	printf("{\"pairs\": [");
	for (unsigned long i = 0; i < pairs; i++) {
		bool first = i & 1;

		measure(turns, first, &slices[first]);
		measure(turns, !first, &slices[!first]);
		printf("%s\n{\"first\": \"%s\"", i ? "," : "", first ? "on" : "off");
		tell("on", &slices[1]);
		tell("off", &slices[0]);
		printf("}");
		fflush(stdout);
	}
	printf("]}\n");
}

static void start_load(struct turns *turns, struct scenario *scenario)
{
	struct err err = {0};

	if (scenario_check(scenario, &err) || plan_make(&turns->plan, scenario, &err))
		give_up(err.text);
	engine_memory(&turns->plan);
	if (engine_open(&turns->engine, &turns->plan, &err))
		give_up(err.text);
	for (int i = 0; i < 2; i++) {
		turns->memory[i] = aligned_alloc(
			64, (stats_bytes(turns->plan.longest_ns) + 63) / 64 * 64);
		if (!turns->memory[i])
			give_up("no memory");
		memset(turns->memory[i], 0, stats_bytes(turns->plan.longest_ns));
	}
	turns->before = stats_init(turns->memory[0], turns->plan.longest_ns);
	turns->after = stats_init(turns->memory[1], turns->plan.longest_ns);
}

static void open_probe(struct turns *turns, const char *url, uint32_t sample)
{
	struct probe_options options = {.port_count = 1, .sample = sample};
	const char *port = strrchr(url, ':');
	struct err err = {0};

	options.ports[0] = (uint16_t)atoi(port ? port + 1 : "");
	if (!options.ports[0])
		give_up("the URL needs a port");
	if (probe_open(&turns->probe, &options, &err))
		give_up(err.text);
	probe_begin(turns->probe, clock_now_ns());
	pass(turns, 300000000, true);
	probe_pause(turns->probe);
}

static void finish(struct turns *turns, struct scenario *scenario)
{
	engine_stop(turns->engine, ENGINE_STOP_NOW);
	engine_wait(turns->engine, UINT64_MAX);
	probe_close(turns->probe);
	engine_close(turns->engine);
	plan_release(&turns->plan);
	scenario_release(scenario);
	free(turns->memory[0]);
	free(turns->memory[1]);
}

int main(int argc, char **argv)
{
	struct turns turns = {0};
	struct scenario scenario;

	if (argc < 6 || argc > 7) {
		fprintf(stderr, "usage: probe_turns URL PID PAIRS SLICE_MS SAMPLE [RATE]\n");
		return 2;
	}
	if (clock_getcpuclockid((pid_t)atoi(argv[2]), &turns.server))
		give_up("no such process");
	scenario_init(&scenario);
	scenario.url = argv[1];
	scenario.connections = CONNECTIONS;
	scenario.workers = 1;
	scenario.duration_ns = LONGEST_NS;
	scenario.open_loop = argc == 7;
	scenario.pacing = SCENARIO_PACING_SLEEP;
	scenario.rate_mrps = argc == 7 ? strtoull(argv[6], NULL, 10) * 1000 : 0;
	turns.slice_ns = strtoull(argv[4], NULL, 10) * 1000000;
	start_load(&turns, &scenario);
	engine_start(turns.engine, clock_now_ns());
	open_probe(&turns, argv[1], (uint32_t)atoi(argv[5]));
	take_turns(&turns, strtoul(argv[3], NULL, 10));
	finish(&turns, &scenario);
	return 0;
}
