/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "measure/hist.h"

/* The layout a second time, as a BPF program sees it. */
#undef RINGLOAD_HIST_LAYOUT_H
#define __bpf__
#define hist_layout_log2    bpf_layout_log2
#define hist_layout_index   bpf_layout_index
#define hist_layout_lowest  bpf_layout_lowest
#define hist_layout_highest bpf_layout_highest
#define hist_layout_cells   bpf_layout_cells
#include "ringload/hist_layout.h"
#undef hist_layout_log2
#undef hist_layout_index
#undef hist_layout_lowest
#undef hist_layout_highest
#undef hist_layout_cells
#undef __bpf__

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define LONGEST_NS (20 * NS_PER_S)

/* Fixed seeds, and one of the moment (or HIST_SEED), which a failure prints. */
static uint64_t seeds[4] = {1, 2, 3};

static struct hist new_hist(unsigned int precision_bits, uint64_t highest_ns)
{
	void *cells = calloc(1, hist_bytes(precision_bits, highest_ns));
	struct hist hist;

	assert_non_null(cells);
	hist_init(&hist, precision_bits, highest_ns, cells);
	return hist;
}

static void free_hist(struct hist *hist)
{
	free(hist->cells);
}

/* The layout as its comment describes it, octave by octave. */
static unsigned int naive_index(unsigned int precision_bits, uint64_t value)
{
	uint64_t first = 1ULL << precision_bits, half = first / 2, cell_width = 2;
	unsigned int index = (unsigned int)first;

	if (value < first)
		return (unsigned int)value;
	while (first <= UINT64_MAX / 2 && value >= 2 * first) {
		first *= 2;
		cell_width *= 2;
		index += (unsigned int)half;
	}
	return index + (unsigned int)((value - first) / cell_width);
}

static void check_cell(unsigned int precision_bits, unsigned int index)
{
	uint64_t lowest = hist_layout_lowest(precision_bits, index);
	uint64_t highest = hist_layout_highest(precision_bits, index);
	uint64_t width = highest - lowest + 1;

	assert_true(lowest <= highest);
	if (hist_layout_index(precision_bits, lowest) != index ||
		hist_layout_index(precision_bits, highest) != index ||
		naive_index(precision_bits, lowest) != index ||
		naive_index(precision_bits, highest) != index ||
		naive_index(precision_bits, lowest + width / 2) != index ||
		hist_layout_index(precision_bits, lowest + width / 2) != index)
		fail_msg("precision %u cell %u", precision_bits, index);
	assert_true(width == 1 || width <= lowest >> (precision_bits - 1));
	assert_int_equal(hist_layout_cells(precision_bits, highest), index + 1);
	assert_int_equal(bpf_layout_index(precision_bits, lowest), index);
	assert_int_equal(bpf_layout_index(precision_bits, highest), index);
}

/* Every cell of every precision, up to the last of 64 bits. */
static void cells_tile_the_range(void **state)
{
	unsigned int last;

	(void)state;
	for (unsigned int bits = 1; bits <= HIST_LAYOUT_MAX_PRECISION_BITS; bits++) {
		last = hist_layout_index(bits, UINT64_MAX);
		assert_int_equal(hist_layout_lowest(bits, 0), 0);
		assert_true(hist_layout_highest(bits, last) == UINT64_MAX);
		for (unsigned int index = 0; index <= last; index++) {
			check_cell(bits, index);
			/* No gap and no overlap: so the index is monotone. */
			if (index < last)
				assert_true(hist_layout_highest(bits, index) + 1 ==
					    hist_layout_lowest(bits, index + 1));
		}
	}
}

static void index_of_random_values_is_the_naive_one(void **state)
{
	struct rng rng;
	uint64_t value;

	(void)state;
	rng_init(&rng, 1, 0);
	for (unsigned int i = 0; i < 100000; i++) {
		value = rng_next(&rng) >> rng_below(&rng, 64);
		for (unsigned int bits = 1; bits <= HIST_LAYOUT_MAX_PRECISION_BITS; bits += 3)
			if (hist_layout_index(bits, value) != naive_index(bits, value))
				fail_msg("precision %u value %ju", bits, (uintmax_t)value);
	}
}

