/* SPDX-License-Identifier: MIT */
/*
 * Whether a worker's own tables agree with each other: every connection in the list its state
 * demands and in no other, links intact in both directions, the queue of unanswered requests equal
 * to the requests that are marked sent, and in the order of their sending.
 *
 * Owner: nothing. Threads: one. Errors: failures of the test.
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_LISTS_H
#define RINGLOAD_TESTS_SIM_SIM_LISTS_H

#include "engine/worker.h"

void sim_lists_check(const struct worker *worker);

#endif
