/* SPDX-License-Identifier: MIT */
/*
 * What the server used of its machine, as a record has it: the block "resources" of
 * ringload.result/1, and the member "resources" of each interval of its timeline.
 *
 * In JSON, in this order:
 *
 *   status "measured" | "not_measured", reason (null when measured), and when measured:
 *   seconds, cpu{mean, max, mean_share, max_share},
 *   limits{cpus, quota_cpus, memory_bytes, open_files, pids},
 *   counters{key: {count, per_s, max_per_s}}, levels{key: {mean, max}}, pss_bytes,
 *   memory_growth{bytes_per_hour, error_bytes_per_hour, r_squared, seconds, samples,
 *   share, p, robust_bytes_per_hour, robust_p},
 *   pressure_of "group" | "machine", processes[]{pid, name, threads, began, ended, cpu_ns},
 *   not_measured{}
 *
 * All figures are of the measured window, of all processes of the server together. What is null has
 * its reason in "not_measured"; limits that are null are none. Keys of counters and levels are
 * those of measure/resources.h, definitions in docs/measurement.md.
 * - cpu: CPUs kept busy, and their share of limits.cpus, which is what the server may use.
 * - max: of the readings, a second apart.
 * - memory_growth: of rss_bytes; error is half of the 95 % interval. Share: of what the window
 *   began with. Records of before these tests have none of the last four.
 * - processes[]: most CPU time first; began: within the run; ended: and in the end it was gone.
 * In the timeline: {key: gained in the interval, ..., key: mean level, ...}, or null.
 *
 * Owner: all of it belongs to the struct until result_resources_release; a zeroed struct is "not
 * measured" without a reason. Threads: one at a time. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_RESULT_RESOURCES_H
#define RINGLOAD_RESULT_RESULT_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/resources.h"

/* Rows of `processes`. */
#define RESULT_RESOURCES_PROCESSES 32

struct result_resources_counter {
	bool known;
	uint64_t count;
	double per_s, max_per_s;
	char *reason; /* when it is not known */
};

struct result_resources_level {
	bool known;
	double mean, max;
	char *reason; /* when it is not known */
};

struct result_resources_process {
	uint32_t pid, threads;
	char *name;
	bool began, ended;
	uint64_t cpu_ns;
};

struct result_resources {
	bool measured;
	char *reason; /* when not */
	double seconds;
	struct {
		double mean, max; /* CPUs */
		bool has_share;
		double mean_share, max_share; /* of limits.cpus; more than 1 is rounding */
	} cpu;
	struct {
		double cpus, quota_cpus; /* 0: none is known */
		uint64_t memory_bytes, open_files, pids;
	} limits;
	struct result_resources_counter counters[RESOURCES_COUNTER_COUNT];
	struct result_resources_level levels[RESOURCES_LEVEL_COUNT];
	bool has_pss;
	uint64_t pss_bytes; /* at the end of the window */
	char *pss_reason;
	struct {
		bool known;
		double bytes_per_hour, error_bytes_per_hour, r_squared, seconds;
		uint64_t samples;
		bool tested;
		double share, p, robust_bytes_per_hour, robust_p;
		char *reason;
	} growth;
	bool pressure_is_own; /* of the control group; else of the machine */
	struct result_resources_process *processes;
	size_t process_count;
};

/* In an interval of the timeline. */
struct result_interval_resources {
	bool measured;
	uint64_t counters, levels; /* which are known */
	uint64_t count[RESOURCES_COUNTER_COUNT];
	double level[RESOURCES_LEVEL_COUNT];
};

void result_resources_release(struct result_resources *resources);

#endif
