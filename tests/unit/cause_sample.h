/* SPDX-License-Identifier: MIT */
/*
 * A search that never took place, for tests of what is made of it: trials at 1,000, 4,000 and 5,000
 * requests a second, of which the last failed, with a server of one thread on two CPUs that is in
 * good health in all of them: nothing gave way, until a test makes it ill.
 *
 * Owner: the struct is the caller's and must stay where it is; cause_sample_release frees what it
 * holds. Errors: asserted.
 */
#ifndef TESTS_UNIT_CAUSE_SAMPLE_H
#define TESTS_UNIT_CAUSE_SAMPLE_H

#include "result/search_record.h"
#include "tests/unit/kernel_sample.h"

#define CAUSE_SAMPLE_TRIALS    8
#define CAUSE_SAMPLE_INTERVALS 50 /* of a trial, 100 ms each */
#define CAUSE_SAMPLE_SECONDS   5.0

/* Their places in trials. */
enum { CAUSE_SAMPLE_BASE, CAUSE_SAMPLE_LOWER, CAUSE_SAMPLE_BROKEN };

struct cause_sample {
	struct search_record record;
	struct search_trial trials[CAUSE_SAMPLE_TRIALS];
	struct result_interval intervals[CAUSE_SAMPLE_TRIALS][CAUSE_SAMPLE_INTERVALS + 1];
	struct result_threshold threshold;
	/* Of the three trials. */
	struct result *base, *lower, *broken;
};

void cause_sample_init(struct cause_sample *sample);
void cause_sample_release(struct cause_sample *sample);

/* Another trial after the others, healthy but for its verdict. */
struct search_trial *cause_sample_add(
	struct cause_sample *sample, double rps, enum search_verdict verdict);

/* So many of its requests ended so, instead of well; ALL of the outcome's counters follow. */
void cause_sample_fail(
	struct result *result, enum counter outcome, unsigned int status, uint64_t requests);

/* p99 and p50 of total, mean of service. */
void cause_sample_slow(struct result *result, double p99_ms);

/* Where requests of a trial spent their time; `parts` in microseconds. */
void cause_sample_parts(struct result *result, const double parts_us[PROBE_ABI_PARTS]);

/* The kernel's side, or the resources, of all trials were not measured. */
void cause_sample_hide_kernel(struct cause_sample *sample);
void cause_sample_hide_resources(struct cause_sample *sample);

/* Resident memory at the begin of a trial's window, and what it grew by to its end. */
void cause_sample_memory(
	struct cause_sample *sample, int trial, double begin_bytes, double grown_bytes);

/* From this second on a trial answered only this share of what was due; the rest waits. */
void cause_sample_behind(struct cause_sample *sample, int trial, double from_s, double share);

/* Explains. The cause or sign of this key; NULL: its rule did not fire. */
void cause_sample_explain(struct cause_sample *sample);
const struct search_cause *cause_sample_find(const struct cause_sample *sample, const char *key);

/* Explains, and expects that this cause is first, with this sentence. */
void cause_sample_expect(struct cause_sample *sample, const char *key, const char *sentence);
/* Explains, and expects that no cause of this key is told. */
void cause_sample_expect_none(struct cause_sample *sample, const char *key);

#endif
