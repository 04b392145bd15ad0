/* SPDX-License-Identifier: MIT */
/*
 * When to enter the kernel and how long to wait there: absolute deadlines, met by sleeping, by
 * spinning, or by sleeping first and spinning the rest.
 *
 * Owner: nothing. Threads: the worker's. Errors: a ring that fails ends the worker (worker->fault).
 */
#ifndef RINGLOAD_ENGINE_PACE_H
#define RINGLOAD_ENGINE_PACE_H

#include "engine/worker_state.h"

/* Stamps and submits what is queued, and comes back when something is due or has completed. */
void pace_enter(struct worker *worker);

#endif
