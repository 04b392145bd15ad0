/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "measure/stages.h"

#define US 1000ull
#define MS 1000000ull

static struct stages new_stages(void)
{
	struct stages stages;

	assert_int_equal(stages_init(&stages, NULL), 0);
	return stages;
}

static struct probe_abi_cpu *new_cpu(void)
{
	struct probe_abi_cpu *cpu = calloc(1, sizeof *cpu);

	assert_non_null(cpu);
	return cpu;
}

static unsigned int cell_of(uint64_t value_ns)
{
	unsigned int index = hist_layout_index(PROBE_ABI_PRECISION_BITS, value_ns);

	return index < PROBE_ABI_CELLS ? index : PROBE_ABI_CELLS - 1;
}

static void record(struct probe_abi_cpu *cpu, enum probe_abi_stage stage, uint64_t value_ns)
{
	cpu->hist[stage].sum_ns += value_ns;
	cpu->hist[stage].cells[cell_of(value_ns)]++;
}

static struct probe_abi_mix *mix_row(struct probe_abi_cpu *cpu, uint64_t residence_ns)
{
	return &cpu->mix[hist_layout_index(PROBE_ABI_MIX_BITS, residence_ns)];
}

/* A request that spent this in each part. */
static void answer(struct probe_abi_cpu *cpu, const uint64_t parts[PROBE_ABI_PARTS])
{
	uint64_t residence_ns = 0;
	struct probe_abi_mix *row;

	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		residence_ns += parts[part];
	row = mix_row(cpu, residence_ns);
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		row->part_ns[part] += parts[part];
		record(cpu, part, parts[part]);
	}
	row->requests++;
	row->attributed++;
	row->residence_ns += residence_ns;
	record(cpu, PROBE_ABI_RESIDENCE, residence_ns);
	cpu->count[PROBE_ABI_REQUESTS]++;
}

static void answer_by_handoff(struct probe_abi_cpu *cpu, uint64_t residence_ns)
{
	mix_row(cpu, residence_ns)->requests++;
	record(cpu, PROBE_ABI_RESIDENCE, residence_ns);
	cpu->count[PROBE_ABI_REQUESTS]++;
	cpu->count[PROBE_ABI_HANDOFFS]++;
}

static void answer_on_cpu(struct probe_abi_cpu *cpu, uint64_t cpu_ns)
{
	answer(cpu, (uint64_t[PROBE_ABI_PARTS]){[PROBE_ABI_APP_CPU] = cpu_ns});
}

/* Middle of the cell a value falls into. */
static uint64_t middle_of(uint64_t value_ns)
{
	uint64_t lowest = hist_layout_lowest(PROBE_ABI_PRECISION_BITS, cell_of(value_ns));
	uint64_t highest = hist_layout_highest(PROBE_ABI_PRECISION_BITS, cell_of(value_ns));

	return lowest + (highest - lowest) / 2;
}

static void test_keys_are_all_there_and_distinct(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PROBE_ABI_STAGE_COUNT; i++) {
		assert_non_null(stages_key(i));
		for (unsigned int other = 0; other < i; other++)
			assert_string_not_equal(stages_key(i), stages_key(other));
	}
	assert_null(stages_key(PROBE_ABI_STAGE_COUNT));
	for (unsigned int i = 0; i < PROBE_ABI_COUNT; i++) {
		assert_non_null(stages_count_key(i));
		for (unsigned int other = 0; other < i; other++)
			assert_string_not_equal(stages_count_key(i), stages_count_key(other));
	}
	assert_null(stages_count_key(PROBE_ABI_COUNT));
	assert_string_equal(stages_key(PROBE_ABI_QUEUE_BUSY), "queue_busy");
	assert_string_equal(stages_key(PROBE_ABI_APP_STOPPED), "app_stopped");
	assert_string_equal(stages_key(PROBE_ABI_RESIDENCE), "residence");
	assert_string_equal(stages_key(PROBE_ABI_SRTT), "srtt");
	assert_string_equal(stages_count_key(PROBE_ABI_LOST_THREADS), "lost_threads");
}

