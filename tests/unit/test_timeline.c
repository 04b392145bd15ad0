/* SPDX-License-Identifier: MIT */
/* Intervals against what was recorded in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "measure/timeline.h"

#define LONGEST_NS (20 * NS_PER_S)
#define WORKERS    2

struct run {
	struct timeline timeline;
	struct stats *stats;
	struct health_counters health[WORKERS];
	uint64_t now_ns;
};

static int setup_for(void **state, uint64_t longest_ns)
{
	size_t bytes = (stats_bytes(longest_ns) + 63) & ~(size_t)63;
	struct run *run = calloc(1, sizeof(*run));
	void *memory = aligned_alloc(64, bytes);

	memset(memory, 0, bytes);
	run->stats = stats_init(memory, longest_ns);
	*state = run;
	return timeline_init(&run->timeline, longest_ns, WORKERS, NULL);
}

static int setup(void **state)
{
	return setup_for(state, LONGEST_NS);
}

/* Fewer cells, for a run of hours. */
static int setup_short(void **state)
{
	return setup_for(state, 8 * NS_PER_MS);
}

static int teardown(void **state)
{
	struct run *run = *state;

	timeline_release(&run->timeline);
	timeline_release(&run->timeline); /* of an empty one does nothing */
	free(run->stats);
	free(run);
	return 0;
}

static struct stats_request *phase(struct run *run, enum stats_phase phase)
{
	return &run->stats->phase[phase];
}

static void tick(struct run *run)
{
	run->now_ns += NS_PER_S;
	assert_int_equal(
		timeline_add(&run->timeline, run->now_ns, run->stats, run->health, NULL), 0);
}

static void complete(struct run *run, enum stats_phase in, uint64_t total_ns)
{
	COUNT(&phase(run, in)->counters, COUNTER_SCHEDULED);
	COUNT(&phase(run, in)->counters, COUNTER_SENT);
	COUNT(&phase(run, in)->counters, COUNTER_COMPLETED);
	COUNT(&phase(run, in)->counters, COUNTER_OUTCOME_OK);
	hist_record(&phase(run, in)->total, total_ns);
}

static uint64_t samples(const struct timeline_interval *interval)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < interval->cell_count; i++)
		sum += interval->cells[i].count;
	return sum;
}

static void an_interval_is_the_difference(void **state)
{
	struct run *run = *state;
	const struct timeline_interval *interval;

	for (int i = 0; i < 10; i++)
		complete(run, STATS_WARMUP, 100 * NS_PER_MS);
	tick(run);
	for (int i = 0; i < 99; i++)
		complete(run, STATS_MEASURED, NS_PER_MS);
	complete(run, STATS_WARMUP, 3 * NS_PER_MS);
	tick(run);
	tick(run);

	assert_int_equal(run->timeline.interval_count, 3);
	interval = &run->timeline.intervals[1];
	assert_int_equal(interval->begin_ns, NS_PER_S);
	assert_int_equal(interval->end_ns, 2 * NS_PER_S);
	assert_int_equal(interval->scheduled, 100);
	assert_int_equal(interval->sent, 100);
	assert_int_equal(interval->completed, 100);
	assert_int_equal(interval->errors, 0);
	assert_int_equal(samples(interval), 100);
	assert_in_range(interval->p50.value_ns, NS_PER_MS, NS_PER_MS * 101 / 100);
	assert_in_range(interval->p99.value_ns, NS_PER_MS, NS_PER_MS * 101 / 100);
	/* The largest of the run, 100 ms, was in the interval before. */
	assert_in_range(interval->max_ns, 3 * NS_PER_MS, NS_PER_MS * 303 / 100);
	assert_int_equal(run->timeline.intervals[0].max_ns, 100 * NS_PER_MS);

	interval = &run->timeline.intervals[2];
	assert_int_equal(interval->sent + interval->completed + samples(interval), 0);
	assert_int_equal(interval->p99.value_ns + interval->max_ns, 0);
	assert_null(run->timeline.latest.cells);
	assert_int_equal(run->timeline.latest.end_ns, 3 * NS_PER_S);
}

static void what_is_open_at_its_end(void **state)
{
	struct run *run = *state;
	struct counters *counters = &phase(run, STATS_MEASURED)->counters;

	COUNT_BY(counters, COUNTER_SCHEDULED, 100);
	COUNT_BY(counters, COUNTER_SENT, 70);
	COUNT_BY(counters, COUNTER_COMPLETED, 30);
	COUNT_BY(counters, COUNTER_OUTCOME_OK, 20);
	COUNT_BY(counters, COUNTER_OUTCOME_4XX, 4);
	COUNT_BY(counters, COUNTER_OUTCOME_5XX, 5);
	COUNT_BY(counters, COUNTER_OUTCOME_CHECK, 1);
	COUNT_BY(counters, COUNTER_FAILED_RESET, 2);
	COUNT_BY(counters, COUNTER_TIMED_OUT, 3);
	COUNT_BY(counters, COUNTER_DROPPED_LIMIT, 6);
	tick(run);
	assert_int_equal(run->timeline.latest.in_flight, 70 - 30 - 2 - 3);
	assert_int_equal(run->timeline.latest.waiting, 100 - 70 - 6);
	assert_int_equal(run->timeline.latest.errors, 4 + 5 + 1 + 2 + 3 + 6);

	/* At the end what is left is counted, and nothing is open any more. */
	COUNT_BY(counters, COUNTER_IN_FLIGHT, 35);
	COUNT_BY(counters, COUNTER_UNSENT, 24);
	tick(run);
	assert_int_equal(run->timeline.latest.in_flight, 0);
	assert_int_equal(run->timeline.latest.waiting, 0);
	assert_int_equal(run->timeline.latest.errors, 0);
}

