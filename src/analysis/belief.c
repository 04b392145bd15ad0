/* SPDX-License-Identifier: MIT */
#include "analysis/belief.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"

/* Of trials: those that fail for a reason of their own, and that pass above the capacity. */
#define ODD         0.03
#define ODD_BUSY    0.2 /* on a machine where others work */
#define ODD_RELAPSE 0.3 /* soon after another failure */
#define LUCKY       0.01

/*
 * A small overload is not noticed in a short trial: trial_verdict.h allows what is unanswered to
 * grow by as much as chance explains, which falls with the length to the power of 1.5. This is what
 * may be expected of a trial of a second.
 */
#define LENIENT 0.004

/* So far from the middle of the curve, in its own unit, it is flat. */
#define FLAT 8

/* However long a trial, the capacity moves a little from one to the next. */
#define NOISE_LEAST 0.0015

/* The hint counts as much as so many times e of rates, spread by so much. */
#define HINT_MASS   6.0
#define HINT_SPREAD 0.03

/* The capacity may lie outside of what may be asked for by so much. */
#define OUTSIDE_LOG 0.5

/* The bulk: all but this much on either side. */
#define BULK 0.1
/* Of the fine cells' span the bulk takes at least so much; they are laid anew at most so often in a
 * row, and not finer than this. */
#define BULK_LEAST 0.25
#define TURNS      5
#define CELL_LEAST 0.0002

/* Weights outside of this become powers of two beside them (struct belief: powers), so that no
 * number of trials leaves nothing but zeros or infinities. So many trials stay far from a double's
 * limits, as one takes at most a factor of LUCKY. */
#define WEIGHT_LEAST 0x1p-300
#define WEIGHT_MOST  0x1p300
#define TRIALS_LIGHT 32

/* A trial is at least so long; shorter ones are none. */
#define SECONDS_LEAST 1e-3

/* Kinds of server, how likely each is beforehand. */
static const struct {
	double noise; /* of a trial of one second, relative */
	double odd;
	double prior;
	bool relapses, slow;
} kinds[BELIEF_KINDS] = {
	{0.003, ODD, 0.27, false, false},
	{0.010, ODD, 0.25, false, false},
	{0.030, ODD, 0.16, false, false},
	{0.005, ODD_BUSY, 0.05, false, false},
	{0.010, ODD, 0.12, true, false},
	{0.010, ODD, 0.08, false, true},
	{0.010, ODD, 0.05, true, true},
};

/* Short trials show an overload of a slow server only when it is up to so many times as large. */
#define SLOW_MOST_LOG 0.47

static double seconds_of(const struct belief_trial *trial)
{
	return fmax((double)trial->duration_ns / NS_PER_S, SECONDS_LEAST);
}

/* How far beyond the capacity the load of a trial rather has to be to fail, by the logarithm. */
static double lenience(const struct belief_trial *trial)
{
	return LENIENT / pow(seconds_of(trial), 1.5);
}

/* Multiplies the mass by the likelihood of what came of a trial. */
static void multiply(const struct belief *belief, size_t kind, const struct belief_trial *trial,
	double mass[BELIEF_CELLS])
{
	double odd = trial->suspect && kinds[kind].relapses ? ODD_RELAPSE : kinds[kind].odd;
	double noise = kinds[kind].noise / sqrt(seconds_of(trial));
	double steep = 1.7 / fmax(noise, NOISE_LEAST);
	double rate = log(trial->rps) - lenience(trial);
	double low = trial->failed ? odd : 1 - odd;
	double high = trial->failed ? 1 - LUCKY : LUCKY;
	size_t i = 0;

	/* Cells far below the load, those near it, those far above. */
	while (i < BELIEF_CELLS && steep * (rate - belief->middles[i]) > FLAT)
		mass[i++] *= high;
	for (; i < BELIEF_CELLS; i++) {
		double at = steep * (rate - belief->middles[i]);

		if (at < -FLAT)
			break;
		mass[i] *= low + (high - low) / (1 + exp(-at));
	}
	while (i < BELIEF_CELLS)
		mass[i++] *= low;
}

/* What short trials show is the capacity or more: each is as likely, up to a limit. */
static void join(struct belief *belief, size_t kind)
{
	const double *edges = belief->edges;
	size_t first = 0, last = 0;
	double sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++) {
		while (last < BELIEF_CELLS && edges[last] < edges[i] + SLOW_MOST_LOG)
			sum += belief->early[kind][last++];
		belief->mass[kind][i] = sum * belief->late[kind][i] *
					fmin((edges[i + 1] - edges[i]) / SLOW_MOST_LOG, 1);
		/* What is left of numbers that should cancel is nothing. */
		sum = fmax(sum - belief->early[kind][first++], 0);
	}
}

static void weigh(struct belief *belief, const struct belief_trial *trial)
{
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++) {
		if (!kinds[kind].slow)
			multiply(belief, kind, trial, belief->mass[kind]);
		else if (trial->lasting)
			multiply(belief, kind, trial, belief->late[kind]);
		else
			multiply(belief, kind, trial, belief->early[kind]);
	}
}

static double highest_of(const double cells[BELIEF_CELLS])
{
	double most = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++)
		most = fmax(most, cells[i]);
	return most;
}

