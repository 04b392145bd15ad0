/* SPDX-License-Identifier: MIT */
/*
 * A run that never took place: plan, statistics and timeline as a real one leaves them, for tests
 * of whatever comes after a run. It is healthy until a test makes it ill.
 *
 * sample_init gives an open loop of 1,000 requests a second on two workers, 1 s of warm-up and 10 s
 * measured; sample_serve fills in requests that all went well; a test changes what it is about;
 * sample_build makes the record, verdict included.
 *
 * Owner: the struct is the caller's; sample_release frees what it holds. Errors: asserted.
 */
#ifndef TESTS_UNIT_SAMPLE_H
#define TESTS_UNIT_SAMPLE_H

#include "measure/stats.h"
#include "measure/timeline.h"
#include "plan/plan.h"
#include "result/result_build.h"

#define SAMPLE_WORKERS    2
#define SAMPLE_LONGEST_NS 20000000000ULL
#define SAMPLE_START_NS   5000000000ULL /* clock.h at the start of the run */

struct sample {
	struct plan plan;
	struct plan_address addresses[2];
	struct plan_worker plan_workers[SAMPLE_WORKERS];
	uint32_t address_counts[2];
	struct address_counters address_stats[2];
	const char *command[4];
	const char *notes[2];
	struct stats *stats[SAMPLE_WORKERS];
	struct stats *merged;
	struct timeline timeline;
	struct result_input_worker workers[SAMPLE_WORKERS];
	struct result_input input;
	uint64_t random;
};

void sample_init(struct sample *sample);
void sample_release(struct sample *sample);

/* Of a test: *state is a sample of its own. */
int sample_setup(void **state);
int sample_teardown(void **state);

/* A closed loop of 64 connections instead. */
void sample_close_loop(struct sample *sample);

/* With --rx-timestamps: one response in 100 has no stamp. Before anything is served. */
void sample_stamp(struct sample *sample);

/* Requests due in one second of the run, answered with 200 about a millisecond after, recorded as
 * one tick of the timeline. busy: share of that second each worker was busy. */
void sample_second(struct sample *sample, uint64_t requests, double busy);

/* The whole schedule: sample_second for each second of warm-up and window. */
void sample_serve(struct sample *sample);

/* One request of worker 0 in the measured phase that ended as `outcome` after age_ns: a status code
 * for COUNTER_OUTCOME_…; for drops it is never sent. */
void sample_request(
	struct sample *sample, enum counter outcome, unsigned int status, uint64_t age_ns);

/* Merges the workers, builds the record, judges validity and stability, and marks it complete. */
void sample_build(struct sample *sample, struct result *result);

#endif
