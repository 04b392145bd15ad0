/* SPDX-License-Identifier: MIT */
#include "tests/unit/simulated_server.h"

#include <math.h>

#include "analysis/trial_steal.h"
#include "base/clock.h"

/* Between two trials. */
#define PAUSE_LEAST_S 0.2
#define PAUSE_MOST_S  0.5
/* The driver gives up draining. */
#define DRAIN_MOST_S 10.0

double simulated_server_normal(struct rng *rng)
{
	double radius = sqrt(-2 * log(rng_unit(rng)));

	return radius * cos(2 * M_PI * rng_unit(rng));
}

/* The mean time for which a share of the machine is taken, and of the time there is none at all. */
#define TAKEN_S    5.0
#define TAKEN_FREE 0.5
/* The kernel's tick, in which steal is told. */
#define TICK_S 0.01

static double capacity_at(const struct simulated_server *server, double at_s)
{
	return server->capacity_rps * (1 + server->drift * fmin(at_s / server->drift_s, 1));
}

static void see(struct simulated_server *server)
{
	double capacity = capacity_at(server, server->now_s);

	server->least_rps = fmin(server->least_rps, capacity);
	server->most_rps = fmax(server->most_rps, capacity);
}

void simulated_server_start(struct simulated_server *server, uint64_t seed, uint64_t stream)
{
	rng_init(&server->rng, seed, stream);
	server->now_s = 0;
	server->recovered_s = 0;
	server->taken = server->taken_until_s = 0;
	server->least_rps = server->most_rps = server->capacity_rps;
}

/* The share of the machine that is taken from now on for so long, on average. */
static double taken_for(struct simulated_server *server, double load_s)
{
	double at_s = server->now_s, end_s = at_s + load_s, sum = 0, next_s;

	while (server->steal > 0 && at_s < end_s) {
		if (server->taken_until_s <= at_s) {
			server->taken = rng_unit(&server->rng) <= TAKEN_FREE
						? 0
						: server->steal * rng_unit(&server->rng);
			server->taken_until_s += rng_exponential(&server->rng, TAKEN_S);
			continue;
		}
		next_s = fmin(end_s, server->taken_until_s);
		sum += (next_s - at_s) * server->taken;
		at_s = next_s;
	}
	return sum / load_s;
}

/* What a failing trial of so long would be told of it, and whether that may be why it failed. */
static bool stolen(struct simulated_server *server, double rps, double taken, double load_s)
{
	double told = fmax(taken + TICK_S / load_s * (rng_unit(&server->rng) - 0.5), 0);
	double missing = 1 - capacity_at(server, server->now_s) * (1 - taken) / rps;

	return trial_steal_explains(told, fmax(missing, 0));
}

/* Whether more is asked for than there is at the time, for long enough to matter. */
static bool overloads(struct simulated_server *server, double rps, double load_s)
{
	double capacity = capacity_at(server, server->now_s + load_s / 2);
	double lower = capacity * (1 - server->relapse);

	if (rps > capacity)
		return true;
	return rps > lower && server->recovered_s - server->now_s > load_s / 10;
}

/* Whether it shows: the judgement of the trial. */
static bool shows(struct simulated_server *server, const struct stepper_trial *trial, double taken)
{
	double warmup_s = (double)trial->warmup_ns / NS_PER_S;
	double judged_s = (double)trial->duration_ns / NS_PER_S, load_s = warmup_s + judged_s;
	double capacity = capacity_at(server, server->now_s + load_s / 2) * (1 - taken);
	double over = trial->rps / capacity - 1, noise = simulated_server_normal(&server->rng);

	if (rng_unit(&server->rng) <= server->odd)
		return true;
	if (over <= 0 && overloads(server, trial->rps, load_s))
		return true;
	if (server->late_s > 0 && trial->rps < server->late_factor * capacity) {
		judged_s = fmin(judged_s, load_s - server->late_s);
		if (judged_s <= 0)
			return false;
	}
	return over + noise * server->noise / sqrt(judged_s) >
	       server->tolerance + server->vague / pow(judged_s, 1.5);
}

static double completed(
	struct simulated_server *server, const struct stepper_trial *trial, bool overloaded)
{
	double rps = trial->rps * 0.999, capacity = capacity_at(server, server->now_s);

	if (server->completes <= 0)
		return 0;
	if (overloaded && trial->rps > capacity)
		rps = fmin(rps, capacity * server->completes *
					(1 + 0.01 * simulated_server_normal(&server->rng)));
	return rps;
}

void simulated_server_try(struct simulated_server *server, const struct stepper_trial *trial,
	struct stepper_outcome *outcome)
{
	double load_s = (double)(trial->warmup_ns + trial->duration_ns) / NS_PER_S;
	bool overloaded = overloads(server, trial->rps, load_s);
	double follows = server->generator_rps * (1 + 0.01 * simulated_server_normal(&server->rng));
	double capacity = capacity_at(server, server->now_s), drain_s = 0;
	double taken = taken_for(server, load_s);

	*outcome = (struct stepper_outcome){0};
	see(server);
	if ((server->generator_rps > 0 && trial->rps > follows) ||
		rng_unit(&server->rng) <= server->flaky)
		outcome->verdict = SEARCH_GENERATOR;
	else
		outcome->verdict = shows(server, trial, taken) ? SEARCH_FAIL : SEARCH_PASS;
	outcome->stolen = server->steal > 0 && outcome->verdict == SEARCH_FAIL &&
			  stolen(server, trial->rps, taken, load_s);
	outcome->completed_rps = completed(
		server, trial, overloaded && outcome->verdict != SEARCH_PASS);
	if (trial->rps > capacity)
		drain_s = fmin((trial->rps / capacity - 1) * load_s, DRAIN_MOST_S);
	drain_s += PAUSE_LEAST_S + (PAUSE_MOST_S - PAUSE_LEAST_S) * rng_unit(&server->rng);
	if (overloaded)
		server->recovered_s = server->now_s + load_s + server->relapse_s;
	server->now_s += load_s + drain_s;
	outcome->took_ns = (uint64_t)((load_s + drain_s) * NS_PER_S);
	see(server);
}
