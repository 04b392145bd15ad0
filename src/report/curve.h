/* SPDX-License-Identifier: MIT */
/*
 * Latency against load as a picture: one SVG without anything outside it and without a script, for
 * light and dark pages.
 *
 * p50, p95 and p99 of `total` of each trial stand above its load, latency on a logarithmic axis.
 * Trials that passed are dots, those that failed crosses, those that say nothing of the server
 * rings; an arrow on one says that the true value is at least this. Lines join
 * what passed, up to the break, through the median of trials at about the same load: beyond it
 * latency depends on how long a trial lasts. The interval is a band, safe capacity a line, as are
 * the thresholds on these percentiles. Pointing at a trial shows its figures.
 *
 * Below, where the Universal Scalability Law was fitted: throughput against the requests in flight
 * (curve_scaling.h).
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed. Units: pixels.
 */
#ifndef RINGLOAD_REPORT_CURVE_H
#define RINGLOAD_REPORT_CURVE_H

#include "base/buf.h"
#include "result/search_record.h"

void curve_svg(const struct search_record *record, struct buf *out);

#endif