static void test_empty(void **state)
{
	struct stages stages = new_stages();
	struct stages_mix mix;

	(void)state;
	for (unsigned int i = 0; i < PROBE_ABI_STAGE_COUNT; i++) {
		assert_int_equal(stages_samples(&stages, i), 0);
		assert_true(stages_mean_ns(&stages, i) == 0);
		assert_int_equal(stages_percentile_ns(&stages, i, 0.99), 0);
	}
	stages_mix_all(&stages, &mix);
	assert_int_equal(mix.requests, 0);
	assert_true(mix.share_of_requests == 0);
	stages_mix_slowest(&stages, 0.01, &mix);
	assert_int_equal(mix.requests, 0);
	assert_int_equal(mix.from_ns, 0);
	assert_true(stages_error_share(&stages) < 0);
	stages_release(&stages);
	stages_release(&stages);
}

/* Every word of every array, so that none is left out of a sum or a difference. */
static void fill(struct probe_abi_cpu *cpu, uint64_t seed)
{
	struct rng rng;
	__u64 *words[] = {cpu->count, (__u64 *)cpu->hist, (__u64 *)cpu->mix, (__u64 *)cpu->group};
	size_t sizes[] = {sizeof cpu->count, sizeof cpu->hist, sizeof cpu->mix, sizeof cpu->group};

	rng_init(&rng, seed, 0);
	for (unsigned int i = 0; i < 4; i++)
		for (size_t word = 0; word < sizes[i] / sizeof(__u64); word++)
			words[i][word] = rng_next(&rng) >> 20;
}

static void assert_holds(const struct stages *stages, const struct probe_abi_cpu *cpu)
{
	for (unsigned int i = 0; i < PROBE_ABI_COUNT; i++)
		assert_int_equal(stages->count[i], cpu->count[i]);
	assert_memory_equal(stages->hist, cpu->hist, sizeof cpu->hist);
	assert_memory_equal(stages->mix, cpu->mix, sizeof cpu->mix);
	assert_memory_equal(stages->group, cpu->group, sizeof cpu->group);
}

static void test_sums_and_differences_are_exact(void **state)
{
	struct stages earlier = new_stages(), later = new_stages();
	struct probe_abi_cpu *one = new_cpu(), *two = new_cpu();

	(void)state;
	fill(one, 1);
	fill(two, 2);
	stages_add(&earlier, one, 1);
	assert_holds(&earlier, one);

	stages_copy(&later, &earlier);
	stages_add(&later, two, 1);
	assert_int_equal(later.count[3], one->count[3] + two->count[3]);
	assert_int_equal(later.hist[5].cells[7], one->hist[5].cells[7] + two->hist[5].cells[7]);
	stages_subtract(&later, &earlier);
	assert_holds(&later, two);

	memset(one, 0, sizeof *one);
	stages_clear(&later);
	assert_holds(&later, one);
	free(one);
	free(two);
	stages_release(&earlier);
	stages_release(&later);
}

static void test_parts_add_up_to_residence(void **state)
{
	struct stages stages = new_stages();
	struct probe_abi_cpu *cpu = new_cpu();
	double parts_ns = 0, shares = 0;
	struct stages_mix mix;

	(void)state;
	answer(cpu, (uint64_t[PROBE_ABI_PARTS]){
			    [PROBE_ABI_QUEUE_BUSY] = 10 * US, [PROBE_ABI_APP_CPU] = 30 * US});
	answer(cpu, (uint64_t[PROBE_ABI_PARTS]){
			    [PROBE_ABI_QUEUE_WAKEUP] = 4 * US, [PROBE_ABI_APP_SLEEP] = 56 * US});
	/* Counts in residence and in no stage. */
	answer_by_handoff(cpu, 900 * US);
	stages_add(&stages, cpu, 1);

	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		parts_ns += stages_mean_ns(&stages, part);
	assert_true(parts_ns == 50e3);
	assert_true(stages_mean_ns(&stages, PROBE_ABI_APP_CPU) == 15e3);
	assert_float_equal(stages_mean_ns(&stages, PROBE_ABI_RESIDENCE), 1e6 / 3, 1e-6);

	stages_mix_all(&stages, &mix);
	assert_int_equal(mix.requests, 3);
	assert_int_equal(mix.attributed, 2);
	assert_true(mix.share_of_requests == 1);
	assert_true(mix.residence_mean_ns == 50e3);
	assert_true(mix.part_share[PROBE_ABI_APP_CPU] == 0.3);
	assert_true(mix.part_share[PROBE_ABI_APP_SLEEP] == 0.56);
	assert_true(mix.part_share[PROBE_ABI_APP_DISK] == 0);
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		shares += mix.part_share[part];
	assert_float_equal(shares, 1, 1e-12);
	free(cpu);
	stages_release(&stages);
}

