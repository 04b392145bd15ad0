/* SPDX-License-Identifier: MIT */
/* Courses of a load with known answers: which sign is told, and after how long. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/breach.h"

#define LONGEST_NS (4 * NS_PER_S)

struct fixture {
	struct breach breach;
	struct threshold_list thresholds;
	struct stats *change;
	size_t change_bytes;
	uint64_t now_ns;
	bool outstanding, untrusted;
	uint64_t length_ns; /* of the next looks */
	struct result_abort found;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->change_bytes = (stats_bytes(LONGEST_NS) + 63) & ~(size_t)63;
	fixture->change = aligned_alloc(64, fixture->change_bytes);
	fixture->length_ns = NS_PER_S;
	*state = fixture;
	return fixture->change ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	breach_release(&fixture->breach);
	threshold_list_release(&fixture->thresholds);
	free(fixture->change);
	free(fixture);
	return 0;
}

/* A breach has to last for so long; what is asked of the load was added before. */
static void begin(struct fixture *fixture, uint64_t lasting_s, uint64_t warmup_s)
{
	struct breach_options options = {
		.lasting_ns = lasting_s * NS_PER_S,
		.warmup_ns = warmup_s * NS_PER_S,
		.longest_ns = LONGEST_NS,
		.open_loop = true,
		.thresholds = &fixture->thresholds,
	};

	assert_int_equal(breach_init(&fixture->breach, &options, NULL), 0);
}

static void ask(struct fixture *fixture, const char *threshold)
{
	assert_int_equal(threshold_list_add(&fixture->thresholds, threshold, NULL), 0);
}

static struct stats_request *clear(struct fixture *fixture)
{
	bool warmup = fixture->now_ns < fixture->breach.options.warmup_ns;

	memset(fixture->change, 0, fixture->change_bytes);
	stats_init(fixture->change, LONGEST_NS);
	return &fixture->change->phase[warmup ? STATS_WARMUP : STATS_MEASURED];
}

/* So many requests that ended thus, each after so long. */
static void add(struct stats_request *requests, enum counter outcome, uint64_t count, uint64_t ms)
{
	COUNT_BY(&requests->counters, COUNTER_SCHEDULED, count);
	COUNT_BY(&requests->counters, outcome, count);
	if (outcome < COUNTER_OUTCOME_OK)
		return;
	COUNT_BY(&requests->counters, COUNTER_COMPLETED, count);
	COUNT_BY(&requests->counters, COUNTER_WINDOW_COMPLETED, count);
	for (uint64_t i = 0; i < count; i++)
		hist_record(&requests->total, ms * NS_PER_MS);
}

static bool take(struct fixture *fixture)
{
	struct breach_look look = {
		.begin_ns = fixture->now_ns,
		.end_ns = fixture->now_ns + fixture->length_ns,
		.trusted = !fixture->untrusted,
		.outstanding = fixture->outstanding,
		.change = fixture->change,
	};

	fixture->now_ns = look.end_ns;
	return breach_take(&fixture->breach, &look, &fixture->found);
}

/* A second in which so many were answered in time, and so many ended otherwise. */
static bool second(struct fixture *fixture, uint64_t ok, enum counter otherwise, uint64_t count)
{
	struct stats_request *requests = clear(fixture);

	add(requests, COUNTER_OUTCOME_OK, ok, 10);
	add(requests, otherwise, count, 10);
	return take(fixture);
}

static bool slow_second(struct fixture *fixture, uint64_t count, uint64_t ms)
{
	add(clear(fixture), COUNTER_OUTCOME_OK, count, ms);
	return take(fixture);
}

static bool healthy(struct fixture *fixture, unsigned int seconds)
{
	bool fired = false;

	for (; seconds; seconds--)
		fired = second(fixture, 1000, COUNTER_OUTCOME_OK, 0) || fired;
	return fired;
}

