/* SPDX-License-Identifier: MIT */
/* Courses of a load with known answers: which sign is told, and after how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/breach_course.h"

static void errors_that_last_are_told_in_the_second_they_have(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 5, 0);
	assert_false(breach_course_healthy(course, 10));
	for (int i = 0; i < 4; i++)
		assert_false(breach_course_second(course, 950, COUNTER_OUTCOME_5XX, 50));
	assert_true(breach_course_second(course, 900, COUNTER_OUTCOME_5XX, 100));
	breach_course_expect(course, RESULT_SIGN_ERRORS, 15, 5, 0.1, 0.01);
	assert_int_equal(course->found.unit, RESULT_SHARE);
	assert_null(course->found.expression);
	breach_course_expect_sentence(
		course, "errors were above 1 % for 5s without a break, at last 10.0 %");
}

static void a_second_without_the_sign_begins_it_anew(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 5, 0);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
		/* Exactly what is allowed. */
		assert_false(breach_course_second(course, 990, COUNTER_OUTCOME_5XX, 10));
	}
	for (int i = 0; i < 4; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_true(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	breach_course_expect(course, RESULT_SIGN_ERRORS, 55, 5, 1, 0.01);
}

static void short_intervals_add_up_to_the_same_time(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	course->length_ns = 250 * NS_PER_MS;
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 7; i++)
		assert_false(breach_course_second(course, 100, COUNTER_OUTCOME_5XX, 100));
	assert_true(breach_course_second(course, 100, COUNTER_OUTCOME_5XX, 100));
	breach_course_expect(course, RESULT_SIGN_ERRORS, 2.75, 2, 0.5, 0.01);
}

static void the_warm_up_breaches_nothing(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 10);
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_true(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	/* Of the window. */
	breach_course_expect(course, RESULT_SIGN_ERRORS, 2, 2, 1, 0.01);
}

static void few_requests_prove_nothing(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 5, 0);
	/* One of ten in each second is ten times what is allowed, and five of fifty no proof. */
	for (int i = 0; i < 5; i++)
		assert_false(breach_course_second(course, 9, COUNTER_OUTCOME_5XX, 1));
	/* Ten of 100 are: 100 KL(0.1 || 0.01) is 14.4, a second before it was 13.0. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(breach_course_second(course, 9, COUNTER_OUTCOME_5XX, 1), i == 4);
}

static void a_few_that_all_fail_do(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	/* n KL(1 || 0.01) = n ln 100: the third. A second in which nothing ended changes nothing.
	 */
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_4XX, 1));
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_4XX, 0));
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_4XX, 1));
	assert_true(breach_course_second(course, 0, COUNTER_OUTCOME_4XX, 1));
	breach_course_expect(course, RESULT_SIGN_ERRORS, 4, 4, 1, 0.01);
}

static void an_interval_that_is_not_trusted_ends_every_sign(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 3, 0);
	for (int i = 0; i < 20; i++) {
		course->untrusted = i % 3 == 2;
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_5XX, 1000));
	}
}

static void each_failure_has_its_sign(void **state)
{
	static const struct {
		enum counter counter;
		enum result_sign sign;
		double bound;
	} rows[] = {
		{COUNTER_FAILED_RESET, RESULT_SIGN_RESETS, BREACH_FAILURES},
		{COUNTER_FAILED_CLOSED, RESULT_SIGN_RESETS, BREACH_FAILURES},
		{COUNTER_FAILED_SHORT, RESULT_SIGN_RESETS, BREACH_FAILURES},
		{COUNTER_TIMED_OUT, RESULT_SIGN_TIMEOUTS, BREACH_FAILURES},
		{COUNTER_DROPPED_EXPIRED, RESULT_SIGN_TIMEOUTS, BREACH_FAILURES},
		{COUNTER_DROPPED_NO_CONNECTION, RESULT_SIGN_TIMEOUTS, BREACH_FAILURES},
		{COUNTER_FAILED_PARSE, RESULT_SIGN_ERRORS, BREACH_ERRORS},
		{COUNTER_DROPPED_LIMIT, RESULT_SIGN_ERRORS, BREACH_ERRORS},
		{COUNTER_OUTCOME_4XX, RESULT_SIGN_ERRORS, BREACH_ERRORS},
		{COUNTER_OUTCOME_CHECK, RESULT_SIGN_ERRORS, BREACH_ERRORS},
	};
	struct breach_course *course = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* Twice what is allowed. */
		uint64_t count = (uint64_t)(2 * 10000 * rows[i].bound);

		course->now_ns = 0;
		breach_course_begin(course, 5, 0);
		for (int j = 0; j < 4; j++)
			assert_false(breach_course_second(
				course, 10000 - count, rows[i].counter, count));
		assert_true(breach_course_second(course, 10000 - count, rows[i].counter, count));
		breach_course_expect(course, rows[i].sign, 5, 5, 2 * rows[i].bound, rows[i].bound);
		breach_release(&course->breach);
	}
}

