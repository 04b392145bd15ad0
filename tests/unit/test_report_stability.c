/* SPDX-License-Identifier: MIT */
/* What the report says of stability, compared with tests/golden/text/stability.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/stability.h"
#include "tests/unit/columns.h"
#include "tests/unit/golden.h"

static char few[] = "3 whole seconds were measured, at least 4 are needed";
static char chance[] = "chance alone makes 0.32 % of so few requests";
static char limited[] = "the generator was limited, and may itself be why it varied";
static char hidden[] = "nobody asked for them";

/* Judged: all three, as they are when nothing is wrong. */
static struct result_stability steady(void)
{
	return (struct result_stability){
		.judged = true,
		.intervals = 60,
		.interval_s = 1.0000002,
		.criteria = {{.has_value = true},
			{.has_value = true, .bound = 0.001, .intervals = 60},
			{.has_value = true, .value = 0.0042, .bound = 0.1, .intervals = 60}},
	};
}

static void lacks(struct result_stability *stability, enum result_stability_kind kind,
	bool has_value, char *reason)
{
	stability->criteria[kind].verdict = RESULT_STABILITY_UNKNOWN;
	stability->criteria[kind].has_value = has_value;
	stability->criteria[kind].reason = reason;
}

static void breaks(
	struct result_stability *stability, enum result_stability_kind kind, double value)
{
	stability->verdict = stability->criteria[kind].verdict = RESULT_UNSTABLE;
	stability->criteria[kind].value = value;
}

static void every_state(void **state)
{
	struct result_stability rows[9];
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		rows[i] = steady();
	lacks(&rows[1], RESULT_RESTARTS, false, hidden);
	breaks(&rows[2], RESULT_RATE_VARIATION, 0.451);
	breaks(&rows[2], RESULT_ERROR_VARIATION, 0.123);
	breaks(&rows[3], RESULT_RESTARTS, 1);
	breaks(&rows[4], RESULT_RESTARTS, 12345);
	lacks(&rows[4], RESULT_ERROR_VARIATION, true, chance);
	lacks(&rows[4], RESULT_RATE_VARIATION, true, limited);
	breaks(&rows[5], RESULT_RESTARTS, 2);
	lacks(&rows[5], RESULT_ERROR_VARIATION, false, few);
	lacks(&rows[5], RESULT_RATE_VARIATION, false, few);
	for (size_t i = 6; i < 9; i++)
		rows[i].verdict = RESULT_STABILITY_UNKNOWN;
	lacks(&rows[6], RESULT_ERROR_VARIATION, true, chance);
	lacks(&rows[7], RESULT_ERROR_VARIATION, true, chance);
	lacks(&rows[7], RESULT_RATE_VARIATION, true, limited);
	lacks(&rows[7], RESULT_RESTARTS, false, hidden);
	lacks(&rows[8], RESULT_ERROR_VARIATION, false, few);
	lacks(&rows[8], RESULT_RATE_VARIATION, false, few);
	lacks(&rows[8], RESULT_RESTARTS, false, hidden);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stability_line(&rows[i], &out);
		buf_text(&out, "\n");
	}
	assert_false(out.failed);
	columns_assert_fit(buf_string(&out));
	golden_compare("text/stability.txt", buf_string(&out));
	buf_release(&out);
}

static void nothing_of_an_old_record(void **state)
{
	const struct result_stability stability = {0};
	struct buf out = {0};

	(void)state;
	stability_line(&stability, &out);
	assert_string_equal(buf_string(&out), "");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state),
		cmocka_unit_test(nothing_of_an_old_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