static void expect_found(const struct fixture *fixture, enum result_sign sign, double after_s,
	double lasted_s, double value, double bound)
{
	const struct result_abort *found = &fixture->found;

	assert_true(found->happened);
	assert_int_equal(found->sign, sign);
	assert_true(fabs(found->after_s - after_s) < 1e-9);
	assert_true(fabs(found->lasted_s - lasted_s) < 1e-9);
	/* A cell of the histogram is up to 0.1 % wide. */
	assert_true(fabs(found->value - value) <= 0.001 * value);
	assert_true(fabs(found->bound - bound) <= 0.001 * bound);
}

static void expect_sentence(const struct fixture *fixture, const char *wanted)
{
	struct buf text = {0};

	breach_sentence(&fixture->found, &text);
	assert_string_equal(buf_string(&text), wanted);
	buf_release(&text);
}

static void errors_that_last_are_told_in_the_second_they_have(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, 0);
	assert_false(healthy(fixture, 10));
	for (int i = 0; i < 4; i++)
		assert_false(second(fixture, 950, COUNTER_OUTCOME_5XX, 50));
	assert_true(second(fixture, 900, COUNTER_OUTCOME_5XX, 100));
	expect_found(fixture, RESULT_SIGN_ERRORS, 15, 5, 0.1, 0.01);
	assert_int_equal(fixture->found.unit, RESULT_SHARE);
	assert_null(fixture->found.expression);
	expect_sentence(fixture, "errors were above 1 % for 5s without a break, at last 10.0 %");
}

static void a_second_without_the_sign_begins_it_anew(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, 0);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			assert_false(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
		/* Exactly what is allowed. */
		assert_false(second(fixture, 990, COUNTER_OUTCOME_5XX, 10));
	}
	for (int i = 0; i < 4; i++)
		assert_false(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_true(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
	expect_found(fixture, RESULT_SIGN_ERRORS, 55, 5, 1, 0.01);
}

static void short_intervals_add_up_to_the_same_time(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	fixture->length_ns = 250 * NS_PER_MS;
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 7; i++)
		assert_false(second(fixture, 100, COUNTER_OUTCOME_5XX, 100));
	assert_true(second(fixture, 100, COUNTER_OUTCOME_5XX, 100));
	expect_found(fixture, RESULT_SIGN_ERRORS, 2.75, 2, 0.5, 0.01);
}

static void the_warm_up_breaches_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 10);
	for (int i = 0; i < 10; i++)
		assert_false(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_false(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
	assert_true(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
	/* Of the window. */
	expect_found(fixture, RESULT_SIGN_ERRORS, 2, 2, 1, 0.01);
}

static void few_requests_prove_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, 0);
	/* One of ten in each second is ten times what is allowed, and five of fifty no proof. */
	for (int i = 0; i < 5; i++)
		assert_false(second(fixture, 9, COUNTER_OUTCOME_5XX, 1));
	/* Ten of 100 are: 100 KL(0.1 || 0.01) is 14.4, a second before it was 13.0. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(second(fixture, 9, COUNTER_OUTCOME_5XX, 1), i == 4);
}

static void a_few_that_all_fail_do(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	/* n KL(1 || 0.01) = n ln 100: the third. A second in which nothing ended changes nothing.
	 */
	assert_false(second(fixture, 0, COUNTER_OUTCOME_4XX, 1));
	assert_false(second(fixture, 0, COUNTER_OUTCOME_4XX, 0));
	assert_false(second(fixture, 0, COUNTER_OUTCOME_4XX, 1));
	assert_true(second(fixture, 0, COUNTER_OUTCOME_4XX, 1));
	expect_found(fixture, RESULT_SIGN_ERRORS, 4, 4, 1, 0.01);
}

static void an_interval_that_is_not_trusted_ends_every_sign(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3, 0);
	for (int i = 0; i < 20; i++) {
		fixture->untrusted = i % 3 == 2;
		assert_false(second(fixture, 0, COUNTER_OUTCOME_5XX, 1000));
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
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* Twice what is allowed. */
		uint64_t count = (uint64_t)(2 * 10000 * rows[i].bound);

		fixture->now_ns = 0;
		begin(fixture, 5, 0);
		for (int j = 0; j < 4; j++)
			assert_false(second(fixture, 10000 - count, rows[i].counter, count));
		assert_true(second(fixture, 10000 - count, rows[i].counter, count));
		expect_found(fixture, rows[i].sign, 5, 5, 2 * rows[i].bound, rows[i].bound);
		breach_release(&fixture->breach);
	}
}

