/* SPDX-License-Identifier: MIT */
/* The answer of a search as a sentence, for each kind of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/answer.h"

static struct search_trial trials[] = {
	{.rps = 1000, .duration_s = 1, .verdict = SEARCH_PASS},
	{.rps = 2000, .duration_s = 1, .verdict = SEARCH_PASS},
	{.rps = 4000, .duration_s = 1, .verdict = SEARCH_FAIL, .reason = (char *)"p95 was 412 ms"},
};

static struct search_record record_of(enum search_answer_kind kind, double lower, double upper)
{
	return (struct search_record){
		.trials = trials,
		.trial_count = sizeof(trials) / sizeof(*trials),
		.goal.precision = 0.02,
		.answer = {.kind = kind,
			.has_lower = lower > 0,
			.has_upper = upper > 0,
			.lower_rps = lower,
			.upper_rps = upper},
	};
}

static void expect_sentence(const struct search_record *record, const char *sentence)
{
	struct buf text = {0};

	answer_sentence(record, &text);
	assert_string_equal(buf_string(&text), sentence);
	buf_release(&text);
}

static void expect_bounds(double lower, double upper, const char *expected)
{
	struct search_record record = record_of(SEARCH_UNDECIDED, lower, upper);
	struct buf text = {0};

	answer_bounds(&record, &text);
	assert_string_equal(buf_string(&text), expected);
	buf_release(&text);
}

static void an_interval_with_what_failed_above_it(void **state)
{
	struct search_record record = record_of(SEARCH_FOUND, 2000, 4000);

	(void)state;
	record.answer.precise = true;
	expect_sentence(&record,
		"between 2,000 and 4,000 requests a second (50.0 % wide): the first "
		"was borne, at the second it failed: p95 was 412 ms");
	record.answer.precise = false;
	expect_sentence(&record,
		"between 2,000 and 4,000 requests a second (50.0 % wide, asked were 2.00 %: that "
		"takes "
		"more --budget): the first was borne, at the second it failed: p95 was 412 ms");
	/* Narrow enough, but one of the bounds may be wrong. */
	record.goal.precision = 0.6;
	expect_sentence(&record,
		"between 2,000 and 4,000 requests a second (50.0 % wide, within the 60.0 % asked, "
		"but not yet sure: that takes more --budget): the first was borne, at the second "
		"it failed: p95 was 412 ms");
	record.goal.precision = 0.02;
	/* Nobody asks a ladder to be narrow. */
	record.goal.rung_count = 3;
	expect_sentence(&record,
		"between 2,000 and 4,000 requests a second (50.0 % wide): the first "
		"was borne, at the second it failed: p95 was 412 ms");
	record.interrupted = true;
	expect_sentence(&record,
		"interrupted, so far between 2,000 and 4,000 requests a second (50.0 % wide): the "
		"first was borne, at the second it failed: p95 was 412 ms");
}

/* The surest load is the bound; that a higher one passed is said. */
static void a_higher_load_that_passed(void **state)
{
	struct search_trial passed[] = {
		{.rps = 629.62, .verdict = SEARCH_PASS},
		{.rps = 670.55, .verdict = SEARCH_PASS},
		{.rps = 690, .verdict = SEARCH_PASS, .stage = SEARCH_EXPLAIN},
		{.rps = 700, .verdict = SEARCH_FAIL, .reason = (char *)"p95 was 412 ms"},
		{.rps = 695, .verdict = SEARCH_VOID},
	};
	struct search_record record = record_of(SEARCH_FOUND, 629.62, 700);

	(void)state;
	record.trials = passed;
	record.trial_count = 4;
	record.answer.precise = true;
	expect_sentence(&record,
		"between 629.62 and 700 requests a second (10.1 % wide): the first was borne "
		"(trials passed at up to 670.55/s, which is less sure), at the second it failed: "
		"p95 was 412 ms");
}