static void refused_connects(void **state)
{
	struct breach_course *course = *state;
	bool fired = false;

	breach_course_begin(course, 3, 0);
	for (int i = 0; i < 3; i++) {
		assert_false(fired);
		breach_course_add(breach_course_clear(course), COUNTER_OUTCOME_OK, 100, 10);
		COUNT_BY(&course->change->connections, CONNECTION_FAILED_REFUSED, 30);
		COUNT_BY(&course->change->connections, CONNECTION_FAILED_TIMEOUT, 20);
		COUNT_BY(&course->change->connections, CONNECTION_ESTABLISHED, 50);
		fired = breach_course_take(course);
	}
	assert_true(fired);
	breach_course_expect(course, RESULT_SIGN_REFUSED, 3, 3, 0.5, BREACH_REFUSED);
	breach_course_expect_sentence(course,
		"refused or unanswered connects were above 1 % for 3s without a "
		"break, at last 50.0 %");
}

static void latency_is_held_against_the_first_seconds(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 3, 0);
	/* The lowest of the first three medians: 10 ms, later ones do not lower it. */
	assert_false(breach_course_slow(course, 1000, 30));
	assert_false(breach_course_slow(course, 1000, 10));
	assert_false(breach_course_slow(course, 1000, 20));
	assert_false(breach_course_slow(course, 1000, 2));
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_slow(course, 1000, 49));
	assert_false(breach_course_slow(course, 1000, 52));
	assert_false(breach_course_slow(course, 1000, 52));
	assert_true(breach_course_slow(course, 1000, 80));
	breach_course_expect(course, RESULT_SIGN_LATENCY, 17, 3, 80e6, 50e6);
	assert_int_equal(course->found.unit, RESULT_NS);
}

static void the_warm_up_is_part_of_the_base(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 2);
	assert_false(breach_course_slow(course, 1000, 10));
	assert_false(breach_course_slow(course, 1000, 40));
	assert_false(breach_course_slow(course, 1000, 60));
	assert_true(breach_course_slow(course, 1000, 60));
	breach_course_expect(course, RESULT_SIGN_LATENCY, 2, 2, 60e6, 50e6);
}

static void a_quick_service_has_a_millisecond_at_least(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	for (int i = 0; i < 3; i++) {
		hist_record(&breach_course_clear(course)->total, 0);
		for (int j = 0; j < 100; j++)
			hist_record(&course->change->phase[STATS_MEASURED].total, 50000);
		assert_false(breach_course_take(course));
	}
	for (int i = 0; i < 5; i++)
		assert_false(breach_course_slow(course, 100, 4));
	assert_false(breach_course_slow(course, 100, 6));
	assert_true(breach_course_slow(course, 100, 6));
	breach_course_expect(course, RESULT_SIGN_LATENCY, 10, 2, 6e6, 5e6);
}

static void half_of_the_requests_must_be_slow(void **state)
{
	struct breach_course *course = *state;
	struct stats_request *requests;

	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 10; i++) {
		requests = breach_course_clear(course);
		breach_course_add(requests, COUNTER_OUTCOME_OK, 510, 10);
		breach_course_add(requests, COUNTER_OUTCOME_OK, 490, 500);
		assert_false(breach_course_take(course));
	}
}

