/* SPDX-License-Identifier: MIT */
/* The cells of a histogram: which value belongs to which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ringload/hist_layout.h"
#include "tests/unit/hist_samples.h"

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

static void check_cell(unsigned int precision_bits, unsigned int index)
{
	uint64_t lowest = hist_layout_lowest(precision_bits, index);
	uint64_t highest = hist_layout_highest(precision_bits, index);
	uint64_t width = highest - lowest + 1;

	assert_true(lowest <= highest);
	if (hist_layout_index(precision_bits, lowest) != index ||
		hist_layout_index(precision_bits, highest) != index ||
		hist_samples_cell(precision_bits, lowest) != index ||
		hist_samples_cell(precision_bits, highest) != index ||
		hist_samples_cell(precision_bits, lowest + width / 2) != index ||
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
			if (hist_layout_index(bits, value) != hist_samples_cell(bits, value))
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_tile_the_range),
		cmocka_unit_test(index_of_random_values_is_the_naive_one),
		cmocka_unit_test(bpf_variant_is_the_same),
	};

	return cmocka_run_group_tests_name("hist_layout", tests, NULL, NULL);
}
