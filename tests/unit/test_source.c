/* SPDX-License-Identifier: MIT */
/* Pools of source addresses: what is a range, which of its addresses are used, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "plan/source.h"

static struct source_pool pool;

static int take(struct err *err, size_t count, const char *const *texts)
{
	struct scenario_list list = {.items = (const char **)texts, .count = count};

	return source_pool_init(&pool, &list, err);
}

#define TAKE(...)                                                      \
	do {                                                           \
		const char *const texts[] = {__VA_ARGS__};             \
		struct err its = {ERR_NONE, ""};                       \
                                                                       \
		if (take(&its, sizeof(texts) / sizeof(*texts), texts)) \
			fail_msg("%s", its.text);                      \
	} while (0)

#define REFUSED(sentence, ...)                                                      \
	do {                                                                        \
		const char *const texts[] = {__VA_ARGS__};                          \
		struct err its = {ERR_NONE, ""};                                    \
                                                                                    \
		assert_true(take(&its, sizeof(texts) / sizeof(*texts), texts) < 0); \
		assert_int_equal(its.kind, ERR_USAGE);                              \
		assert_string_equal(its.text, sentence);                            \
		assert_null(pool.ranges);                                           \
	} while (0)

static void assert_address(int family, uint64_t number, const char *wanted)
{
	struct sockaddr_storage address;
	char text[SOURCE_TEXT_BYTES];
	socklen_t bytes = source_address(&pool, family, number, &address);

	assert_int_equal(bytes,
		family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	assert_int_equal(address.ss_family, family);
	/* The port lies at the same place for both families. */
	assert_int_equal(((struct sockaddr_in *)&address)->sin_port, 0);
	assert_string_equal(source_text(text, &address), wanted);
}

static void no_range_is_an_empty_pool(void **state)
{
	struct scenario_list none = {0};
	struct err err = {ERR_NONE, ""};

	(void)state;
	assert_int_equal(source_pool_init(&pool, &none, &err), 0);
	assert_int_equal(source_count(&pool, AF_INET), 0);
	source_pool_release(&pool);
	source_pool_release(&pool); /* of an empty one does nothing */
}

static void a_single_address_is_a_range(void **state)
{
	(void)state;
	TAKE("10.1.2.3", "fd00::1");
	assert_int_equal(source_count(&pool, AF_INET), 1);
	assert_int_equal(source_count(&pool, AF_INET6), 1);
	assert_address(AF_INET, 0, "10.1.2.3");
	assert_address(AF_INET, 77, "10.1.2.3");
	assert_address(AF_INET6, 5, "fd00::1");
	source_pool_release(&pool);
}

static void network_and_broadcast_are_left_out(void **state)
{
	(void)state;
	TAKE("10.1.2.0/24");
	assert_int_equal(source_count(&pool, AF_INET), 254);
	assert_address(AF_INET, 0, "10.1.2.1");
	assert_address(AF_INET, 253, "10.1.2.254");
	assert_address(AF_INET, 254, "10.1.2.1");
	source_pool_release(&pool);
	TAKE("10.1.2.4/31", "10.1.3.0/30");
	assert_int_equal(source_count(&pool, AF_INET), 4);
	assert_address(AF_INET, 0, "10.1.2.4");
	assert_address(AF_INET, 1, "10.1.2.5");
	assert_address(AF_INET, 2, "10.1.3.1");
	assert_address(AF_INET, 3, "10.1.3.2");
	source_pool_release(&pool);
}

static void loopback_ranges_work_wholly(void **state)
{
	(void)state;
	TAKE("127.0.0.0/24");
	assert_int_equal(source_count(&pool, AF_INET), 256);
	assert_address(AF_INET, 0, "127.0.0.0");
	assert_address(AF_INET, 255, "127.0.0.255");
	source_pool_release(&pool);
	TAKE("127.0.0.0/8");
	assert_int_equal(source_count(&pool, AF_INET), (1 << 24) - 1);
	assert_address(AF_INET, 65536 + 256 + 1, "127.1.1.1");
	assert_address(AF_INET, (1 << 24) - 2, "127.255.255.254");
	source_pool_release(&pool);
}

