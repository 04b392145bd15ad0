/* SPDX-License-Identifier: MIT */
/*
 * Goes over the TCP connections of network namespaces with the program walk_tcp: at the start, so
 * that connections that are there already are followed too; at the end of a window, to see which
 * requests are still open.
 *
 * Owner: the struct is the caller's, its descriptors go with walk_release; a zeroed struct walks in
 * the caller's own namespace and may be released. Threads: the calling one is in the other
 * namespace for the time of the walk. Errors: a sentence; entering another namespace needs
 * CAP_SYS_ADMIN.
 */
#ifndef RINGLOAD_PROBE_WALK_H
#define RINGLOAD_PROBE_WALK_H

#include "base/buf.h"
#include "base/err.h"
#include "loader/loader.h"
#include "probe/probe.h"

struct walk {
	bool only; /* not in the caller's own */
	int *netns_fds;
	size_t count;
};

/* By the options' namespaces. Of those that are only to be looked in, one that is gone is left out.
 */
int walk_init(struct walk *walk, const struct probe_options *options, struct err *err);
void walk_release(struct walk *walk);

int walk_seed(const struct walk *walk, struct loader *loader, struct probe_abi_control *control,
	struct err *err);

/* Requests open at now_ns (clock.h). */
int walk_open_requests(const struct walk *walk, struct loader *loader,
	struct probe_abi_control *control, uint64_t now_ns, struct probe_open_requests *open,
	struct err *err);

#endif
