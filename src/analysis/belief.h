/* SPDX-License-Identifier: MIT */
/*
 * Where the capacity of a service may lie, after trials that err: a probability for each rate, by
 * Bayes' rule. A search asks it where the next trial tells most and how likely a bound is wrong.
 *
 * A trial of T seconds at a rate fails with the probability
 *
 *   odd + (1 - odd - lucky) / (1 + exp(-1.7 (ln(rate / capacity) / (noise / sqrt(T)))))
 *
 * (short ones a little above it; see LENIENT.) odd: it failed for a reason of its own; lucky: it
 * passed above the capacity. How noisy the server is, is not known, so several kinds of server are
 * weighed against each other. One kind breaks slowly: short trials say little about it. One
 * recovers slowly: a failure soon after another, a suspect one, says little about it. What trials
 * contradict loses its weight, so both are found out.
 *
 * Before the trials all rates are equally likely by their logarithm, but for those near the hint.
 *
 * Sources: Horstein, "Sequential transmission using noiseless feedback", 1963 (bisection by the
 * median of the posterior); Watson and Pelli, "QUEST: a Bayesian adaptive psychometric method",
 * 1983 (the curve with a rate of odd answers at either end).
 *
 * Owner: the caller's storage, about 20 KiB. Threads: one at a time. Errors: none; trials beyond
 * BELIEF_TRIALS are not taken. Units: rates are requests a second; probabilities 0 to 1.
 */
#ifndef RINGLOAD_ANALYSIS_BELIEF_H
#define RINGLOAD_ANALYSIS_BELIEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BELIEF_TRIALS 512
/* Rates told apart by their logarithm: equally spaced where the bulk is, ever more coarsely outside
 * of that, down and up to what may be asked for. */
#define BELIEF_FINE  64
#define BELIEF_OUTER 14
#define BELIEF_CELLS (BELIEF_FINE + 2 * BELIEF_OUTER)
#define BELIEF_KINDS 7

struct belief_trial {
	double rps;
	uint64_t duration_ns;
	bool lasting; /* long enough for a slow break to show */
	bool failed;
	bool suspect; /* the server may not have recovered from a failure before */
};

struct belief {
	double lowest_log, highest_log;
	double hint_rps; /* 0: none */
	bool weighed, slow;
	/* Of the cells, as logarithms. */
	double edges[BELIEF_CELLS + 1], middles[BELIEF_CELLS];
	double mass[BELIEF_KINDS][BELIEF_CELLS];
	/* Of kinds that break slowly: of what short trials show, and likelihood by long ones alone.
	 */
	double early[BELIEF_KINDS][BELIEF_CELLS], late[BELIEF_KINDS][BELIEF_CELLS];
	/* Of two, by which a kind's mass, or early and late together, are to be multiplied: trials
	 * without number would leave nothing of them. */
	int powers[BELIEF_KINDS];
	struct belief_trial trials[BELIEF_TRIALS];
	size_t trial_count;
};

/* The span of what may be asked for; the capacity may also lie a little outside. slow: there are
 * trials so much longer than others that a slow break may show in these alone. */
void belief_init(struct belief *belief, double lowest_rps, double highest_rps, bool slow);

void belief_take(struct belief *belief, const struct belief_trial *trial);

/* Weighs all that was taken. hint_rps: the capacity may be near it; 0: no hint. To be called
 * before asking once a trial failed, as nothing says before where rates are to be told apart; and
 * again for another hint. */
void belief_weigh(struct belief *belief, double hint_rps);

/* How likely the capacity is below the rate. */
double belief_below(const struct belief *belief, double rps);

/* The rate that the capacity is below of with this probability; as long as the server rather does
 * not break slowly, as if it did not. */
double belief_quantile(const struct belief *belief, double probability);

/* How likely short trials pass where long ones fail. */
double belief_slow(const struct belief *belief);

/* How likely the server needs time to recover from a failure. */
double belief_relapses(const struct belief *belief);

#endif
