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
#include "target/queue.h"
#include "target/share.h"

#define START_NS 1234567890123ULL

static struct queue_options options_of(uint64_t capacity_mrps)
{
	return (struct queue_options){.capacity_mrps = capacity_mrps,
		.servers = 1,
		.refuse_above = QUEUE_LENGTH_LIMIT,
		.overload_above = 100,
		.degraded_share = SHARE_WHOLE,
		.recovery_ns = NS_PER_S,
		.sustained_share = SHARE_WHOLE};
}

static struct queue *queue_of(const struct queue_options *options)
{
	struct queue *queue;

	assert_int_equal(queue_check(options, NULL), 0);
	queue = queue_new(options);
	assert_non_null(queue);
	return queue;
}

static uint64_t entered(struct queue *queue, uint64_t arrival_ns)
{
	uint64_t finish_ns = 0;

	assert_true(queue_enter(queue, arrival_ns, &finish_ns));
	return finish_ns;
}

static struct queue_figures figures_at(struct queue *queue, uint64_t now_ns)
{
	struct queue_figures figures;

	queue_read(queue, now_ns, &figures);
	return figures;
}

/* count services of `servers` servers, rounded up to whole nanoseconds. */
static uint64_t services_ns(uint64_t count, uint64_t servers, uint64_t capacity_mrps)
{
	unsigned __int128 dividend = (unsigned __int128)count * servers * NS_PER_S * 1000;

	return (uint64_t)((dividend + capacity_mrps - 1) / capacity_mrps);
}

static const uint64_t capacities_mrps[] = {
	7300000, 5000000, 3000000, 333, 1, 9999999, QUEUE_CAPACITY_LIMIT_MRPS};
#define CAPACITIES (sizeof(capacities_mrps) / sizeof(capacities_mrps[0]))

/* D/D/1: nobody ever waits. */
static void below_the_capacity_each_takes_one_service(void **state)
{
	(void)state;
	for (size_t i = 0; i < CAPACITIES; i++) {
		struct queue_options options = options_of(capacities_mrps[i]);
		uint64_t service_ns = services_ns(1, 1, options.capacity_mrps);
		struct queue *queue;
		uint64_t now_ns = START_NS;

		if (queue_check(&options, NULL))
			continue;
		queue = queue_of(&options);
		for (int k = 0; k < 1000; k++, now_ns += service_ns) {
			assert_int_equal(figures_at(queue, now_ns).length, 0);
			assert_int_equal(entered(queue, now_ns), now_ns + service_ns);
		}
		assert_int_equal(figures_at(queue, now_ns).longest, 1);
		queue_free(queue);
	}
}

/* A busy period gains and loses nothing, however long it lasts and however the capacity divides. */
static void a_burst_leaves_at_the_capacity_exactly(void **state)
{
	(void)state;
	for (size_t i = 0; i < CAPACITIES; i++) {
		struct queue_options options = options_of(capacities_mrps[i]);
		struct queue *queue;

		if (queue_check(&options, NULL))
			continue;
		queue = queue_of(&options);
		for (uint64_t k = 1; k <= 73000; k++)
			assert_int_equal(entered(queue, START_NS),
				START_NS + services_ns(k, 1, options.capacity_mrps));
		assert_int_equal(figures_at(queue, START_NS).length, 73000);
		queue_free(queue);
	}
}

/* D/D/1 above the capacity: the k-th takes k + 1 services less the k periods it came later. */
static void above_the_capacity_latency_grows_linearly(void **state)
{
	const uint64_t period_ns = 100000; /* 10,000 a second */
	struct queue_options options = options_of(7300000);
	struct queue *queue = queue_of(&options);

	(void)state;
	for (uint64_t k = 0; k < 100000; k++) {
		uint64_t arrival_ns = START_NS + k * period_ns;
		uint64_t finish_ns = entered(queue, arrival_ns);

		assert_int_equal(finish_ns, START_NS + services_ns(k + 1, 1, 7300000));
	}
	/* Of 100,000 in 10 s minus one period 72,999 are through: one is in service. */
	assert_int_equal(figures_at(queue, START_NS + 99999 * period_ns).length, 100000 - 72999);
	queue_free(queue);
}

