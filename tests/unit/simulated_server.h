/* SPDX-License-Identifier: MIT */
/*
 * A server made of arithmetic, for searches that run thousands of them in a second: it knows its
 * capacity at each moment and answers a trial with the verdict a real one would be given.
 *
 * A trial at a rate is held against the capacity in its middle. What may be wrong with a server is
 * each a figure of its own; 0 is a server without it:
 *
 * - noise: a trial is judged as if the rate were off by a normal deviate, of this standard
 *   deviation for a trial of one second and less with the root of its length;
 * - odd: the share of trials that fail for a reason of their own;
 * - flaky: the share of trials the generator could not drive;
 * - drift: how far the capacity moves, relative, within drift_s from the begin, in a straight line;
 *   it stays there;
 * - relapse: the share of capacity that is missing for relapse_s after each trial that asked for
 *   more than there was at the time;
 * - late: an overload of up to late_factor does not show before it has lasted late_s, warm-up and
 *   all;
 * - generator_rps: above it the generator cannot follow, give or take 1 %;
 * - tolerance: overload below this share is not noticed (TRIAL_BEHIND), and in a trial of T seconds
 *   below `vague` / T^1.5 beyond it (what an error of the readings does to their slope);
 * - steal: the hypervisor takes up to this share of the machine, another one after some seconds
 *   each, none half of the time; a failure is stolen as trial_steal.h has it;
 * - completes: what it completes of its capacity in overload; 0: nobody knows.
 *
 * Threads: one a server. Units: in the names.
 */
#ifndef RINGLOAD_TESTS_UNIT_SIMULATED_SERVER_H
#define RINGLOAD_TESTS_UNIT_SIMULATED_SERVER_H

#include "analysis/stepper.h"
#include "base/rng.h"

struct simulated_server {
	double capacity_rps; /* at the begin */
	double noise, odd, flaky;
	double drift, drift_s;
	double relapse, relapse_s;
	double late_factor, late_s;
	double generator_rps;
	double tolerance, vague;
	double steal;
	double completes;

	/* What became of it. */
	struct rng rng;
	double now_s, recovered_s;
	double taken, taken_until_s; /* of the machine, now */
	/* The range the capacity moved through, without relapses. */
	double least_rps, most_rps;
};

void simulated_server_start(struct simulated_server *server, uint64_t seed, uint64_t stream);

/* Makes the trial. */
void simulated_server_try(struct simulated_server *server, const struct stepper_trial *trial,
	struct stepper_outcome *outcome);

/* Normally distributed: mean 0, standard deviation 1. */
double simulated_server_normal(struct rng *rng);

#endif
