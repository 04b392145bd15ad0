/* SPDX-License-Identifier: MIT */
/*
 * The search against thousands of simulated servers, and how often it errs.
 *
 * Truth: the range from the lowest to the highest capacity the server had while it was searched, a
 * single figure without drift; what a relapse takes for some seconds is not counted. An answer
 * misses when all of that range lies below its interval or all of it above. Where the generator
 * could not follow up to the capacity, the answer has to be the generator's limit: a lower bound
 * that is neither above the capacity nor far from the rate where the generator gives up.
 *
 * SERVER=number prints the trials of one server, by the numbers that failures give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/stepper.h"
#include "base/clock.h"
#include "tests/unit/simulated_server.h"

#define SEED         1
#define SERVERS_EACH 1112
/* Of the servers of a class: those that may be missed, and that may be less precise. Where a budget
 * of 45 s is too short for what they do, less is demanded. */
#define FEW  0.05
#define MORE 0.1
#define ANY  1
/* The generator's rate varies by 1 %: what it follows is known by so much, and a lower bound is at
 * most so far below. */
#define FOLLOWS_SPREAD 0.04
#define FOLLOWS_LEAST  0.8

static double between(struct rng *rng, double from, double to)
{
	return from + (to - from) * rng_unit(rng);
}

static double between_log(struct rng *rng, double from, double to)
{
	return exp(between(rng, log(from), log(to)));
}

static void make_plain(struct simulated_server *server, struct rng *rng)
{
	server->capacity_rps = between_log(rng, 50, 200e3);
	server->drift_s = 100;
	server->odd = 0.02;
	server->noise = between(rng, 0, 0.005);
	server->completes = between(rng, 0.97, 1);
}

static void make_noisy(struct simulated_server *server, struct rng *rng)
{
	server->noise = between(rng, 0.005, 0.03);
}

static void make_drifting(struct simulated_server *server, struct rng *rng)
{
	server->drift = between(rng, -0.01, 0.01);
}

static void make_relapsing(struct simulated_server *server, struct rng *rng)
{
	server->relapse = between(rng, 0.02, 0.3);
	server->relapse_s = between(rng, 0.5, 6);
}

static void make_slow(struct simulated_server *server, struct rng *rng)
{
	server->late_factor = between(rng, 1.05, 1.5);
	server->late_s = 5;
}

static void make_generator(struct simulated_server *server, struct rng *rng)
{
	server->generator_rps = server->capacity_rps * between_log(rng, 0.3, 3);
	server->flaky = 0.03;
}

/* What it completes misleads, or is not known. */
static void make_collapsing(struct simulated_server *server, struct rng *rng)
{
	server->completes = rng_unit(rng) < 0.2 ? 0 : between(rng, 0.05, 0.9);
}

/* Others work on its machine. */
static void make_busy(struct simulated_server *server, struct rng *rng)
{
	server->odd = between(rng, 0.05, 0.2);
	server->flaky = server->odd;
}

/* A guest on a host that others use as well. */
static void make_stolen(struct simulated_server *server, struct rng *rng)
{
	server->steal = between(rng, 0.03, 0.1);
}

static void make_mixed(struct simulated_server *server, struct rng *rng)
{
	static void (*const makers[])(struct simulated_server *, struct rng *) = {make_noisy,
		make_drifting, make_relapsing, make_slow, make_generator, make_collapsing};

	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (rng_unit(rng) < 0.5)
			makers[i](server, rng);
}

/* The queue of the embedded target, as the live tests have it. */
static void make_cliff(struct simulated_server *server, struct rng *rng)
{
	static const double cliffs[] = {3000, 12000, 35000};

	server->capacity_rps = cliffs[rng_below(rng, 3)];
	server->noise = 0;
	server->tolerance = 0.005;
	server->vague = between(rng, 0, 0.005);
}

static void make_cliff_collapsing(struct simulated_server *server, struct rng *rng)
{
	make_cliff(server, rng);
	make_collapsing(server, rng);
}

static void make_cliff_busy(struct simulated_server *server, struct rng *rng)
{
	make_cliff(server, rng);
	make_busy(server, rng);
}

static void make_cliff_stolen(struct simulated_server *server, struct rng *rng)
{
	make_cliff(server, rng);
	make_stolen(server, rng);
}

