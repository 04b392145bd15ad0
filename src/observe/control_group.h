/* SPDX-License-Identifier: MIT */
/*
 * The control group of a server: what it may use, what it does use, and how often it ran into a
 * limit; and the pressure on its tasks.
 *
 * A limit may stand in the group or in any above it; the tightest counts, and usage and events are
 * read where it stands, so that they can be compared with it. Without a limit they are the group's
 * own. Throttling is summed over the groups that have a quota. The root group of a machine limits
 * nothing and counts all there is: what would be read there is left out, but for a container that
 * sees its own group as the root. Both versions are understood, also side by side.
 *
 * Pressure is the group's own (version 2), or else the machine's; `some` of cpu, memory and io: the
 * time in which at least one task waited.
 *
 * Owner: the caller's struct, no resources. Threads: one. Errors: none: what is not there has its
 * flag unset. Cost: control_group_find a few files for each level, control_group_read at most
 * CONTROL_GROUP_LEVELS + 8 files.
 * Sources: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/pids.rst,
 * scheduler/sched-bwc.rst, accounting/psi.rst (Linux).
 */
#ifndef RINGLOAD_OBSERVE_CONTROL_GROUP_H
#define RINGLOAD_OBSERVE_CONTROL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/reading.h"

#define CONTROL_GROUP_LEVELS     8 /* groups with a quota on the way up */
#define CONTROL_GROUP_PATH_BYTES 4160

/* Where a controller keeps its files: "" when there is none. */
struct control_group_place {
	char folder[CONTROL_GROUP_PATH_BYTES];
	bool version_2;
};

struct control_group {
	bool has_quota, has_memory_limit, has_pids_limit;
	double quota_cpus;
	uint64_t memory_limit_bytes, pids_limit;

	bool has_throttled, has_memory, has_high, has_limit_events, has_oom, has_pids;
	bool has_pids_events;
	uint64_t throttled_ns, throttled_periods;
	uint64_t memory_bytes; /* less inactive file cache */
	uint64_t high_events, limit_events, oom_events, oom_kills;
	bool has_oom_kills;
	uint64_t pids, pids_events;

	bool has_pressure, pressure_is_own;
	uint64_t cpu_stall_ns, memory_stall_ns, io_stall_ns;

	/* Its own. */
	struct control_group_place cpu[CONTROL_GROUP_LEVELS], memory, pid_count, unified;
	unsigned int cpu_count;
};

/* The groups and limits of a process. */
void control_group_find(struct control_group *group, struct reading *reading, uint32_t pid);

/* Usage, events and pressure as they are now. */
void control_group_read(struct control_group *group, struct reading *reading);

#endif
