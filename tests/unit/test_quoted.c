/* SPDX-License-Identifier: MIT */
/* Text of the user's inside a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/quoted.h"

static void assert_quoted(const char *text, size_t bytes, const char *expected)
{
	char out[QUOTED_BYTES];

	memset(out, 'x', sizeof(out));
	assert_ptr_equal(quoted_text(out, text, bytes), out);
	assert_string_equal(out, expected);
}

static void test_unprintable_bytes_are_escaped(void **state)
{
	(void)state;
	assert_quoted("", 0, "");
	assert_quoted("a b~", 4, "a b~");
	assert_quoted("abc", 2, "ab");
	assert_quoted("ab\0c", 4, "ab");
	assert_quoted("\x1b[31m\r\n\t\x7f\x01\xff", 12, "\\x1b[31m\\x0d\\x0a\\x09\\x7f\\x01\\xff");
}

/* Every length around the bound: terminated, inside the storage, and told when it was cut. */
static void test_long_text_is_cut(void **state)
{
	static const char bytes[] = {'a', '\x01'};

	(void)state;
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t length = 0; length < 300; length++) {
			char text[300], out[QUOTED_BYTES + 1];
			size_t whole = kind ? 4 * length : length;

			memset(text, bytes[kind], sizeof(text));
			memset(out, 'x', sizeof(out));
			quoted_text(out, text, length);
			assert_int_equal(out[QUOTED_BYTES], 'x');
			assert_true(strlen(out) < QUOTED_BYTES);
			if (whole > 124)
				assert_string_equal(out + strlen(out) - 3, "...");
			if (whole <= 121)
				assert_int_equal(strlen(out), whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unprintable_bytes_are_escaped),
		cmocka_unit_test(test_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
