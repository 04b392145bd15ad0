/* SPDX-License-Identifier: MIT */
#include "tests/unit/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

#define LIMIT_BYTES (16 << 20)

static void path_of(char *path, size_t path_bytes, const char *name)
{
	const char *root = getenv("ROOT");

	snprintf(path, path_bytes, "%s/tests/golden/%s", root ? root : ".", name);
}

static void write_anew(const char *path, const char *text)
{
	struct err err = {ERR_NONE, ""};
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	mkdir(folder, 0777);
	if (file_write(path, text, strlen(text), &err))
		fail_msg("%s", err.text);
}

/* Shows the first line that differs. */
static void differ(const char *path, const char *expected, const char *text)
{
	size_t line = 1, start = 0, i = 0;

	for (; expected[i] && expected[i] == text[i]; i++) {
		if (expected[i] != '\n')
			continue;
		line++;
		start = i + 1;
	}
	fail_msg("%s:%zu differs (RINGLOAD_GOLDEN=write writes it anew)\n  expected: %.*s\n"
		 "  is:       %.*s",
		path, line, (int)strcspn(expected + start, "\n"), expected + start,
		(int)strcspn(text + start, "\n"), text + start);
}

void golden_compare(const char *name, const char *text)
{
	const char *mode = getenv("RINGLOAD_GOLDEN");
	struct err err = {ERR_NONE, ""};
	struct buf expected = {0};
	char path[512];

	path_of(path, sizeof(path), name);
	if (mode && !strcmp(mode, "write")) {
		write_anew(path, text);
		return;
	}
	if (file_read(path, LIMIT_BYTES, &expected, &err)) {
		buf_release(&expected);
		fail_msg("%s (RINGLOAD_GOLDEN=write writes it)", err.text);
	}
	if (strcmp(buf_string(&expected), text))
		differ(path, buf_string(&expected), text);
	buf_release(&expected);
}
