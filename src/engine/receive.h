/* SPDX-License-Identifier: MIT */
/*
 * What came back: takes completions off the ring and turns received bytes into outcomes.
 *
 * Bytes are parsed where the kernel put them; every provided buffer goes back before the next
 * completion is looked at.
 *
 * Owner: nothing. Threads: the worker's. Errors: what the kernel or the peer did wrong is an
 * outcome of a request, or a count of a connection.
 */
#ifndef RINGLOAD_ENGINE_RECEIVE_H
#define RINGLOAD_ENGINE_RECEIVE_H

#include "engine/worker_state.h"

/* Handles one completion; worker->now_ns is the time it was seen. */
void receive_completion(struct worker *worker, const struct ring_completion *completion);

#endif
