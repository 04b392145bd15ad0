/* SPDX-License-Identifier: MIT */
/*
 * Where a worker's own time went, for the judgement whether it could keep up.
 *
 * Owner: nothing. Threads: the worker's. Errors: none.
 */
#ifndef RINGLOAD_ENGINE_HEALTH_H
#define RINGLOAD_ENGINE_HEALTH_H

#include "engine/worker_state.h"

/* Books the time since the last call as busy, spun or waited, and the ring's overflows so far.
 * Costs a system call. */
void health_account(struct worker *worker);

#endif
