/* SPDX-License-Identifier: MIT */
#include "analysis/belief.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

/* Of trials: those that fail for a reason of their own, and that pass above the capacity. */
#define ODD         0.03
#define ODD_SUSPECT 0.4
#define LUCKY       0.01

/* However long a trial, the capacity moves a little from one to the next. */
#define NOISE_LEAST 0.0015

/* The hint counts as much as so many times e of rates, spread by so much. */
#define HINT_MASS   3.0
#define HINT_SPREAD 0.03

/* The capacity may lie outside of what may be asked for by so much. */
#define OUTSIDE_LOG 0.5

/* The bulk: all but this much on either side. */
#define BULK 0.01
/* Of the fine cells' span the bulk takes at least and at most so much; they are laid anew at most
 * so often in a row, and not finer than this. */
#define BULK_LEAST 0.25
#define BULK_MOST  0.9
#define TURNS      5
#define CELL_LEAST 0.0002

/*
 * Kinds of server, how likely each is beforehand. A slow one shows an overload in a short trial
 * only when it is `late` times as large, give or take.
 */
static const struct {
	double noise; /* of a trial of one second, relative */
	double prior;
	double late_log, late_noise; /* 0: it breaks at once */
} kinds[BELIEF_KINDS] = {
	{0.003, 0.35, 0, 0},
	{0.010, 0.35, 0, 0},
	{0.030, 0.20, 0, 0},
	{0.010, 0.10, 0.34, 0.12},
};

static double middle(const struct belief *belief, size_t cell)
{
	return (belief->edges[cell] + belief->edges[cell + 1]) / 2;
}

static void weigh(struct belief *belief, size_t kind, const struct belief_trial *trial)
{
	double *mass = belief->mass[kind];
	double odd = trial->suspect ? ODD_SUSPECT : ODD;
	double noise = kinds[kind].noise / sqrt((double)trial->duration_ns / NS_PER_S);
	double rate = log(trial->rps), steep;
	double low = trial->failed ? odd : 1 - odd;
	double high = trial->failed ? 1 - LUCKY : LUCKY;

	if (noise < NOISE_LEAST)
		noise = NOISE_LEAST;
	if (!trial->lasting && kinds[kind].late_noise > 0) {
		noise = kinds[kind].late_noise;
		rate -= kinds[kind].late_log;
	}
	steep = 1.7 / noise;
	for (size_t i = 0; i < BELIEF_CELLS; i++) {
		double at = steep * (rate - middle(belief, i));

		if (at > 9)
			mass[i] *= high;
		else if (at < -9)
			mass[i] *= low;
		else
			mass[i] *= low + (high - low) / (1 + exp(-at));
	}
}

/* Of all kinds. */
static double cell_mass(const struct belief *belief, size_t cell)
{
	double sum = 0;

	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		sum += belief->mass[kind][cell];
	return sum;
}

/* Makes the sum 1, so that many trials do not make all of it vanish. */
static void normalise(struct belief *belief)
{
	double sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++)
		sum += cell_mass(belief, i);
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		for (size_t i = 0; i < BELIEF_CELLS; i++)
			belief->mass[kind][i] /= sum;
}

/* Fine cells from one rate to another; beyond these each is twice as wide as the one before, and
 * the outermost reach to the end. */
static void lay_edges(struct belief *belief, double first_log, double last_log)
{
	double width = (last_log - first_log) / BELIEF_FINE;
	double *fine = belief->edges + BELIEF_OUTER;

	for (size_t i = 0; i <= BELIEF_FINE; i++)
		fine[i] = first_log + (double)i * width;
	for (size_t i = 1; i <= BELIEF_OUTER; i++) {
		width *= 2;
		fine[-(ptrdiff_t)i] = fine[1 - (ptrdiff_t)i] - width;
		fine[BELIEF_FINE + i] = fine[BELIEF_FINE + i - 1] + width;
	}
	belief->edges[0] = fmin(belief->edges[0], belief->lowest_log);
	belief->edges[BELIEF_CELLS] = fmax(belief->edges[BELIEF_CELLS], belief->highest_log);
}

