/* SPDX-License-Identifier: MIT */
/*
 * What the kernel side of a run measured, added up: a histogram for each stage a request passes in
 * the server's kernel, the mix of stages in each row of residence, counts, threads, and the slowest
 * requests. The definitions of stages, parts and counts are in ringload/probe_abi.h.
 *
 * This is data and arithmetic: where it comes from is src/probe, what it is called in a result
 * src/result. An interval is the difference of two (stages_subtract), several CPUs the sum.
 *
 * Owner: the struct is the caller's, what it points to its own until stages_release; a zeroed
 * struct is empty and may be released. Threads: one at a time. Errors: memory, from stages_init.
 * Units: nanoseconds; shares are 0 to 1.
 */
#ifndef RINGLOAD_MEASURE_STAGES_H
#define RINGLOAD_MEASURE_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/hist.h"
#include "ringload/probe_abi.h"

struct stages {
	uint64_t count[PROBE_ABI_COUNT];
	struct probe_abi_hist *hist;   /* PROBE_ABI_STAGE_COUNT */
	struct probe_abi_mix *mix;     /* PROBE_ABI_MIX_ROWS */
	struct probe_abi_group *group; /* PROBE_ABI_GROUPS */
};

int stages_init(struct stages *stages, struct err *err);
void stages_release(struct stages *stages);

void stages_clear(struct stages *stages);
void stages_copy(struct stages *to, const struct stages *from);
/* Adds what the CPUs have. They may be counting on meanwhile: a reading may be a request uneven,
 * but no connection is closed in it that was not opened. */
void stages_add(struct stages *stages, const struct probe_abi_cpu *cpus, uint32_t cpu_count);
void stages_subtract(struct stages *later, const struct stages *earlier);

/* "queue_busy", ..., "residence", ...: JSON keys and names for people. NULL above the last. */
const char *stages_key(enum probe_abi_stage stage);
const char *stages_count_key(enum probe_abi_count count);

/* Samples of a stage: of parts, queue, app and app_blocked one for each attributed request, with 0
 * where it spent nothing there. */
uint64_t stages_samples(const struct stages *stages, enum probe_abi_stage stage);

/* 0 without samples. The means of the parts add up to that of attributed requests' residence. */
double stages_mean_ns(const struct stages *stages, enum probe_abi_stage stage);

/* The samples as a histogram (measure/hist.h), whose extremes are the edges of its outermost cells;
 * `cells` is the caller's and must outlive *hist. */
void stages_hist(const struct stages *stages, enum probe_abi_stage stage, struct hist *hist,
	uint64_t cells[PROBE_ABI_CELLS]);

uint64_t stages_middle_ns(unsigned int cell);

/* The middle of the cell in which this share of the samples is reached; 0 without samples. */
uint64_t stages_percentile_ns(
	const struct stages *stages, enum probe_abi_stage stage, double quantile);

/* A range of residence and what it was made of. */
struct stages_mix {
	uint64_t requests, attributed;
	uint64_t from_ns;                   /* its smallest residence: a row's lower edge */
	double share_of_requests;           /* exactly, as rows are not cut */
	double residence_mean_ns;           /* of the attributed */
	double part_share[PROBE_ABI_PARTS]; /* of the residence of the attributed; sums to 1, or 0
					     */
};

/* All requests. */
void stages_mix_all(const struct stages *stages, struct stages_mix *mix);
/* The slowest by residence: the fewest whole rows, from the top, that hold at least `share`. */
void stages_mix_slowest(const struct stages *stages, double share, struct stages_mix *mix);

/*
 * Relative standard error of the mean residence that comes from having sampled connections and not
 * all: connections fall into random groups, and the spread of the groups' means around the mean
 * tells (ratio estimator over random groups: K. Wolter, Introduction to Variance Estimation, 2007,
 * section 2.4). Negative: fewer than two groups have requests, so that nothing can be said.
 */
double stages_error_share(const struct stages *stages);

/* One thread of the server in an interval. */
struct stages_thread {
	uint32_t tid, tgid;
	char name[16];
	bool exited, offloaded;
	uint64_t requests;
	uint64_t wall_ns; /* of the interval in which it was known */
	uint64_t cpu_ns, runq_ns, sleep_ns, disk_ns, stopped_ns;
	uint64_t in_request_ns; /* of the last three, with a request that it has read unanswered */
	uint64_t switches, preempted;
};

#endif
