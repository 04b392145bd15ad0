/* SPDX-License-Identifier: MIT */
/*
 * How steady a run was, as a record has it: the block "stability" of ringload.result/1. What each
 * criterion means, and when it is which verdict, is in analysis/stability.h.
 *
 * In JSON, in this order:
 *
 *   verdict "stable" | "unstable" | "unknown", intervals, interval_s,
 *   restarts, error_variation, rate_variation: each
 *   {verdict, value, chance, bound, intervals, reason}
 *
 * - interval_s: the mean length of the intervals; null where there is none.
 * - value: null when it is not known. chance: what chance alone makes of so many requests; null for
 *   restarts, and where the value is. Variations are shares, restarts are counted.
 * - intervals: how many the value is of; 0 for restarts.
 * - reason: a sentence for "unknown"; else null.
 * A record of before this was judged has no such block, and neither has one written from it.
 *
 * Owner: all of it belongs to the struct until result_stability_release; a zeroed struct was not
 * judged. Threads: one at a time. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_RESULT_STABILITY_H
#define RINGLOAD_RESULT_RESULT_STABILITY_H

#include <stdbool.h>
#include <stdint.h>

enum result_stability_verdict {
	RESULT_STABLE,
	RESULT_UNSTABLE,
	RESULT_STABILITY_UNKNOWN,
	RESULT_STABILITY_VERDICT_COUNT
};

enum result_stability_kind {
	RESULT_RESTARTS,
	RESULT_ERROR_VARIATION,
	RESULT_RATE_VARIATION,
	RESULT_STABILITY_COUNT
};

struct result_stability_criterion {
	enum result_stability_verdict verdict;
	bool has_value;
	double value;
	double chance; /* nothing without a value, and for restarts */
	double bound;
	uint64_t intervals;
	char *reason; /* why the verdict is unknown; else NULL */
};

struct result_stability {
	bool judged;
	enum result_stability_verdict verdict;
	uint64_t intervals;
	double interval_s; /* 0: there is none */
	struct result_stability_criterion criteria[RESULT_STABILITY_COUNT];
};

void result_stability_release(struct result_stability *stability);

/* JSON key of each enumeration's members; NULL above the last. */
const char *result_stability_verdict_key(enum result_stability_verdict verdict);
const char *result_stability_key(enum result_stability_kind kind);

#endif
