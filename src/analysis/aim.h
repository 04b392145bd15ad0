/* SPDX-License-Identifier: MIT */
/*
 * The next trial of a search once some passed and some failed: narrowing, a pair of bounds and its
 * confirmation, rests for a server that recovers slowly. All from what is thought of the capacity.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_ANALYSIS_AIM_H
#define RINGLOAD_ANALYSIS_AIM_H

#include "analysis/stepper_state.h"

void aim_next(struct stepper *stepper);

#endif
