/* SPDX-License-Identifier: MIT */
/*
 * What this machine's generator is measured against: the in-kernel null server in a network
 * namespace of its own, or, without the rights for it, the embedded target in this process.
 *
 * The namespace is the calling thread's until bed_close, and that of all threads it starts
 * meanwhile, as a load's workers are; the process's other threads stay where they were. It has no
 * name: a kill -9 leaves nothing.
 *
 * Owner: the caller's storage. Threads: open and close on the same one. Errors: those of the
 * embedded target; that the null server cannot be had is none, but `obstacle`.
 */
#ifndef RINGLOAD_SEARCH_BED_H
#define RINGLOAD_SEARCH_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lab/netns.h"
#include "lab/null_server.h"
#include "run/embedded.h"

struct bed {
	const char *url;
	const char *cpus; /* the load's, as --cpus; NULL: any */
	/* The load's: as many as a run takes for a target elsewhere; one against one CPU's target,
	 * as more would wait for it and cost CPU time all the same. */
	uint32_t workers;
	bool embedded;
	char obstacle[ERR_TEXT_BYTES]; /* why not the null server; "": it is */
	struct netns netns;
	struct null_server server;
	struct embedded target;
};

int bed_open(struct bed *bed, struct err *err);
void bed_close(struct bed *bed);

#endif
