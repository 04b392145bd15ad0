/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/xml.h"

#define REPLACED "\xef\xbf\xbd"

static void assert_text(const char *text, size_t bytes, size_t characters, const char *expected)
{
	struct buf out = {0};

	xml_text(&out, text, bytes, characters);
	assert_string_equal(buf_string(&out), expected);
	buf_release(&out);
}

static void texts(void **state)
{
	(void)state;
	assert_text("a<b>&\"c\" 'd'", SIZE_MAX, SIZE_MAX, "a&lt;b&gt;&amp;&quot;c&quot; 'd'");
	assert_text("Z\xc3\xbcrich \xf0\x9f\x98\x80", SIZE_MAX, SIZE_MAX,
		"Z\xc3\xbcrich \xf0\x9f\x98\x80");
	/* Controls, stray bytes, a surrogate, and what is no character of XML. */
	assert_text("\x01\n\x7f", SIZE_MAX, SIZE_MAX, REPLACED REPLACED REPLACED);
	assert_text("\xff|\xc3", SIZE_MAX, SIZE_MAX, REPLACED "|" REPLACED);
	assert_text("\xef\xbf\xbe|\xef\xbf\xbf|\xef\xbf\xbd", SIZE_MAX, SIZE_MAX,
		REPLACED "|" REPLACED "|" REPLACED);
	assert_text("abcdef", 3, SIZE_MAX, "abc");
	assert_text("\xc3\xbc\xc3\xbc\xc3\xbc", SIZE_MAX, 2, "\xc3\xbc\xc3\xbc");
	assert_text("<<<", SIZE_MAX, 1, "&lt;");
	assert_text("", SIZE_MAX, SIZE_MAX, "");
}

static void characters(void **state)
{
	(void)state;
	assert_int_equal(xml_characters("Z\xc3\xbcrich", strlen("Z\xc3\xbcrich")), 6);
	assert_int_equal(xml_characters("\xff\xff", 2), 2);
	assert_int_equal(xml_characters("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
