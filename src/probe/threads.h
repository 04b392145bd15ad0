/* SPDX-License-Identifier: MIT */
/*
 * What each thread of the server did in a window, from the table that the programs keep: the
 * difference of a thread's sums at the window's two ends, with the spell it is in cut at each.
 *
 * A place of the table serves another thread after its user has ended, which a changed generation
 * tells. So the table is looked at often, and what was last seen of a user that is gone counts: of
 * a thread whose place was taken twice between two looks nothing is left, but places are taken in
 * turn, so that takes as many new threads as there are places.
 *
 * Owner: the struct is the caller's, its memory comes at threads_init and goes at threads_release;
 * a zeroed struct may be released. The table is borrowed. Threads: one; the programs write the
 * table meanwhile, and an entry that does not keep still while it is copied is left for the next
 * look. Errors: memory. Limits: of threads that ended, THREADS_ENDED_LIMIT have a row of their own;
 * further ones share one, of thread 0, named "others". Processes above THREADS_PROCESS_LIMIT are
 * not told. Units: nanoseconds of clock.h.
 */
#ifndef RINGLOAD_PROBE_THREADS_H
#define RINGLOAD_PROBE_THREADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/stages.h"
#include "ringload/probe_abi.h"

#define THREADS_ENDED_LIMIT   1024
#define THREADS_PROCESS_LIMIT 256

/* A thread's sums since it was first seen. */
struct threads_seen {
	uint32_t generation; /* 0: nobody was seen in this place */
	struct stages_thread sums;
};

struct threads_place {
	struct threads_seen base; /* as the window began; of another generation: 0 is the base */
	struct threads_seen last;
};

struct threads {
	const struct probe_abi_thread *table;
	uint32_t count; /* of its entries, the first is nobody's */
	uint32_t self;  /* a thread that is left out: the probe's own */
	struct threads_place *places;

	struct stages_thread *rows; /* ended ones first, until threads_end */
	size_t row_count;

	uint32_t processes[THREADS_PROCESS_LIMIT];
	size_t process_count, process_told;
	uint32_t process; /* of a thread that is there; 0: there was none yet */
};

int threads_init(struct threads *threads, const struct probe_abi_thread *table, uint32_t count,
	uint32_t self, struct err *err);
void threads_release(struct threads *threads);

/* Looks at the table. */
void threads_tick(struct threads *threads, uint64_t now_ns);

/* The window begins, or ends; then rows has the threads with requests, most answered first. */
void threads_begin(struct threads *threads, uint64_t now_ns);
void threads_end(struct threads *threads, uint64_t now_ns);

/* CPU time of all of them that were there at the last look, since each was first seen. */
uint64_t threads_cpu_ns(const struct threads *threads);

/* A process not told before, or 0. */
uint32_t threads_new_process(struct threads *threads);

#endif
