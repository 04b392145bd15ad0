/* SPDX-License-Identifier: MIT */
/* Histograms added, subtracted, and copied while they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "measure/hist.h"
#include "tests/unit/hist_samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void assert_same(const struct hist *one, const struct hist *other)
{
	assert_int_equal(one->precision_bits, other->precision_bits);
	assert_int_equal(one->cell_count, other->cell_count);
	assert_memory_equal(one->cells, other->cells, one->cell_count * sizeof one->cells[0]);
	assert_int_equal(one->sum_ns, other->sum_ns);
	assert_true(one->min_ns == other->min_ns);
	assert_int_equal(one->max_ns, other->max_ns);
	assert_int_equal(one->clipped, other->clipped);
	assert_int_equal(one->censored, other->censored);
	assert_true(one->censored_min_ns == other->censored_min_ns);
}

/* A mix of everything that can be recorded, a value in a hundred above the range. */
static void record_any(struct hist *hist, struct rng *rng)
{
	uint64_t value = hist_samples_draw(
		rng, (unsigned int)rng_below(rng, HIST_SAMPLES_DISTRIBUTIONS));

	if (!rng_below(rng, 100))
		value += 40 * NS_PER_S;
	if (rng_below(rng, 50))
		hist_record(hist, value);
	else
		hist_record_censored(hist, value);
}

static void adding_is_recording_into_one(void **state)
{
	struct hist parts[3], sum, whole;
	struct rng rng, again;

	(void)state;
	for (size_t s = 0; s < HIST_SAMPLES_SEEDS; s++) {
		rng_init(&rng, hist_samples_seeds[s], 7);
		again = rng;
		sum = hist_samples_new(HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS);
		whole = hist_samples_new(HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS);
		for (size_t p = 0; p < COUNT_OF(parts); p++) {
			parts[p] = hist_samples_new(
				HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS);
			/* The last part stays empty. */
			for (unsigned int i = 0; i < 2000 && p < 2; i++) {
				record_any(&parts[p], &rng);
				record_any(&whole, &again);
			}
		}
		for (size_t p = COUNT_OF(parts); p-- > 0;) {
			hist_add(&sum, &parts[p]);
			hist_samples_free(&parts[p]);
		}
		assert_same(&sum, &whole);
		hist_samples_free(&sum);
		hist_samples_free(&whole);
	}
}

static void check_difference(const struct hist *difference, const struct hist *alone,
	const struct hist *whole, uint64_t seed)
{
	uint64_t width = alone->max_ns >> (alone->precision_bits - 1);

	assert_memory_equal(
		difference->cells, alone->cells, alone->cell_count * sizeof alone->cells[0]);
	assert_int_equal(difference->sum_ns, alone->sum_ns);
	assert_int_equal(difference->clipped, alone->clipped);
	assert_int_equal(difference->censored, alone->censored);
	/* Extremes: outside of the true ones, by a cell at most, inside of the whole's. */
	if (difference->min_ns > alone->min_ns ||
		(hist_count(alone) > alone->clipped && alone->min_ns - difference->min_ns >
							       alone->min_ns >>
							       (alone->precision_bits - 1)) ||
		difference->max_ns < alone->max_ns || difference->min_ns < whole->min_ns ||
		difference->max_ns > whole->max_ns ||
		(!alone->clipped && difference->max_ns - alone->max_ns > width))
		fail_msg("HIST_SEED=%ju: %ju to %ju instead of %ju to %ju", (uintmax_t)seed,
			(uintmax_t)difference->min_ns, (uintmax_t)difference->max_ns,
			(uintmax_t)alone->min_ns, (uintmax_t)alone->max_ns);
	assert_true(difference->censored_min_ns <= alone->censored_min_ns);
	assert_int_equal(difference->censored_min_ns == UINT64_MAX, alone->censored == 0);
}