/* D/D/K: K at a time, each taking K times as long. */
static void servers_share_the_capacity(void **state)
{
	struct queue_options options = options_of(7300000);
	struct queue *queue;

	(void)state;
	options.servers = 8;
	queue = queue_of(&options);
	for (uint64_t k = 0; k < 20000; k++)
		assert_int_equal(
			entered(queue, START_NS), START_NS + services_ns(k / 8 + 1, 8, 7300000));
	queue_free(queue);
}

/* M/D/1 (Pollaczek and Khinchine): the mean wait before service is u S / (2 (1 - u)). */
static void random_arrivals_wait_as_theory_says(void **state)
{
	static const double loads[] = {0.3, 0.5, 0.8};
	const double service_ns = 1e9 / 7300;
	const int count = 400000;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct queue_options options = options_of(7300000);
		struct queue *queue = queue_of(&options);
		double arrival_ns = START_NS, waited_ns = 0, ideal_ns;
		struct rng rng;

		rng_init(&rng, 5, i);
		for (int k = 0; k < count; k++) {
			uint64_t whole_ns;

			arrival_ns += rng_exponential(&rng, service_ns / loads[i]);
			whole_ns = (uint64_t)arrival_ns;
			waited_ns += (double)(entered(queue, whole_ns) - whole_ns) - service_ns;
		}
		ideal_ns = loads[i] * service_ns / (2 * (1 - loads[i]));
		waited_ns /= count;
		if (waited_ns < ideal_ns * 0.98 || waited_ns > ideal_ns * 1.02)
			fail_msg("load %g: %g ns, not %g", loads[i], waited_ns, ideal_ns);
		queue_free(queue);
	}
}

static void a_full_queue_refuses(void **state)
{
	struct queue_options options = options_of(1000000);
	struct queue_figures figures;
	struct queue *queue;
	uint64_t finish_ns = 0;

	(void)state;
	options.refuse_above = 10;
	queue = queue_of(&options);
	for (int k = 0; k < 100; k++)
		assert_int_equal(queue_enter(queue, START_NS, &finish_ns), k < 10);
	assert_int_equal(finish_ns, START_NS + 10 * NS_PER_MS);
	/* One nanosecond before the first is through, and then. */
	assert_false(queue_enter(queue, START_NS + NS_PER_MS - 1, &finish_ns));
	assert_int_equal(entered(queue, START_NS + NS_PER_MS), START_NS + 11 * NS_PER_MS);
	assert_false(queue_enter(queue, START_NS + NS_PER_MS, &finish_ns));
	figures = figures_at(queue, START_NS + 4 * NS_PER_MS);
	assert_int_equal(figures.length, 7);
	assert_int_equal(figures.longest, 10);
	assert_int_equal(figures.entered, 11);
	assert_int_equal(figures.refused, 92);
	queue_free(queue);
}

