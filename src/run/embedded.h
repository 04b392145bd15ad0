/* SPDX-License-Identifier: MIT */
/*
 * The embedded target in this process, for a load that needs nobody else: one worker on the last
 * CPU this process may use, the others left to the load.
 *
 * Owner: the caller's storage; embedded_close ends what embedded_open began; a zeroed struct is not
 * open, and may be closed. Threads: the one that opened it. Errors: those of the target and of its
 * routes. Limits: on a machine of one CPU both sides share it.
 */
#ifndef RINGLOAD_RUN_EMBEDDED_H
#define RINGLOAD_RUN_EMBEDDED_H

#include "base/err.h"
#include "target/route.h"
#include "target/target.h"

#define EMBEDDED_CPUS_BYTES 4096

struct embedded {
	struct target *target;
	struct route_set routes;
	char url[128];
	unsigned int cpu;               /* the target's */
	char cpus[EMBEDDED_CPUS_BYTES]; /* the load's, a list as of --cpus; empty: there is one CPU
					 */
};

/* route: what it does, in the grammar of target/route.h; NULL: answers at once. */
int embedded_open(struct embedded *embedded, const char *route, struct err *err);
void embedded_close(struct embedded *embedded);

#endif
