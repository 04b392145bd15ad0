/* SPDX-License-Identifier: MIT */
/*
 * What one seed means: a plan, a server, a kernel, a clock, when the run starts and is stopped, and
 * how many windows it has.
 *
 * A case is bounded: some thousands of requests and of turns at most, so that thousands of cases
 * fit into seconds. Everything else is drawn wide: from a connection without trouble to fifty of
 * them on addresses that refuse, with tiny timeouts, on a kernel that reorders what it may.
 *
 * Owner: sim_case_init fills the caller's struct, sim_case_release returns what the request takes.
 * Threads: any. Errors: failures of the test.
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_CASE_H
#define RINGLOAD_TESTS_SIM_SIM_CASE_H

#include <stdint.h>

#include "engine/engine.h"
#include "plan/plan.h"
#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_ring.h"
#include "tests/sim/sim_server.h"

#define SIM_CASE_WORKERS 3
#define SIM_CASE_SOURCES 3

#define SIM_CASE_WINDOWS 4

struct sim_window {
	bool retimed; /* the plan becomes that of `plan` */
	struct plan_window plan;
	uint64_t wait_ns; /* before the worker is asked for it */
	/* When the start becomes known, after the worker is ready, and how far ahead it then lies
	 * (it may lie behind). */
	uint64_t start_known_ns;
	int64_t start_ahead_ns;
	/* When this window is stopped, from the moment it was asked for; UINT64_MAX: not. */
	uint64_t stop_ns;
};

struct sim_case {
	uint64_t seed;
	struct plan plan;
	struct plan_worker workers[SIM_CASE_WORKERS];
	struct plan_address addresses[SIM_SERVER_ADDRESSES];
	struct source_range sources[SIM_CASE_SOURCES];
	size_t worker; /* the one that runs */

	struct sim_server_options server;
	struct fake_clock_options clock;
	struct fake_ring_options ring;
	uint64_t latency_ns;
	uint32_t sock_fails_one_in;
	double connects_per_second;

	struct sim_window windows[SIM_CASE_WINDOWS];
	unsigned int window_count;
	/* Stops of everything, from the simulation's beginning on; UINT64_MAX: none. */
	uint64_t drain_at_ns, now_at_ns;
};

void sim_case_init(struct sim_case *sim, uint64_t seed);
void sim_case_release(struct sim_case *sim);

/* One line: what this seed is about. */
void sim_case_describe(const struct sim_case *sim);

#endif