/* Intervals of one growing histogram are what the interval alone would have recorded. */
static void subtracting_gives_the_interval(void **state)
{
	struct hist running, earlier, later, alone;
	struct rng rng, again;

	(void)state;
	for (size_t s = 0; s < HIST_SAMPLES_SEEDS; s++) {
		rng_init(&rng, hist_samples_seeds[s], 8);
		running = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
		earlier = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
		later = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
		for (unsigned int interval = 0; interval < 30; interval++) {
			alone = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
			again = rng;
			/* Intervals of 0, 1, 2, 4, ... samples, so that each case comes up. */
			for (unsigned int i = 0; i < (1U << interval % 10) / 2; i++) {
				record_any(&running, &rng);
				record_any(&alone, &again);
			}
			hist_copy(&later, &running);
			assert_same(&later, &running);
			hist_subtract(&later, &earlier);
			if (hist_count(&alone))
				check_difference(&later, &alone, &running, hist_samples_seeds[s]);
			else
				assert_same(&later, &alone);
			hist_copy(&earlier, &running);
			hist_samples_free(&alone);
		}
		hist_samples_free(&running);
		hist_samples_free(&earlier);
		hist_samples_free(&later);
	}
}

static void add_to_another_layout(void)
{
	struct hist one = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
	struct hist other = hist_samples_new(HIST_PRECISION_3_DIGITS, 2 * HIST_SAMPLES_LONGEST_NS);

	hist_add(&one, &other);
}

static void layouts_must_agree(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		add_to_another_layout();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* The first sample was counted, but its maximum was not yet stored when the copy was taken. */
static void a_copy_between_cell_and_maximum_keeps_its_cell(void **state)
{
	struct hist hist = hist_samples_new(HIST_PRECISION_3_DIGITS, HIST_SAMPLES_LONGEST_NS);
	unsigned int index = hist_layout_index(HIST_PRECISION_3_DIGITS, NS_PER_MS);

	(void)state;
	hist.cells[index] = 1;
	assert_int_equal(
		hist_layout_index(HIST_PRECISION_3_DIGITS, hist_percentile(&hist, 0.5).value_ns),
		index);
	hist_samples_free(&hist);
}

#define WRITER_SAMPLES 400000

struct writer {
	struct hist hist;
	uint64_t seed;
	bool done;
};

static void *write_samples(void *argument)
{
	struct writer *writer = argument;
	struct rng rng;

	rng_init(&rng, writer->seed, 9);
	for (unsigned int i = 0; i < WRITER_SAMPLES; i++)
		record_any(&writer->hist, &rng);
	__atomic_store_n(&writer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Each cell and each sum only grows from copy to copy, and the last copy has everything. */
static void a_reader_copies_while_a_writer_writes(void **state)
{
	struct writer writer = {
		.hist = hist_samples_new(HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS),
		.seed = hist_samples_seeds[3]};
	struct hist earlier = hist_samples_new(HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS);
	struct hist later = hist_samples_new(HIST_PRECISION_2_DIGITS, HIST_SAMPLES_LONGEST_NS);
	pthread_t thread;
	bool done;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_samples, &writer), 0);
	do {
		done = __atomic_load_n(&writer.done, __ATOMIC_ACQUIRE);
		hist_copy(&later, &writer.hist);
		for (unsigned int i = 0; i < later.cell_count; i++)
			assert_true(later.cells[i] >= earlier.cells[i]);
		assert_true(later.sum_ns >= earlier.sum_ns);
		assert_true(later.min_ns <= earlier.min_ns);
		assert_true(later.max_ns >= earlier.max_ns);
		assert_true(later.clipped >= earlier.clipped);
		assert_true(later.censored >= earlier.censored);
		assert_true(later.censored_min_ns <= earlier.censored_min_ns);
		hist_copy(&earlier, &later);
		assert_true(hist_count(&later) <= WRITER_SAMPLES);
		hist_percentile(&later, 0.99);
	} while (!done);
	pthread_join(thread, NULL);
	assert_int_equal(hist_count(&later), WRITER_SAMPLES);
	assert_same(&later, &writer.hist);
	hist_samples_free(&earlier);
	hist_samples_free(&later);
	hist_samples_free(&writer.hist);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding_is_recording_into_one),
		cmocka_unit_test(subtracting_gives_the_interval),
		cmocka_unit_test(layouts_must_agree),
		cmocka_unit_test(a_copy_between_cell_and_maximum_keeps_its_cell),
		cmocka_unit_test(a_reader_copies_while_a_writer_writes),
	};

	hist_samples_begin();
	return cmocka_run_group_tests_name("hist_merge", tests, NULL, NULL);
}
