/* SPDX-License-Identifier: MIT */
/* Lists of CPUs in the kernel's notation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "plan/cpulist.h"

static struct cpulist list_of(const char *text)
{
	struct cpulist list;

	assert_int_equal(cpulist_parse(&list, text), 0);
	return list;
}

static void test_parse_and_format(void **state)
{
	static const struct {
		const char *text, *formatted;
		unsigned int count;
	} cases[] = {
		{"0", "0", 1},
		{"0-3\n", "0-3", 4},
		{"8,0-3", "0-3,8", 5},
		{"1,2,3,63,64,65", "1-3,63-65", 6},
		{"0,2,4", "0,2,4", 3},
		{"5-5", "5", 1},
		{"3,3-4", "3-4", 2},
		{"8191", "8191", 1},
		{"0-8191", "0-8191", 8192},
		{"", "", 0},
		{" \n", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cpulist list = list_of(cases[i].text);
		char text[64] = "before";

		assert_int_equal(cpulist_count(&list), cases[i].count);
		assert_string_equal(cpulist_format(text, sizeof(text), &list), cases[i].formatted);
	}
}

static void test_what_is_no_list(void **state)
{
	static const char *const texts[] = {"a", "1-", "-1", "1,", ",1", "1,,2", "3-1", "1 2",
		"0x1", "1-2-3", "0-31:2/4", "1.5"};
	struct cpulist list;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(cpulist_parse(&list, texts[i]), -EINVAL);
	assert_int_equal(cpulist_parse(&list, "8192"), -ERANGE);
	assert_int_equal(cpulist_parse(&list, "0-99999999999999999999"), -ERANGE);
}

static void test_members(void **state)
{
	struct cpulist list = list_of("1,64,130");

	(void)state;
	assert_false(cpulist_has(&list, 0));
	assert_true(cpulist_has(&list, 64));
	assert_false(cpulist_has(&list, CPULIST_LIMIT));
	assert_int_equal(cpulist_next(&list, 0), 1);
	assert_int_equal(cpulist_next(&list, 1), 1);
	assert_int_equal(cpulist_next(&list, 2), 64);
	assert_int_equal(cpulist_next(&list, 65), 130);
	assert_int_equal(cpulist_next(&list, 131), CPULIST_LIMIT);
	cpulist_add(&list, 8191);
	assert_int_equal(cpulist_next(&list, 131), 8191);
}

static void test_sets(void **state)
{
	struct cpulist list = list_of("0-3,100");
	struct cpulist part = list_of("2,100");
	struct cpulist other = list_of("3-5");

	(void)state;
	assert_true(cpulist_contains(&list, &part));
	assert_false(cpulist_contains(&part, &list));
	assert_false(cpulist_contains(&list, &other));
	cpulist_unite(&part, &other);
	assert_int_equal(cpulist_count(&part), 5);
	cpulist_intersect(&part, &list);
	assert_int_equal(cpulist_count(&part), 3);
	assert_true(cpulist_has(&part, 3));
	assert_false(cpulist_has(&part, 4));
}

static void test_format_that_does_not_fit_is_cut(void **state)
{
	struct cpulist list = list_of("10,12,14,16,18");
	char text[12];

	(void)state;
	assert_string_equal(cpulist_format(text, sizeof(text), &list), "10,12,14...");
	assert_string_equal(cpulist_format(text, 4, &list), "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_what_is_no_list),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_format_that_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
