/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "measure/stats.h"

#define LONGEST_NS  (20 * NS_PER_S)
#define GUARD_BYTES 64

#define HIST_COUNT 16

/* Exactly stats_bytes and a guard behind them. */
static struct stats *new_stats(void)
{
	size_t size_bytes = stats_bytes(LONGEST_NS);
	char *memory = aligned_alloc(64, size_bytes + GUARD_BYTES);

	assert_non_null(memory);
	memset(memory, 0, size_bytes);
	memset(memory + size_bytes, 0x5A, GUARD_BYTES);
	return stats_init(memory, LONGEST_NS);
}

static void free_stats(struct stats *stats)
{
	const unsigned char *guard = (unsigned char *)stats + stats_bytes(LONGEST_NS);

	for (size_t i = 0; i < GUARD_BYTES; i++)
		assert_int_equal(guard[i], 0x5A);
	free(stats);
}

static struct hist *hist_of(struct stats *stats, unsigned int index)
{
	struct stats_request *phase = &stats->phase[index % 2];

	switch (index / 2) {
	case 0:
		return &phase->total;
	case 1:
		return &phase->service;
	case 2:
		return &phase->connection_wait;
	case 3:
		return &phase->send_lag;
	case 4:
		return &phase->failure;
	case 5:
		return &phase->until_arrival;
	case 6:
		return &phase->client_queue;
	default:
		return index % 2 ? &stats->loop : &stats->connect;
	}
}

/* Arrays of counters with their lengths, by an index; NULL behind the last. */
static uint64_t *counts_of(struct stats *stats, unsigned int index, unsigned int *count)
{
	switch (index) {
	case 0:
	case 1:
		*count = COUNTER_COUNT;
		return stats->phase[index].counters.value;
	case 2:
	case 3:
		*count = COUNTERS_STATUS_LIMIT;
		return stats->phase[index - 2].counters.status;
	case 4:
		*count = CONNECTION_COUNTER_COUNT;
		return stats->connections.value;
	case 5:
		*count = HEALTH_COUNT;
		return stats->health.value;
	default:
		return NULL;
	}
}

/* Puts something of its own into every count and every histogram. */
static void fill(struct stats *stats, uint64_t seed)
{
	struct hist *hist;
	unsigned int count;
	uint64_t *counts;
	struct rng rng;

	rng_init(&rng, seed, 0);
	for (unsigned int i = 0; (counts = counts_of(stats, i, &count)); i++)
		for (unsigned int at = 0; at < count; at++)
			counts[at] += 1 + rng_below(&rng, 1000);
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		hist = hist_of(stats, i);
		for (unsigned int sample = 0; sample < 50 + i; sample++)
			hist_record(hist, rng_below(&rng, LONGEST_NS));
		hist_record_censored(hist, LONGEST_NS - i);
		hist_record(hist, 3 * LONGEST_NS);
	}
}

static void assert_same_hist(const struct hist *one, const struct hist *other)
{
	assert_memory_equal(one->cells, other->cells, one->cell_count * sizeof one->cells[0]);
	assert_int_equal(one->sum_ns, other->sum_ns);
	assert_int_equal(one->clipped, other->clipped);
	assert_int_equal(one->censored, other->censored);
}

static void assert_same_counts(struct stats *one, struct stats *other)
{
	unsigned int count;
	uint64_t *counts;

	for (unsigned int i = 0; (counts = counts_of(one, i, &count)); i++)
		assert_memory_equal(counts, counts_of(other, i, &count), count * sizeof counts[0]);
}

static void block_is_laid_out_inside_its_bytes(void **state)
{
	struct stats *stats = new_stats();
	char *end = (char *)stats + stats_bytes(LONGEST_NS);
	struct hist *hist;

	(void)state;
	assert_int_equal(stats_bytes(LONGEST_NS) % 64, 0);
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		hist = hist_of(stats, i);
		assert_int_equal(hist->precision_bits,
			i < 4 ? HIST_PRECISION_3_DIGITS : HIST_PRECISION_2_DIGITS);
		assert_int_equal(
			hist->cell_count, hist_layout_cells(hist->precision_bits, LONGEST_NS));
		assert_int_equal((uintptr_t)hist->cells % 64, 0);
		assert_true((char *)hist->cells >= (char *)(stats + 1));
		assert_true((char *)(hist->cells + hist->cell_count) <= end);
		assert_int_equal(hist_count(hist), 0);
		hist_record(hist, LONGEST_NS);
		assert_int_equal(hist->clipped, 0);
	}
	free_stats(stats);
}

