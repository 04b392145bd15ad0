/* SPDX-License-Identifier: MIT */
/*
 * Watches a running engine: once in an interval it copies the workers' statistics, adds them up,
 * keeps the difference in the timeline and shows it. Intervals also end where warm-up and window
 * end, so that none of them belongs to two phases. With each of them the server's resources are
 * read. The kernel's side of the run is kept going in between, and ends with the window. Where a
 * breach was watched for and found, the window is ended there, as the first Ctrl-C would.
 *
 * Owner: the struct is the caller's, what it points to its own until collector_release; plan,
 * engine, attribution and observation must outlive it. Threads: the one that opened the engine.
 * Errors: memory, at collector_init; an interval that later finds no memory is lost and noted.
 */
#ifndef RINGLOAD_RUN_COLLECTOR_H
#define RINGLOAD_RUN_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "engine/engine.h"
#include "measure/stats.h"
#include "measure/timeline.h"
#include "plan/plan.h"
#include "run/attribution.h"
#include "run/lookout.h"
#include "run/notes.h"
#include "run/observation.h"
#include "run/progress.h"

/* At least as long as an interval is; and what a run has. */
#define COLLECTOR_LEAST_NS    (50 * NS_PER_MS)
#define COLLECTOR_INTERVAL_NS NS_PER_S

/* Time taken from the workers by others, at one moment. */
struct collector_losses {
	bool has_steal, has_throttled;
	const char *steal_reason, *throttled_reason;
	uint64_t *steal_ns;     /* one a worker */
	uint64_t *run_delay_ns; /* one a worker */
	uint64_t throttled_ns;
};

struct collector {
	const struct plan *plan;
	struct progress *progress;
	struct notes *notes;
	struct attribution *attribution;
	struct observation *observation;
	struct lookout lookout; /* for a breach; zeroed unless the caller makes it */
	struct timeline timeline;
	struct stats *merged; /* the sum of all workers, as of the last look */
	struct stats *copy;
	struct health_counters *health; /* one a worker */
	unsigned int *cpus;             /* one a worker */
	struct collector_losses before, after;
	uint64_t start_ns; /* clock.h */
	uint64_t interval_ns;
	uint64_t last_ns;    /* the end of the last interval, as it was */
	uint64_t planned_ns; /* the same as it was planned: ends do not drift */
	uint64_t shown_ns;   /* when the live line was last written */
	uint64_t window_ns;  /* the end of the window, since the start; UINT64_MAX: not known */
	unsigned int interrupts_told;
	bool interval_lost;
};

int collector_init(struct collector *collector, const struct plan *plan, struct progress *progress,
	struct notes *notes, struct attribution *attribution, struct observation *observation,
	struct err *err);

/*
 * Moves the calling thread to the CPUs it may use and no worker has; leaves it where it is when
 * there is none.
 */
void collector_make_room(const struct collector *collector);

/* Watches from start_ns (given to engine_start before) until the workers have ended. */
void collector_run(struct collector *collector, struct engine *engine, uint64_t start_ns,
	uint64_t interval_ns);

/* Time lost by a worker between the start and the end of the window. */
uint64_t collector_steal_ns(const struct collector *collector, size_t worker);
uint64_t collector_run_delay_ns(const struct collector *collector, size_t worker);
uint64_t collector_throttled_ns(const struct collector *collector);

void collector_release(struct collector *collector);

#endif
