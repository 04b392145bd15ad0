/* SPDX-License-Identifier: MIT */
/*
 * The course of a load, interval by interval, for tests of what may end it early: each call brings
 * the next interval, a second long unless length_ns says otherwise.
 *
 * Owner: the course is a test's state, made by breach_course_setup. Errors: asserted.
 */
#ifndef TESTS_UNIT_BREACH_COURSE_H
#define TESTS_UNIT_BREACH_COURSE_H

#include "analysis/breach.h"

#define BREACH_COURSE_LONGEST_NS (4 * NS_PER_S)

struct breach_course {
	struct breach breach;
	struct threshold_list thresholds;
	struct stats *change;
	size_t change_bytes;
	uint64_t now_ns;
	bool outstanding, untrusted;
	uint64_t length_ns; /* of the next looks */
	struct result_abort found;
};

int breach_course_setup(void **state);
int breach_course_teardown(void **state);

/* A breach has to last for so long; what is asked of the load was added before. */
void breach_course_begin(struct breach_course *course, uint64_t lasting_s, uint64_t warmup_s);
void breach_course_ask(struct breach_course *course, const char *threshold);

/* An interval by parts: nothing in it yet; so many requests that ended thus, each after so long;
 * and its end, which tells whether the load is ended. */
struct stats_request *breach_course_clear(struct breach_course *course);
void breach_course_add(
	struct stats_request *requests, enum counter outcome, uint64_t count, uint64_t ms);
bool breach_course_take(struct breach_course *course);

/* One in which so many were answered in 10 ms, and so many ended otherwise. */
bool breach_course_second(
	struct breach_course *course, uint64_t ok, enum counter otherwise, uint64_t count);
/* One in which so many were answered, each after so long. */
bool breach_course_slow(struct breach_course *course, uint64_t count, uint64_t ms);
/* So many of 1,000 answers each; whether any of them ended the load. */
bool breach_course_healthy(struct breach_course *course, unsigned int seconds);

/* What the load was ended for. */
void breach_course_expect(const struct breach_course *course, enum result_sign sign, double after_s,
	double lasted_s, double value, double bound);
void breach_course_expect_sentence(const struct breach_course *course, const char *wanted);

#endif
