/* SPDX-License-Identifier: MIT */
/*
 * When responses arrived at this host, as the kernel stamped their segments (--rx-timestamps): what
 * splits a request's service time into the network and the server before, and the client's own
 * queueing after it.
 *
 * Stamps are CLOCK_REALTIME, everything else is clock.h. The two run at one rate (what slews one
 * slews the other), so their offset is constant until somebody sets the wall clock. It is therefore
 * measured once and compared at every batch of completions, with one more reading of a clock. A
 * difference shows that the wall clock was set since the batch before: stamps from then on may be
 * of either time, so nothing is taken for a stamp until all of them must have been read. A step of
 * less than STAMP_STEP_NS is not seen, and is the error it can make.
 *
 * Owner: nothing; the state lives in the worker. Threads: the worker's. Errors: none: a response
 * without a stamp that can be true (after its request was sent, before it was done) is counted as
 * unstamped. Units: ns.
 */
#ifndef RINGLOAD_ENGINE_STAMP_H
#define RINGLOAD_ENGINE_STAMP_H

#include "engine/worker_state.h"

/* Far above what reading two clocks takes, far below what anybody sets a clock by. */
#define STAMP_STEP_NS 2000
/* After a step: longer than a completion can lie in the ring before it is read. */
#define STAMP_SETTLE_NS (1000 * 1000000ULL)

/* Measures the offset. Nothing is done when the plan does not ask for stamps. */
void stamp_init(struct worker *worker);

/* Before a batch of completions is handled, worker->now_ns being its time. */
void stamp_look(struct worker *worker);

/* Makes a stamped receive's completion that of a plain one. What is done until the next is opened
 * is done with these bytes: with their stamp, or without one. */
void stamp_open(struct worker *worker, struct ring_completion *completion);

/* A request was answered with the bytes opened last. */
void stamp_completed(struct worker *worker, const struct request *request, uint64_t done_ns);

#endif
