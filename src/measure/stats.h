/* SPDX-License-Identifier: MIT */
/*
 * Everything one worker measures, in one block with one writer: a set of counters and histograms
 * for each phase, and the worker's own health. The collector copies the block and merges the
 * copies.
 *
 * Owner: memory comes from a caller's block of stats_bytes(), zeroed, 64-byte aligned.
 * Threads: as hist.h and counters.h. Errors: none.
 */
#ifndef RINGLOAD_MEASURE_STATS_H
#define RINGLOAD_MEASURE_STATS_H

#include <stddef.h>

#include "measure/counters.h"
#include "measure/hist.h"

/* A request belongs to the phase of its intended time. */
enum stats_phase { STATS_WARMUP, STATS_MEASURED, STATS_PHASE_COUNT };

struct stats_request {
	struct counters counters;
	struct hist total;           /* done - intended, with what never answered */
	struct hist service;         /* done - sent, with what was sent and never answered */
	struct hist connection_wait; /* from intended until a connection could take it */
	struct hist send_lag; /* sent - intended - connection_wait: the generator's own fault */
	struct hist failure;  /* age of requests that failed (reset, closed, short, ...) */
	struct hist until_arrival; /* arrival of the response as the kernel stamped it - sent */
	struct hist client_queue;  /* done - that arrival */
};

struct stats {
	struct stats_request phase[STATS_PHASE_COUNT];
	struct connection_counters connections;
	struct hist connect; /* from connect(2) to established */
	struct health_counters health;
	struct hist loop; /* between two reaps: the resolution of every time */
};

/* longest_ns: the largest age a request can reach, see plan.h; bytes include the struct itself. */
size_t stats_bytes(uint64_t longest_ns);

/* Lays the block out in memory (stats_bytes of it) and returns it. */
struct stats *stats_init(void *memory, uint64_t longest_ns);

/* Copies a block another thread may be writing; both of the same longest_ns. */
void stats_copy(struct stats *to, const struct stats *from);
void stats_add(struct stats *to, const struct stats *from);
void stats_subtract(struct stats *later, const struct stats *earlier);

#endif
