/* SPDX-License-Identifier: MIT */
/*
 * How much of a CPU a busy worker gets here, measured: a thread on each CPU reads the clock without
 * a pause, and whatever lies between two readings was taken from it, by the hypervisor, by
 * interrupts, or by other threads.
 *
 * Owner: the caller's struct. Threads: starts and ends its own, one a CPU, at the usual priority,
 * as workers have. Errors: none: what was not measured has a reason.
 * Sources: proc_stat(5) for steal; Documentation/scheduler/sched-stats.rst (schedstat of a thread:
 * time on the CPU, time in the run queue).
 */
#ifndef RINGLOAD_DOCTOR_SPIN_H
#define RINGLOAD_DOCTOR_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/cpulist.h"

#define SPIN_CPU_LIMIT 64 /* more CPUs than these are not looked at */

/* A gap this long is no work of the loop's own. */
#define SPIN_GAP_NS 5000

struct spin {
	const char *reason; /* why nothing was measured; NULL: it was */
	unsigned int cpu_count;
	uint64_t wall_ns;         /* of all CPUs together */
	uint64_t longest_ns;      /* the longest gap */
	unsigned int longest_cpu; /* where it was */
	uint64_t kept_ns;         /* all gaps */
	bool has_queued, has_steal;
	uint64_t queued_ns; /* of them, waiting behind other threads in the run queue */
	uint64_t steal_ns;  /* what the hypervisor says it took meanwhile */
};

/* On these CPUs for this long. root: where proc/stat is read. */
void spin_measure(
	struct spin *spin, const char *root, const struct cpulist *cpus, uint64_t duration_ns);

#endif
