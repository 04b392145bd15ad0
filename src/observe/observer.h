/* SPDX-License-Identifier: MIT */
/*
 * A server, watched: its processes, its control group and its network namespace, as one sample of
 * figures at a time (measure/resources.h).
 *
 * The caller says which processes the server is; all their descendants belong to it, now and later.
 * Group and namespace are those of the member that began first. Figures count from observer_adopt
 * on: what was used before is in none of them, what a process used until it ended is.
 *
 * Owner: the struct is the caller's (large: not for a stack of a thread), what it points to its own
 * until observer_close; a zeroed struct may be closed. Threads: one, and none of the workers'.
 * Errors: memory. What may not be read is left out of the samples, and observer_..._reason says
 * why. Cost: bounded, see members.h and control_group.h; about a dozen system calls a sample for a
 * server of one process, and for each further one at most five. It opens at most 3 × MEMBERS_KEPT
 * files for good.
 */
#ifndef RINGLOAD_OBSERVE_OBSERVER_H
#define RINGLOAD_OBSERVE_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/resources.h"
#include "observe/control_group.h"
#include "observe/members.h"
#include "observe/reading.h"

#define OBSERVER_FILES (3 * MEMBERS_KEPT)

/* The proportional memory is read once, at the end, and only of servers up to this. */
#define OBSERVER_PSS_PROCESSES 32
#define OBSERVER_PSS_BYTES     (UINT64_C(1) << 30)

/* Limits as they were at the last sample; 0: there is none, or it is not known. */
struct observer_limits {
	double cpus;       /* that the server may use: its mask and its quota together */
	double quota_cpus; /* the quota alone */
	uint64_t memory_bytes, open_files, pids;
};

/* A process of the server. */
struct observer_process {
	uint32_t pid, threads;
	const char *name;
	bool first, ended; /* first: it was there when the watching began */
	uint64_t cpu_ns;   /* since then */
};

/* A counter that may begin anew, as that of another group. */
struct observer_gain {
	uint64_t last, total;
	bool valid;
};

struct observer {
	struct reading reading;
	struct members members;
	struct control_group group;
	struct observer_limits limits;
	bool pressure_is_own; /* of the group; else of the machine */
	uint64_t samples;

	/* Its own. */
	struct observer_gain gains[RESOURCES_COUNTER_COUNT];
	uint64_t counters, levels; /* known at the last sample */
	uint32_t leader;           /* whose group and namespace are read */
	unsigned int online_cpus;
	uint64_t ns_per_tick, page_bytes;
	bool has_delay;
};

/* root: "/" or a test's folder. since_ticks: as members_init; self: this process. */
void observer_open(
	struct observer *observer, const char *root, uint64_t since_ticks, uint32_t self);

/* Processes that the server is, beside those it is already. 0 or -ENOMEM. */
int observer_adopt(struct observer *observer, const uint32_t *pids, size_t count);

/* at_ns: the tick; read_ns is the caller's to set. 0 or -ENOMEM, with the sample lost. */
int observer_sample(struct observer *observer, uint64_t at_ns, struct resources_sample *sample);

/* Memory with that of shared pages divided among those who share it; false, with *reason. */
bool observer_pss(struct observer *observer, uint64_t *bytes, const char **reason);

/* Why a figure is not known. */
const char *observer_counter_reason(
	const struct observer *observer, enum resources_counter counter);
const char *observer_level_reason(const struct observer *observer, enum resources_level level);

/* Most CPU time first; returns how many were stored. Names live until the next sample. */
size_t observer_processes(
	const struct observer *observer, struct observer_process *processes, size_t limit);

void observer_close(struct observer *observer);

#endif
