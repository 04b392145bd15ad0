/* SPDX-License-Identifier: MIT */
/* Walking folders of numbers, and links that name inodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/procfs.h"
#include "tests/unit/tree.h"

struct walk {
	uint64_t sum;
	unsigned int visits, limit;
};

static bool visit(const char *path, uint64_t number, void *context)
{
	struct walk *walk = context;

	assert_int_equal(strtoull(strrchr(path, '/') + 1, NULL, 10), number);
	walk->sum += number;
	return ++walk->visits < walk->limit;
}

static void test_only_numbers_are_visited(void **state)
{
	struct tree *tree = tree_new();
	struct walk walk = {.limit = 100};

	(void)state;
	tree_write(tree, "7/x", "");
	tree_write(tree, "1000/x", "");
	tree_write(tree, "self/x", "");
	tree_write(tree, "30000", "");
	procfs_each(tree->root, visit, &walk);
	assert_int_equal(walk.visits, 3);
	assert_int_equal(walk.sum, 31007);
	walk = (struct walk){.limit = 2};
	procfs_each(tree->root, visit, &walk);
	assert_int_equal(walk.visits, 2);
	walk = (struct walk){.limit = 100};
	procfs_each("/nowhere/at/all", visit, &walk);
	assert_int_equal(walk.visits, 0);
	tree_free(tree);
}

static bool reads(const struct tree *tree, const char *to, const char *kind, uint64_t expected)
{
	uint64_t inode = 0;
	char path[512];
	bool known;

	snprintf(path, sizeof(path), "%s/link", tree->root);
	remove(path);
	tree_link(tree, "link", to);
	known = procfs_link(path, kind, &inode);
	return known && inode == expected;
}

static void test_inodes_of_links(void **state)
{
	struct tree *tree = tree_new();
	char other[512];
	uint64_t inode;

	(void)state;
	assert_true(reads(tree, "socket:[4711]", "socket", 4711));
	assert_true(reads(tree, "net:[4026531840]", "net", 4026531840));
	assert_false(reads(tree, "pipe:[4711]", "socket", 4711));
	assert_false(reads(tree, "socket:4711", "socket", 4711));
	assert_false(reads(tree, "/dev/null", "socket", 0));
	snprintf(other, sizeof(other), "%s/other", tree->root);
	assert_false(procfs_link(other, "socket", &inode));
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_numbers_are_visited),
		cmocka_unit_test(test_inodes_of_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
