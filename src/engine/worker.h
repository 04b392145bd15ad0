/* SPDX-License-Identifier: MIT */
/*
 * One worker: a ring, a table of connections, the requests outstanding on them, and the loop that
 * keeps a schedule and reaps what comes back.
 *
 *     launch what is due → submit and wait → reap the batch → fold samples
 *
 * It knows no thread: worker_step runs one turn of the loop, so the engine drives it from a pinned
 * thread and the simulator drives it from a test, against a kernel and a clock of its own.
 *
 * The phases of its life:
 *   ESTABLISHING  opens the connections that are not there, paced; ends when each of these was
 *                 attempted once; with --no-keepalive at once.
 *   READY         keeps the connections alive until the common start is known, which its thread
 *                 sleeps for (worker_waits).
 *   RUNNING       requests become due (open loop) or sessions go round (closed loop).
 *   DRAINING      nothing more becomes due; what is due is still sent and answered.
 *   DONE          what is still open was counted as unsent or in flight. Ends with worker_again:
 *                 until then nothing is looked at, and no figure changes.
 *
 * Owner: the struct is the caller's; memory comes from the arena, which must outlive it and is
 * sealed when the worker becomes ready. Threads: one, but control, ready and stats may be
 * looked at by another. Errors: worker_init with a sentence; later a ring that fails ends the
 * worker with `fault` set, and everything measured so far stays.
 */
#ifndef RINGLOAD_ENGINE_WORKER_H
#define RINGLOAD_ENGINE_WORKER_H

#include "engine/worker_state.h"

/* Bytes the worker takes from its arena. */
size_t worker_memory(const struct plan *plan, size_t index);

/* On the thread that will run it: makes the ring and lays out the memory. */
int worker_init(struct worker *worker, const struct plan *plan, size_t index,
	const struct worker_control *control, struct arena *arena, struct err *err);

/* One turn of the loop; false once the worker is done. */
bool worker_step(struct worker *worker);

/*
 * Whether its next turn can wait until the start or a stop is known, or until worker->tick_ns, when
 * it looks after its connections. Its turns do not wait then, however it paces: the thread sleeps
 * and is told, rather than looking.
 */
bool worker_waits(const struct worker *worker);

/*
 * Of a worker that is done, and without a fault: to another window of the plan as it is now,
 * ESTABLISHING again. All figures begin at zero. Connections stay, but those with a request that
 * was never answered; what else happened to them meanwhile is seen in the turns to come, before
 * the worker is ready. What was learnt stays: the pacing's margin, the way requests leave, the turn
 * of sources, the offset of stamps.
 */
void worker_again(struct worker *worker);

void worker_release(struct worker *worker);

#endif
