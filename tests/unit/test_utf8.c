/* SPDX-License-Identifier: MIT */
/* Where characters end, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void characters_have_their_length(void **state)
{
	(void)state;
	assert_int_equal(utf8_bytes("a\x80"), 1);
	assert_int_equal(utf8_bytes(""), 1);
	assert_int_equal(utf8_bytes("\x7f"), 1);
	assert_int_equal(utf8_bytes("\xc2\x80"), 2);
	assert_int_equal(utf8_bytes("\xdf\xbf"), 2);
	assert_int_equal(utf8_bytes("\xe0\xa0\x80"), 3);
	assert_int_equal(utf8_bytes("\xed\x9f\xbf"), 3);
	assert_int_equal(utf8_bytes("\xef\xbf\xbf"), 3);
	assert_int_equal(utf8_bytes("\xf0\x90\x80\x80"), 4);
	assert_int_equal(utf8_bytes("\xf4\x8f\xbf\xbf"), 4);
}

static void what_is_no_character_has_none(void **state)
{
	static const char *const none[] = {
		"\x80",             /* continues nothing */
		"\xc0\x80",         /* overlong NUL */
		"\xc1\xbf",         /* overlong */
		"\xe0\x9f\xbf",     /* overlong */
		"\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80",     /* a surrogate */
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3",     /* cut short */
		"\xe2\x82", /* cut short */
		"\xf0\x9f\x98",
		"\xe2(\xa1",
		"\xe2\x82(",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(utf8_bytes(none[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_have_their_length),
		cmocka_unit_test(what_is_no_character_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
