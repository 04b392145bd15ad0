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

/* A document in another: its own lines, then the outer one goes on. */
static void a_document_within(void **state)
{
	struct buf out = {0};
	struct emit emit = {.out = &out}, nested;

	(void)state;
	emit_object(&emit, NULL);
	emit_lines(&emit, "rows");
	for (uint64_t i = 0; i < 2; i++) {
		emit_object(&emit, NULL);
		emit_count(&emit, "a", i);
		nested = emit_nested(&emit, "inner");
		emit_object(&nested, NULL);
		emit_count(&nested, "b", 1);
		emit_lines(&nested, "c");
		emit_count(&nested, NULL, 2);
		emit_array_end(&nested);
		emit_object_end(&nested);
		emit_count(&emit, "d", 3);
		emit_object_end(&emit);
	}
	emit_array_end(&emit);
	emit_object_end(&emit);
	assert_string_equal(buf_string(&out),
		"{\n\"rows\": [\n"
		"{\"a\": 0, \"inner\": {\n\"b\": 1,\n\"c\": [\n2\n]\n}, \"d\": 3},\n"
		"{\"a\": 1, \"inner\": {\n\"b\": 1,\n\"c\": [\n2\n]\n}, \"d\": 3}\n]\n}\n");
	buf_release(&out);
}

/* 12 digits are kept. */
static void kept_digits(void **state)
{
	(void)state;
	assert_true(emit_real_kept(0.5) == 0.5);
	assert_true(emit_real_kept(1.0 / 3) == 0.333333333333);
	assert_true(emit_real_kept(emit_real_kept(2e9 / 3)) == 666666666.667);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts),
		cmocka_unit_test(a_document_within),
		cmocka_unit_test(kept_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
