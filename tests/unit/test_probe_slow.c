/* SPDX-License-Identifier: MIT */
/* The slowest rows of all CPUs, in their order, of one window only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/slow.h"

#define CPUS 3

static struct probe_abi_cpu *cpus_new(void)
{
	struct probe_abi_cpu *cpus = calloc(CPUS, sizeof(*cpus));

	assert_non_null(cpus);
	return cpus;
}

static void rows_of_all_cpus_are_merged_slowest_first(void **state)
{
	struct probe_abi_cpu *cpus = cpus_new();
	struct probe_abi_slow rows[PROBE_ABI_SLOWEST];

	(void)state;
	for (uint64_t i = 0; i < CPUS * PROBE_ABI_SLOWEST; i++) {
		cpus[i % CPUS].slow_window = 4;
		cpus[i % CPUS].slowest[(i * 7 / CPUS) % PROBE_ABI_SLOWEST].residence_ns = i + 1;
	}
	assert_int_equal(slow_merge(rows, cpus, CPUS, 4), PROBE_ABI_SLOWEST);
	for (uint64_t i = 0; i < PROBE_ABI_SLOWEST; i++)
		assert_int_equal(rows[i].residence_ns, CPUS * PROBE_ABI_SLOWEST - i);
	free(cpus);
}

static void rows_of_an_earlier_window_and_empty_ones_are_left_out(void **state)
{
	struct probe_abi_cpu *cpus = cpus_new();
	struct probe_abi_slow rows[PROBE_ABI_SLOWEST];

	(void)state;
	cpus[0].slow_window = 1;
	cpus[0].slowest[0].residence_ns = 900;
	cpus[1].slow_window = 2;
	cpus[1].slowest[3] = (struct probe_abi_slow){.residence_ns = 50, .offset_bytes = 77};
	cpus[1].slowest[9] = (struct probe_abi_slow){.residence_ns = 60, .tid = 5};
	assert_int_equal(slow_merge(rows, cpus, CPUS, 2), 2);
	assert_int_equal(rows[0].residence_ns, 60);
	assert_int_equal(rows[0].tid, 5);
	assert_int_equal(rows[1].offset_bytes, 77);
	assert_int_equal(slow_merge(rows, cpus, CPUS, 3), 0);
	free(cpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_all_cpus_are_merged_slowest_first),
		cmocka_unit_test(rows_of_an_earlier_window_and_empty_ones_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