static const struct class
{
	const char *name;
	void (*make)(struct simulated_server *server, struct rng *rng); /* of a plain one */
	uint64_t budget_s;
	double width; /* demanded */
	double missed_most, wide_most;
} classes[] = {
	{"plain", make_plain, 300, 0.02, FEW, FEW},
	{"noise", make_noisy, 300, 0.02, FEW, FEW},
	{"drift", make_drifting, 300, 0.02, FEW, FEW},
	{"hysteresis", make_relapsing, 300, 0.02, FEW, FEW},
	{"slow break", make_slow, 300, 0.02, FEW, FEW},
	{"generator", make_generator, 300, 0.02, FEW, FEW},
	{"collapse", make_collapsing, 300, 0.02, FEW, FEW},
	{"busy", make_busy, 300, 0.02, FEW, FEW},
	{"mixed", make_mixed, 300, 0.02, FEW, FEW},
	{"cliff", make_cliff, 45, 0.05, FEW, FEW},
	{"its collapse", make_cliff_collapsing, 45, 0.05, MORE, ANY},
	{"cliff, busy", make_cliff_busy, 45, 0.05, MORE, ANY},
	{"steal", make_stolen, 300, 0.02, FEW, FEW},
	{"cliff, steal", make_cliff_stolen, 45, 0.05, MORE, ANY},
};

struct tally {
	size_t servers, found, limited;
	size_t below, above; /* missed, as the truth is below or above */
	size_t wrong;        /* another kind of answer than the server has */
	size_t partly;       /* a part of the range the capacity moved through is outside */
	size_t wide;
	double width[SERVERS_EACH], trials[SERVERS_EACH], seconds[SERVERS_EACH];
};

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double rank(double *figures, size_t count, double share)
{
	qsort(figures, count, sizeof(*figures), by_size);
	return count ? figures[(size_t)((double)(count - 1) * share)] : 0;
}

/* Prints the trials of the server that was asked for. */
static bool shown(uint64_t number)
{
	const char *asked = getenv("SERVER");

	return asked && strtoull(asked, NULL, 10) == number;
}

static void show_server(const struct simulated_server *server)
{
	printf("capacity %g noise %g drift %g relapse %g for %g s late %g generator %g completes "
	       "%g\n",
		server->capacity_rps, server->noise, server->drift, server->relapse,
		server->relapse_s, server->late_factor, server->generator_rps, server->completes);
}

static void show_trial(const struct simulated_server *server, const struct stepper_trial *trial,
	const struct stepper_outcome *outcome)
{
	printf("%6.1f s %-8s %10.6g (%.4f) %4.1f s: %s, completed %.6g\n", server->now_s,
		(const char *const[]){"range", "narrow", "confirm", "ladder"}[trial->stage],
		trial->rps, trial->rps / server->capacity_rps,
		(double)trial->duration_ns / NS_PER_S,
		(const char *const[]){"pass", "fail", "generator", "void"}[outcome->verdict],
		outcome->completed_rps);
}

/* What must hold whatever the server does. */
static void check_answer(const struct stepper_answer *answer, size_t trials)
{
	bool both = answer->has_lower && answer->has_upper;

	assert_true(answer->kind != SEARCH_FOUND || both);
	assert_true(!both || answer->lower_rps < answer->upper_rps);
	assert_true(!answer->has_lower || answer->lower_trial_count);
	assert_true(!answer->has_upper || answer->upper_trial_count);
	for (size_t i = 0; answer->has_lower && i < answer->lower_trial_count; i++)
		assert_true(answer->lower_trials[i] < trials);
	for (size_t i = 0; answer->has_upper && i < answer->upper_trial_count; i++)
		assert_true(answer->upper_trials[i] < trials);
	assert_true(!answer->precise ||
		    (both && answer->upper_rps - answer->lower_rps <= 0.02 * answer->upper_rps));
}

/* Whether the generator's limit is the answer there is. */
static bool limit_right(const struct simulated_server *server, const struct stepper_answer *answer)
{
	double follows = server->generator_rps;

	return follows > 0 && follows < server->most_rps * (1 + FOLLOWS_SPREAD) &&
	       answer->has_lower && answer->lower_rps <= server->most_rps &&
	       answer->lower_rps <= follows * (1 + FOLLOWS_SPREAD) &&
	       answer->lower_rps >= follows * FOLLOWS_LEAST;
}

