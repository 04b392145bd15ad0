/* SPDX-License-Identifier: MIT */
/*
 * Where the server is whose kernel is to be looked into: on this machine at all, by which process,
 * in which network namespace.
 *
 * A port is often taken in many namespaces of one machine (containers), so that the one that has
 * the target's address is looked for. Where something stands between (another port was given, a
 * translated address) no namespace is certain, and none is told.
 *
 * Owner: the caller's struct. Threads: any. Errors: none: what cannot be read is not known. Cost: a
 * walk over /proc for each port.
 */
#ifndef RINGLOAD_RUN_WHEREABOUTS_H
#define RINGLOAD_RUN_WHEREABOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "plan/plan.h"
#include "probe/probe.h"

/* Namespaces that are looked through for connections. */
#define WHEREABOUTS_NETNS_LIMIT 64
/* Processes of the server that are told one by one. */
#define WHEREABOUTS_HOLDER_LIMIT 256

struct whereabouts {
	struct probe_options probe; /* as asked, with ports and, where it is certain, netns */
	bool is_unix;               /* the target is a unix socket, and no ports were given */
	bool listens;      /* a process of this machine listens on one of the ports, or there */
	bool on_this_host; /* the target has an address of this namespace */
	uint32_t pid;      /* a process of the server; 0: not known */
	/* All that hold a socket it may be, and are in probe.cgroup where one was asked for; none
	 * with probe.pid. */
	uint32_t holders[WHEREABOUTS_HOLDER_LIMIT];
	size_t holder_count;
	char netns[64]; /* what probe.netns points to when it was found here */
	/* What probe.look_netns points to otherwise: where else a process listens. */
	char look[WHEREABOUTS_NETNS_LIMIT][64];
	const char *look_paths[WHEREABOUTS_NETNS_LIMIT];
};

/*
 * plan: of the target; without ports in the options it is the target's. NULL: there is none, and
 * the options have ports.
 */
void whereabouts_find(struct whereabouts *whereabouts, const struct plan *plan,
	const struct probe_options *options);

/* Whether all processes that were found are still there; false, too, where one of this machine may
 * have come meanwhile. Cheap, as it does not look for others. */
bool whereabouts_stands(const struct whereabouts *whereabouts);

/* Why nothing can be measured there. False: nothing known is in the way. */
bool whereabouts_obstacle(const struct whereabouts *whereabouts, struct buf *reason);

#endif
