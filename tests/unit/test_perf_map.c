/* SPDX-License-Identifier: MIT */
/* What runtimes write down of the code they compiled, and what others might. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/perf_map.h"
#include "tests/unit/tree.h"

static void path_in(const struct tree *tree, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", tree->root, name);
}

static void lines_are_read_and_the_last_one_holds(void **state)
{
	struct tree *tree = tree_new();
	struct symbol_table table = {0};
	char path[512];

	(void)state;
	tree_write(tree, "map",
		"7f0000001000 40 JS:*work /srv/app.js:1:19\n"
		"7f0000002000 40 old\n"
		"7f0000002000 80 LInterpreter;new\n"
		"7f0000003000 0 without_size\n"
		"7f0000004000\n"
		"xyz 40 no_address\n"
		"7f0000005000 40 \n"
		"7f0000006000 40 last_without_newline");
	path_in(tree, "map", path);
	assert_int_equal(perf_map_read(&table, path, geteuid()), 0);
	assert_int_equal(table.count, 3);
	assert_string_equal(symbol_table_find(&table, 0x7f000000103f), "JS:*work /srv/app.js:1:19");
	assert_string_equal(symbol_table_find(&table, 0x7f0000002050), "LInterpreter;new");
	assert_string_equal(symbol_table_find(&table, 0x7f0000006000), "last_without_newline");
	assert_null(symbol_table_find(&table, 0x7f0000001040));
	symbol_table_release(&table);
	tree_free(tree);
}

static void a_file_of_somebody_else_is_not_believed(void **state)
{
	struct tree *tree = tree_new();
	struct symbol_table table = {0};
	uid_t owner = geteuid();
	char path[512];

	(void)state;
	tree_write(tree, "map", "1000 40 name\n");
	path_in(tree, "map", path);
	if (owner == 0) {
		owner = 4242;
		assert_int_equal(chown(path, owner, (gid_t)-1), 0);
	}
	assert_int_equal(perf_map_read(&table, path, owner + 1), -EACCES);
	assert_int_equal(table.count, 0);
	assert_int_equal(perf_map_read(&table, path, owner), 0);
	assert_int_equal(table.count, 1);
	symbol_table_release(&table);
	tree_free(tree);
}

static void what_is_no_file_is_refused(void **state)
{
	struct tree *tree = tree_new();
	struct symbol_table table = {0};
	char path[512];

	(void)state;
	tree_write(tree, "map", "1000 40 name\n");
	tree_link(tree, "link", "map");
	path_in(tree, "link", path);
	assert_int_equal(perf_map_read(&table, path, geteuid()), -ELOOP);
	path_in(tree, "pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(perf_map_read(&table, path, geteuid()), -EACCES);
	path_in(tree, "none", path);
	assert_int_equal(perf_map_read(&table, path, geteuid()), -ENOENT);
	symbol_table_release(&table);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_and_the_last_one_holds),
		cmocka_unit_test(a_file_of_somebody_else_is_not_believed),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