static void bpf_variant_is_the_same(void **state)
{
	struct rng rng;
	uint64_t value;

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		assert_int_equal(bpf_layout_log2(1ULL << bit), bit);
		assert_int_equal(bpf_layout_log2((1ULL << bit) | ((1ULL << bit) - 1)), bit);
		assert_int_equal(hist_layout_log2(1ULL << bit), bit);
		assert_int_equal(hist_layout_log2((1ULL << bit) | ((1ULL << bit) - 1)), bit);
	}
	rng_init(&rng, 2, 0);
	for (unsigned int i = 0; i < 200000; i++) {
		value = rng_next(&rng) >> rng_below(&rng, 64) | 1;
		assert_int_equal(bpf_layout_log2(value), hist_layout_log2(value));
		assert_int_equal(bpf_layout_index(11, value), hist_layout_index(11, value));
	}
}

static void an_empty_histogram_is_zero(void **state)
{
	struct hist hist = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
	struct hist_quantile quantile = hist_percentile(&hist, 0.99);

	(void)state;
	assert_int_equal(hist_bytes(HIST_PRECISION_3_DIGITS, LONGEST_NS), 8 * hist.cell_count);
	assert_true(
		hist_layout_highest(HIST_PRECISION_3_DIGITS, hist.cell_count - 1) >= LONGEST_NS);
	assert_int_equal(hist_count(&hist), 0);
	assert_true(hist_mean_ns(&hist) == 0);
	assert_true(hist_stddev_ns(&hist) == 0);
	assert_int_equal(quantile.value_ns, 0);
	assert_false(quantile.lower_bound);
	assert_int_equal(quantile.samples_beyond, 0);
	assert_true(hist.min_ns == UINT64_MAX);
	assert_int_equal(hist.max_ns, 0);
	free_hist(&hist);
}

/* Distributions of latencies, by an index. */
static uint64_t draw(struct rng *rng, unsigned int distribution)
{
	uint64_t octave;

	switch (distribution) {
	case 0: /* uniform over the whole range */
		return rng_below(rng, LONGEST_NS);
	case 1: /* the usual server */
		return 20000 + (uint64_t)rng_exponential(rng, 150e3);
	case 2: /* a cache that misses once in 20 */
		return rng_below(rng, 20) ? 50000 + rng_below(rng, 5000)
					  : 8000000 + rng_below(rng, 900000);
	case 3: /* constant, inside a cell */
		return 1234567891;
	case 4: /* constant, in the first octave */
		return 777;
	case 5: /* tiny values, 0 among them */
		return rng_below(rng, 40);
	case 6: /* on both sides of each octave's edge */
		octave = 1ULL << rng_below(rng, 34);
		return octave + rng_below(rng, 3) - 1;
	case 7: /* on both sides of each cell's edge */
		return hist_layout_lowest(
			       HIST_PRECISION_3_DIGITS, 1 + (unsigned int)rng_below(rng, 25000)) -
		       rng_below(rng, 2);
	case 8: /* a tail without a mean */
		return (uint64_t)fmin(1000 / rng_unit(rng), (double)LONGEST_NS);
	default: /* every magnitude alike */
		return rng_below(rng, LONGEST_NS) >> rng_below(rng, 34);
	}
}

#define DISTRIBUTION_COUNT 10

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* ceil(share × count / 10000) in whole numbers, at least 1. */
static size_t exact_rank(unsigned int share, size_t count)
{
	size_t rank = (share * count + 9999) / 10000;

	return rank ? rank : 1;
}

static const unsigned int shares[] = {0, 1, 10, 100, 1000, 2500, 3333, 5000, 6667, 7500, 9000, 9500,
	9800, 9900, 9990, 9999, 10000};

/* sorted: every sample that was recorded. where: for the message. */
static void check_percentiles(
	const struct hist *hist, const uint64_t *sorted, size_t count, const char *where)
{
	unsigned int half_bits = hist->precision_bits - 1;
	struct hist_quantile got;
	uint64_t exact;
	size_t rank;

	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		rank = exact_rank(shares[i], count);
		exact = sorted[rank - 1];
		got = hist_percentile(hist, shares[i] / 10000.0);
		if (got.value_ns < exact || (got.value_ns - exact) << half_bits > exact ||
			got.value_ns > sorted[count - 1] || got.samples_beyond != count - rank)
			fail_msg("%s: %zu samples, share %u/10000: got %ju with %ju beyond, "
				 "expected %ju with %zu",
				where, count, shares[i], (uintmax_t)got.value_ns,
				(uintmax_t)got.samples_beyond, (uintmax_t)exact, count - rank);
		/* The promise of three digits, in its own words. */
		if (hist->precision_bits == HIST_PRECISION_3_DIGITS)
			assert_true((double)(got.value_ns - exact) <= 0.001 * (double)exact);
		assert_false(got.lower_bound);
	}
	assert_int_equal(hist_percentile(hist, 1).value_ns, sorted[count - 1]);
	assert_int_equal(hist->min_ns, sorted[0]);
	assert_int_equal(hist->max_ns, sorted[count - 1]);
	assert_int_equal(hist_count(hist), count);
}

