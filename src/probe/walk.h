/* SPDX-License-Identifier: MIT */
/*
 * Goes over the TCP connections of a network namespace with the program walk_tcp: at the start, so
 * that connections that are there already are followed too; at the end of a window, to see which
 * requests are still open.
 *
 * Owner: nothing is kept. Threads: the calling one is in the other namespace for the time of the
 * walk. Errors: a sentence; entering another namespace needs CAP_SYS_ADMIN.
 */
#ifndef RINGLOAD_PROBE_WALK_H
#define RINGLOAD_PROBE_WALK_H

#include "base/buf.h"
#include "base/err.h"
#include "loader/loader.h"
#include "probe/probe.h"

/* netns_fd: the namespace to walk in; negative: the caller's own. */
int walk_seed(
	struct loader *loader, struct probe_abi_control *control, int netns_fd, struct err *err);

/* Requests open at now_ns (clock.h). */
int walk_open_requests(struct loader *loader, struct probe_abi_control *control, int netns_fd,
	uint64_t now_ns, struct probe_open_requests *open, struct err *err);

#endif
