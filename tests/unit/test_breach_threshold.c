/* SPDX-License-Identifier: MIT */
/* The same where thresholds say what is too much, and where an objective must be lost for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/breach_course.h"

static void what_a_threshold_allows_is_no_sign(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "error_rate<10%");
	breach_course_ask(course, "warn:error_rate<1%");
	breach_course_begin(course, 2, 0);
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 920, COUNTER_TIMED_OUT, 80));
	assert_false(breach_course_second(course, 800, COUNTER_TIMED_OUT, 200));
	assert_true(breach_course_second(course, 800, COUNTER_TIMED_OUT, 200));
	breach_course_expect(course, RESULT_SIGN_TIMEOUTS, 12, 2, 0.2, 0.1);
}

static void a_threshold_may_allow_less(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "error_rate<0.1%");
	breach_course_ask(course, "error_rate==0");
	breach_course_begin(course, 2, 0);
	assert_false(breach_course_second(course, 10000, COUNTER_OUTCOME_5XX, 1));
	assert_true(breach_course_second(course, 10000, COUNTER_OUTCOME_5XX, 1));
	assert_int_equal(course->found.sign, RESULT_SIGN_ERRORS);
	assert_true(course->found.bound == 0);
}

static void a_threshold_on_latency_takes_the_place_of_the_base(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "p99<300ms");
	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_slow(course, 1000, 290));
	assert_false(breach_course_slow(course, 1000, 310));
	assert_true(breach_course_slow(course, 1000, 310));
	breach_course_expect(course, RESULT_SIGN_THRESHOLD, 15, 2, 310e6, 300e6);
	assert_string_equal(course->found.expression, "p99<300ms");
	breach_course_expect_sentence(
		course, "p99<300ms did not hold for 2s without a break, at last 310 ms");
}

static void a_percentile_needs_more_than_its_share_beyond(void **state)
{
	struct breach_course *course = *state;
	struct stats_request *requests;

	breach_course_ask(course, "p99<300ms");
	breach_course_begin(course, 2, 0);
	for (int i = 0; i < 20; i++) {
		/* 11 of 1,000 in each second: it takes time until that is no chance. */
		requests = breach_course_clear(course);
		breach_course_add(requests, COUNTER_OUTCOME_OK, 989, 10);
		breach_course_add(requests, COUNTER_OUTCOME_OK, 11, 500);
		assert_false(breach_course_take(course));
	}
	/* 320 of 21,000 are none. */
	requests = breach_course_clear(course);
	breach_course_add(requests, COUNTER_OUTCOME_OK, 900, 10);
	breach_course_add(requests, COUNTER_OUTCOME_OK, 100, 500);
	assert_true(breach_course_take(course));
	assert_true(course->found.happened);
	assert_int_equal(course->found.sign, RESULT_SIGN_THRESHOLD);
}

static void rates_that_are_too_low(void **state)
{
	static const char *const thresholds[] = {"completed_rate>=90%", "rate>900"};
	struct breach_course *course = *state;

	for (size_t i = 0; i < 2; i++) {
		course->now_ns = 0;
		breach_course_ask(course, thresholds[i]);
		breach_course_begin(course, 3, 0);
		for (int j = 0; j < 5; j++)
			assert_false(breach_course_second(course, 950, COUNTER_OUTCOME_OK, 0));
		for (int j = 0; j < 3; j++) {
			/* Due are 1,000, of which 200 wait. */
			struct stats_request *requests = breach_course_clear(course);

			breach_course_add(requests, COUNTER_OUTCOME_OK, 800, 10);
			COUNT_BY(&requests->counters, COUNTER_SCHEDULED, 200);
			assert_int_equal(breach_course_take(course), j == 2);
		}
		assert_int_equal(course->found.sign, RESULT_SIGN_THRESHOLD);
		assert_string_equal(course->found.expression, thresholds[i]);
		breach_release(&course->breach);
		threshold_list_release(&course->thresholds);
	}
}

static void a_rate_just_below_by_chance(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "completed_rate>=90%");
	breach_course_begin(course, 3, 0);
	for (int i = 0; i < 10; i++) {
		breach_course_add(breach_course_clear(course), COUNTER_OUTCOME_OK, 88, 10);
		COUNT_BY(&course->change->phase[STATS_MEASURED].counters, COUNTER_SCHEDULED, 12);
		assert_false(breach_course_take(course));
	}
}

static void counts_may_break_an_upper_bound_alone(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "error_rate<90%");
	breach_course_ask(course, "status_5xx<=20");
	breach_course_ask(course, "completed>=100000");
	breach_course_begin(course, 2, 0);
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 1000, COUNTER_OUTCOME_5XX, 20));
	assert_false(breach_course_second(course, 1000, COUNTER_OUTCOME_5XX, 21));
	assert_true(breach_course_second(course, 1000, COUNTER_OUTCOME_5XX, 21));
	breach_course_expect(course, RESULT_SIGN_THRESHOLD, 12, 2, 21, 20);
	assert_string_equal(course->found.expression, "status_5xx<=20");
}

static void a_slow_service_may_be_silent_for_longer(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "p99<4s");
	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	course->outstanding = true;
	for (int i = 0; i < 4; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	assert_true(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	breach_course_expect(course, RESULT_SIGN_SILENCE, 8, 5, 5e9, 4e9);
}

/* Of 10,000 requests a share of 1 % is 100. */
static void only_what_is_lost_for_good(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "error_rate<1%");
	breach_course_begin(course, 2, 0);
	course->breach.options.lost_of = 10000;
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 4; i++)
		assert_false(breach_course_second(course, 975, COUNTER_OUTCOME_5XX, 25));
	assert_true(breach_course_second(course, 999, COUNTER_OUTCOME_5XX, 11));
	assert_int_equal(course->found.sign, RESULT_SIGN_ERRORS);
}

static void a_percentile_that_is_lost_for_good(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "p95<100ms");
	breach_course_begin(course, 2, 0);
	course->breach.options.lost_of = 50000;
	/* 5 % of 50,000 are 2,500. */
	assert_false(breach_course_slow(course, 1000, 200));
	assert_false(breach_course_slow(course, 1000, 200));
	assert_true(breach_course_slow(course, 1000, 200));
	assert_int_equal(course->found.sign, RESULT_SIGN_THRESHOLD);
}

/* Latency, silence and errors that no threshold names cost no objective; a rate may be made good.
 */
static void what_costs_no_objective_is_not_lost(void **state)
{
	struct breach_course *course = *state;

	breach_course_ask(course, "rate>900");
	breach_course_begin(course, 2, 0);
	course->breach.options.lost_of = 100;
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_slow(course, 500, 900));
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 500, COUNTER_OUTCOME_5XX, 500));
	course->outstanding = true;
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, breach_course_setup, breach_course_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_threshold_allows_is_no_sign),
		TEST(a_threshold_may_allow_less),
		TEST(a_threshold_on_latency_takes_the_place_of_the_base),
		TEST(a_percentile_needs_more_than_its_share_beyond),
		TEST(rates_that_are_too_low),
		TEST(a_rate_just_below_by_chance),
		TEST(counts_may_break_an_upper_bound_alone),
		TEST(a_slow_service_may_be_silent_for_longer),
		TEST(only_what_is_lost_for_good),
		TEST(a_percentile_that_is_lost_for_good),
		TEST(what_costs_no_objective_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
