/* SPDX-License-Identifier: MIT */
#include "tests/unit/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/layout.h"

static void assert_line(const char *line, size_t bytes)
{
	if (layout_width(line) > LAYOUT_COLUMNS)
		fail_msg("wider than %d columns: %s", LAYOUT_COLUMNS, line);
	if (bytes && line[bytes - 1] == ' ')
		fail_msg("spaces at the end: %s", line);
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			fail_msg("a control character: %s", line);
}

void columns_assert_fit(const char *text)
{
	char line[1024];

	while (*text) {
		size_t bytes = strcspn(text, "\n");

		assert_true(bytes < sizeof(line));
		memcpy(line, text, bytes);
		line[bytes] = '\0';
		assert_line(line, bytes);
		text += bytes + (text[bytes] == '\n');
	}
}
