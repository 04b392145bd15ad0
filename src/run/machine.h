/* SPDX-License-Identifier: MIT */
/*
 * What the machine says about itself, for the record and for validity: kernel, CPUs, governor, and
 * time that the hypervisor and other threads took from the workers.
 *
 * Everything is read below a root folder ("/" in earnest), so that tests can bring their own
 * machine. What cannot be read is absent with a reason, never a failure.
 *
 * Sources: proc_stat(5), Documentation/scheduler/sched-stats.rst (schedstat),
 * Documentation/admin-guide/pm/cpufreq.rst. Owner: the caller's storage; reasons are constant
 * strings. Threads: any. Errors: none.
 */
#ifndef RINGLOAD_RUN_MACHINE_H
#define RINGLOAD_RUN_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/topology.h"

struct machine {
	char kernel[128];          /* uname release */
	uint64_t cpus, numa_nodes; /* CPUs online */
	bool has_governor;
	char governor[TOPOLOGY_GOVERNOR_BYTES]; /* "mixed" when the CPUs differ */
	const char *governor_reason;
};

void machine_read(struct machine *machine, const char *root);

/*
 * Time the hypervisor has taken from each of these CPUs since boot. False, with *reason, when
 * /proc/stat does not tell of one of them.
 */
bool machine_steal(const char *root, const unsigned int *cpus, size_t cpu_count, uint64_t *steal_ns,
	const char **reason);

/* Time a thread of this process was runnable without running, since it began; 0 when it is gone. */
uint64_t machine_run_delay(const char *root, int tid);

#endif