/* 1,000 a second, 600 after more than 5 were found, until 100 ms without that. */
static void overload_leaves_its_mark_for_a_time(void **state)
{
	struct queue_options options = options_of(1000000);
	struct queue_figures figures;
	struct queue *queue;
	uint64_t last_ns;

	(void)state;
	options.overload_above = 5;
	options.degraded_share = 60 * (SHARE_WHOLE / 100);
	options.recovery_ns = 100 * NS_PER_MS;
	queue = queue_of(&options);
	/* The first six find 0 to 5 there, the next three find more. */
	for (uint64_t k = 1; k <= 6; k++)
		assert_int_equal(entered(queue, START_NS), START_NS + k * NS_PER_MS);
	assert_false(figures_at(queue, START_NS).degraded);
	for (uint64_t k = 1; k <= 3; k++)
		assert_int_equal(entered(queue, START_NS),
			START_NS + 6 * NS_PER_MS + services_ns(k, 1, 600000));
	figures = figures_at(queue, START_NS);
	assert_true(figures.degraded);
	assert_int_equal(figures.capacity_mrps, 600000);
	assert_int_equal(figures.overloads, 1);

	/* Alone, still slow; so long as the time is not over. */
	last_ns = START_NS + 99999999;
	assert_int_equal(entered(queue, last_ns), last_ns + services_ns(1, 1, 600000));
	assert_true(figures_at(queue, last_ns).degraded);
	/* It begins behind the slow one, and is quick. */
	assert_int_equal(
		entered(queue, last_ns + 1), last_ns + services_ns(1, 1, 600000) + NS_PER_MS);
	figures = figures_at(queue, last_ns + 1);
	assert_false(figures.degraded);
	assert_int_equal(figures.capacity_mrps, 1000000);
	assert_int_equal(figures.overloads, 1);
	queue_free(queue);
}

/* What the server bore before it was overloaded it does not bear after: 800 a second of 1,000 are
 * too many for the 600 that are left, so the queue stays long and the time begins anew. */
static void between_the_two_capacities_the_past_decides(void **state)
{
	const uint64_t period_ns = 1250000;
	struct queue_options options = options_of(1000000);
	struct queue *queue;
	uint64_t now_ns = START_NS;

	(void)state;
	options.overload_above = 5;
	options.degraded_share = 60 * (SHARE_WHOLE / 100);
	options.recovery_ns = 100 * NS_PER_MS;
	queue = queue_of(&options);
	for (int k = 0; k < 4000; k++, now_ns += period_ns)
		assert_int_equal(entered(queue, now_ns), now_ns + NS_PER_MS);
	for (int k = 0; k < 10; k++)
		entered(queue, now_ns);
	for (int k = 0; k < 4000; k++, now_ns += period_ns)
		entered(queue, now_ns);
	assert_true(figures_at(queue, now_ns).degraded);
	/* 4,000 in 5 s, of which 3,000 were served. */
	assert_in_range(figures_at(queue, now_ns).length, 1000, 1012);
	assert_int_equal(figures_at(queue, now_ns).overloads, 1);

	/* A pause long enough for the queue to empty and the time to pass. */
	now_ns += 2 * NS_PER_S;
	for (int k = 0; k < 4000; k++, now_ns += period_ns)
		assert_int_equal(entered(queue, now_ns), now_ns + NS_PER_MS);
	queue_free(queue);
}

/* 1,000 a second for 2 s, and 800 for ever; 500 are left after that, until it was 100 ms without.
 */
static void what_is_too_much_in_the_long_run_degrades(void **state)
{
	static const struct {
		uint64_t period_ns, last; /* last: at so many requests it is still well */
	} loads[] = {{1000000, 2000}, {1111112, 1800}, {1240000, 1613}, {1250000, 9000},
		{2000000, 9000}};
	struct queue_options options = options_of(1000000);

	(void)state;
	options.degraded_share = SHARE_WHOLE / 2;
	options.recovery_ns = 100 * NS_PER_MS;
	options.sustained_share = 80 * (SHARE_WHOLE / 100);
	options.endurance_ns = 2 * NS_PER_S;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct queue *queue = queue_of(&options);
		uint64_t now_ns = START_NS;

		for (uint64_t k = 0; k < loads[i].last; k++, now_ns += loads[i].period_ns)
			assert_int_equal(entered(queue, now_ns), now_ns + NS_PER_MS);
		assert_int_equal(figures_at(queue, now_ns).overloads, 0);
		assert_int_equal(entered(queue, now_ns),
			now_ns + (loads[i].last < 9000 ? 2 : 1) * NS_PER_MS);
		assert_int_equal(figures_at(queue, now_ns).overloads, loads[i].last < 9000);
		queue_free(queue);
	}
}

