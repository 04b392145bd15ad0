/* SPDX-License-Identifier: MIT */
/*
 * Which load to try next, and when the answer is known: the search for the highest rate a service
 * bears, as a pure state machine. Outcomes go in, the next trial or the answer comes out; it knows
 * no clock, no engine and no server, so it can be run against thousands of simulated ones.
 *
 *   range    short trials, twice the rate each time, until one fails; downwards until one passes
 *   narrow   more trials, each where it tells most, until what is thought of the capacity
 *            (belief.h) is narrower than the precision asked for
 *   confirm  a pair of loads round it, by long trials taking turns; a load that does not hold
 *            makes room for another pair
 *
 * A bound is a load decided by ratio, as in MLRsearch (draft-ietf-bmwg-mlrsearch; tried.h): best of
 * three long trials. It is sure when the capacity is on its other side with at most BOUNDS_SURE.
 * The answer is precise when both bounds are sure and as near to each other as asked; otherwise it
 * is the best there is when the budget is spent (bounds.h).
 *
 * Loads are not assumed to be monotonic: short trials may pass where long ones fail (a slow break),
 * and a server that was overloaded may fail for a while where it would pass (hysteresis). What was
 * decided by shorter trials never overrules longer ones, and a failure soon after another, a
 * suspect one, decides nothing.
 *
 * What a failing trial completed a second is a hint where the capacity lies, used to choose loads
 * and never to decide them.
 *
 * A trial the generator could not drive decides nothing about the server. It is tried again; a load
 * at which most trials were the generator's is the generator's limit, and no higher one is tried.
 * Then either the server fails below it, or the answer is the highest load that passes near it.
 *
 * A stolen failure, one that may be due to time the hypervisor took from the server
 * (trial_steal.h), is tried again at once: STEPPER_STOLEN_AGAIN times at a load, and as long as
 * such trials took no more of the budget than one part of STEPPER_STOLEN_PART; of a ladder only as
 * the steps above it keep their time. Where the machine is
 * not left alone for long enough it counts after that, and the answer tells (upper_stolen).
 *
 * Ladder: the given loads one after the other, in one trial each, up to the first that fails.
 *
 * Threads: pure. Errors: none; options are checked by stepper_check. Units: in the names; rates are
 * requests a second.
 */
#ifndef RINGLOAD_ANALYSIS_STEPPER_H
#define RINGLOAD_ANALYSIS_STEPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "result/search_record.h"

/* More are refused: a search of so many trials has no answer. */
#define STEPPER_TRIALS 512
/* Stolen failures that are tried again: at one load, and of the budget one part in so many. */
#define STEPPER_STOLEN_AGAIN 8
#define STEPPER_STOLEN_PART  3
/* Rungs of a ladder. */
#define STEPPER_RUNGS 64

struct stepper_options {
	double first_rps;   /* where the range begins */
	double highest_rps; /* never exceeded */
	double lowest_rps;  /* failing there is the answer "below" */
	double precision;   /* wanted (upper - lower) / upper: 0.02 */
	uint64_t budget_ns; /* of trials and what lies between them; soft: a trial begun is ended */
	uint64_t trial_ns;  /* of a short trial, without its warm-up; 0: chosen from the budget */
	uint64_t confirm_ns; /* of a long one; 0: chosen from the budget */
	const double *rungs; /* of a ladder; NULL: a search */
	size_t rung_count;
	uint64_t rung_ns; /* each one's length; 0: 20 s, or what the budget leaves */
	/* Of a search: a trial lasts until so many were asked for, and no load is tried at which
	 * that takes more of the budget than lengths.h allows; 0: any number is enough. */
	double least_requests;
};

/* One trial to be made. */
struct stepper_trial {
	enum search_stage stage;
	double rps;
	uint64_t warmup_ns, duration_ns;
};

struct stepper_outcome {
	enum search_verdict verdict;
	bool stolen; /* of a failure: it may be that of a machine that was taken from the server */
	double completed_rps; /* within the measured window; 0: unknown */
	uint64_t took_ns;     /* with warm-up, drain and pause */
};

struct stepper;

/* ERR_USAGE naming the options as the command does. */
int stepper_check(const struct stepper_options *options, struct err *err);

/* The lowest load a search tries: as asked, or what least_requests and the budget make of it. */
double stepper_lowest(const struct stepper_options *options);

/* NULL: no memory. Options are copied but for the rungs, which must outlive it. */
struct stepper *stepper_open(const struct stepper_options *options);

/* The next trial; false: there is an answer. Asking twice gives the same trial. */
bool stepper_next(const struct stepper *stepper, struct stepper_trial *trial);

/* What came of the trial stepper_next gave. Returns what it counts as: SEARCH_VOID for a stolen
 * failure that is tried again, else the outcome's verdict. */
enum search_verdict stepper_take(struct stepper *stepper, const struct stepper_outcome *outcome);

/*
 * What is known by now; also before the end, when it was interrupted. `trials` are indices in the
 * order of stepper_take: those each bound rests on. The arrays belong to the stepper.
 */
struct stepper_answer {
	enum search_answer_kind kind;
	bool has_lower, has_upper;
	double lower_rps, upper_rps;
	bool lower_confirmed, upper_confirmed; /* by long trials */
	bool precise;                          /* as near as asked */
	const size_t *lower_trials, *upper_trials;
	size_t lower_trial_count, upper_trial_count;
	size_t upper_stolen; /* of the upper trials: failures that were stolen, and count */
};
void stepper_answer(const struct stepper *stepper, struct stepper_answer *answer);

void stepper_close(struct stepper *stepper);

#endif