/* Nine of ten spent nothing in the run queue. */
static void test_distribution_as_a_histogram(void **state)
{
	struct stages stages = new_stages();
	struct probe_abi_cpu *cpu = new_cpu();
	uint64_t cells[PROBE_ABI_CELLS];
	struct hist hist;

	(void)state;
	answer(cpu, (uint64_t[PROBE_ABI_PARTS]){[PROBE_ABI_APP_RUNQ] = 100 * US});
	for (unsigned int i = 0; i < 9; i++)
		answer_on_cpu(cpu, 100 * US);
	record(cpu, PROBE_ABI_TX, 7);
	stages_add(&stages, cpu, 1);
	assert_int_equal(stages_samples(&stages, PROBE_ABI_APP_RUNQ), 10);
	assert_int_equal(stages_samples(&stages, PROBE_ABI_TX), 1);
	assert_true(stages_mean_ns(&stages, PROBE_ABI_APP_RUNQ) == 10e3);
	assert_true(stages_mean_ns(&stages, PROBE_ABI_TX) == 7);
	assert_int_equal(stages_percentile_ns(&stages, PROBE_ABI_APP_RUNQ, 0.9), 0);
	assert_int_equal(
		stages_percentile_ns(&stages, PROBE_ABI_APP_RUNQ, 0.95), middle_of(100 * US));
	stages_hist(&stages, PROBE_ABI_APP_RUNQ, &hist, cells);
	assert_int_equal(hist_count(&hist), 10);
	assert_true(hist_mean_ns(&hist) == 10e3);
	assert_int_equal(cells[0], 9);
	assert_int_equal(hist.min_ns, 0);
	assert_int_equal(
		hist_layout_index(PROBE_ABI_PRECISION_BITS, hist.max_ns), cell_of(100 * US));
	free(cpu);
	stages_release(&stages);
}

static void test_percentile_is_the_middle_of_a_cell(void **state)
{
	struct stages stages = new_stages();
	struct probe_abi_cpu *cpu = new_cpu();
	uint64_t value_ns, exact_ns, longest_ns = 1ull << 50;

	(void)state;
	for (unsigned int i = 1; i <= 1000; i++)
		record(cpu, PROBE_ABI_RESIDENCE, i * 10 * US);
	/* Above the range: in the last cell. */
	record(cpu, PROBE_ABI_RX_PATH, longest_ns);
	stages_add(&stages, cpu, 1);
	for (unsigned int percent = 1; percent <= 100; percent++) {
		value_ns = stages_percentile_ns(&stages, PROBE_ABI_RESIDENCE, percent / 100.0);
		exact_ns = percent * 100 * US;
		assert_int_equal(value_ns, middle_of(exact_ns));
		assert_true(fabs((double)value_ns / (double)exact_ns - 1) <= 1.0 / 32);
	}
	value_ns = stages_percentile_ns(&stages, PROBE_ABI_RX_PATH, 0.5);
	assert_int_equal(value_ns, middle_of(longest_ns));
	assert_int_equal(
		hist_layout_index(PROBE_ABI_PRECISION_BITS, value_ns), PROBE_ABI_CELLS - 1);
	free(cpu);
	stages_release(&stages);
}

