/* SPDX-License-Identifier: MIT */
#include "tests/unit/tree.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	const char *folder = getenv("TMPDIR");

	assert_non_null(tree);
	snprintf(tree->root, sizeof(tree->root), "%s/ringload-tree-XXXXXX",
		folder ? folder : "/tmp");
	assert_non_null(mkdtemp(tree->root));
	return tree;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)stat;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void tree_free(struct tree *tree)
{
	nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(tree);
}

/* The full path, after making the folders above it. */
static void prepare(const struct tree *tree, const char *path, char full[PATH_MAX])
{
	snprintf(full, PATH_MAX, "%s/%s", tree->root, path);
	for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
}

void tree_write(const struct tree *tree, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *file;

	prepare(tree, path, full);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void tree_link(const struct tree *tree, const char *path, const char *to)
{
	char full[PATH_MAX];

	prepare(tree, path, full);
	assert_int_equal(symlink(to, full), 0);
}
