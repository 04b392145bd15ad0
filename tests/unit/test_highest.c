/* SPDX-License-Identifier: MIT */
/* The search for the rate a generator holds, against generators that are made of a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "search/highest.h"

/* Holds rates up to a limit, but for a share of trials in which the machine was busy. */
struct generator {
	double limit_rps;
	double busy;
	struct rng rng;
};

static bool holds(struct generator *generator, double rate_rps)
{
	bool busy = rng_unit(&generator->rng) <= generator->busy;

	return rate_rps <= generator->limit_rps && !busy;
}

static void search(struct highest *highest, struct generator *generator, double estimate_rps)
{
	highest_begin(highest, estimate_rps);
	while (!highest->done) {
		assert_true(highest->rate_rps >= 1);
		assert_true(highest->trials < HIGHEST_TRIALS);
		highest_take(highest, holds(generator, highest->rate_rps));
	}
}

/* Of an idle machine the limit is found, from half of the estimate to well above it. */
static void the_limit_is_found(void **state)
{
	(void)state;
	for (double limit = 100000; limit < 300000; limit += 777) {
		struct generator generator = {.limit_rps = limit};
		struct highest highest;

		search(&highest, &generator, 200000);
		if (highest.lower_rps > limit || highest.lower_rps < 0.965 * limit)
			fail_msg("%.0f for %.0f, after %u trials", highest.lower_rps, limit,
				highest.trials);
		assert_true(highest.upper_rps > limit);
		assert_true(highest.upper_rps - highest.lower_rps <=
			    HIGHEST_PRECISION * highest.upper_rps);
	}
}

/* A busy machine lowers the answer, and never raises it. */
static void what_was_not_held_is_never_the_answer(void **state)
{
	unsigned int found = 0, near = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct generator generator = {.limit_rps = 170000, .busy = 0.2};
		struct highest highest;

		rng_init(&generator.rng, seed, 0);
		search(&highest, &generator, 200000);
		assert_true(highest.lower_rps <= generator.limit_rps);
		found += highest.lower_rps > 0;
		near += highest.lower_rps > 0.85 * generator.limit_rps;
	}
	/* Each rate fails twice in a row in 4 % of the cases. */
	assert_true(found > 990);
	assert_true(near > 850);
}

static void a_machine_that_is_always_busy_has_none(void **state)
{
	struct generator generator = {.limit_rps = 0};
	struct highest highest;

	(void)state;
	search(&highest, &generator, 200000);
	assert_true(highest.lower_rps == 0);
	assert_int_equal(highest.trials, HIGHEST_HOPELESS);
}

static void a_rate_is_tried_again_before_it_is_given_up(void **state)
{
	struct highest highest;
	double first;

	(void)state;
	highest_begin(&highest, 200000);
	first = highest.rate_rps;
	assert_true(first == 180000);
	highest_take(&highest, false);
	assert_true(highest.rate_rps == first);
	highest_take(&highest, true);
	assert_true(highest.lower_rps == first && !highest.upper_rps);
	assert_true(highest.rate_rps == 207000);
	highest_take(&highest, false);
	highest_take(&highest, false);
	assert_true(highest.upper_rps == 207000);
	assert_true(highest.rate_rps == 194000);
}

static void small_rates_end_too(void **state)
{
	(void)state;
	for (double limit = 0; limit < 12; limit++) {
		struct generator generator = {.limit_rps = limit};
		struct highest highest;

		search(&highest, &generator, 3);
		assert_true(highest.lower_rps <= limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_found),
		cmocka_unit_test(what_was_not_held_is_never_the_answer),
		cmocka_unit_test(a_machine_that_is_always_busy_has_none),
		cmocka_unit_test(a_rate_is_tried_again_before_it_is_given_up),
		cmocka_unit_test(small_rates_end_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
