/* SPDX-License-Identifier: MIT */
/* Which name a place has, among symbols that touch, nest, share an address or have no size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/symbol_table.h"

static void add(struct symbol_table *table, uint64_t start, uint64_t size_bytes,
	uint32_t preference, const char *name)
{
	struct symbol symbol = {.start = start, .size_bytes = size_bytes, .preference = preference};

	symbol_table_add(table, &symbol, name);
}

static void assert_name(const struct symbol_table *table, uint64_t address, const char *expected)
{
	const char *name = symbol_table_find(table, address);

	if (!expected)
		assert_null(name);
	else if (!name)
		fail_msg("no name at 0x%llx", (unsigned long long)address);
	else
		assert_string_equal(name, expected);
}

static void a_symbol_reaches_as_far_as_its_size(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	assert_name(&table, 0, NULL);
	add(&table, 0x2000, 0x10, 0, "second");
	add(&table, 0x1000, 0x10, 0, "first");
	symbol_table_sort(&table);
	assert_name(&table, 0xfff, NULL);
	assert_name(&table, 0x1000, "first");
	assert_name(&table, 0x100f, "first");
	assert_name(&table, 0x1010, NULL);
	assert_name(&table, 0x2000, "second");
	assert_name(&table, UINT64_MAX, NULL);
	symbol_table_release(&table);
	symbol_table_release(&table);
}

static void one_without_a_size_reaches_to_the_next_but_not_for_ever(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	add(&table, 0x1000, 0, 0, "first");
	add(&table, 0x1800, 0, 0, "last");
	symbol_table_sort(&table);
	assert_name(&table, 0x17ff, "first");
	assert_name(&table, 0x1800, "last");
	assert_name(&table, 0x1800 + SYMBOL_TABLE_REACH - 1, "last");
	assert_name(&table, 0x1800 + SYMBOL_TABLE_REACH, NULL);
	symbol_table_release(&table);
}

static void what_lies_in_another_has_its_own_name(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	add(&table, 0x1000, 0x100, 0, "outer");
	add(&table, 0x1040, 0x10, 0, "inner");
	symbol_table_sort(&table);
	assert_name(&table, 0x1039, "outer");
	assert_name(&table, 0x1040, "inner");
	assert_name(&table, 0x1050, "outer");
	symbol_table_release(&table);
}

static void of_several_at_one_address_the_preferred_and_plainest_name_stays(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	add(&table, 0x1000, 8, 0, "a");
	add(&table, 0x1000, 8, 1, "___write");
	add(&table, 0x1000, 8, 1, "write");
	add(&table, 0x1000, 8, 1, "write_nocancel");
	add(&table, 0x2000, 8, 1, "beta");
	add(&table, 0x2000, 8, 1, "alfa");
	symbol_table_sort(&table);
	assert_int_equal(table.count, 2);
	assert_name(&table, 0x1000, "write");
	assert_name(&table, 0x2000, "alfa");
	symbol_table_release(&table);
}

/* Against a search of every symbol. */
static void many_are_found_as_by_looking_at_all(void **state)
{
	struct symbol_table table = {0};
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%d", i);
		random = random * 1664525 + 1013904223;
		add(&table, (uint64_t)i * 64, 1 + (random >> 16) % 64, 0, name);
	}
	symbol_table_sort(&table);
	for (uint64_t address = 0; address < 5000 * 64; address += 7) {
		const struct symbol *symbol = &table.symbols[address / 64];
		char name[32];

		snprintf(name, sizeof(name), "f%llu", (unsigned long long)address / 64);
		assert_name(&table, address, address % 64 < symbol->size_bytes ? name : NULL);
	}
	symbol_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_symbol_reaches_as_far_as_its_size),
		cmocka_unit_test(one_without_a_size_reaches_to_the_next_but_not_for_ever),
		cmocka_unit_test(what_lies_in_another_has_its_own_name),
		cmocka_unit_test(of_several_at_one_address_the_preferred_and_plainest_name_stays),
		cmocka_unit_test(many_are_found_as_by_looking_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
