/* SPDX-License-Identifier: MIT */
/* Ladders by name and as lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/ladder.h"

static double rungs[STEPPER_RUNGS];
static size_t count;

static void refused(const char *text, const char *sentence)
{
	struct err err = {0};

	assert_true(ladder_parse(text, rungs, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
}

static void names_stand_for_their_rates(void **state)
{
	(void)state;
	assert_int_equal(ladder_parse("steps", rungs, &count, NULL), 0);
	assert_int_equal(count, 5);
	assert_true(rungs[0] == 1000 && rungs[1] == 2000 && rungs[4] == 20000);
	assert_int_equal(ladder_parse("stress", rungs, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_int_equal(ladder_parse("high-rate", rungs, &count, NULL), 0);
	assert_int_equal(count, 5);
	assert_true(rungs[4] == 100000);
}

static void lists_rise(void **state)
{
	(void)state;
	assert_int_equal(ladder_parse("500", rungs, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ladder_parse("0.5,30/m,1k", rungs, &count, NULL) < 0, 1);
	assert_int_equal(ladder_parse("0.25,30/m,1.5k", rungs, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_true(rungs[0] == 0.25 && rungs[1] == 0.5 && rungs[2] == 1500);
	refused("2k,1k", "\"1k\" is not above the rate before it: expected rates that rise, as in "
			 "1k,2k,5k");
	refused("0", "\"0\" is not above the rate before it: expected rates that rise, as in "
		     "1k,2k,5k");
}

static void what_is_no_ladder(void **state)
{
	struct buf many = {0};
	size_t i;

	(void)state;
	refused("stpes", "\"stpes\" is not a ladder: did you mean steps?");
	refused("elephant", "\"elephant\" is not a ladder: expected steps, stress, high-rate, or "
			    "rates as in 1k,2k,5k");
	refused("1k,5x", "\"5x\" has the unknown unit \"x\": write 500, 10k or 30/m");
	assert_true(ladder_parse("1k,,2k", rungs, &count, NULL) < 0);
	for (i = 1; i <= STEPPER_RUNGS + 1; i++)
		buf_printf(&many, "%s%zu", i > 1 ? "," : "", i);
	refused(buf_string(&many), "\"65\" is one rate too many: expected at most 64");
	buf_release(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stand_for_their_rates),
		cmocka_unit_test(lists_rise),
		cmocka_unit_test(what_is_no_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
