/* SPDX-License-Identifier: MIT */
/*
 * How long an open loop with a number of requests (-n) takes, and which part of them falls to each
 * worker: computed exactly, before the run, from the schedule itself.
 *
 * The measured window then holds exactly plan->requests arrivals and ends where the first one not
 * taken would have come: constant arrivals give N / rate to the nanosecond; Poisson arrivals are
 * replayed, so that the run is the first N arrivals of one process and no worker ends before the
 * others. Where the duration is shorter than that, it stays, and plan->requests becomes what falls
 * into it.
 *
 * Cost: Poisson takes about 20 ns a request, far below the time in which it would be sent.
 * Owner: nothing. Threads: one. Errors: memory.
 */
#ifndef RINGLOAD_PLAN_WINDOW_H
#define RINGLOAD_PLAN_WINDOW_H

#include "base/err.h"
#include "plan/plan.h"

/*
 * Needs rate, arrival, seed, warm-up, duration, requests and the number of workers; sets
 * duration_ns, requests and each worker's requests. Does nothing without has_requests. In a closed
 * loop it only divides the requests: evenly, the first workers take what is left over.
 */
int window_fit(struct plan *plan, struct err *err);

#endif