static void count(struct tally *tally, const struct class *class,
	const struct simulated_server *server, const struct stepper_answer *answer)
{
	double width = (answer->upper_rps - answer->lower_rps) / answer->upper_rps;

	tally->servers++;
	if (answer->kind == SEARCH_GENERATOR_LIMIT) {
		tally->limited++;
		tally->wrong += !limit_right(server, answer);
		return;
	}
	if (answer->kind != SEARCH_FOUND) {
		tally->wrong++;
		return;
	}
	tally->below += server->most_rps < answer->lower_rps;
	tally->above += server->least_rps > answer->upper_rps;
	tally->partly += server->least_rps < answer->lower_rps ||
			 server->most_rps > answer->upper_rps;
	tally->wide += width > class->width;
	tally->width[tally->found++] = width;
}

static void search(const struct class *class, uint64_t number, struct tally *tally)
{
	struct stepper_options options = {
		.first_rps = 1000,
		.highest_rps = 10e6,
		.lowest_rps = 1,
		.precision = 0.02,
		.budget_ns = class->budget_s * NS_PER_S,
	};
	struct simulated_server server = {0};
	struct stepper *stepper = stepper_open(&options);
	struct stepper_trial trial;
	struct stepper_answer answer;
	struct rng rng;
	size_t trials = 0;

	assert_non_null(stepper);
	rng_init(&rng, SEED, number);
	make_plain(&server, &rng);
	class->make(&server, &rng);
	simulated_server_start(&server, SEED + 1, number);
	if (shown(number))
		show_server(&server);
	for (; stepper_next(stepper, &trial); trials++) {
		struct stepper_outcome outcome;

		/* So the search ends within the budget and one trial. */
		assert_true(server.now_s <= (double)class->budget_s);
		simulated_server_try(&server, &trial, &outcome);
		if (shown(number))
			show_trial(&server, &trial, &outcome);
		stepper_take(stepper, &outcome);
	}
	stepper_answer(stepper, &answer);
	check_answer(&answer, trials);
	tally->seconds[tally->servers] = server.now_s;
	tally->trials[tally->servers] = (double)trials;
	count(tally, class, &server, &answer);
	stepper_close(stepper);
}

static void print(const struct class *class, struct tally *tally)
{
	double percent = 100.0 / (double)tally->servers;

	printf("%-13s %4zu s %6.2f %6.2f %6.2f %7.2f %6.2f %6.1f   %5.2f %6.2f  %4.0f %4.0f  "
	       "%5.0f %5.0f\n",
		class->name, (size_t) class->budget_s, percent * (double)tally->below,
		percent * (double)tally->above, percent * (double)tally->wrong,
		percent * (double)tally->partly, percent * (double)tally->wide,
		percent * (double)tally->limited, 100 * rank(tally->width, tally->found, 0.5),
		100 * rank(tally->width, tally->found, 0.95),
		rank(tally->trials, tally->servers, 0.5), rank(tally->trials, tally->servers, 0.95),
		rank(tally->seconds, tally->servers, 0.5),
		rank(tally->seconds, tally->servers, 0.95));
}

static void finds(void **state)
{
	static struct tally tallies[sizeof(classes) / sizeof(*classes)];
	bool failed = false;

	(void)state;
	printf("%zu servers of each class, share of them in %%; median and 95th percentile\n",
		(size_t)SERVERS_EACH);
	printf("%-13s %6s %6s %6s %6s %7s %6s %6s   %12s  %9s  %11s\n", "class", "budget", "below",
		"above", "wrong", "partly", "wide", "limit", "width %", "trials", "seconds");
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		struct tally *tally = &tallies[i];
		size_t missed;

		for (uint64_t number = 0; number < SERVERS_EACH; number++)
			search(&classes[i], i * SERVERS_EACH + number, tally);
		print(&classes[i], tally);
		missed = tally->below + tally->above + tally->wrong;
		failed |= (double)missed > classes[i].missed_most * (double)tally->servers;
		failed |= (double)tally->wide > classes[i].wide_most * (double)tally->servers;
	}
	assert_false(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
