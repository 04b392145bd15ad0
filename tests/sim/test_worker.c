/* SPDX-License-Identifier: MIT */
/*
 * A whole worker in the simulator, one case for each seed.
 *
 * SIM_SEEDS=N     how many seeds, from 1 (or SIM_FIRST) on
 * SIM_SEED=N      that one, with a trace of everything that happens
 *
 * A failure names its seed and ends the program with 1.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/fake_log.h"
#include "tests/sim/sim_run.h"

#define SEEDS 6000

/* A failed assertion of the worker: whose seed it was. */
static void aborted(int signal_number)
{
	(void)signal_number;
	fake_log_seed();
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t value;

	if (!text || !*text)
		return otherwise;
	value = strtoull(text, &end, 10);
	if (*end) {
		fprintf(stderr, "%s=\"%s\": expected a number\n", name, text);
		exit(2);
	}
	return value;
}

static void run_seed(uint64_t seed, bool traced, struct sim_run_totals *totals)
{
	struct sim_case sim;

	fake_log_begin(seed, traced);
	sim_case_init(&sim, seed);
	sim_run(&sim, totals);
	sim_case_release(&sim);
}

static void show(uint64_t seeds, const struct sim_run_totals *totals)
{
	printf("%" PRIu64 " seeds: %" PRIu64 " windows, %" PRIu64 " turns, %" PRIu64
	       " connects, %" PRIu64 " requests: %" PRIu64 " completed, %" PRIu64
	       " failed, %" PRIu64 " timed out, %" PRIu64 " dropped, %" PRIu64 " unsent, %" PRIu64
	       " in flight\n",
		seeds, totals->windows, totals->turns, totals->connects, totals->requests,
		totals->completed, totals->failed, totals->timed_out, totals->dropped,
		totals->unsent, totals->in_flight);
	printf("%" PRIu64 " stamped, %" PRIu64 " not, %" PRIu64
	       " runs in which the wall clock was set\n",
		totals->stamped, totals->unstamped, totals->stepped);
	printf("%" PRIu64 " stale completions, %" PRIu64 " without a buffer, %" PRIu64
	       " receives armed again, %" PRIu64 " overflows, %" PRIu64 " faults, %" PRIu64
	       " zero-copy sends, %" PRIu64 " of them copied\n",
		totals->stale, totals->enobufs, totals->rearmed, totals->overflows, totals->faults,
		totals->zero_copy, totals->copied);
}

int main(void)
{
	uint64_t seeds = number("SIM_SEEDS", SEEDS);
	uint64_t first = number("SIM_FIRST", 1);
	struct sim_run_totals totals = {0};

	signal(SIGABRT, aborted);
	if (getenv("SIM_SEED")) {
		first = number("SIM_SEED", 1);
		seeds = 1;
	}
	for (uint64_t i = 0; i < seeds; i++)
		run_seed(first + i, getenv("SIM_SEED") != NULL, &totals);
	show(seeds, &totals);
	return 0;
}
