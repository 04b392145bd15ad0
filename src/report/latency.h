/* SPDX-License-Identifier: MIT */
/*
 * The latencies of a run as text: a table of its distributions side by side, and how rate and p99
 * went over time.
 *
 * "≥" before a figure: requests that never got their answer lie there, the true value is at least
 * this. "*" behind it: fewer than 100 samples lie beyond.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_LATENCY_H
#define RINGLOAD_REPORT_LATENCY_H

#include "base/buf.h"
#include "result/result.h"

void latency_table(const struct result *result, struct buf *out);

/* Service time divided at the arrival of the responses; nothing unless it was stamped. */
void latency_arrival(const struct result *result, struct buf *out);

/* Nothing for a run of fewer than three measured intervals. */
void latency_course(const struct result *result, struct buf *out);

#endif
