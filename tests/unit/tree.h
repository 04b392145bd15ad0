/* SPDX-License-Identifier: MIT */
/*
 * A folder of small files made for one test, to stand for "/": what the kernel would say on another
 * machine.
 *
 * Owner: tree_new makes the folder below the temporary folder, tree_free removes it with everything
 * in it and frees the struct. Threads: one. Errors: assertions of the test.
 */
#ifndef RINGLOAD_TESTS_UNIT_TREE_H
#define RINGLOAD_TESTS_UNIT_TREE_H

struct tree {
	char root[256];
};

struct tree *tree_new(void);
void tree_free(struct tree *tree);

/* Writes a file, with the folders it needs; path is relative to the root. */
void tree_write(const struct tree *tree, const char *path, const char *text);

/* Makes a symbolic link, which need not lead anywhere. */
void tree_link(const struct tree *tree, const char *path, const char *to);

#endif
