/* SPDX-License-Identifier: MIT */
/* Stacks that became the same text are one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/fold.h"

static void equal_stacks_are_one_and_the_most_frequent_comes_first(void **state)
{
	static const struct probe_stack expected[] = {
		{"nginx;main;work", 8}, {"nginx", 3}, {"nginx;main", 3}, {"nginx;main;wait", 1}};
	struct fold fold = {0};

	(void)state;
	assert_int_equal(fold_add(&fold, "nginx;main;work", 2), 0);
	assert_int_equal(fold_add(&fold, "nginx;main;wait", 1), 0);
	assert_int_equal(fold_add(&fold, "nginx;main;work", 5), 0);
	assert_int_equal(fold_add(&fold, "nginx;main", 3), 0);
	assert_int_equal(fold_add(&fold, "nginx", 3), 0);
	assert_int_equal(fold_add(&fold, "nginx;main;work", 1), 0);
	fold_finish(&fold);
	assert_int_equal(fold.count, 4);
	for (size_t i = 0; i < fold.count; i++) {
		assert_string_equal(fold.stacks[i].frames, expected[i].frames);
		assert_int_equal(fold.stacks[i].samples, expected[i].samples);
	}
	fold_release(&fold);
}

static void nothing_stays_nothing(void **state)
{
	struct fold fold = {0};

	(void)state;
	fold_finish(&fold);
	assert_int_equal(fold.count, 0);
	fold_release(&fold);
}

static void many_stacks_keep_their_sum(void **state)
{
	struct fold fold = {0};
	uint64_t sum = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		char frames[64];

		snprintf(frames, sizeof(frames), "process;f%d", (int)(i * 7919 % 100));
		assert_int_equal(fold_add(&fold, frames, i), 0);
	}
	fold_finish(&fold);
	assert_int_equal(fold.count, 100);
	for (size_t i = 0; i < fold.count; i++)
		sum += fold.stacks[i].samples;
	assert_int_equal(sum, 999 * 1000 / 2);
	fold_release(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one_and_the_most_frequent_comes_first),
		cmocka_unit_test(nothing_stays_nothing),
		cmocka_unit_test(many_stacks_keep_their_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