static void refused_connects(void **state)
{
	struct fixture *fixture = *state;
	bool fired = false;

	begin(fixture, 3, 0);
	for (int i = 0; i < 3; i++) {
		assert_false(fired);
		add(clear(fixture), COUNTER_OUTCOME_OK, 100, 10);
		COUNT_BY(&fixture->change->connections, CONNECTION_FAILED_REFUSED, 30);
		COUNT_BY(&fixture->change->connections, CONNECTION_FAILED_TIMEOUT, 20);
		COUNT_BY(&fixture->change->connections, CONNECTION_ESTABLISHED, 50);
		fired = take(fixture);
	}
	assert_true(fired);
	expect_found(fixture, RESULT_SIGN_REFUSED, 3, 3, 0.5, BREACH_REFUSED);
	expect_sentence(fixture, "refused or unanswered connects were above 1 % for 3s without a "
				 "break, at last 50.0 %");
}

static void what_a_threshold_allows_is_no_sign(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "error_rate<10%");
	ask(fixture, "warn:error_rate<1%");
	begin(fixture, 2, 0);
	for (int i = 0; i < 10; i++)
		assert_false(second(fixture, 920, COUNTER_TIMED_OUT, 80));
	assert_false(second(fixture, 800, COUNTER_TIMED_OUT, 200));
	assert_true(second(fixture, 800, COUNTER_TIMED_OUT, 200));
	expect_found(fixture, RESULT_SIGN_TIMEOUTS, 12, 2, 0.2, 0.1);
}

static void a_threshold_may_allow_less(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "error_rate<0.1%");
	ask(fixture, "error_rate==0");
	begin(fixture, 2, 0);
	assert_false(second(fixture, 10000, COUNTER_OUTCOME_5XX, 1));
	assert_true(second(fixture, 10000, COUNTER_OUTCOME_5XX, 1));
	assert_int_equal(fixture->found.sign, RESULT_SIGN_ERRORS);
	assert_true(fixture->found.bound == 0);
}

static void latency_is_held_against_the_first_seconds(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3, 0);
	/* The lowest of the first three medians: 10 ms, later ones do not lower it. */
	assert_false(slow_second(fixture, 1000, 30));
	assert_false(slow_second(fixture, 1000, 10));
	assert_false(slow_second(fixture, 1000, 20));
	assert_false(slow_second(fixture, 1000, 2));
	for (int i = 0; i < 10; i++)
		assert_false(slow_second(fixture, 1000, 49));
	assert_false(slow_second(fixture, 1000, 52));
	assert_false(slow_second(fixture, 1000, 52));
	assert_true(slow_second(fixture, 1000, 80));
	expect_found(fixture, RESULT_SIGN_LATENCY, 17, 3, 80e6, 50e6);
	assert_int_equal(fixture->found.unit, RESULT_NS);
}

static void the_warm_up_is_part_of_the_base(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 2);
	assert_false(slow_second(fixture, 1000, 10));
	assert_false(slow_second(fixture, 1000, 40));
	assert_false(slow_second(fixture, 1000, 60));
	assert_true(slow_second(fixture, 1000, 60));
	expect_found(fixture, RESULT_SIGN_LATENCY, 2, 2, 60e6, 50e6);
}

static void a_quick_service_has_a_millisecond_at_least(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	for (int i = 0; i < 3; i++) {
		hist_record(&clear(fixture)->total, 0);
		for (int j = 0; j < 100; j++)
			hist_record(&fixture->change->phase[STATS_MEASURED].total, 50000);
		assert_false(take(fixture));
	}
	for (int i = 0; i < 5; i++)
		assert_false(slow_second(fixture, 100, 4));
	assert_false(slow_second(fixture, 100, 6));
	assert_true(slow_second(fixture, 100, 6));
	expect_found(fixture, RESULT_SIGN_LATENCY, 10, 2, 6e6, 5e6);
}