/* A whole histogram full of one number does not show in any other. */
static void histograms_do_not_overlap(void **state)
{
	struct stats *stats = new_stats();
	struct hist *hist;

	(void)state;
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		hist = hist_of(stats, i);
		for (unsigned int cell = 0; cell < hist->cell_count; cell++) {
			assert_int_equal(hist->cells[cell], 0);
			hist->cells[cell] = i + 1;
		}
	}
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		hist = hist_of(stats, i);
		for (unsigned int cell = 0; cell < hist->cell_count; cell++)
			assert_int_equal(hist->cells[cell], i + 1);
	}
	free_stats(stats);
}

static void copy_takes_everything(void **state)
{
	struct stats *from = new_stats(), *to = new_stats();

	(void)state;
	fill(from, 1);
	fill(to, 2);
	stats_copy(to, from);
	assert_same_counts(to, from);
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		assert_same_hist(hist_of(to, i), hist_of(from, i));
		assert_int_equal(hist_of(to, i)->min_ns, hist_of(from, i)->min_ns);
		assert_int_equal(hist_of(to, i)->max_ns, 3 * LONGEST_NS);
		assert_int_equal(hist_of(to, i)->censored_min_ns, LONGEST_NS - i);
		assert_ptr_not_equal(hist_of(to, i)->cells, hist_of(from, i)->cells);
	}
	free_stats(from);
	free_stats(to);
}

static void add_and_subtract_are_inverse(void **state)
{
	struct stats *one = new_stats(), *other = new_stats(), *both = new_stats();
	unsigned int count;
	uint64_t *counts;

	(void)state;
	fill(one, 1);
	fill(other, 2);
	fill(both, 1);
	stats_add(both, other);
	for (unsigned int i = 0; (counts = counts_of(both, i, &count)); i++)
		for (unsigned int at = 0; at < count; at++)
			assert_int_equal(counts[at],
				counts_of(one, i, &count)[at] + counts_of(other, i, &count)[at]);
	for (unsigned int i = 0; i < HIST_COUNT; i++) {
		assert_int_equal(hist_count(hist_of(both, i)),
			hist_count(hist_of(one, i)) + hist_count(hist_of(other, i)));
		assert_int_equal(hist_of(both, i)->censored, 2);
		assert_int_equal(hist_of(both, i)->clipped, 2);
	}
	stats_subtract(both, one);
	assert_same_counts(both, other);
	for (unsigned int i = 0; i < HIST_COUNT; i++)
		assert_same_hist(hist_of(both, i), hist_of(other, i));
	free_stats(one);
	free_stats(other);
	free_stats(both);
}

#define EVENTS 100000

struct writer {
	struct stats *stats;
	bool done;
};

/* As a worker counts: two counts an event, of which the second follows. */
static void *count_events(void *argument)
{
	struct writer *writer = argument;
	struct stats_request *measured = &writer->stats->phase[STATS_MEASURED];

	for (unsigned int i = 0; i < EVENTS; i++) {
		COUNT(&measured->counters, COUNTER_SENT);
		COUNT_STATUS(&measured->counters, 200);
		hist_record(&measured->total, i);
		COUNT(&writer->stats->connections, CONNECTION_ATTEMPTED);
		COUNT_BY(&writer->stats->health, HEALTH_BUSY_NS, 3);
	}
	__atomic_store_n(&writer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void a_collector_copies_while_a_worker_counts(void **state)
{
	struct writer writer = {.stats = new_stats()};
	struct stats *copy = new_stats();
	uint64_t before = 0, now;
	pthread_t thread;
	bool done;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, count_events, &writer), 0);
	do {
		done = __atomic_load_n(&writer.done, __ATOMIC_ACQUIRE);
		stats_copy(copy, writer.stats);
		now = copy->phase[STATS_MEASURED].counters.value[COUNTER_SENT];
		assert_true(now >= before && now <= EVENTS);
		before = now;
	} while (!done);
	pthread_join(thread, NULL);
	assert_int_equal(copy->phase[STATS_MEASURED].counters.value[COUNTER_SENT], EVENTS);
	assert_int_equal(copy->phase[STATS_MEASURED].counters.status[200], EVENTS);
	assert_int_equal(hist_count(&copy->phase[STATS_MEASURED].total), EVENTS);
	assert_int_equal(hist_count(&copy->phase[STATS_WARMUP].total), 0);
	assert_int_equal(copy->connections.value[CONNECTION_ATTEMPTED], EVENTS);
	assert_int_equal(copy->health.value[HEALTH_BUSY_NS], 3 * EVENTS);
	free_stats(writer.stats);
	free_stats(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_is_laid_out_inside_its_bytes),
		cmocka_unit_test(histograms_do_not_overlap),
		cmocka_unit_test(copy_takes_everything),
		cmocka_unit_test(add_and_subtract_are_inverse),
		cmocka_unit_test(a_collector_copies_while_a_worker_counts),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
