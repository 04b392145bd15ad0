/* SPDX-License-Identifier: MIT */
/*
 * From one phase of a worker's life to the next (enum worker_phase): the start, the end of the
 * window, a stop, the end of the drain.
 *
 * Owner: nothing. Threads: the worker's. Errors: none.
 */
#ifndef RINGLOAD_ENGINE_PHASE_H
#define RINGLOAD_ENGINE_PHASE_H

#include "engine/worker_state.h"

/* Whether nothing is to be done until the start is known, but now and then to look after the
 * connections. One that is being made is waited for: how long that takes is measured. */
static inline bool phase_awaits_start(const struct worker *worker)
{
	return worker->phase == WORKER_READY && worker->start_ns == UINT64_MAX &&
	       index_list_empty(&worker->lists[CONN_LISTED_CONNECTING]);
}

/* Moves on as far as the time and the control say. */
void phase_advance(struct worker *worker);

/* Ends the worker as it stands: what is open is counted as unsent or in flight. */
void phase_finish(struct worker *worker);

#endif