static void check_moments(
	const struct hist *hist, const uint64_t *sorted, size_t count, const char *where)
{
	double mean = 0, squares = 0, width = 1.0 / (1 << (hist->precision_bits - 1));
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sorted[i];
	mean = (double)sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += ((double)sorted[i] - mean) * ((double)sorted[i] - mean);
	assert_int_equal(hist->sum_ns, sum);
	assert_true(hist_mean_ns(hist) == mean);
	/* Each sample is moved by half a cell at most. */
	if (fabs(hist_stddev_ns(hist) - sqrt(squares / (double)count)) >
		width * (sqrt(squares / (double)count) + mean))
		fail_msg("%s: deviation %f, expected %f", where, hist_stddev_ns(hist),
			sqrt(squares / (double)count));
}

static void percentiles_are_those_of_a_sorted_array(void **state)
{
	static const size_t counts[] = {1, 2, 3, 10, 99, 100, 101, 1000, 20000};
	static const unsigned int precisions[] = {
		HIST_PRECISION_3_DIGITS, HIST_PRECISION_2_DIGITS, 4};
	static uint64_t samples[20000];
	char where[128];
	struct hist hist;
	struct rng rng;
	unsigned int bits;

	(void)state;
	for (size_t run = 0; run < COUNT_OF(seeds) * DISTRIBUTION_COUNT * COUNT_OF(counts); run++) {
		unsigned int distribution = (unsigned int)(run % DISTRIBUTION_COUNT);
		size_t count = counts[run / DISTRIBUTION_COUNT % COUNT_OF(counts)];
		uint64_t seed = seeds[run / DISTRIBUTION_COUNT / COUNT_OF(counts)];

		bits = precisions[run % COUNT_OF(precisions)];
		snprintf(where, sizeof where, "HIST_SEED=%ju, distribution %u, precision %u",
			(uintmax_t)seed, distribution, bits);
		rng_init(&rng, seed, run);
		hist = new_hist(bits, LONGEST_NS);
		for (size_t i = 0; i < count; i++) {
			samples[i] = draw(&rng, distribution);
			hist_record(&hist, samples[i]);
		}
		assert_int_equal(hist.clipped, 0);
		qsort(samples, count, sizeof samples[0], compare_values);
		check_percentiles(&hist, samples, count, where);
		check_moments(&hist, samples, count, where);
		free_hist(&hist);
	}
}

/* With a cell for each value, the percentile of 1..n at share s is the rank itself. */
static void ranks_are_those_of_the_decimal_meant(void **state)
{
	static const size_t counts[] = {1, 7, 10, 100, 1000, 2000};
	struct hist hist;
	uint64_t got;

	(void)state;
	for (size_t row = 0; row < COUNT_OF(counts); row++) {
		hist = new_hist(HIST_PRECISION_3_DIGITS, 2047);
		for (uint64_t value = 1; value <= counts[row]; value++)
			hist_record(&hist, value);
		for (unsigned int share = 0; share <= 10000; share++) {
			got = hist_percentile(&hist, share / 10000.0).value_ns;
			if (got != exact_rank(share, counts[row]))
				fail_msg("share %u/10000 of %zu: rank %ju", share, counts[row],
					(uintmax_t)got);
		}
		free_hist(&hist);
	}
}

/* Large counts: as many samples as hours of load have, put into the cells directly. */
static void ranks_of_billions(void **state)
{
	const uint64_t each = 10000000000ULL;
	struct hist hist = new_hist(HIST_PRECISION_3_DIGITS, 2047);
	struct hist_quantile got;

	(void)state;
	for (unsigned int value = 1; value <= 1000; value++)
		hist.cells[value] = each;
	hist.max_ns = 1000;
	for (unsigned int share = 1; share <= 1000; share++) {
		got = hist_percentile(&hist, share / 1000.0);
		assert_int_equal(got.value_ns, share);
		assert_in_range(
			got.samples_beyond, (1000 - share) * each, (1000 - share) * each + 100);
	}
	free_hist(&hist);
}

