/* SPDX-License-Identifier: MIT */
/*
 * The loads a search tried, with what came of the trials at each, and what they decide: by ratio,
 * as in MLRsearch (draft-ietf-bmwg-mlrsearch). Best of three: a load is a lower bound once two
 * trials passed and more passed than failed, an upper bound once two failed and more failed than
 * passed. Long trials alone count where there is one; without any, one short trial decides for the
 * time being. A suspect failure of a long trial decides nothing.
 *
 * Owner: the caller's storage. Threads: one at a time. Errors: none; more than TRIED_TRIALS trials
 * must not be added.
 */
#ifndef RINGLOAD_ANALYSIS_TRIED_H
#define RINGLOAD_ANALYSIS_TRIED_H

#include <stdbool.h>
#include <stddef.h>

#include "result/search_record.h"

#define TRIED_TRIALS 512
/* Trials at a load that decide. */
#define TRIED_ENOUGH 2

struct tried_load {
	double rps;
	unsigned int passed[2], failed[2]; /* in short trials, in long ones */
	unsigned int suspect;              /* long trials */
	unsigned int generator;
	unsigned int stolen; /* failures that were tried again; the stepper's to count */
};

enum tried_decision { TRIED_OPEN, TRIED_LOWER, TRIED_UPPER };

struct tried {
	struct tried_load loads[TRIED_TRIALS];
	size_t load_count;
	/* Of each trial. */
	size_t load_of[TRIED_TRIALS];
	bool counts[TRIED_TRIALS];
	size_t trial_count;
};

/* suspect: of a failure. Returns the load's figures with this trial. */
struct tried_load *tried_add(
	struct tried *tried, double rps, bool lasting, enum search_verdict verdict, bool suspect);

/* NULL: never tried. */
const struct tried_load *tried_find(const struct tried *tried, double rps);

/* load may be NULL: open. confirmed: by long trials. */
enum tried_decision tried_decide(const struct tried_load *load, bool *confirmed);

/* Indices of the trials at a load that passed or failed, into room for TRIED_TRIALS; their number.
 */
size_t tried_at(const struct tried *tried, double rps, size_t *trials);

#endif
