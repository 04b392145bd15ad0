/* SPDX-License-Identifier: MIT */
/*
 * Objectives a run is held to: "p99<200ms".
 *
 *   [warn:] METRIC OP VALUE
 *
 * OP is one of < <= > >= == !=. VALUE has the metric's unit: a duration with its unit (200ms, 1s),
 * a rate (9.5k), a share (1%, 0.01), or a number of requests. Spaces between the parts are allowed.
 * With "warn:" a breach warns instead of failing.
 *
 * METRIC is a figure of the measured phase: pNN (p50, p99, p99.9, p999: any percentile), mean, min,
 * max of `total`, or after a prefix of another latency (service.p99, connection_wait.p99,
 * send_lag.max, connect.p99, failure.p50), error_rate, completed_rate (completed against asked
 * requests a second: open loop), rate (completed requests a second), or a count (failed, timed_out,
 * dropped, status_5xx, failed_reset, ...). One table feeds parser, help and messages.
 *
 * A percentile that is a lower bound proves a breach but never a pass: "at least 250 ms, unknown
 * beyond" fails p99<500ms, and passes p99>200ms. No sample, or no rate that was asked for:
 * not_evaluated.
 *
 * Owner: items belong to the list until threshold_list_release; zeroed is empty.
 * Threads: one at a time. Errors: ERR_USAGE with "column N of "EXPRESSION": ", the value in quotes
 * and what was expected.
 */
#ifndef RINGLOAD_ANALYSIS_THRESHOLD_H
#define RINGLOAD_ANALYSIS_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/metric.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "result/result.h"

/* Longer expressions are refused. */
#define THRESHOLD_TEXT_BYTES 128

enum threshold_operator {
	THRESHOLD_LESS,
	THRESHOLD_LESS_OR_EQUAL,
	THRESHOLD_GREATER,
	THRESHOLD_GREATER_OR_EQUAL,
	THRESHOLD_EQUAL,
	THRESHOLD_NOT_EQUAL,
	THRESHOLD_OPERATOR_COUNT
};

struct threshold {
	char expression[THRESHOLD_TEXT_BYTES]; /* as given */
	bool warn;
	char name[THRESHOLD_TEXT_BYTES];  /* of the metric, as given */
	char bound[THRESHOLD_TEXT_BYTES]; /* the value, as given */
	struct metric metric;
	enum threshold_operator operator;
	double value; /* in the metric's unit */
};

struct threshold_list {
	struct threshold *items;
	size_t count;
};

int threshold_parse(struct threshold *threshold, const char *expression, struct err *err);

/* Parses and appends. */
int threshold_list_add(struct threshold_list *list, const char *expression, struct err *err);

/* Appends the default objectives of --slo: p95<200ms, p99<500ms, completed within 10 % of asked,
 * error_rate<1%. */
int threshold_list_add_slo(struct threshold_list *list, struct err *err);
void threshold_list_release(struct threshold_list *list);

/* Fills result->thresholds from its figures; 0 or -ENOMEM. */
int threshold_list_judge(const struct threshold_list *list, struct result *result, struct err *err);

/* Whether a value proves that the objective is not met. */
bool threshold_breached(const struct threshold *threshold, const struct metric_value *metric);

/* A value of this unit for people: "312 ms", "9,500/s", "0.8 %", "12". */
char *threshold_format(char text[UNITS_TEXT_BYTES], enum result_unit unit, double value);

/* Appends the grammar and the metrics, for --help. */
void threshold_help(struct buf *out);

#endif