/*
 * lower_bound exactly when a censored age lies in the returned value's cell or below it, whatever
 * the order of recording.
 */
static void censored_samples_make_lower_bounds(void **state)
{
	static uint64_t samples[3000];
	struct hist hist;
	struct hist_quantile got;
	struct rng rng;
	uint64_t smallest, exact;
	bool expected;

	(void)state;
	for (unsigned int run = 0; run < COUNT_OF(seeds) * DISTRIBUTION_COUNT; run++) {
		rng_init(&rng, seeds[run / DISTRIBUTION_COUNT], run);
		hist = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
		smallest = UINT64_MAX;
		for (size_t i = 0; i < COUNT_OF(samples); i++) {
			samples[i] = draw(&rng, run % DISTRIBUTION_COUNT);
			if (rng_below(&rng, 1000)) {
				hist_record(&hist, samples[i]);
				continue;
			}
			hist_record_censored(&hist, samples[i]);
			smallest = samples[i] < smallest ? samples[i] : smallest;
		}
		assert_true(hist.censored_min_ns == smallest);
		qsort(samples, COUNT_OF(samples), sizeof samples[0], compare_values);
		for (size_t i = 0; i < COUNT_OF(shares); i++) {
			exact = samples[exact_rank(shares[i], COUNT_OF(samples)) - 1];
			got = hist_percentile(&hist, shares[i] / 10000.0);
			expected = smallest != UINT64_MAX &&
				   naive_index(11, smallest) <= naive_index(11, exact);
			if (got.lower_bound != expected || got.value_ns < exact)
				fail_msg("HIST_SEED=%ju, distribution %u, share %u/10000",
					(uintmax_t)seeds[run / DISTRIBUTION_COUNT],
					run % DISTRIBUTION_COUNT, shares[i]);
		}
		free_hist(&hist);
	}
}

/* 1000 requests of 1 ms, 20 of which never answered in 100 ms: exact up to p98. */
static void a_percentile_below_the_timeouts_is_exact(void **state)
{
	struct hist hist = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);

	(void)state;
	for (unsigned int i = 0; i < 980; i++)
		hist_record(&hist, NS_PER_MS);
	assert_false(hist_percentile(&hist, 1).lower_bound);
	for (unsigned int i = 0; i < 20; i++)
		hist_record_censored(&hist, 100 * NS_PER_MS);
	assert_int_equal(hist.censored, 20);
	assert_int_equal(hist_count(&hist), 1000);
	assert_false(hist_percentile(&hist, 0.5).lower_bound);
	assert_false(hist_percentile(&hist, 0.98).lower_bound);
	assert_true(hist_percentile(&hist, 0.981).lower_bound);
	assert_int_equal(hist_percentile(&hist, 0.99).value_ns, 100 * NS_PER_MS);
	/* A slow answer does not make the timeouts before it exact. */
	hist_record(&hist, 200 * NS_PER_MS);
	assert_true(hist_percentile(&hist, 1).lower_bound);
	assert_int_equal(hist_percentile(&hist, 1).value_ns, 200 * NS_PER_MS);
	free_hist(&hist);
}

static void values_above_the_range_are_clipped(void **state)
{
	struct hist hist = new_hist(HIST_PRECISION_2_DIGITS, NS_PER_MS);
	uint64_t edge = hist_layout_highest(HIST_PRECISION_2_DIGITS, hist.cell_count - 1);

	(void)state;
	hist_record(&hist, edge);
	assert_int_equal(hist.clipped, 0);
	hist_record(&hist, edge + 1);
	assert_int_equal(hist.clipped, 1);
	hist_record(&hist, NS_PER_S);
	hist_record_censored(&hist, 2 * NS_PER_S);
	assert_int_equal(hist.clipped, 3);
	assert_int_equal(hist.cells[hist.cell_count - 1], 4);
	assert_int_equal(hist_count(&hist), 4);
	assert_int_equal(hist.max_ns, 2 * NS_PER_S);
	assert_int_equal(hist.sum_ns, 2 * edge + 1 + 3 * NS_PER_S);
	/* A value out of the range is not called smaller than it may have been. */
	assert_int_equal(hist_percentile(&hist, 0.75).value_ns, 2 * NS_PER_S);
	assert_true(hist_percentile(&hist, 0.75).lower_bound);
	hist_record(&hist, UINT64_MAX);
	assert_int_equal(hist.clipped, 4);
	assert_true(hist.max_ns == UINT64_MAX);
	free_hist(&hist);
}