static void an_uneven_copy_does_not_wrap(void **state)
{
	struct run *run = *state;
	struct counters *counters = &phase(run, STATS_MEASURED)->counters;

	COUNT_BY(counters, COUNTER_COMPLETED, 5);
	COUNT_BY(counters, COUNTER_SENT, 3);
	tick(run);
	assert_int_equal(run->timeline.latest.in_flight, 0);
	assert_int_equal(run->timeline.latest.waiting, 0);
}

static void censored_percentiles_are_lower_bounds(void **state)
{
	struct run *run = *state;

	for (int i = 0; i < 1000; i++)
		complete(run, STATS_MEASURED, NS_PER_MS);
	tick(run);
	assert_false(run->timeline.latest.p99.lower_bound);
	for (int i = 0; i < 900; i++)
		complete(run, STATS_MEASURED, NS_PER_MS);
	for (int i = 0; i < 100; i++)
		hist_record_censored(&phase(run, STATS_MEASURED)->total, 2 * NS_PER_S);
	tick(run);
	assert_int_equal(run->timeline.latest.censored, 100);
	assert_true(run->timeline.latest.p99.lower_bound);
	assert_false(run->timeline.latest.p50.lower_bound);
	for (int i = 0; i < 1000; i++)
		complete(run, STATS_MEASURED, NS_PER_MS);
	tick(run);
	assert_int_equal(run->timeline.latest.censored, 0);
	assert_false(run->timeline.latest.p99.lower_bound);
}

static void shares_of_each_worker(void **state)
{
	struct run *run = *state;
	const struct timeline_shares *shares;

	run->health[0].value[HEALTH_BUSY_NS] = 250;
	run->health[0].value[HEALTH_SPIN_NS] = 250;
	run->health[0].value[HEALTH_WAIT_NS] = 500;
	tick(run);
	run->health[0].value[HEALTH_BUSY_NS] += 900;
	run->health[0].value[HEALTH_WAIT_NS] += 100;
	run->health[1].value[HEALTH_SPIN_NS] += 7;
	tick(run);
	shares = run->timeline.shares;
	assert_float_equal(shares[0].busy, 0.25, 1e-6);
	assert_float_equal(shares[0].spin, 0.25, 1e-6);
	assert_float_equal(shares[0].wait, 0.5, 1e-6);
	assert_float_equal(shares[1].busy + shares[1].spin + shares[1].wait, 0, 1e-6);
	assert_float_equal(shares[2].busy, 0.9, 1e-6);
	assert_float_equal(shares[2].wait, 0.1, 1e-6);
	assert_float_equal(shares[3].spin, 1, 1e-6);
}

/* More seconds than are kept: nothing is lost, and the number stays bounded. */
static void a_long_run_is_joined(void **state)
{
	struct run *run = *state;
	const size_t seconds = 2 * TIMELINE_MAX_INTERVALS + 5;
	uint64_t sent = 0, cells = 0, end_ns = 0;

	for (size_t i = 0; i < seconds; i++) {
		for (size_t n = 0; n <= i % 3; n++)
			complete(run, STATS_MEASURED, (1 + i % 7) * NS_PER_MS);
		run->health[0].value[HEALTH_BUSY_NS] += i % 2 ? 100 : 300;
		run->health[0].value[HEALTH_WAIT_NS] += i % 2 ? 300 : 100;
		tick(run);
	}
	assert_int_equal(run->timeline.ticks_per_interval, 4);
	assert_int_equal(run->timeline.interval_count, TIMELINE_MAX_INTERVALS / 2 + 2);
	for (size_t i = 0; i < run->timeline.interval_count; i++) {
		const struct timeline_interval *interval = &run->timeline.intervals[i];

		assert_int_equal(interval->begin_ns, end_ns);
		end_ns = interval->end_ns;
		sent += interval->sent;
		cells += samples(interval);
		assert_int_equal(samples(interval), interval->completed);
		if (i + 1 == run->timeline.interval_count)
			break;
		assert_int_equal(end_ns, (i + 1) * 4 * NS_PER_S);
		assert_float_equal(run->timeline.shares[i * WORKERS].busy, 0.5, 1e-5);
	}
	assert_int_equal(end_ns, seconds * NS_PER_S);
	assert_int_equal(sent, phase(run, STATS_MEASURED)->counters.value[COUNTER_SENT]);
	assert_int_equal(cells, sent);
	/* Seconds 4 to 7 had latencies of 5, 6, 7 and 1 ms. */
	assert_in_range(
		run->timeline.intervals[1].max_ns, 7 * NS_PER_MS, 7 * NS_PER_MS * 101 / 100);
	/* The latest tick is still told by itself. */
	assert_int_equal(run->timeline.latest.begin_ns, (seconds - 1) * NS_PER_S);
}

static void above_the_range(void **state)
{
	struct run *run = *state;

	hist_record(&phase(run, STATS_MEASURED)->total, 30 * NS_PER_S);
	tick(run);
	assert_int_equal(run->timeline.latest.max_ns, 30 * NS_PER_S);
	assert_int_equal(run->timeline.latest.p99.value_ns, 30 * NS_PER_S);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_interval_is_the_difference),
		RUN(what_is_open_at_its_end),
		RUN(an_uneven_copy_does_not_wrap),
		RUN(censored_percentiles_are_lower_bounds),
		RUN(shares_of_each_worker),
		cmocka_unit_test_setup_teardown(a_long_run_is_joined, setup_short, teardown),
		RUN(above_the_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
