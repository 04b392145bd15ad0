/* SPDX-License-Identifier: MIT */
/*
 * Figures of a run by name, as thresholds use them: "p99", "service.mean", "error_rate". One table
 * feeds names, values, help and messages.
 *
 * Owner: the caller's storage; rows are constant. Threads: pure. Errors: sentences, ERR_USAGE,
 * without a position. Units: those of metric_unit.
 */
#ifndef RINGLOAD_ANALYSIS_METRIC_H
#define RINGLOAD_ANALYSIS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "result/result.h"

struct metric_row; /* of the table */

struct metric {
	const struct metric_row *row;
	enum result_latency_kind latency; /* of metrics of a latency */
	double quantile;                  /* of percentiles, 0 to 1 */
};

struct metric_value {
	bool known;
	bool lower_bound; /* the true value is at least this */
	double value;
	const char *reason; /* why it is not known; else NULL */
};

/* Finds the metric whose name is the first `bytes` of text. */
int metric_find(struct metric *metric, const char *text, size_t bytes, struct err *err);

enum result_unit metric_unit(const struct metric *metric);
/* Whether it tells how many requests went wrong, of whatever kind. */
bool metric_of_errors(const struct metric *metric);

struct metric_value metric_read(const struct metric *metric, const struct result *result);

/* Appends the table of metrics, for --help. */
void metric_help(struct buf *out);

#endif