static void half_of_the_requests_must_be_slow(void **state)
{
	struct fixture *fixture = *state;
	struct stats_request *requests;

	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 10; i++) {
		requests = clear(fixture);
		add(requests, COUNTER_OUTCOME_OK, 510, 10);
		add(requests, COUNTER_OUTCOME_OK, 490, 500);
		assert_false(take(fixture));
	}
}

/* Ten slow responses of ten might be chance; twenty of twenty are not (2^-20). */
static void few_latencies_prove_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 19; i++)
		assert_false(slow_second(fixture, 1, 500));
	assert_true(slow_second(fixture, 1, 500));
	expect_found(fixture, RESULT_SIGN_LATENCY, 23, 20, 500e6, 50e6);
}

static void what_the_generator_was_late_is_not_the_servers(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 10; i++) {
		struct stats_request *requests = clear(fixture);

		add(requests, COUNTER_OUTCOME_OK, 1000, 500);
		for (int j = 0; j < 1000; j++)
			hist_record(&requests->send_lag, 480 * NS_PER_MS);
		assert_false(take(fixture));
	}
}

static void seconds_with_errors_are_no_base(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 5);
	/* Refused in a millisecond, while it starts. */
	for (int i = 0; i < 5; i++) {
		add(clear(fixture), COUNTER_OUTCOME_5XX, 1000, 1);
		assert_false(take(fixture));
	}
	for (int i = 0; i < 5; i++)
		assert_false(slow_second(fixture, 1000, 20));
}

static void a_threshold_on_latency_takes_the_place_of_the_base(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "p99<300ms");
	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 10; i++)
		assert_false(slow_second(fixture, 1000, 290));
	assert_false(slow_second(fixture, 1000, 310));
	assert_true(slow_second(fixture, 1000, 310));
	expect_found(fixture, RESULT_SIGN_THRESHOLD, 15, 2, 310e6, 300e6);
	assert_string_equal(fixture->found.expression, "p99<300ms");
	expect_sentence(fixture, "p99<300ms did not hold for 2s without a break, at last 310 ms");
}

static void a_percentile_needs_more_than_its_share_beyond(void **state)
{
	struct fixture *fixture = *state;
	struct stats_request *requests;

	ask(fixture, "p99<300ms");
	begin(fixture, 2, 0);
	for (int i = 0; i < 20; i++) {
		/* 11 of 1,000 in each second: it takes time until that is no chance. */
		requests = clear(fixture);
		add(requests, COUNTER_OUTCOME_OK, 989, 10);
		add(requests, COUNTER_OUTCOME_OK, 11, 500);
		assert_false(take(fixture));
	}
	/* 320 of 21,000 are none. */
	requests = clear(fixture);
	add(requests, COUNTER_OUTCOME_OK, 900, 10);
	add(requests, COUNTER_OUTCOME_OK, 100, 500);
	assert_true(take(fixture));
	assert_true(fixture->found.happened);
	assert_int_equal(fixture->found.sign, RESULT_SIGN_THRESHOLD);
}

static void rates_that_are_too_low(void **state)
{
	static const char *const thresholds[] = {"completed_rate>=90%", "rate>900"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		fixture->now_ns = 0;
		ask(fixture, thresholds[i]);
		begin(fixture, 3, 0);
		for (int j = 0; j < 5; j++)
			assert_false(second(fixture, 950, COUNTER_OUTCOME_OK, 0));
		for (int j = 0; j < 3; j++) {
			/* Due are 1,000, of which 200 wait. */
			struct stats_request *requests = clear(fixture);

			add(requests, COUNTER_OUTCOME_OK, 800, 10);
			COUNT_BY(&requests->counters, COUNTER_SCHEDULED, 200);
			assert_int_equal(take(fixture), j == 2);
		}
		assert_int_equal(fixture->found.sign, RESULT_SIGN_THRESHOLD);
		assert_string_equal(fixture->found.expression, thresholds[i]);
		breach_release(&fixture->breach);
		threshold_list_release(&fixture->thresholds);
	}
}