static void test_slowest_takes_whole_rows_from_the_top(void **state)
{
	struct stages stages = new_stages();
	struct probe_abi_cpu *cpu = new_cpu();
	struct stages_mix mix;

	(void)state;
	for (unsigned int i = 0; i < 970; i++)
		answer_on_cpu(cpu, 100 * US);
	for (unsigned int i = 0; i < 25; i++)
		answer(cpu, (uint64_t[PROBE_ABI_PARTS]){
				    [PROBE_ABI_APP_DISK] = 9 * MS, [PROBE_ABI_APP_CPU] = 1 * MS});
	for (unsigned int i = 0; i < 5; i++)
		answer_by_handoff(cpu, 80 * MS);
	stages_add(&stages, cpu, 1);

	/* 10 are asked: 5 of the top row, then all 25 of the next. */
	stages_mix_slowest(&stages, 0.01, &mix);
	assert_int_equal(mix.requests, 30);
	assert_int_equal(mix.attributed, 25);
	assert_true(mix.share_of_requests == 0.03);
	assert_true(mix.from_ns <= 10 * MS && mix.from_ns > 10 * MS / 9 * 8);
	assert_true(mix.residence_mean_ns == 10e6);
	assert_true(mix.part_share[PROBE_ABI_APP_DISK] == 0.9);
	assert_true(mix.part_share[PROBE_ABI_APP_CPU] == 0.1);

	/* Exactly what the top row holds; none of it is attributed. */
	stages_mix_slowest(&stages, 0.005, &mix);
	assert_int_equal(mix.requests, 5);
	assert_int_equal(mix.attributed, 0);
	assert_true(mix.residence_mean_ns == 0);
	assert_true(mix.part_share[PROBE_ABI_APP_DISK] == 0);

	/* 0.03 of 1000 is 30, not a hair more. */
	stages_mix_slowest(&stages, 0.03, &mix);
	assert_int_equal(mix.requests, 30);
	stages_mix_slowest(&stages, 1, &mix);
	assert_int_equal(mix.requests, 1000);
	assert_true(mix.from_ns <= 100 * US && mix.from_ns > 100 * US / 9 * 8);
	free(cpu);
	stages_release(&stages);
}

/* Clusters of one size: the classic standard error of a mean, over the mean. */
static void test_error_of_equal_groups(void **state)
{
	struct stages stages = new_stages();

	(void)state;
	stages.group[3] = (struct probe_abi_group){10, 10 * 90};
	assert_true(stages_error_share(&stages) < 0);
	stages.group[200] = (struct probe_abi_group){10, 10 * 110};
	/* Means of 90 and 110: s = 14.14, error 10 of 100. */
	assert_float_equal(stages_error_share(&stages), 0.1, 1e-12);
	stages.group[3].residence_ns = stages.group[200].residence_ns;
	assert_true(stages_error_share(&stages) == 0);
	stages.group[3].residence_ns = stages.group[200].residence_ns = 0;
	assert_true(stages_error_share(&stages) == 0);
	stages_release(&stages);
}

/* The error that is told is the spread that samples of random clusters really have. */
static void test_error_tells_the_spread_of_samples(void **state)
{
	struct stages stages = new_stages();
	double told = 0, sum = 0, squares = 0, mean, spread;
	unsigned int samples = 400;
	struct rng rng;

	(void)state;
	rng_init(&rng, 11, 0);
	for (unsigned int sample = 0; sample < samples; sample++) {
		double requests = 0, residence = 0;

		stages_clear(&stages);
		for (unsigned int i = 0; i < 64; i++) {
			uint64_t count = 50 + rng_next(&rng) % 100;
			uint64_t each = 1000 + rng_next(&rng) % 4000;

			stages.group[i * 4] = (struct probe_abi_group){count, count * each};
			requests += (double)count;
			residence += (double)(count * each);
		}
		told += stages_error_share(&stages) / samples;
		sum += residence / requests;
		squares += residence / requests * (residence / requests);
	}
	mean = sum / samples;
	spread = sqrt(squares / samples - mean * mean) / mean;
	assert_float_equal(told / spread, 1, 0.1);
	stages_release(&stages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_all_there_and_distinct),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_sums_and_differences_are_exact),
		cmocka_unit_test(test_parts_add_up_to_residence),
		cmocka_unit_test(test_distribution_as_a_histogram),
		cmocka_unit_test(test_percentile_is_the_middle_of_a_cell),
		cmocka_unit_test(test_slowest_takes_whole_rows_from_the_top),
		cmocka_unit_test(test_error_of_equal_groups),
		cmocka_unit_test(test_error_tells_the_spread_of_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
