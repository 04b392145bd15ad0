/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "result/emit.h"

static void numbers_and_texts(void **state)
{
	struct buf out = {0};
	struct emit emit = {.out = &out};

	(void)state;
	emit_object(&emit, NULL);
	emit_real(&emit, "a", 0.1 + 0.2);
	emit_real(&emit, "b", -0.0);
	emit_real(&emit, "c", 1.0 / 3);
	emit_real(&emit, "d", 0.0 / 0.0);
	emit_real(&emit, "e", 1e300 * 1e300);
	emit_count(&emit, "f", UINT64_MAX);
	emit_array(&emit, "g");
	emit_array_end(&emit);
	emit_lines(&emit, "h");
	emit_text(&emit, NULL, "\"\\\n\t\001\x7f");
	emit_text(&emit, NULL, "\xc3\xa4 \xe2\x89\xa5 \xf0\x9f\x98\x80");
	emit_text(&emit, NULL, "\xc3|\xc0\x80|\xed\xa0\x80|\xff|\xe2\x89");
	emit_text(&emit, NULL, NULL);
	emit_array_end(&emit);
	emit_lines(&emit, "i");
	emit_array_end(&emit);
	emit_object_end(&emit);
	assert_string_equal(buf_string(&out),
		"{\n\"a\": 0.3,\n\"b\": 0,\n\"c\": 0.333333333333,\n\"d\": null,\n\"e\": null,\n"
		"\"f\": 18446744073709551615,\n\"g\": [],\n\"h\": [\n"
		"\"\\\"\\\\\\n\\u0009\\u0001\\u007f\",\n"
		"\"\xc3\xa4 \xe2\x89\xa5 \xf0\x9f\x98\x80\",\n"
		"\"\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd|\ufffd\ufffd\",\nnull\n],\n"
		"\"i\": []\n}\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
