/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/seconds.h"

static void times(void **state)
{
	static const struct {
		double seconds;
		const char *measured, *asked, *rounded;
	} rows[] = {
		{0, "0", "0", "0"},
		{0.25, "250 ms", "250 ms", "250 ms"},
		{2.5, "2.50 s", "2.5s", "2.50 s"},
		{1.0000001, "1.00 s", "1.00 s", "1.00 s"},
		{90, "90.0 s", "1m30s", "1m30s"},
		{71.6, "71.6 s", "1m11.6s", "1m12s"},
		{-1, "0", "0", "0"},
		{NAN, "0", "0", "0"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(seconds_measured(text, rows[i].seconds), rows[i].measured);
		assert_string_equal(seconds_asked(text, rows[i].seconds), rows[i].asked);
		assert_string_equal(seconds_rounded(text, rows[i].seconds), rows[i].rounded);
	}
	/* Whatever a stored file says. */
	seconds_measured(text, 1e300);
	seconds_asked(text, HUGE_VAL);
	seconds_rounded(text, 1e300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
