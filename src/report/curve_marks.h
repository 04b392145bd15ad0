/* SPDX-License-Identifier: MIT */
/*
 * The trials in the picture of latency against load (curve.h): the marks, the lines that join them,
 * and the legend that tells what they mean.
 *
 * Owner: what the struct points to is the caller's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_CURVE_MARKS_H
#define RINGLOAD_REPORT_CURVE_MARKS_H

#include "base/buf.h"
#include "report/curve_axis.h"
#include "result/search_record.h"

#define CURVE_MARKS_SERIES 3

/* What is drawn of each trial, and its class in the style sheet. */
struct curve_marks_row {
	enum result_quantile_kind kind;
	const char *class;
};
extern const struct curve_marks_row curve_marks_series[CURVE_MARKS_SERIES];

/* The class of a metric with this name, as its series has it; "other" without one. */
const char *curve_marks_class(const char *name);

struct curve_marks {
	const struct search_record *record;
	const struct search_trial *const *sorted; /* all, by load */
	const struct curve_axis *load, *latency;
};

void curve_marks_legend(const struct curve_marks *marks, int x, int y, struct buf *out);
void curve_marks_lines(const struct curve_marks *marks, struct buf *out);
void curve_marks_trials(const struct curve_marks *marks, struct buf *out);

#endif
