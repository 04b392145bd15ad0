/* SPDX-License-Identifier: MIT */
/*
 * The load: a thread for each worker of the plan, started together, watched from outside.
 *
 * engine_open starts the threads; each builds its ring and memory on its own CPU and establishes
 * its connections (all workers together at most 2,000 a second, or as --connect-rate says; none
 * with --no-keepalive), then waits. engine_start gives them the common start; from then on nothing
 * is shared and nothing allocates. The caller's thread watches: engine_stats may be copied at any
 * time, engine_wait sleeps until the workers are done or a moment has come. Then they wait, asleep
 * and without looking at their connections, until engine_again makes them ready for another window,
 * or something ends them for good: engine_close, or a stop.
 *
 * Owner: engine_open makes it, engine_close frees it; the plan must outlive it. Stats, slowest
 * requests and worker_info are of the last window, and stand still from its end to engine_again.
 * Threads: all functions from the thread that opened it; engine_stop also from a signal handler.
 * Errors: sentences from engine_open and engine_again. What fails later is data: counted, and in
 * engine_fault when a worker had to give up.
 */
#ifndef RINGLOAD_ENGINE_ENGINE_H
#define RINGLOAD_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/slowest.h"
#include "measure/stats.h"
#include "net/ring.h"
#include "plan/plan.h"

struct engine;

/* Bytes of memory the workers will take, filled into plan->workers[].arena_bytes; and in all. */
uint64_t engine_memory(struct plan *plan);

/* Returns once every connection was attempted. engine_stop ends it early (-EINTR). */
int engine_open(struct engine **engine, const struct plan *plan, struct err *err);

/* Starts all workers at start_ns (clock.h); their windows are offsets from there. */
void engine_start(struct engine *engine, uint64_t start_ns);

/*
 * Makes ready for another window of the plan, which the caller may have changed by plan_retime
 * since engine_wait said true, and by nothing else. All figures begin at zero again; connections
 * stay, but those with a request that was never answered, which are replaced, as are those the
 * server closed meanwhile: both count as attempts of the new window, the latter as closed by the
 * peer in it too. Connects come at the pace of engine_open. Returns once each connection was there
 * or was attempted; then engine_start again. It takes back ENGINE_STOP_WINDOW. -EINTR when another
 * stop has ended, or ends, everything; -EIO when a worker has given up: then, as after any error,
 * only engine_close is left.
 */
int engine_again(struct engine *engine, struct err *err);

enum engine_stop {
	ENGINE_RUN,
	ENGINE_STOP_WINDOW, /* ends this window as ENGINE_STOP_DRAIN does; others may follow */
	/* These two end everything: no window follows. */
	ENGINE_STOP_DRAIN, /* nothing more becomes due; what is due is still sent and answered */
	ENGINE_STOP_NOW    /* as is; what is open is counted as in flight or unsent */
};

/* Async-signal-safe (it may change errno); a later stronger stop replaces a weaker one. */
void engine_stop(struct engine *engine, enum engine_stop stop);

/* Sleeps until deadline_ns or until all workers are done with the window; true when they are. */
bool engine_wait(struct engine *engine, uint64_t deadline_ns);

/* A worker's thread, as /proc knows it. */
int engine_tid(const struct engine *engine, size_t worker);

/* A worker's block, being written until engine_wait said true. */
const struct stats *engine_stats(const struct engine *engine, size_t worker);

/* The slowest of a worker's measured requests that were completed, plan->slowest_rows of them; to
 * be read once engine_wait said true. */
const struct slowest *engine_slowest(const struct engine *engine, size_t worker);

/* What a worker knows of itself and of the last window beside its counters. */
struct engine_worker_info {
	int tid;
	uint64_t cpu_ns; /* CPU time of the thread between start and end of the window */
	uint64_t voluntary, involuntary; /* context switches */
	uint64_t window_end_ns; /* clock.h: when the last request became due (or the stop came) */
	uint64_t end_ns;        /* clock.h: when the drain ended */
	const char *send_path;  /* the one most sends took: "send" or "send_zc" */
	int send_refused;       /* -errno of memory that --send auto could not register; 0: none */
	/* The first bytes a peer sent that no request had asked for, or that were not HTTP. */
	uint8_t odd_bytes[64];
	size_t odd_byte_count;
	const char *odd_reason; /* a sentence; NULL when there were none */
};
void engine_worker_info(
	const struct engine *engine, size_t worker, struct engine_worker_info *info);

/* Connections of all workers per address of the plan, established now. */
void engine_address_counts(const struct engine *engine, uint32_t *counts);

/* What came of each address in the window; to be read once engine_wait said true. */
void engine_address_stats(const struct engine *engine, struct address_counters *stats);

/* NULL, or the sentence of a worker that could not go on (its ring failed). */
const char *engine_fault(const struct engine *engine);

void engine_features(const struct engine *engine, struct ring_features *features);

void engine_close(struct engine *engine);

#endif