static void shift(double cells[BELIEF_CELLS], int powers)
{
	for (size_t i = 0; powers && i < BELIEF_CELLS; i++)
		cells[i] = ldexp(cells[i], powers);
}

/* Takes powers of two out of weights that come near the limits of a double. */
static void lighten_cells(double cells[BELIEF_CELLS], int *powers)
{
	double most = highest_of(cells);
	int exponent;

	if (!(most > 0) || (most > WEIGHT_LEAST && most < WEIGHT_MOST))
		return;
	frexp(most, &exponent);
	shift(cells, -exponent);
	*powers += exponent;
}

static void lighten(struct belief *belief)
{
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++) {
		if (!kinds[kind].slow) {
			lighten_cells(belief->mass[kind], &belief->powers[kind]);
			continue;
		}
		lighten_cells(belief->early[kind], &belief->powers[kind]);
		lighten_cells(belief->late[kind], &belief->powers[kind]);
	}
}

/* Gives the masses of all kinds the same power of two, and the heaviest one that a double bears. */
static void balance(struct belief *belief)
{
	int own[BELIEF_KINDS], top = INT_MIN;
	bool light = false;

	for (size_t kind = 0; kind < BELIEF_KINDS; kind++) {
		int exponent;

		own[kind] = belief->powers[kind];
		lighten_cells(belief->mass[kind], &own[kind]);
		light |= own[kind] != 0;
		if (highest_of(belief->mass[kind]) > 0) {
			frexp(highest_of(belief->mass[kind]), &exponent);
			top = own[kind] + exponent > top ? own[kind] + exponent : top;
		}
	}
	for (size_t kind = 0; light && kind < BELIEF_KINDS; kind++) {
		shift(belief->mass[kind], own[kind] - top);
		belief->powers[kind] = kinds[kind].slow ? belief->powers[kind] - top : 0;
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

/* Joins what trials said and makes the sum 1. */
static void normalise(struct belief *belief)
{
	double sum = 0;

	lighten(belief);
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		if (kinds[kind].slow)
			join(belief, kind);
	balance(belief);
	for (size_t i = 0; i < BELIEF_CELLS; i++)
		sum += cell_mass(belief, i);
	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		for (size_t i = 0; i < BELIEF_CELLS; i++) {
			belief->mass[kind][i] /= sum;
			belief->early[kind][i] /= sum;
		}
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
	for (size_t i = 0; i < BELIEF_CELLS; i++)
		belief->middles[i] = (belief->edges[i] + belief->edges[i + 1]) / 2;
}

/* Of one cell: all rates are equally likely, but for the hint. */
static double prior_of(const struct belief *belief, size_t cell)
{
	double from = fmax(belief->edges[cell], belief->lowest_log);
	double to = fmin(belief->edges[cell + 1], belief->highest_log);
	double prior = fmax(to - from, 0), off;

	if (belief->hint_rps > 0) {
		off = (belief->middles[cell] - log(belief->hint_rps)) / HINT_SPREAD;
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

		for (size_t kind = 0; kind < BELIEF_KINDS; kind++) {
			double share = kinds[kind].prior * prior;

			belief->mass[kind][i] = share;
			belief->early[kind][i] = belief->slow ? share : 0;
			belief->late[kind][i] = 1;
		}
	}
	memset(belief->powers, 0, sizeof(belief->powers));
	for (size_t i = 0; i < belief->trial_count; i++) {
		weigh(belief, &belief->trials[i]);
		if (i % TRIALS_LIGHT == TRIALS_LIGHT - 1)
			lighten(belief);
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

void belief_init(struct belief *belief, double lowest_rps, double highest_rps, bool slow)
{
	memset(belief, 0, sizeof(*belief));
	belief->lowest_log = log(lowest_rps) - OUTSIDE_LOG;
	belief->highest_log = log(highest_rps) + OUTSIDE_LOG;
	belief->slow = slow;
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
	weigh(belief, trial);
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

static double kind_mass(const struct belief *belief, size_t kind)
{
	double sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++)
		sum += belief->mass[kind][i];
	return sum;
}

double belief_slow(const struct belief *belief)
{
	double sum = 0;

	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		sum += kinds[kind].slow ? kind_mass(belief, kind) : 0;
	return sum;
}

double belief_relapses(const struct belief *belief)
{
	double sum = 0;

	for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
		sum += kinds[kind].relapses ? kind_mass(belief, kind) : 0;
	return sum;
}

double belief_quantile(const struct belief *belief, double probability)
{
	const double *edges = belief->edges;
	bool slow = belief_slow(belief) > 0.5;
	double share = slow ? 1 : 1 - belief_slow(belief), sum = 0;

	for (size_t i = 0; i < BELIEF_CELLS; i++) {
		double mass = 0;

		for (size_t kind = 0; kind < BELIEF_KINDS; kind++)
			mass += slow || !kinds[kind].slow ? belief->mass[kind][i] / share : 0;
		if (sum + mass >= probability && mass > 0)
			return exp(
				edges[i] + (probability - sum) / mass * (edges[i + 1] - edges[i]));
		sum += mass;
	}
	return exp(edges[BELIEF_CELLS]);
}
