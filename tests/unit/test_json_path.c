/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "result/json_path.h"

static void paths_are_located(void **state)
{
	static const char text[] = "{\"a\": [1, {\"b\": \"x,]}\\\"\", \"c\": {\"d\": 2}}],\n"
				   " \"e\" :  null, \"\\\"f\": 5, \"g\": []}";
	static const struct {
		const char *path;
		size_t line, column;
	} rows[] = {
		{"", 1, 1},
		{"a", 1, 7},
		{"a[0]", 1, 8},
		{"a[1]", 1, 11},
		{"a[1].b", 1, 17},
		{"a[1].c", 1, 32},
		{"a[1].c.d", 1, 38},
		{"a[1].c.x", 1, 32},
		{"a[2]", 1, 7},
		{"e", 2, 9},
		{"e.x", 2, 9},
		{"g[0]", 2, 30},
		{"x", 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t line, column;

		json_path_locate(text, sizeof(text) - 1, rows[i].path, &line, &column);
		if (line != rows[i].line || column != rows[i].column)
			fail_msg("%s at %zu:%zu", rows[i].path, line, column);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_located),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