/* Ten slow responses of ten might be chance; twenty of twenty are not (2^-20). */
static void few_latencies_prove_nothing(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 19; i++)
		assert_false(breach_course_slow(course, 1, 500));
	assert_true(breach_course_slow(course, 1, 500));
	breach_course_expect(course, RESULT_SIGN_LATENCY, 23, 20, 500e6, 50e6);
}

static void what_the_generator_was_late_is_not_the_servers(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 10; i++) {
		struct stats_request *requests = breach_course_clear(course);

		breach_course_add(requests, COUNTER_OUTCOME_OK, 1000, 500);
		for (int j = 0; j < 1000; j++)
			hist_record(&requests->send_lag, 480 * NS_PER_MS);
		assert_false(breach_course_take(course));
	}
}

static void seconds_with_errors_are_no_base(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 5);
	/* Refused in a millisecond, while it starts. */
	for (int i = 0; i < 5; i++) {
		breach_course_add(breach_course_clear(course), COUNTER_OUTCOME_5XX, 1000, 1);
		assert_false(breach_course_take(course));
	}
	for (int i = 0; i < 5; i++)
		assert_false(breach_course_slow(course, 1000, 20));
}

static void silence(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	assert_false(breach_course_healthy(course, 3));
	/* Nothing was asked, so nothing was answered. */
	for (int i = 0; i < 5; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	course->outstanding = true;
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	assert_false(breach_course_second(course, 1, COUNTER_OUTCOME_OK, 0));
	assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	assert_true(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
	breach_course_expect(course, RESULT_SIGN_SILENCE, 12, 2, 2e9, 50e6);
	assert_true(course->found.lower_bound);
	breach_course_expect_sentence(course, "nothing was answered for 2s");
}

/* Before there was an answer nobody knows how long one takes. */
static void silence_from_the_start_is_not_judged(void **state)
{
	struct breach_course *course = *state;

	breach_course_begin(course, 2, 0);
	course->outstanding = true;
	for (int i = 0; i < 10; i++)
		assert_false(breach_course_second(course, 0, COUNTER_OUTCOME_OK, 0));
}

static void the_sign_that_began_first_is_told(void **state)
{
	struct breach_course *course = *state;
	bool fired = false;

	breach_course_begin(course, 5, 0);
	assert_false(breach_course_healthy(course, 3));
	for (int i = 0; i < 3; i++)
		assert_false(breach_course_slow(course, 1000, 100));
	for (int i = 0; i < 2; i++) {
		struct stats_request *requests = breach_course_clear(course);

		assert_false(fired);
		breach_course_add(requests, COUNTER_OUTCOME_OK, 500, 100);
		breach_course_add(requests, COUNTER_OUTCOME_5XX, 500, 100);
		fired = breach_course_take(course);
	}
	assert_true(fired);
	assert_int_equal(course->found.sign, RESULT_SIGN_LATENCY);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, breach_course_setup, breach_course_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(errors_that_last_are_told_in_the_second_they_have),
		TEST(a_second_without_the_sign_begins_it_anew),
		TEST(short_intervals_add_up_to_the_same_time),
		TEST(the_warm_up_breaches_nothing),
		TEST(few_requests_prove_nothing),
		TEST(a_few_that_all_fail_do),
		TEST(an_interval_that_is_not_trusted_ends_every_sign),
		TEST(each_failure_has_its_sign),
		TEST(refused_connects),
		TEST(latency_is_held_against_the_first_seconds),
		TEST(the_warm_up_is_part_of_the_base),
		TEST(a_quick_service_has_a_millisecond_at_least),
		TEST(half_of_the_requests_must_be_slow),
		TEST(few_latencies_prove_nothing),
		TEST(what_the_generator_was_late_is_not_the_servers),
		TEST(seconds_with_errors_are_no_base),
		TEST(silence),
		TEST(silence_from_the_start_is_not_judged),
		TEST(the_sign_that_began_first_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
