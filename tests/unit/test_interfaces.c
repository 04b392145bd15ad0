/* SPDX-License-Identifier: MIT */
/* Bytes and packets of a namespace, as /proc/PID/net/dev has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/interfaces.h"

#define TITLE                                                                                 \
	"Inter-|   Receive                                                |  Transmit\n"      \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets " \
	"errs drop fifo colls carrier compressed\n"

static void loopback_is_apart(void **state)
{
	struct interfaces interfaces;

	(void)state;
	assert_true(interfaces_parse(&interfaces, TITLE
		"    lo: 1000      10    0    0    0     0          0         0     1000      "
		"10    0    0    0     0       0          0\n"
		"  eth0: 500 5 0 0 0 0 0 0 700 7 0 0 0 0 0 0\n"
		"enp3s0f1np1:18446744073709551000 6 0 0 0 0 0 0 30 3 0 0 0 0 0 0\n"));
	assert_int_equal(interfaces.loopback_bytes, 1000);
	assert_int_equal(interfaces.loopback_packets, 10);
	assert_true(interfaces.received_bytes == 18446744073709551500U);
	assert_int_equal(interfaces.received_packets, 11);
	assert_int_equal(interfaces.sent_bytes, 730);
	assert_int_equal(interfaces.sent_packets, 10);
	/* A name that begins like it. */
	assert_true(interfaces_parse(&interfaces, TITLE "lo0: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n"));
	assert_int_equal(interfaces.loopback_bytes, 0);
	assert_int_equal(interfaces.sent_bytes, 3);
}

static void texts_that_are_none(void **state)
{
	static const char *const texts[] = {"", "\n", TITLE, "eth0: 1 2 3\n", "eth0\n", ":\n"};
	struct interfaces interfaces;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_false(interfaces_parse(&interfaces, texts[i]));
		assert_int_equal(interfaces.sent_bytes, 0);
	}
	/* Cut in the middle of a line: what is whole counts. */
	assert_true(interfaces_parse(&interfaces, TITLE "a: 1 2 0 0 0 0 0 0 3 4 0\nb: 9 9 0 0"));
	assert_int_equal(interfaces.sent_packets, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_apart),
		cmocka_unit_test(texts_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
