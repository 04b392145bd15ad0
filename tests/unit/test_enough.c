/* SPDX-License-Identifier: MIT */
/* How many requests objectives need to be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/enough.h"

/* expressions: up to NULL. */
static void expect(const char *const *expressions, double requests, const char *which)
{
	struct threshold_list list = {0};
	struct enough enough;

	for (; *expressions; expressions++)
		assert_int_equal(threshold_list_add(&list, *expressions, NULL), 0);
	enough_find(&list, &enough);
	assert_true(enough.requests == requests);
	if (which)
		assert_string_equal(enough.expression, which);
	else
		assert_null(enough.expression);
	threshold_list_release(&list);
}

#define EXPECT(requests, which, ...) \
	expect((const char *const[]){__VA_ARGS__, NULL}, requests, which)

static void three_over_the_share_that_is_allowed(void **state)
{
	(void)state;
	EXPECT(300, "error_rate<1%", "error_rate<1%");
	EXPECT(60, "error_rate<=0.05", "error_rate<=0.05");
	EXPECT(300, "p99<500ms", "p99<500ms");
	EXPECT(3000, "service.p99.9<1s", "service.p99.9<1s");
	EXPECT(6, "p50<1s", "p50<1s");
}

static void the_one_that_needs_most(void **state)
{
	(void)state;
	EXPECT(3000, "error_rate<0.1%", "p95<200ms", "error_rate<0.1%", "p99<500ms");
	EXPECT(300, "error_rate<1%", "p95<200ms", "p99<500ms", "error_rate<1%");
}

static void what_no_number_tells(void **state)
{
	(void)state;
	EXPECT(0, NULL, "error_rate<=0");
	EXPECT(0, NULL, "status_5xx==0");
	EXPECT(0, NULL, "mean<1s", "completed_rate>=90%");
	EXPECT(0, NULL, "warn: error_rate<1%");
	EXPECT(0, NULL, "p99>1ms");
	/* Of few requests, as most connections live long. */
	EXPECT(0, NULL, "connect.p99<1s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_over_the_share_that_is_allowed),
		cmocka_unit_test(the_one_that_needs_most),
		cmocka_unit_test(what_no_number_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
