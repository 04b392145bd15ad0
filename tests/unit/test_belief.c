/* SPDX-License-Identifier: MIT */
/* What is thought of a capacity stays a probability, whatever trials say and however many. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/belief.h"
#include "base/clock.h"
#include "base/rng.h"

#define LOWEST  1.0
#define HIGHEST 1e6

static struct belief_trial trial_of(double rps, bool failed, bool lasting)
{
	return (struct belief_trial){.rps = rps,
		.duration_ns = lasting ? 8 * NS_PER_S : 2 * NS_PER_S,
		.lasting = lasting,
		.failed = failed};
}

/* Probabilities and rates, each in its order. */
static void expect_sound(const struct belief *belief)
{
	double before = 0, rate = 0;

	for (double rps = 1e-4; rps < 1e40; rps *= 2) {
		double below = belief_below(belief, rps);

		assert_true(below >= before - 1e-9 && below <= 1 + 1e-9);
		before = below;
	}
	assert_true(before > 1 - 1e-9);
	for (int percent = 1; percent < 100; percent++) {
		double rps = belief_quantile(belief, percent / 100.0);

		assert_true(rps >= rate && rps > 0 && isfinite(rps));
		rate = rps;
	}
	assert_true(belief_slow(belief) >= 0 && belief_slow(belief) <= 1 + 1e-9);
	assert_true(belief_relapses(belief) >= 0 && belief_relapses(belief) <= 1 + 1e-9);
}

/* Weighs all at once at the end, or each from the eighth on; at most as many as are taken. */
static void take_all(
	struct belief *belief, const struct belief_trial *trials, size_t count, bool at_once)
{
	belief_init(belief, LOWEST, HIGHEST, true);
	for (size_t i = 0; i < count; i++) {
		belief_take(belief, &trials[i]);
		if (!at_once && i == 7)
			belief_weigh(belief, 0);
	}
	if (at_once)
		belief_weigh(belief, 0);
	expect_sound(belief);
}

/* However little of a kind of server is left, it is more than nothing: other trials may speak for
 * it. */
static void take_both(const struct belief_trial *trials, size_t count)
{
	struct belief belief;

	for (int at_once = 0; at_once < 2; at_once++) {
		take_all(&belief, trials, count, at_once);
		assert_true(belief_slow(&belief) > 0 && belief_relapses(&belief) > 0);
	}
}

/* A low load that always fails and a high one that always passes. */
static void bears_contradiction(void **state)
{
	struct belief_trial trials[BELIEF_TRIALS + 8];

	(void)state;
	for (size_t i = 0; i < BELIEF_TRIALS + 8; i++)
		trials[i] = trial_of(i % 2 ? 100 : 10000, i % 2, false);
	take_both(trials, BELIEF_TRIALS + 8);
	for (size_t i = 0; i < BELIEF_TRIALS; i++)
		trials[i] = trial_of(i % 2 ? 100 : 10000, i % 2, true);
	take_both(trials, BELIEF_TRIALS);
	/* Each of the loads for itself says nothing sure. */
	for (size_t i = 0; i < BELIEF_TRIALS; i++)
		trials[i] = trial_of(1000, i % 2, i % 4 < 2);
	take_both(trials, BELIEF_TRIALS);
}

/* Short trials and long ones each know the capacity, far apart. */
static void bears_lengths_that_disagree(void **state)
{
	struct belief_trial trials[BELIEF_TRIALS];

	(void)state;
	for (int way = 0; way < 2; way++) {
		for (size_t i = 0; i < BELIEF_TRIALS; i++) {
			bool lasting = i % 4 < 2, failed = i % 2;
			double capacity = lasting == (way > 0) ? 50 : 5e5;

			trials[i] = trial_of(capacity * (failed ? 1.02 : 0.98), failed, lasting);
		}
		take_both(trials, BELIEF_TRIALS);
		/* First all of one, then all of the other. */
		for (size_t i = 0; i < BELIEF_TRIALS; i++) {
			bool lasting = i < BELIEF_TRIALS / 2, failed = i % 2;
			double capacity = lasting == (way > 0) ? 50 : 5e5;

			trials[i] = trial_of(capacity * (failed ? 1.02 : 0.98), failed, lasting);
		}
		take_both(trials, BELIEF_TRIALS);
	}
}

static void bears_extreme_trials(void **state)
{
	static const double rates[] = {LOWEST, 2, 1000, 5e5, HIGHEST};
	static const uint64_t lengths_ns[] = {1, NS_PER_MS, NS_PER_S, 86400 * NS_PER_S};
	struct belief_trial trials[BELIEF_TRIALS];

	(void)state;
	for (size_t i = 0; i < BELIEF_TRIALS; i++)
		trials[i] = (struct belief_trial){.rps = rates[i % 5],
			.duration_ns = lengths_ns[i / 5 % 4],
			.failed = i / 3 % 2,
			.lasting = i / 7 % 2,
			.suspect = i / 11 % 2};
	take_both(trials, BELIEF_TRIALS);
	for (size_t i = 0; i < BELIEF_TRIALS; i++)
		trials[i].failed = true;
	take_both(trials, BELIEF_TRIALS);
	for (size_t i = 0; i < BELIEF_TRIALS; i++)
		trials[i].failed = false;
	take_both(trials, BELIEF_TRIALS);
}

/* A hint far from all that was tried, and one that trials refute. */
static void bears_a_hint_that_is_wrong(void **state)
{
	static const double hints[] = {1e-6, LOWEST, 31000, HIGHEST, 1e12};
	struct belief belief;

	(void)state;
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		belief_init(&belief, LOWEST, HIGHEST, false);
		for (size_t trial = 0; trial < 400; trial++) {
			struct belief_trial its = trial_of(
				trial % 2 ? 1010 : 990, trial % 2, false);

			belief_take(&belief, &its);
			if (trial == 2 || trial == 399)
				belief_weigh(&belief, hints[i]);
		}
		expect_sound(&belief);
		assert_true(belief_below(&belief, 900) < 0.01);
		assert_true(belief_below(&belief, 1100) > 0.99);
	}
}

/* So many trials lose nothing of what they say: those of a noisy server with a capacity of 1,000.
 */
static void finds_the_capacity_with_many_trials(void **state)
{
	struct belief_trial trials[BELIEF_TRIALS];
	struct belief belief;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (size_t i = 0; i < BELIEF_TRIALS; i++) {
		double rps = 1000 * exp(0.1 * (rng_unit(&rng) - 0.5));
		double capacity = 1000 * exp(0.01 * (rng_unit(&rng) - 0.5));

		trials[i] = trial_of(rps, rps > capacity, i % 3 == 0);
	}
	for (int at_once = 0; at_once < 2; at_once++) {
		take_all(&belief, trials, BELIEF_TRIALS, at_once);
		assert_true(belief_below(&belief, 990) < 0.01);
		assert_true(belief_below(&belief, 1010) > 0.99);
		assert_true(belief_slow(&belief) < 0.1 && belief_relapses(&belief) < 0.5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bears_contradiction),
		cmocka_unit_test(bears_lengths_that_disagree),
		cmocka_unit_test(bears_extreme_trials),
		cmocka_unit_test(bears_a_hint_that_is_wrong),
		cmocka_unit_test(finds_the_capacity_with_many_trials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
