/* SPDX-License-Identifier: MIT */
/*
 * From what a run measured to its record.
 *
 * Owner: everything in the input is borrowed for the call; the result holds copies.
 * Threads: one. Errors: memory, as a sentence.
 */
#ifndef RINGLOAD_RESULT_RESULT_BUILD_H
#define RINGLOAD_RESULT_RESULT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/engine.h"
#include "measure/stats.h"
#include "measure/timeline.h"
#include "net/ring.h"
#include "plan/plan.h"
#include "result/result.h"

struct kernel_input;
struct resources_input;

struct result_input_worker {
	const struct stats *stats; /* its block at the end, after the drain */
	struct engine_worker_info info;
	/* It was runnable without running, start to end of the window; from schedstat. */
	uint64_t run_delay_ns;
	bool has_steal; /* from /proc/stat, its CPU, start to end of the window */
	uint64_t steal_ns;
	bool has_throttled; /* from cpu.stat of its control group */
	uint64_t throttled_ns;
};

struct result_input {
	const char *tool_version;
	const char *const *command; /* argv, as typed */
	size_t command_count;
	uint64_t started_wall_ns; /* clock_wall_ns at the start */
	const struct plan *plan;  /* its seed is the run's */

	const char *kernel_release; /* as uname tells it */
	uint64_t cpus, numa_nodes;
	const char *governor;                        /* NULL: not readable; the reason beside it */
	const char *governor_reason;                 /* NULL: a general one */
	const char *steal_reason, *throttled_reason; /* for has_… = false; NULL: a general one */
	struct ring_features ring_features;

	uint64_t start_ns;              /* clock.h: the common start of the workers */
	const uint32_t *address_counts; /* engine_address_counts; one per address of the plan */
	const struct address_counters *address_stats; /* engine_address_stats; the same */
	const struct stats *merged;                   /* the sum of the workers' blocks */
	const struct result_input_worker *workers;    /* one per worker of the plan */
	const struct timeline *timeline;
	bool interrupted;
	const struct result_abort *aborted; /* NULL: it was not; its text is copied */
	const char *fault;                  /* engine_fault */

	const struct kernel_input *kernel;       /* NULL: not measured, for kernel_reason */
	const char *kernel_reason;               /* NULL: a general one */
	const struct resources_input *resources; /* NULL: nobody asked for them */
	const char *const *notes;                /* lines worth keeping, as an address left out */
	size_t note_count;
};

/*
 * Fills *result, which needs no initialisation; `complete` stays false, validity and thresholds
 * stay empty. Returns 0 or -ENOMEM, with the struct released.
 *
 * The measured window that rates divide by: duration of the plan; with a number of requests the
 * time these take on the schedule (constant arrivals) or until the last became due; cut at the stop
 * when interrupted or aborted.
 */
int result_build(struct result *result, const struct result_input *input, struct err *err);

#endif