/* Computed, so that it costs no memory. */
static void a_big_range_is_cut_and_computed(void **state)
{
	(void)state;
	TAKE("fd00:1::/64", "::1");
	assert_int_equal(source_count(&pool, AF_INET6), SOURCE_RANGE_LIMIT + 1);
	assert_address(AF_INET6, 0, "fd00:1::");
	assert_address(AF_INET6, 0x12345, "fd00:1::1:2345");
	assert_address(AF_INET6, SOURCE_RANGE_LIMIT - 1, "fd00:1::ffff:ffff");
	assert_address(AF_INET6, SOURCE_RANGE_LIMIT, "::1");
	assert_string_equal(source_range_of(&pool, AF_INET6, SOURCE_RANGE_LIMIT)->text, "::1");
	source_pool_release(&pool);
}

static void families_have_numbers_of_their_own(void **state)
{
	(void)state;
	TAKE("10.0.0.1", "fd00::/126", "10.0.0.8/31");
	assert_int_equal(source_count(&pool, AF_INET), 3);
	assert_int_equal(source_count(&pool, AF_INET6), 4);
	assert_address(AF_INET, 1, "10.0.0.8");
	assert_address(AF_INET6, 3, "fd00::3");
	assert_address(AF_INET6, 4, "fd00::");
	source_pool_release(&pool);
}

#define EXPECTED ": expected an address or a range, as in 127.0.0.0/24, 10.1.2.3 or fd00::/120"

static void what_is_no_range_is_refused(void **state)
{
	(void)state;
	REFUSED("--source \"\"" EXPECTED, "");
	REFUSED("--source \"10.0.0\"" EXPECTED, "10.0.0");
	REFUSED("--source \"10.0.0.1/\"" EXPECTED, "10.0.0.1/");
	REFUSED("--source \"10.0.0.0/33\"" EXPECTED, "10.0.0.0/33");
	REFUSED("--source \"10.0.0.0/-1\"" EXPECTED, "10.0.0.0/-1");
	REFUSED("--source \"fd00::/129\"" EXPECTED, "fd00::/129");
	REFUSED("--source \"localhost\"" EXPECTED, "localhost");
	REFUSED("--source \"1\\x0a\"" EXPECTED, "1\n");
	REFUSED("--source \"10.0.0.5/24\": a range of this length begins at 10.0.0.0: ask for "
		"10.0.0.0/24, or for 10.0.0.5 alone",
		"127.0.0.1", "10.0.0.5/24");
	REFUSED("--source \"fd00::9/125\": a range of this length begins at fd00::8: ask for "
		"fd00::8/125, or for fd00::9 alone",
		"fd00::9/125");
	REFUSED("--source \"8.0.0.0/7\": no host has that many addresses: expected /8 or longer",
		"8.0.0.0/7");
	REFUSED("--source \"0.0.0.0\": no connection can come from there: expected addresses of "
		"this host",
		"0.0.0.0");
	REFUSED("--source \"224.0.0.0/24\": no connection can come from there: expected addresses "
		"of this host",
		"224.0.0.0/24");
	REFUSED("--source \"::\": no connection can come from there: expected addresses of this "
		"host",
		"::");
}

static void ranges_do_not_overlap(void **state)
{
	(void)state;
	REFUSED("--source \"10.0.0.0/24\" overlaps \"10.0.0.7\": leave one of them out", "10.0.0.7",
		"10.0.0.0/24");
	REFUSED("--source \"fd00::1\" overlaps \"fd00::1\": leave one of them out", "fd00::1",
		"fd00::1");
	TAKE("10.0.0.0/25", "10.0.0.128/25");
	source_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_range_is_an_empty_pool),
		cmocka_unit_test(a_single_address_is_a_range),
		cmocka_unit_test(network_and_broadcast_are_left_out),
		cmocka_unit_test(loopback_ranges_work_wholly),
		cmocka_unit_test(a_big_range_is_cut_and_computed),
		cmocka_unit_test(families_have_numbers_of_their_own),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(ranges_do_not_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