static void a_lower_load_that_failed(void **state)
{
	struct search_trial tried[] = {
		{.rps = 629.62, .verdict = SEARCH_PASS},
		{.rps = 680, .verdict = SEARCH_FAIL, .reason = (char *)"p95 was 300 ms"},
		{.rps = 650, .verdict = SEARCH_FAIL, .reason = (char *)"p95 was 300 ms"},
		{.rps = 640, .verdict = SEARCH_FAIL, .stage = SEARCH_EXPLAIN},
		{.rps = 700, .verdict = SEARCH_FAIL, .reason = (char *)"p95 was 412 ms"},
	};
	struct search_record record = record_of(SEARCH_FOUND, 629.62, 700);

	(void)state;
	record.trials = tried;
	record.trial_count = sizeof(tried) / sizeof(*tried);
	record.answer.precise = true;
	expect_sentence(&record,
		"between 629.62 and 700 requests a second (10.1 % wide): the first was borne, "
		"at the second it failed (trials failed from 650/s, which is less sure): "
		"p95 was 412 ms");
}

static void one_end_only(void **state)
{
	struct search_record record = record_of(SEARCH_ABOVE_HIGHEST, 20000, 0);

	(void)state;
	expect_sentence(
		&record, "above 20,000 requests a second, the highest load tried: nothing failed");
	record = record_of(SEARCH_BELOW_LOWEST, 0, 4000);
	expect_sentence(&record, "below 4,000 requests a second, the lowest load tried, which "
				 "failed: p95 was 412 ms");
}

static void no_answer_tells_what_is_known(void **state)
{
	struct search_record record = record_of(SEARCH_UNDECIDED, 0, 0);

	(void)state;
	expect_sentence(&record, "not found: the search ended before it was decided");
	record = record_of(SEARCH_UNDECIDED, 2000, 0);
	expect_sentence(
		&record, "not found: the search ended before it was decided; so far above 2,000/s");
	record.interrupted = true;
	expect_sentence(&record, "interrupted before it was found; so far above 2,000/s");
}

static void the_generators_limit_is_no_verdict_on_the_server(void **state)
{
	struct search_trial limited[] = {
		{.rps = 1000, .verdict = SEARCH_GENERATOR},
		{.rps = 1000, .verdict = SEARCH_PASS},
		{.rps = 4000, .verdict = SEARCH_GENERATOR},
		{.rps = 2000, .verdict = SEARCH_GENERATOR},
	};
	struct search_record record = record_of(SEARCH_GENERATOR_LIMIT, 1000, 0);

	(void)state;
	record.trials = limited;
	record.trial_count = 4;
	expect_sentence(&record,
		"not found: this generator's own limit is 1,000 requests a second; it could not "
		"drive 2,000, which says nothing of the server");
	/* A pass by chance above the bound is not told as the limit. */
	limited[2].verdict = SEARCH_PASS;
	expect_sentence(&record,
		"not found: this generator's own limit is 1,000 requests a second; it could not "
		"drive 2,000, which says nothing of the server");
	limited[2].verdict = SEARCH_GENERATOR;
	record = record_of(SEARCH_GENERATOR_LIMIT, 0, 0);
	record.trials = limited + 2;
	record.trial_count = 2;
	expect_sentence(&record,
		"not found: this generator could not keep its schedule at the loads that were "
		"tried, from 2,000 requests a second up: nothing is known of the server");
	record = record_of(SEARCH_GENERATOR_LIMIT, 1000, 0);
	record.trials = limited + 1;
	record.trial_count = 1;
	expect_sentence(
		&record, "not found: this generator's own limit is about 1,000 requests a second");
}

static void where_it_is_by_now(void **state)
{
	(void)state;
	expect_bounds(4000, 8000, "between 4,000 and 8,000/s");
	expect_bounds(4000, 0, "above 4,000/s");
	expect_bounds(0, 8000, "below 8,000/s");
	expect_bounds(0, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interval_with_what_failed_above_it),
		cmocka_unit_test(a_higher_load_that_passed),
		cmocka_unit_test(a_lower_load_that_failed),
		cmocka_unit_test(one_end_only),
		cmocka_unit_test(no_answer_tells_what_is_known),
		cmocka_unit_test(the_generators_limit_is_no_verdict_on_the_server),
		cmocka_unit_test(where_it_is_by_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