static void a_rate_just_below_by_chance(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "completed_rate>=90%");
	begin(fixture, 3, 0);
	for (int i = 0; i < 10; i++) {
		add(clear(fixture), COUNTER_OUTCOME_OK, 88, 10);
		COUNT_BY(&fixture->change->phase[STATS_MEASURED].counters, COUNTER_SCHEDULED, 12);
		assert_false(take(fixture));
	}
}

static void counts_may_break_an_upper_bound_alone(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "error_rate<90%");
	ask(fixture, "status_5xx<=20");
	ask(fixture, "completed>=100000");
	begin(fixture, 2, 0);
	for (int i = 0; i < 10; i++)
		assert_false(second(fixture, 1000, COUNTER_OUTCOME_5XX, 20));
	assert_false(second(fixture, 1000, COUNTER_OUTCOME_5XX, 21));
	assert_true(second(fixture, 1000, COUNTER_OUTCOME_5XX, 21));
	expect_found(fixture, RESULT_SIGN_THRESHOLD, 12, 2, 21, 20);
	assert_string_equal(fixture->found.expression, "status_5xx<=20");
}

static void silence(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	/* Nothing was asked, so nothing was answered. */
	for (int i = 0; i < 5; i++)
		assert_false(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	fixture->outstanding = true;
	assert_false(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	assert_false(second(fixture, 1, COUNTER_OUTCOME_OK, 0));
	assert_false(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	assert_true(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	expect_found(fixture, RESULT_SIGN_SILENCE, 12, 2, 2e9, 50e6);
	assert_true(fixture->found.lower_bound);
	expect_sentence(fixture, "nothing was answered for 2s");
}

static void a_slow_service_may_be_silent_for_longer(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "p99<4s");
	begin(fixture, 2, 0);
	assert_false(healthy(fixture, 3));
	fixture->outstanding = true;
	for (int i = 0; i < 4; i++)
		assert_false(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	assert_true(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
	expect_found(fixture, RESULT_SIGN_SILENCE, 8, 5, 5e9, 4e9);
}

/* Before there was an answer nobody knows how long one takes. */
static void silence_from_the_start_is_not_judged(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2, 0);
	fixture->outstanding = true;
	for (int i = 0; i < 10; i++)
		assert_false(second(fixture, 0, COUNTER_OUTCOME_OK, 0));
}

static void the_sign_that_began_first_is_told(void **state)
{
	struct fixture *fixture = *state;
	bool fired = false;

	begin(fixture, 5, 0);
	assert_false(healthy(fixture, 3));
	for (int i = 0; i < 3; i++)
		assert_false(slow_second(fixture, 1000, 100));
	for (int i = 0; i < 2; i++) {
		struct stats_request *requests = clear(fixture);

		assert_false(fired);
		add(requests, COUNTER_OUTCOME_OK, 500, 100);
		add(requests, COUNTER_OUTCOME_5XX, 500, 100);
		fired = take(fixture);
	}
	assert_true(fired);
	assert_int_equal(fixture->found.sign, RESULT_SIGN_LATENCY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(what_a_threshold_allows_is_no_sign),
		TEST(a_threshold_may_allow_less),
		TEST(latency_is_held_against_the_first_seconds),
		TEST(the_warm_up_is_part_of_the_base),
		TEST(a_quick_service_has_a_millisecond_at_least),
		TEST(half_of_the_requests_must_be_slow),
		TEST(few_latencies_prove_nothing),
		TEST(what_the_generator_was_late_is_not_the_servers),
		TEST(seconds_with_errors_are_no_base),
		TEST(a_threshold_on_latency_takes_the_place_of_the_base),
		TEST(a_percentile_needs_more_than_its_share_beyond),
		TEST(rates_that_are_too_low),
		TEST(a_rate_just_below_by_chance),
		TEST(counts_may_break_an_upper_bound_alone),
		TEST(silence),
		TEST(a_slow_service_may_be_silent_for_longer),
		TEST(silence_from_the_start_is_not_judged),
		TEST(the_sign_that_began_first_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
