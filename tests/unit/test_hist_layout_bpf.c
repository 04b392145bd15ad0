/* SPDX-License-Identifier: MIT */
/*
 * The position of the highest bit is computed in one way for BPF, which has no instruction for it,
 * and in another everywhere else: both must put every value into the same cell. This program takes
 * the header as BPF programs see it, and a bit-by-bit search as the other opinion.
 */
#define __bpf__ 1
#include "ringload/hist_layout.h"
#undef __bpf__

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static unsigned int highest_bit(uint64_t value)
{
	unsigned int bit = 0;

	while (value >>= 1)
		bit++;
	return bit;
}

static void check(uint64_t value)
{
	if (value)
		assert_int_equal(hist_layout_log2(value), highest_bit(value));
	for (unsigned int bits = 1; bits <= HIST_LAYOUT_MAX_PRECISION_BITS; bits++) {
		unsigned int index = hist_layout_index(bits, value);

		assert_true(hist_layout_lowest(bits, index) <= value);
		assert_true(hist_layout_highest(bits, index) >= value);
	}
}

static void test_around_each_power_of_two(void **state)
{
	(void)state;
	check(0);
	for (unsigned int bit = 0; bit < 64; bit++)
		for (uint64_t offset = 0; offset < 3; offset++)
			check((1ULL << bit) + offset - 1);
	check(UINT64_MAX);
}

static void test_of_every_size(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (unsigned int i = 0; i < 100000; i++)
		check(rng_next(&rng) >> (i & 63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around_each_power_of_two),
		cmocka_unit_test(test_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
