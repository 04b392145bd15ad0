/* SPDX-License-Identifier: MIT */
/*
 * The CPUs of this machine as the kernel tells of them: which are online, which this process may
 * use, and to which core, package and NUMA node each belongs. Placement decides with it; the result
 * records it.
 *
 * Everything is read from files below a root folder ("/" in production), so that tests can show it
 * other machines:
 *   proc/self/status                             Cpus_allowed_list
 *   sys/devices/system/cpu/online
 *   sys/devices/system/cpu/cpuN/topology/        physical_package_id, core_cpus_list or
 *                                                thread_siblings_list
 *   sys/devices/system/cpu/cpuN/cpufreq/scaling_governor
 *   sys/devices/system/node/online, nodeN/cpulist
 * What is missing is guessed low: no list of online CPUs: those allowed; no allowed ones: all that
 * are online; neither: what sched_getaffinity(2) says; no siblings: each CPU is a core; no nodes:
 * node -1 for every CPU and node_count 0; no package: -1; no governor: "".
 *
 * Owner: topology_release frees the array. Threads: one. Errors: memory, or no CPU that is both
 * online and allowed. Limits: CPULIST_LIMIT CPUs, files of TOPOLOGY_FILE_BYTES.
 * Source: Documentation/ABI/stable/sysfs-devices-system-cpu and -node, proc_pid_status(5).
 */
#ifndef RINGLOAD_PLAN_TOPOLOGY_H
#define RINGLOAD_PLAN_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "plan/cpulist.h"

#define TOPOLOGY_FILE_BYTES     65536U
#define TOPOLOGY_GOVERNOR_BYTES 32

struct topology_cpu {
	unsigned int cpu;
	unsigned int core; /* the lowest CPU number of its core: equal for SMT siblings */
	int package;       /* physical package, or -1 */
	int numa_node;     /* or -1 */
	bool allowed;      /* to this process */
};

struct topology {
	struct topology_cpu *cpus; /* those online, ascending */
	size_t cpu_count;
	size_t node_count; /* online NUMA nodes, with CPUs or without; 0: no such notion */
	struct cpulist online;
	struct cpulist allowed; /* and online */
	/* Of all CPUs online, "mixed" when they differ, "" when there is none. */
	char governor[TOPOLOGY_GOVERNOR_BYTES];
};

int topology_read(struct topology *topology, const char *root, struct err *err);
void topology_release(struct topology *topology);

/* NULL for a CPU that is not online. */
const struct topology_cpu *topology_find(const struct topology *topology, unsigned int cpu);

/* Reads a CPU list after `key` at the start of a line of a status file ("Cpus_allowed_list:"),
 * as the kernel writes for every thread. -ENOENT or -EINVAL without it. */
int topology_status_cpus(const char *path, struct cpulist *cpus);

#endif
