/* SPDX-License-Identifier: MIT */
/*
 * What a server used of its machine, second by second: counters (CPU time, faults, bytes) as what
 * they gained in each interval, levels (memory, open files) as they stood at its end.
 *
 * The collector adds a sample at each tick, at the same ticks as the timeline, and neighbours are
 * merged as there (timeline.h), so that both have the same intervals. Nothing here knows where a
 * figure comes from: that is src/observe.
 *
 * Owner: the struct is the caller's, what it points to its own until resources_release; a zeroed
 * struct is empty. Threads: one at a time. Errors: memory only; the interval is lost then.
 * Units: in the keys; times in ns since the start of the run.
 * Source of the trend: ordinary least squares; its error is the half width of the 95 % interval of
 * the slope, 1.96 standard errors, taking the samples for independent, and p comes from the same.
 * Beside it the robust one of trend.h, through means of neighbouring samples where there are more
 * than it takes: of two hours, and longer, of a minute and more.
 */
#ifndef RINGLOAD_MEASURE_RESOURCES_H
#define RINGLOAD_MEASURE_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESOURCES_MAX_INTERVALS 3600

enum resources_counter {
	RESOURCES_CPU_NS, /* user and system */
	RESOURCES_CPU_USER_NS,
	RESOURCES_CPU_SYSTEM_NS,
	RESOURCES_MINOR_FAULTS,
	RESOURCES_MAJOR_FAULTS,
	RESOURCES_VOLUNTARY_SWITCHES,
	RESOURCES_INVOLUNTARY_SWITCHES,
	RESOURCES_DISK_READ_BYTES,
	RESOURCES_DISK_WRITTEN_BYTES,
	RESOURCES_DISK_DELAY_NS,
	RESOURCES_NETWORK_RECEIVED_BYTES, /* all interfaces of the namespace but lo */
	RESOURCES_NETWORK_SENT_BYTES,
	RESOURCES_NETWORK_RECEIVED_PACKETS,
	RESOURCES_NETWORK_SENT_PACKETS,
	RESOURCES_LOOPBACK_BYTES,
	RESOURCES_LOOPBACK_PACKETS,
	RESOURCES_THROTTLED_NS, /* from here on of the control group */
	RESOURCES_THROTTLED_PERIODS,
	RESOURCES_MEMORY_HIGH_EVENTS,
	RESOURCES_MEMORY_LIMIT_EVENTS,
	RESOURCES_OOM_EVENTS,
	RESOURCES_OOM_KILLS,
	RESOURCES_PIDS_LIMIT_EVENTS,
	RESOURCES_CPU_STALL_NS, /* pressure: some task waited */
	RESOURCES_MEMORY_STALL_NS,
	RESOURCES_IO_STALL_NS,
	RESOURCES_STARTED, /* processes */
	RESOURCES_EXITED,
	RESOURCES_RESTARTS,
	RESOURCES_COUNTER_COUNT
};

enum resources_level {
	RESOURCES_RSS_BYTES,
	RESOURCES_SWAP_BYTES,
	RESOURCES_OPEN_FILES,
	RESOURCES_OPEN_FILES_SHARE, /* of its limit, of the process nearest to it */
	RESOURCES_THREADS,
	RESOURCES_PROCESSES,
	RESOURCES_GROUP_MEMORY_BYTES,
	RESOURCES_GROUP_PIDS,
	RESOURCES_LEVEL_COUNT
};

/* Sets of the above, as bits. */
#define RESOURCES_HAS(set, figure) (((set) >> (figure)) & 1U)
#define RESOURCES_BIT(figure)      (UINT64_C(1) << (figure))

struct resources_sample {
	uint64_t at_ns;   /* the tick */
	uint64_t read_ns; /* when it was really read */
	uint64_t counters, levels;
	uint64_t counter[RESOURCES_COUNTER_COUNT]; /* since whenever: differences count */
	double level[RESOURCES_LEVEL_COUNT];
};

struct resources_interval {
	uint64_t begin_ns, end_ns; /* ticks */
	uint64_t length_ns;        /* between the readings */
	uint64_t counters, levels; /* which are known */
	uint64_t counter_ns[RESOURCES_COUNTER_COUNT],
		level_ns[RESOURCES_LEVEL_COUNT]; /* how long */
	uint64_t count[RESOURCES_COUNTER_COUNT];
	double per_s[RESOURCES_COUNTER_COUNT];      /* mean over the time it is known of */
	double peak_per_s[RESOURCES_COUNTER_COUNT]; /* of the readings at least half a second apart
						     */
	double mean[RESOURCES_LEVEL_COUNT], max[RESOURCES_LEVEL_COUNT];
};

struct resources {
	struct resources_interval *intervals;
	size_t interval_count;

	/* Its own. */
	struct resources_sample previous;
	bool has_previous;
	size_t interval_room;
	size_t ticks_per_interval; /* 1, 2, 4, ...; 0: none was added yet */
	size_t ticks_in_last;
};

void resources_release(struct resources *resources);

/* The first sample begins the first interval. 0 or -ENOMEM. A counter that went back gained 0. */
int resources_add(struct resources *resources, const struct resources_sample *sample);

/*
 * All intervals that began in [begin_ns, end_ns) as one; false when there is none. A figure that
 * only some of them know is of these.
 */
bool resources_fold(const struct resources *resources, uint64_t begin_ns, uint64_t end_ns,
	struct resources_interval *sum);

struct resources_trend {
	size_t samples;
	uint64_t span_ns;                /* from the first to the last */
	double per_hour, error_per_hour; /* error: half of the 95 % interval */
	double r_squared;                /* 0 to 1: how much of the variance the line explains */
	double share;                    /* gained along the line, of what it began with */
	double p;                        /* that a line as steep comes from noise; two-sided */
	double robust_per_hour, robust_p;
};

/* The line through a level's means in [begin_ns, end_ns). With fewer than 3 it is all 0. */
struct resources_trend resources_trend(const struct resources *resources,
	enum resources_level level, uint64_t begin_ns, uint64_t end_ns);

/* JSON keys, with the unit: "cpu_user_ns", "rss_bytes"; NULL above the last. */
const char *resources_counter_key(enum resources_counter counter);
const char *resources_level_key(enum resources_level level);

#endif
