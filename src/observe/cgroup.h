/* SPDX-License-Identifier: MIT */
/*
 * What CPU quotas have taken from a process: cpu.stat of its control group and of all above it, as
 * a quota anywhere on the way up stops the process; and whether it is in a group at all.
 *
 * It reads procfs and cgroupfs below a root folder that tests replace: hierarchies of version 2
 * where the CPU controller is there, else of version 1.
 *
 * Owner: the caller's struct; reasons are constant strings. Threads: any. Errors: none; what cannot
 * be read is absent with a reason.
 * Sources: cgroups(7); Documentation/admin-guide/cgroup-v2.rst (throttled_usec, nr_throttled);
 * Documentation/scheduler/sched-bwc.rst (version 1: throttled_time, in nanoseconds).
 */
#ifndef RINGLOAD_OBSERVE_CGROUP_H
#define RINGLOAD_OBSERVE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_throttling {
	uint64_t throttled_ns; /* so far, summed over CPUs */
	uint64_t periods;      /* in which there was some */
};

/*
 * Whether a process is in this group of version 2, or below it. group: below where these are
 * mounted
 * ("system.slice/nginx.service"), or with that before. True also where that cannot be told.
 */
bool cgroup_holds(const char *root, const char *group, uint32_t pid);

/* pid 0: the calling process. False, with *reason, when no control group tells. */
bool cgroup_throttling(
	struct cgroup_throttling *throttling, const char *root, uint32_t pid, const char **reason);

#endif
