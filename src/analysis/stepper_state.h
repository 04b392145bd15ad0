/* SPDX-License-Identifier: MIT */
/*
 * What a search knows, shared by the two halves that choose its next trial: stepper.c up to the
 * first failure, aim.c after it. Private to them.
 *
 * Owner, threads, errors: as stepper.h.
 */
#ifndef RINGLOAD_ANALYSIS_STEPPER_STATE_H
#define RINGLOAD_ANALYSIS_STEPPER_STATE_H

#include "analysis/belief.h"
#include "analysis/lengths.h"
#include "analysis/stepper.h"
#include "analysis/tried.h"

_Static_assert(STEPPER_TRIALS == BELIEF_TRIALS && STEPPER_TRIALS == TRIED_TRIALS,
	"all have room for as many trials");

struct stepper {
	struct stepper_options options;
	struct lengths lengths;
	struct tried tried;
	struct belief belief; /* weighed from the first failure on */
	uint64_t elapsed_ns;
	uint64_t overhead_ns; /* of a trial beyond warm-up and duration */

	/* 0: none. */
	double highest_pass_rps, lowest_fail_rps, highest_tried_rps;
	double hint_rps;
	double limit_rps; /* the generator's */

	/* Two loads that are to become the bounds; 0: none. */
	struct {
		double lower_rps, upper_rps;
	} pair;
	size_t narrow_count; /* trials since the last pair */

	unsigned int passes, fails;  /* in a row; passes since the last failure or pair */
	uint64_t failed_ns;          /* when the last one ended; 0: nothing failed yet */
	bool again_due;              /* a failure that does not look like an overload */
	bool again;                  /* the next trial is to see about that */
	uint64_t stolen_ns;          /* that stolen trials took, which were tried again */
	bool stolen[STEPPER_TRIALS]; /* failures that count all the same */
	unsigned int voids;          /* in a row: trials that said nothing */
	bool done;
	enum search_answer_kind end; /* SEARCH_UNDECIDED: by the bounds there are */

	struct stepper_trial next;
	bool lasting;      /* the next trial is a long one */
	uint64_t asked_ns; /* its length before it was made longer for enough requests */
	struct stepper_answer answer;
	size_t lower_trials[STEPPER_TRIALS], upper_trials[STEPPER_TRIALS];
};

/* There is an answer. */
void stepper_finish(struct stepper *stepper, enum search_answer_kind end);

/* The next trial, if the budget bears it: so long that there are enough requests. */
void stepper_try(
	struct stepper *stepper, enum search_stage stage, double rps, uint64_t duration_ns);

/* Tries a load by long trials until it is decided; true: it is, as wanted. */
bool stepper_holds(struct stepper *stepper, double rps, enum tried_decision wanted);

/* Chooses the next trial where the generator's limit comes before the capacity. */
void stepper_approach_limit(struct stepper *stepper);

/* Five digits, within what was asked for and below the generator's limit. */
double stepper_round(const struct stepper *stepper, double rps);

/* The length of a trial at a load, so that there are enough requests. */
uint64_t stepper_length(const struct stepper *stepper, double rps, uint64_t duration_ns);

/* What a trial takes, and what is left of the budget. */
uint64_t stepper_cost(const struct stepper *stepper, uint64_t duration_ns);
uint64_t stepper_remaining(const struct stepper *stepper);

#endif