static void a_wrapped_sum_does_not_make_a_wrong_mean(void **state)
{
	const uint64_t value = 3ULL << 61;
	struct hist hist = new_hist(HIST_PRECISION_3_DIGITS, UINT64_MAX);

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		hist_record(&hist, value);
	assert_true(fabs(hist_mean_ns(&hist) / (double)value - 1) < 0.001);
	assert_true(hist_stddev_ns(&hist) == 0);
	free_hist(&hist);
}

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
	uint64_t value = draw(rng, (unsigned int)rng_below(rng, DISTRIBUTION_COUNT));

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
	for (size_t s = 0; s < COUNT_OF(seeds); s++) {
		rng_init(&rng, seeds[s], 7);
		again = rng;
		sum = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS);
		whole = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS);
		for (size_t p = 0; p < COUNT_OF(parts); p++) {
			parts[p] = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS);
			/* The last part stays empty. */
			for (unsigned int i = 0; i < 2000 && p < 2; i++) {
				record_any(&parts[p], &rng);
				record_any(&whole, &again);
			}
		}
		for (size_t p = COUNT_OF(parts); p-- > 0;) {
			hist_add(&sum, &parts[p]);
			free_hist(&parts[p]);
		}
		assert_same(&sum, &whole);
		free_hist(&sum);
		free_hist(&whole);
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
		alone->min_ns - difference->min_ns > alone->min_ns >> (alone->precision_bits - 1) ||
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
	for (size_t s = 0; s < COUNT_OF(seeds); s++) {
		rng_init(&rng, seeds[s], 8);
		running = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
		earlier = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
		later = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
		for (unsigned int interval = 0; interval < 30; interval++) {
			alone = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
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
				check_difference(&later, &alone, &running, seeds[s]);
			else
				assert_same(&later, &alone);
			hist_copy(&earlier, &running);
			free_hist(&alone);
		}
		free_hist(&running);
		free_hist(&earlier);
		free_hist(&later);
	}
}

static void add_to_another_layout(void)
{
	struct hist one = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
	struct hist other = new_hist(HIST_PRECISION_3_DIGITS, 2 * LONGEST_NS);

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
	struct hist hist = new_hist(HIST_PRECISION_3_DIGITS, LONGEST_NS);
	unsigned int index = hist_layout_index(HIST_PRECISION_3_DIGITS, NS_PER_MS);

	(void)state;
	hist.cells[index] = 1;
	assert_int_equal(
		hist_layout_index(HIST_PRECISION_3_DIGITS, hist_percentile(&hist, 0.5).value_ns),
		index);
	free_hist(&hist);
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
		.hist = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS), .seed = seeds[3]};
	struct hist earlier = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS);
	struct hist later = new_hist(HIST_PRECISION_2_DIGITS, LONGEST_NS);
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
	free_hist(&earlier);
	free_hist(&later);
	free_hist(&writer.hist);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_tile_the_range),
		cmocka_unit_test(index_of_random_values_is_the_naive_one),
		cmocka_unit_test(bpf_variant_is_the_same),
		cmocka_unit_test(an_empty_histogram_is_zero),
		cmocka_unit_test(percentiles_are_those_of_a_sorted_array),
		cmocka_unit_test(ranks_are_those_of_the_decimal_meant),
		cmocka_unit_test(ranks_of_billions),
		cmocka_unit_test(censored_samples_make_lower_bounds),
		cmocka_unit_test(a_percentile_below_the_timeouts_is_exact),
		cmocka_unit_test(values_above_the_range_are_clipped),
		cmocka_unit_test(a_wrapped_sum_does_not_make_a_wrong_mean),
		cmocka_unit_test(adding_is_recording_into_one),
		cmocka_unit_test(subtracting_gives_the_interval),
		cmocka_unit_test(layouts_must_agree),
		cmocka_unit_test(a_copy_between_cell_and_maximum_keeps_its_cell),
		cmocka_unit_test(a_reader_copies_while_a_writer_writes),
	};
	const char *chosen = getenv("HIST_SEED");

	seeds[3] = chosen ? strtoull(chosen, NULL, 10) : clock_wall_ns();
	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
