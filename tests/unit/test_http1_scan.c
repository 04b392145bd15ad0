/* SPDX-License-Identifier: MIT */
/*
 * Kinds of bytes as RFC 9110 lists them, and the scans over 16 bytes: with vector instructions and
 * without, every byte at every position.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/http1_scan.h"

/* The same once more as a machine without SSE2 compiles it. */
#undef RINGLOAD_NET_HTTP1_SCAN_H
#undef __SSE2__
#define http1_scan_is_token    plain_is_token
#define http1_scan_is_text     plain_is_text
#define http1_scan_is_line_end plain_is_line_end
#define http1_scan_not_name    plain_not_name
#define http1_scan_not_text    plain_not_text
#define http1_scan_text        plain_text
#include "net/http1_scan.h"
#undef http1_scan_is_token
#undef http1_scan_is_text
#undef http1_scan_is_line_end
#undef http1_scan_not_name
#undef http1_scan_not_text
#undef http1_scan_text

static void test_kinds(void **state)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		bool in_token = byte != 0 && strchr(token, (int)byte);
		bool in_text = byte == '\t' || (byte >= 0x20 && byte != 0x7f);

		assert_int_equal(http1_scan_is_token((uint8_t)byte), in_token);
		assert_int_equal(plain_is_token((uint8_t)byte), in_token);
		assert_int_equal(http1_scan_is_text((uint8_t)byte), in_text);
		assert_int_equal(plain_is_text((uint8_t)byte), in_text);
	}
}

static void test_masks(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		bool name = byte == '-' || (byte >= 'a' && byte <= 'z') ||
			    (byte >= 'A' && byte <= 'Z');
		bool text = byte >= 0x20 && byte != 0x7f;

		for (unsigned at = 0; at < HTTP1_SCAN_BYTES; at++) {
			uint8_t bytes[HTTP1_SCAN_BYTES];

			memset(bytes, 'a', sizeof(bytes));
			bytes[at] = (uint8_t)byte;
			assert_int_equal(http1_scan_not_name(bytes), name ? 0 : 1U << at);
			assert_int_equal(plain_not_name(bytes), name ? 0 : 1U << at);
			assert_int_equal(http1_scan_not_text(bytes), text ? 0 : 1U << at);
			assert_int_equal(plain_not_text(bytes), text ? 0 : 1U << at);
		}
	}
}

/* From every start to every stop, also when fewer than 16 bytes are left. */
static void test_text_ends(void **state)
{
	uint8_t bytes[70];

	(void)state;
	for (size_t total = HTTP1_SCAN_BYTES; total <= sizeof(bytes); total++) {
		for (size_t stop = 0; stop <= total; stop++) {
			memset(bytes, 'v', sizeof(bytes));
			if (stop < total)
				bytes[stop] = '\r';
			for (size_t start = 0; start <= stop; start++) {
				assert_ptr_equal(http1_scan_text(bytes + start, bytes + total),
					bytes + stop);
				assert_ptr_equal(
					plain_text(bytes + start, bytes + total), bytes + stop);
			}
		}
	}
}

static void test_line_end(void **state)
{
	static const uint8_t text[] = "\r\n\r\r\n";

	(void)state;
	assert_true(http1_scan_is_line_end(text, text + 2));
	assert_false(http1_scan_is_line_end(text, text + 1));
	assert_false(http1_scan_is_line_end(text + 1, text + 5));
	assert_false(http1_scan_is_line_end(text + 2, text + 5));
	assert_true(plain_is_line_end(text + 3, text + 5));
	assert_false(plain_is_line_end(text + 5, text + 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_text_ends),
		cmocka_unit_test(test_line_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
