/* SPDX-License-Identifier: MIT */
/*
 * A search for people: the answer as an interval, safe capacity, what gave way with its figures and
 * what to do about it, and the latency at each load tried, as a table and as a picture.
 *
 * Threads: pure. Errors: memory, in out->failed.
 */
#ifndef RINGLOAD_REPORT_SEARCH_H
#define RINGLOAD_REPORT_SEARCH_H

#include "base/buf.h"
#include "result/search_record.h"

/* The text report, as wide as layout.h says. */
void report_search_text(const struct search_record *record, struct buf *out);

/* Latency (p50, p95, p99 of total) against load, of all trials: one self-contained SVG with the
 * interval and the thresholds on latency drawn in. Logarithmic in latency. */
void report_search_svg(const struct search_record *record, struct buf *out);

#endif
