/* SPDX-License-Identifier: MIT */
/*
 * One case from beginning to end: the worker turn by turn, with everything checked after each.
 *
 * Owner: nothing is left. Threads: one at a time. Errors: failures of the test end the program
 * (fake_log.h).
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_RUN_H
#define RINGLOAD_TESTS_SIM_SIM_RUN_H

#include <stdint.h>

#include "tests/sim/sim_case.h"

/* What happened, to be added up and shown: a simulator in which nothing happens proves nothing. */
struct sim_run_totals {
	uint64_t windows, turns, requests, completed, failed, timed_out, dropped, unsent, in_flight;
	uint64_t zero_copy, copied;
	uint64_t connects, stale, enobufs, rearmed, overflows, faults;
	uint64_t stamped, unstamped, stepped;
};

/* totals are added to. */
void sim_run(const struct sim_case *sim, struct sim_run_totals *totals);

#endif
