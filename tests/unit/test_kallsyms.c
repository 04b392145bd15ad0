/* SPDX-License-Identifier: MIT */
/* The kernel's list of symbols: made-up ones, and this kernel's where it shows addresses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/kallsyms.h"
#include "tests/unit/tree.h"

static int read_text(struct symbol_table *table, const char *text)
{
	struct tree *tree = tree_new();
	char path[512];
	int code;

	memset(table, 0, sizeof(*table));
	tree_write(tree, "kallsyms", text);
	snprintf(path, sizeof(path), "%s/kallsyms", tree->root);
	code = kallsyms_read(table, path);
	tree_free(tree);
	return code;
}

static void text_has_names_and_data_has_none(void **state)
{
	struct symbol_table table;

	(void)state;
	assert_int_equal(read_text(&table, "ffffffff81000200 t helper\n"
					   "ffffffff81000000 T _stext\n"
					   "ffffffff81000000 T do_syscall_64\n"
					   "ffffffff81000100 D table_of_data\n"
					   "ffffffff81000300 W weak\n"
					   "ffffffffc0000000 t module_function\t[module]\n"
					   "nonsense\n"),
		0);
	assert_int_equal(table.count, 4);
	assert_string_equal(symbol_table_find(&table, 0xffffffff81000000), "do_syscall_64");
	assert_string_equal(symbol_table_find(&table, 0xffffffff81000180), "do_syscall_64");
	assert_string_equal(symbol_table_find(&table, 0xffffffff81000210), "helper");
	assert_string_equal(symbol_table_find(&table, 0xffffffff81000300), "weak");
	assert_string_equal(symbol_table_find(&table, 0xffffffffc0000010), "module_function");
	assert_null(symbol_table_find(&table, 0xffffffff80ffffff));
	assert_null(symbol_table_find(&table, 0xffffffffb0000000));
	symbol_table_release(&table);
}

static void hidden_addresses_are_told_from_none(void **state)
{
	struct symbol_table table;

	(void)state;
	assert_int_equal(read_text(&table, "0000000000000000 T _stext\n"
					   "0000000000000000 t do_syscall_64\n"),
		-EACCES);
	assert_null(symbol_table_find(&table, 0));
	symbol_table_release(&table);
	assert_int_equal(read_text(&table, ""), 0);
	symbol_table_release(&table);
	assert_int_equal(kallsyms_read(&table, "/nowhere/kallsyms"), -ENOENT);
}

static void this_kernel_is_read(void **state)
{
	struct symbol_table table = {0};
	int code = kallsyms_read(&table, KALLSYMS_PATH);

	(void)state;
	if (code == 0)
		assert_true(table.count > 1000);
	else
		assert_int_equal(code, -EACCES);
	symbol_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_names_and_data_has_none),
		cmocka_unit_test(hidden_addresses_are_told_from_none),
		cmocka_unit_test(this_kernel_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
