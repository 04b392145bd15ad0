/* SPDX-License-Identifier: MIT */
/*
 * Ladders as people ask for them: by name, or rates that rise, separated by commas.
 *
 * Owner: the caller's storage. Threads: pure. Errors: ERR_USAGE, without the option's name.
 * Units: rungs are requests a second; at most STEPPER_RUNGS.
 */
#ifndef RINGLOAD_CLI_LADDER_H
#define RINGLOAD_CLI_LADDER_H

#include <stddef.h>

#include "analysis/stepper.h"
#include "base/err.h"

/* The names, with what they stand for: for the help. */
#define LADDER_STEPS     "1k,2k,5k,10k,20k"
#define LADDER_STRESS    "1k,5k,10k"
#define LADDER_HIGH_RATE "1k,5k,20k,50k,100k"
#define LADDER_NAMES \
	"steps (" LADDER_STEPS "), stress (" LADDER_STRESS "), high-rate (" LADDER_HIGH_RATE ")"

int ladder_parse(const char *text, double rungs[STEPPER_RUNGS], size_t *count, struct err *err);

#endif
