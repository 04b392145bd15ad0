/* SPDX-License-Identifier: MIT */
/* A search against a server without chance, trial by trial, for tests of the stepper. */
#ifndef RINGLOAD_TESTS_UNIT_STEPPER_COURSE_H
#define RINGLOAD_TESTS_UNIT_STEPPER_COURSE_H

#include "analysis/stepper.h"

/* It fails above its capacity. */
struct stepper_script {
	double capacity_rps;
	double long_capacity_rps; /* of trials of 5 s and more; 0: the same */
	double generator_rps;     /* 0: follows always */
	double completes;         /* of its capacity in overload; 0: unknown */
	size_t odd_from, odd_to;  /* trials that end against all reason: first, behind last */
	enum search_verdict odd;
	/* Failures from this trial on that are stolen, up to behind the last. */
	size_t stolen_from, stolen_to;
	size_t stop_after; /* trials; 0: until there is an answer */
};

struct stepper_course {
	size_t trials;
	uint64_t elapsed_ns;
	struct stepper_trial made[STEPPER_TRIALS];
	enum search_verdict verdicts[STEPPER_TRIALS]; /* as they count */
	struct stepper_answer answer;                 /* but for the trials behind the bounds */
	size_t lower_trials[STEPPER_TRIALS], upper_trials[STEPPER_TRIALS];
	bool ended;
};

/* From 1,000 within 10 to 1,000,000, 2 %, 5 minutes. */
extern const struct stepper_options stepper_course_usual;

void stepper_course_drive(struct stepper_course *course, const struct stepper_script *script,
	const struct stepper_options *options);

/* Trials at a load that ended so. */
size_t stepper_course_count(
	const struct stepper_course *course, double rps, enum search_verdict verdict);

#endif