/* Of one cell: all rates are equally likely, but for the hint. */
static double prior_of(const struct belief *belief, size_t cell)
{
	double from = fmax(belief->edges[cell], belief->lowest_log);
	double to = fmin(belief->edges[cell + 1], belief->highest_log);
	double prior = fmax(to - from, 0), off;

	if (belief->hint_rps > 0) {
		off = (middle(belief, cell) - log(belief->hint_rps)) / HINT_SPREAD;
		prior *= 1 + HINT_MASS / (HINT_SPREAD * sqrt(2 * M_PI)) * exp(-off * off / 2);
	}
	return prior;
}

/* Lays the cells and takes all trials again. */
static void lay(struct belief *belief, double first_log, double last_log)
{
	lay_edges(belief, first_log, last_log);
	for (size_t i = 0; i < BELIEF_CELLS; i++) {
		double prior = prior_of(belief, i);

		for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
			belief->mass[kind][i] = kinds[kind].prior * prior;
	}
	for (size_t i = 0; i < belief->trial_count; i++) {
		for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
			weigh(belief, kind, &belief->trials[i]);
		if (i % 16 == 15)
			normalise(belief);
	}
	normalise(belief);
}

/* Lays the cells closer and closer round the bulk, or wider when it left them. */
static void settle(struct belief *belief)
{
	for (size_t turn = 0; turn < TURNS; turn++) {
		const double *fine = belief->edges + BELIEF_OUTER;
		double low = log(belief_quantile(belief, BULK));
		double high = log(belief_quantile(belief, 1 - BULK));
		double span = fine[BELIEF_FINE] - fine[0];
		bool inside = low >= fine[0] && high <= fine[BELIEF_FINE];

		if (inside && high - low >= BULK_LEAST * span)
			return;
		if (inside && span <= CELL_LEAST * BELIEF_FINE)
			return;
		span = fmax((high - low) * 0.2, CELL_LEAST * BELIEF_FINE / 4);
		lay(belief, low - span, high + span);
	}
}

void belief_init(struct belief *belief, double lowest_rps, double highest_rps)
{
	memset(belief, 0, sizeof(*belief));
	belief->lowest_log = log(lowest_rps) - OUTSIDE_LOG;
	belief->highest_log = log(highest_rps) + OUTSIDE_LOG;
}

/* From the lowest rate tried to the highest, and a little beyond. */
void belief_weigh(struct belief *belief, double hint_rps)
{
	double lowest = HUGE_VAL, highest = 0;

	for (size_t i = 0; i < belief->trial_count; i++) {
		lowest = fmin(lowest, belief->trials[i].rps);
		highest = fmax(highest, belief->trials[i].rps);
	}
	belief->hint_rps = hint_rps;
	belief->weighed = true;
	if (highest > 0)
		lay(belief, log(lowest) - 0.1, log(highest) + 0.1);
	else
		lay(belief, belief->lowest_log, belief->highest_log);
	settle(belief);
}

void belief_take(struct belief *belief, const struct belief_trial *trial)
{
	if (belief->trial_count == BELIEF_TRIALS)
		return;
	belief->trials[belief->trial_count++] = *trial;
	if (!belief->weighed)
		return;
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		weigh(belief, kind, trial);
	normalise(belief);
	settle(belief);
}

double belief_below(const struct belief *belief, double rps)
{
	const double *edges = belief->edges;
	double rate = log(rps), sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS && rate > edges[i]; i++)
		sum += cell_mass(belief, i) *
		       fmin((rate - edges[i]) / (edges[i + 1] - edges[i]), 1);
	return sum;
}

double belief_quantile(const struct belief *belief, double probability)
{
	const double *edges = belief->edges;
	double sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++) {
		double mass = cell_mass(belief, i);

		if (sum + mass >= probability && mass > 0)
			return exp(
				edges[i] + (probability - sum) / mass * (edges[i + 1] - edges[i]));
		sum += mass;
	}
	return exp(edges[BELIEF_CELLS]);
}

double belief_slow(const struct belief *belief)
{
	double sum = 0;

	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		for (size_t i = 0; kinds[kind].late_noise > 0 && i < BELIEF_CELLS; i++)
			sum += belief->mass[kind][i];
	return sum;
}
