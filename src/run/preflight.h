/* SPDX-License-Identifier: MIT */
/*
 * What is asked before a load is started, so that a run that cannot work ends at once with the
 * reason: does it fit into memory, may this process open as many files, are there as many local
 * ports, does anything accept at the target.
 *
 * Owner: borrows everything. Threads: one, before the engine is opened. Errors: ERR_ENVIRONMENT for
 * memory, files and ports, ERR_TARGET when no address accepts.
 */
#ifndef RINGLOAD_RUN_PREFLIGHT_H
#define RINGLOAD_RUN_PREFLIGHT_H

#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"
#include "run/notes.h"

/*
 * Kernel memory of a connection, for information: about 3.2 KiB of slab for a TCP socket and 256 B
 * for its armed receive (measured on 6.18).
 */
#define PREFLIGHT_SOCKET_BYTES 3533

/* The collector keeps a copy, the sum and the previous sum of all statistics (measure/timeline.h).
 */
#define PREFLIGHT_COLLECTOR_BLOCKS 3

/* Of the one copy of a large request; 0 for others, which are in the arenas. */
uint64_t preflight_request_bytes(const struct plan *plan);

/* Memory of the whole process in user space: the workers' arenas, a large request and the
 * collector's copies. */
uint64_t preflight_memory_bytes(struct plan *plan);

/* Refuses a run above the scenario's memory limit. */
int preflight_memory(struct plan *plan, struct err *err);

/*
 * The limit of open files this plan needs: a ring's table of sockets may have at most as many slots
 * as RLIMIT_NOFILE (io_uring_register(2), EMFILE), and the process needs some descriptors itself.
 */
uint64_t preflight_files_needed(const struct plan *plan);

/* Raises the soft limit to the hard one; refuses when that is not enough. */
int preflight_files(const struct plan *plan, struct err *err);

/* Refuses a run that cannot have its connections open at once (plan/ports.h). */
int preflight_ports(const struct plan *plan, struct err *err);

/*
 * Tries every address once, for at most the request timeout. Those that refuse are taken out of the
 * plan with a note; when none is left the run cannot begin.
 */
int preflight_addresses(struct plan *plan, struct notes *notes, struct err *err);

#endif
