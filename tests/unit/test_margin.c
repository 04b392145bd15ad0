/* SPDX-License-Identifier: MIT */
/* How early a worker that spins the rest wakes up: what it learns of a machine's late timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/margin.h"

/* How many of so many waits came later than the margin was then. */
static unsigned int misses(struct margin *margin, struct rng *rng, unsigned int waits,
	uint64_t (*late_ns)(struct rng *rng))
{
	unsigned int missed = 0;

	for (unsigned int i = 0; i < waits; i++) {
		uint64_t ns = late_ns(rng);

		missed += ns > margin->ns;
		margin_waited(margin, ns);
	}
	return missed;
}

static uint64_t quiet(struct rng *rng)
{
	return 3000 + rng_below(rng, 47001);
}

static uint64_t tailed(struct rng *rng)
{
	return (uint64_t)rng_exponential(rng, 100e3);
}

/* Every fiftieth wait: the host runs something else. */
static uint64_t stolen(struct rng *rng)
{
	return rng_below(rng, 50) ? quiet(rng) : 300000 + rng_below(rng, 50000);
}

static uint64_t hiccups(struct rng *rng)
{
	return rng_below(rng, 1000) ? quiet(rng) : 8000000;
}

static uint64_t hopeless(struct rng *rng)
{
	(void)rng;
	return 5000000;
}

static void a_quiet_machine_costs_what_it_did(void **state)
{
	struct margin margin;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	margin_init(&margin);
	assert_int_equal(margin.ns, 50000);
	for (unsigned int i = 0; i < 10000; i++) {
		margin_waited(&margin, quiet(&rng));
		assert_int_equal(margin.ns, 50000);
	}
}

/* Whatever the lateness is made of, one wait in 200 is missed, half of what a p99 may miss. */
static void one_wait_in_200_is_missed(void **state)
{
	struct margin margin;
	struct rng rng;
	unsigned int missed;

	(void)state;
	rng_init(&rng, 2, 0);
	margin_init(&margin);
	misses(&margin, &rng, 20000, tailed);
	missed = misses(&margin, &rng, 200000, tailed);
	assert_in_range(missed, 900, 1100);
	/* The 99.5th percentile of that distribution is 530 µs. */
	assert_in_range(margin.ns, 400000, 700000);

	margin_init(&margin);
	misses(&margin, &rng, 20000, stolen);
	missed = misses(&margin, &rng, 200000, stolen);
	assert_in_range(missed, 800, 1100);
	assert_in_range(margin.ns, 280000, 370000);
}

/* From the first wait on: a run of ten seconds at 1,000 a second keeps its p99. */
static void it_is_learnt_in_time(void **state)
{
	struct margin margin;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	margin_init(&margin);
	assert_true(misses(&margin, &rng, 10000, stolen) < 100);
}

/* What is rarer than that is not worth a machine's time. */
static void rare_hiccups_do_not_widen_it(void **state)
{
	struct margin margin;
	struct rng rng;
	uint64_t sum_ns = 0;

	(void)state;
	rng_init(&rng, 4, 0);
	margin_init(&margin);
	for (unsigned int i = 0; i < 100000; i++) {
		margin_waited(&margin, hiccups(&rng));
		sum_ns += margin.ns;
	}
	assert_true(sum_ns / 100000 < 55000);
}

static void it_has_bounds(void **state)
{
	struct margin margin;
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 0);
	margin_init(&margin);
	misses(&margin, &rng, 47, hopeless);
	assert_true(margin.ns < 1000000);
	misses(&margin, &rng, 1, hopeless);
	assert_int_equal(margin.ns, 1000000);
	misses(&margin, &rng, 1000, hopeless);
	assert_int_equal(margin.ns, 1000000);
	/* The machine has become quiet. */
	misses(&margin, &rng, 9499, quiet);
	assert_true(margin.ns > 50000);
	misses(&margin, &rng, 1, quiet);
	assert_int_equal(margin.ns, 50000);
}

/* With deadlines closer than the margin nothing sleeps, and nothing would be learnt. */
static void spinning_narrows_it(void **state)
{
	struct margin margin;
	struct rng rng;

	(void)state;
	rng_init(&rng, 6, 0);
	margin_init(&margin);
	misses(&margin, &rng, 100, hopeless);
	for (uint64_t deadline = 1; deadline <= 9500; deadline++) {
		assert_true(margin.ns > 50000);
		margin_spins(&margin, deadline, 100000);
		/* Completions come in between: still the same one. */
		margin_spins(&margin, deadline, 80000);
		margin_spins(&margin, deadline, 10000);
	}
	assert_int_equal(margin.ns, 50000);
}

/* Within what is always spun nothing is learnt. */
static void the_least_spin_tells_nothing(void **state)
{
	struct margin margin;
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	margin_init(&margin);
	misses(&margin, &rng, 10, hopeless);
	assert_int_equal(margin.ns, 250000);
	for (uint64_t deadline = 1; deadline <= 1000; deadline++)
		margin_spins(&margin, deadline, 50000);
	assert_int_equal(margin.ns, 250000);
	margin_spins(&margin, 1001, 50001);
	assert_int_equal(margin.ns, 249900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_machine_costs_what_it_did),
		cmocka_unit_test(one_wait_in_200_is_missed),
		cmocka_unit_test(it_is_learnt_in_time),
		cmocka_unit_test(rare_hiccups_do_not_widen_it),
		cmocka_unit_test(it_has_bounds),
		cmocka_unit_test(spinning_narrows_it),
		cmocka_unit_test(the_least_spin_tells_nothing),
	};

	return cmocka_run_group_tests_name("margin", tests, NULL, NULL);
}
