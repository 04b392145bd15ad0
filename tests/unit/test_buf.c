/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static void zeroed_is_empty(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_string_equal(buf_string(&buf), "");
	buf_release(&buf);
	buf_release(&buf);
	buf_append(&buf, NULL, 0);
	assert_int_equal(buf.length_bytes, 0);
	assert_string_equal(buf_string(&buf), "");
	buf_release(&buf);
	assert_null(buf.data);
}

static void pieces_follow_each_other(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_text(&buf, "GET ");
	buf_printf(&buf, "/%s?n=%d", "a", 7);
	buf_fill(&buf, ' ', 2);
	buf_append(&buf, "x\0y", 3);
	buf_text(&buf, "");
	assert_false(buf.failed);
	assert_int_equal(buf.length_bytes, 15);
	assert_memory_equal(buf.data, "GET /a?n=7  x\0y", 16);
	buf_release(&buf);
}

static void grows_and_stays_terminated(void **state)
{
	struct buf buf = {0};
	char expected[6];

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		switch (i % 3) {
		case 0:
			buf_printf(&buf, "%05u", i);
			break;
		case 1:
			snprintf(expected, sizeof expected, "%05u", i);
			buf_text(&buf, expected);
			break;
		default:
			snprintf(expected, sizeof expected, "%05u", i);
			buf_append(&buf, expected, 5);
		}
		assert_int_equal(buf.length_bytes, 5 * (i + 1));
		assert_int_equal(buf.data[buf.length_bytes], '\0');
		assert_true(buf.capacity_bytes > buf.length_bytes);
	}
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(expected, sizeof expected, "%05u", i);
		assert_memory_equal(buf.data + 5 * i, expected, 5);
	}
	buf_release(&buf);
}

/* Every length around the places where memory grows, by each way of appending. */
static void edges_of_capacity(void **state)
{
	char text[1100];
	struct buf buf = {0};

	(void)state;
	for (size_t length = 0; length < sizeof text; length++) {
		memset(text, 'a', length);
		text[length] = '\0';
		buf_printf(&buf, "%s", text);
		assert_int_equal(buf.length_bytes, length);
		assert_string_equal(buf_string(&buf), text);
		buf_release(&buf);
		buf_fill(&buf, 'a', length);
		assert_string_equal(buf_string(&buf), text);
		buf_release(&buf);
		buf_append(&buf, text, length);
		assert_string_equal(buf_string(&buf), text);
		buf_release(&buf);
	}
}

static void failure_sticks(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_text(&buf, "kept");
	buf_fill(&buf, 'x', (size_t)1 << 30);
	assert_true(buf.failed);
	buf_text(&buf, "y");
	buf_printf(&buf, "%d", 1);
	buf_append(&buf, "z", 1);
	buf_fill(&buf, 'x', 1);
	assert_string_equal(buf_string(&buf), "kept");
	assert_true(buf.failed);
	buf_release(&buf);
	assert_false(buf.failed);
	buf_append(&buf, "a", SIZE_MAX);
	assert_true(buf.failed);
	assert_string_equal(buf_string(&buf), "");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_is_empty),
		cmocka_unit_test(pieces_follow_each_other),
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(edges_of_capacity),
		cmocka_unit_test(failure_sticks),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