/* A pause in which the slower server would have caught up begins the time anew. */
static void a_pause_gives_its_endurance_back(void **state)
{
	struct queue_options options = options_of(1000000);
	struct queue *queue;
	uint64_t now_ns = START_NS;

	(void)state;
	options.degraded_share = SHARE_WHOLE / 2;
	options.sustained_share = 80 * (SHARE_WHOLE / 100);
	options.endurance_ns = 2 * NS_PER_S;
	queue = queue_of(&options);
	/* 1.9 s of 1,000 are 380 too many for 800: 475 ms of its work. */
	for (int spell = 0; spell < 5; spell++) {
		for (int k = 0; k < 1900; k++, now_ns += NS_PER_MS)
			assert_int_equal(entered(queue, now_ns), now_ns + NS_PER_MS);
		now_ns += 480 * NS_PER_MS;
	}
	for (int k = 0; k < 1900; k++, now_ns += NS_PER_MS)
		entered(queue, now_ns);
	assert_int_equal(figures_at(queue, now_ns).overloads, 0);
	now_ns += 470 * NS_PER_MS;
	entered(queue, now_ns);
	assert_int_equal(figures_at(queue, now_ns).overloads, 1);
	queue_free(queue);
}

/* --- against a model that remembers everything -------------------------------------------- */

#define MODEL_REQUESTS 4000
#define MODEL_SERVERS  7

/* Moments in parts of a nanosecond. */
struct model {
	unsigned __int128 free[MODEL_SERVERS];
	uint64_t finish_ns[MODEL_REQUESTS];
	size_t count;
	uint64_t degraded_until_ns;
};

static uint64_t model_length(const struct model *model, uint64_t now_ns)
{
	uint64_t length = 0;

	for (size_t i = 0; i < model->count; i++)
		length += model->finish_ns[i] > now_ns;
	return length;
}

static bool model_enter(
	struct model *model, const struct queue_options *options, uint64_t now_ns, uint64_t *finish)
{
	uint64_t parts = options->capacity_mrps * options->degraded_share;
	uint64_t length = model_length(model, now_ns);
	unsigned __int128 service = (unsigned __int128)options->servers * NS_PER_S * 1000;
	unsigned __int128 start = (unsigned __int128)now_ns * parts;
	size_t first = 0;

	if (length > options->overload_above)
		model->degraded_until_ns = now_ns + options->recovery_ns;
	if (length >= options->refuse_above)
		return false;
	service *= now_ns < model->degraded_until_ns ? SHARE_WHOLE : options->degraded_share;
	for (size_t i = 1; i < options->servers; i++)
		if (model->free[i] < model->free[first])
			first = i;
	if (start < model->free[first])
		start = model->free[first];
	model->free[first] = start + service;
	*finish = (uint64_t)((start + service + parts - 1) / parts);
	model->finish_ns[model->count++] = *finish;
	return true;
}

static void every_moment_and_length_is_that_of_a_model(void **state)
{
	struct queue_options options = {.capacity_mrps = 7300001,
		.servers = MODEL_SERVERS,
		.refuse_above = 60,
		.overload_above = 40,
		.degraded_share = 61234,
		.recovery_ns = 20 * NS_PER_MS,
		.sustained_share = SHARE_WHOLE};
	struct queue *queue = queue_of(&options);
	struct model *model = calloc(1, sizeof(*model));
	uint64_t now_ns = START_NS, refused = 0, finish_ns = 0, expected_ns = 0;
	struct queue_figures figures;
	struct rng rng;

	(void)state;
	assert_non_null(model);
	rng_init(&rng, 11, 0);
	for (int k = 0; k < MODEL_REQUESTS; k++) {
		/* Spells of too much and of little. */
		double mean_ns = k / 300 % 3 ? 400000 : 60000;
		bool enters;

		now_ns += (uint64_t)rng_exponential(&rng, mean_ns);
		enters = model_enter(model, &options, now_ns, &expected_ns);
		refused += !enters;
		assert_int_equal(queue_enter(queue, now_ns, &finish_ns), enters);
		if (enters)
			assert_int_equal(finish_ns, expected_ns);
		figures = figures_at(queue, now_ns);
		assert_int_equal(figures.length, model_length(model, now_ns));
		assert_int_equal(figures.degraded, now_ns < model->degraded_until_ns);
	}
	/* The test has met everything it is about. */
	assert_true(refused > 100 && figures.overloads > 1);
	assert_int_equal(figures.refused, refused);
	assert_int_equal(figures.entered, model->count);
	free(model);
	queue_free(queue);
}

