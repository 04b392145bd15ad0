/* SPDX-License-Identifier: MIT */
#include "tests/unit/breach_course.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int breach_course_setup(void **state)
{
	struct breach_course *course = calloc(1, sizeof(*course));

	if (!course)
		return -1;
	course->change_bytes = (stats_bytes(BREACH_COURSE_LONGEST_NS) + 63) & ~(size_t)63;
	course->change = aligned_alloc(64, course->change_bytes);
	course->length_ns = NS_PER_S;
	*state = course;
	return course->change ? 0 : -1;
}

int breach_course_teardown(void **state)
{
	struct breach_course *course = *state;

	breach_release(&course->breach);
	threshold_list_release(&course->thresholds);
	free(course->change);
	free(course);
	return 0;
}

void breach_course_begin(struct breach_course *course, uint64_t lasting_s, uint64_t warmup_s)
{
	struct breach_options options = {
		.lasting_ns = lasting_s * NS_PER_S,
		.warmup_ns = warmup_s * NS_PER_S,
		.longest_ns = BREACH_COURSE_LONGEST_NS,
		.open_loop = true,
		.thresholds = &course->thresholds,
	};

	assert_int_equal(breach_init(&course->breach, &options, NULL), 0);
}

void breach_course_ask(struct breach_course *course, const char *threshold)
{
	assert_int_equal(threshold_list_add(&course->thresholds, threshold, NULL), 0);
}

struct stats_request *breach_course_clear(struct breach_course *course)
{
	bool warmup = course->now_ns < course->breach.options.warmup_ns;

	memset(course->change, 0, course->change_bytes);
	stats_init(course->change, BREACH_COURSE_LONGEST_NS);
	return &course->change->phase[warmup ? STATS_WARMUP : STATS_MEASURED];
}

void breach_course_add(
	struct stats_request *requests, enum counter outcome, uint64_t count, uint64_t ms)
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

bool breach_course_take(struct breach_course *course)
{
	struct breach_look look = {
		.begin_ns = course->now_ns,
		.end_ns = course->now_ns + course->length_ns,
		.trusted = !course->untrusted,
		.outstanding = course->outstanding,
		.change = course->change,
	};

	course->now_ns = look.end_ns;
	return breach_take(&course->breach, &look, &course->found);
}

bool breach_course_second(
	struct breach_course *course, uint64_t ok, enum counter otherwise, uint64_t count)
{
	struct stats_request *requests = breach_course_clear(course);

	breach_course_add(requests, COUNTER_OUTCOME_OK, ok, 10);
	breach_course_add(requests, otherwise, count, 10);
	return breach_course_take(course);
}

bool breach_course_slow(struct breach_course *course, uint64_t count, uint64_t ms)
{
	breach_course_add(breach_course_clear(course), COUNTER_OUTCOME_OK, count, ms);
	return breach_course_take(course);
}

bool breach_course_healthy(struct breach_course *course, unsigned int seconds)
{
	bool fired = false;

	for (; seconds; seconds--)
		fired = breach_course_second(course, 1000, COUNTER_OUTCOME_OK, 0) || fired;
	return fired;
}

void breach_course_expect(const struct breach_course *course, enum result_sign sign, double after_s,
	double lasted_s, double value, double bound)
{
	const struct result_abort *found = &course->found;

	assert_true(found->happened);
	assert_int_equal(found->sign, sign);
	assert_true(fabs(found->after_s - after_s) < 1e-9);
	assert_true(fabs(found->lasted_s - lasted_s) < 1e-9);
	/* A cell of the histogram is up to 0.1 % wide. */
	assert_true(fabs(found->value - value) <= 0.001 * value);
	assert_true(fabs(found->bound - bound) <= 0.001 * bound);
}

void breach_course_expect_sentence(const struct breach_course *course, const char *wanted)
{
	struct buf text = {0};

	breach_sentence(&course->found, &text);
	assert_string_equal(buf_string(&text), wanted);
	buf_release(&text);
}
