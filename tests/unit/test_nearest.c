/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const names[] = {"rate", "requests", "duration", "warmup", "drain", "timed_out",
	"max-in-flight", "seed", "header", "method", "connections"};

static const char *find(const char *typed)
{
	struct nearest nearest;

	nearest_init(&nearest, typed, strlen(typed));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		nearest_offer(&nearest, names[i]);
	return nearest.best;
}

static void finds_the_name_that_was_meant(void **state)
{
	(void)state;
	assert_string_equal(find("raet"), "rate");
	assert_string_equal(find("rat"), "rate");
	assert_string_equal(find("requets"), "requests");
	assert_string_equal(find("durations"), "duration");
	assert_string_equal(find("timedout"), "timed_out");
	assert_string_equal(find("max-inflight"), "max-in-flight");
	assert_string_equal(find("heaedr"), "header");
	assert_string_equal(find("seed"), "seed");
	assert_string_equal(find("conn"), "connections");
}

static void finds_nothing_far_away(void **state)
{
	char longer[NEAREST_MAX_BYTES + 2];

	(void)state;
	assert_null(find("xyz"));
	assert_null(find(""));
	assert_null(find("concurrency"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(find(longer));
}

/* The typed text ends where it says, not at a NUL. */
static void takes_a_part_of_a_text(void **state)
{
	struct nearest nearest;

	(void)state;
	nearest_init(&nearest, "draain<5", 6);
	nearest_offer(&nearest, "drain");
	assert_string_equal(nearest.best, "drain");
	assert_int_equal(nearest.best_distance, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_name_that_was_meant),
		cmocka_unit_test(finds_nothing_far_away),
		cmocka_unit_test(takes_a_part_of_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