/* --- threads ------------------------------------------------------------------------------ */

#define THREADS           4
#define THREAD_REQUESTS   50000
#define THREAD_CAPACITY   7300000ULL
#define ALL_THREADS_COUNT (THREADS * THREAD_REQUESTS)

struct entering {
	struct queue *queue;
	pthread_barrier_t *begin;
	uint64_t finish_ns[THREAD_REQUESTS];
};

static void *enter_many(void *argument)
{
	struct entering *entering = argument;

	pthread_barrier_wait(entering->begin);
	for (int i = 0; i < THREAD_REQUESTS; i++)
		if (!queue_enter(entering->queue, START_NS, &entering->finish_ns[i]))
			entering->finish_ns[i] = 0;
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

static void workers_share_one_queue(void **state)
{
	struct queue_options options = options_of(THREAD_CAPACITY);
	struct queue *queue = queue_of(&options);
	struct entering *entering = calloc(THREADS, sizeof(*entering));
	uint64_t *all = calloc(ALL_THREADS_COUNT, sizeof(*all));
	pthread_t threads[THREADS];
	pthread_barrier_t begin;

	(void)state;
	assert_true(entering && all);
	pthread_barrier_init(&begin, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		entering[i].queue = queue;
		entering[i].begin = &begin;
		assert_int_equal(pthread_create(&threads[i], NULL, enter_many, &entering[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		memcpy(all + i * THREAD_REQUESTS, entering[i].finish_ns,
			sizeof(entering[i].finish_ns));
	}
	qsort(all, ALL_THREADS_COUNT, sizeof(*all), by_value);
	for (uint64_t k = 0; k < ALL_THREADS_COUNT; k++)
		assert_int_equal(all[k], START_NS + services_ns(k + 1, 1, THREAD_CAPACITY));
	pthread_barrier_destroy(&begin);
	free(all);
	free(entering);
	queue_free(queue);
}

static void what_takes_too_long_is_refused(void **state)
{
	struct queue_options options = options_of(1);
	struct err err = {0};

	(void)state;
	assert_int_equal(queue_check(&options, &err), 0);
	options.servers = 4;
	assert_true(queue_check(&options, &err) < 0);
	assert_non_null(strstr(err.text, "a request would take longer than 1h"));
	options.servers = 1;
	options.degraded_share = SHARE_WHOLE / 4;
	assert_true(queue_check(&options, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_capacity_each_takes_one_service),
		cmocka_unit_test(a_burst_leaves_at_the_capacity_exactly),
		cmocka_unit_test(above_the_capacity_latency_grows_linearly),
		cmocka_unit_test(servers_share_the_capacity),
		cmocka_unit_test(random_arrivals_wait_as_theory_says),
		cmocka_unit_test(a_full_queue_refuses),
		cmocka_unit_test(overload_leaves_its_mark_for_a_time),
		cmocka_unit_test(between_the_two_capacities_the_past_decides),
		cmocka_unit_test(what_is_too_much_in_the_long_run_degrades),
		cmocka_unit_test(a_pause_gives_its_endurance_back),
		cmocka_unit_test(every_moment_and_length_is_that_of_a_model),
		cmocka_unit_test(workers_share_one_queue),
		cmocka_unit_test(what_takes_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
