/* SPDX-License-Identifier: MIT */
/*
 * How a request ends, and what is counted and recorded then: each request gets exactly one of
 * these.
 *
 * Owner: nothing. Threads: the worker's. Errors: none. Units: clock.h nanoseconds.
 */
#ifndef RINGLOAD_ENGINE_OUTCOME_H
#define RINGLOAD_ENGINE_OUTCOME_H

#include "engine/worker_state.h"

/* A sent request was answered with a well-formed response. */
void outcome_completed(struct worker *worker, uint32_t request, uint64_t done_ns, uint16_t status);

/* A sent request failed; failure is one of COUNTER_FAILED_…. */
void outcome_failed(struct worker *worker, uint32_t request, uint64_t now_ns, enum counter failure);

/* A sent request was given up. */
void outcome_timed_out(struct worker *worker, uint32_t request, uint64_t now_ns);

/* A waiting request was never sent; why is one of COUNTER_DROPPED_…. */
void outcome_dropped(
	struct worker *worker, uint64_t intended_ns, uint64_t now_ns, enum counter why);

/* The run ended while a request waited, or was unanswered. */
void outcome_unsent(struct worker *worker, uint64_t intended_ns, uint64_t now_ns);
void outcome_in_flight(struct worker *worker, uint32_t request, uint64_t now_ns);

#endif
