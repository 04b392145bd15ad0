/* SPDX-License-Identifier: MIT */
/*
 * A second picture below that of latency (curve.h): throughput against the requests in flight, what
 * was measured as dots and the fitted law as a line, with the interval of the answer as a band.
 * Only of a fit; the line ends where the trials did.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf. Units: pixels.
 */
#ifndef RINGLOAD_REPORT_CURVE_SCALING_H
#define RINGLOAD_REPORT_CURVE_SCALING_H

#include "base/buf.h"
#include "result/search_record.h"

/* How high it is; 0: there is none. */
int curve_scaling_height(const struct search_record *record);

/* Between these edges, from top on. */
void curve_scaling_panel(
	const struct search_record *record, int left, int right, int top, struct buf *out);

#endif
