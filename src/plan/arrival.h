/* SPDX-License-Identifier: MIT */
/*
 * When requests of an open loop become due: the arrival process of one worker, fixed by the plan
 * and its seed. It knows nothing of the server, and the server's speed cannot change it.
 *
 * A cursor stands on the next arrival. The worker keeps two over the same process: one for what has
 * become due, one for what has been sent, so that the backlog between them takes no memory.
 *
 * Constant: arrival i of the whole run is at floor(i × 10^12 / rate_mrps) ns, exactly, without
 * drift; worker w of N takes i = w, w + N, w + 2N, ...: together they are the constant process of
 * the run. Poisson: each worker has an independent process of rate / N (superposition of Poisson
 * processes: Kingman, "Poisson Processes", 1993, ch. 2), exponential gaps from the seed and the
 * worker's index.
 *
 * Owner: the caller's storage. Threads: one a cursor. Errors: none. Units: ns since the start.
 */
#ifndef RINGLOAD_PLAN_ARRIVAL_H
#define RINGLOAD_PLAN_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "plan/plan.h"

/* next_ns of a cursor past the last arrival. */
#define ARRIVAL_NONE UINT64_MAX

struct arrival {
	uint64_t next_ns; /* the arrival it stands on */
	uint64_t end_ns;  /* arrivals at or after this do not exist */
	enum scenario_arrival kind;
	/* Constant: next = whole + rest / rate_mrps, stepped without division. */
	uint64_t step_whole_ns, step_rest, rest, denominator;
	uint64_t left; /* arrivals still allowed, counted from `counted_from_ns` on */
	uint64_t counted_from_ns;
	/* Poisson */
	struct rng rng;
	double exact_ns, mean_gap_ns;
};

/* Due time of arrival `index` of the constant process of a whole run, and how many of its arrivals
 * lie before time_ns. Results above UINT64_MAX - 1 are given as that. */
uint64_t arrival_constant_ns(uint64_t rate_mrps, uint64_t index);
uint64_t arrival_constant_before(uint64_t rate_mrps, uint64_t time_ns);

/* The process of worker `worker` of the plan, standing on its first arrival. Open loop only. */
void arrival_init(struct arrival *arrival, const struct plan *plan, size_t worker);

/* Moves to the next arrival, or to ARRIVAL_NONE. */
void arrival_advance(struct arrival *arrival);

/* No arrival at or after end_ns: a run that is interrupted ends its window early. */
void arrival_cut(struct arrival *arrival, uint64_t end_ns);

#endif
