/* SPDX-License-Identifier: MIT */
/*
 * The record itself as a report: canonical JSON (result.h), the same bytes from a live and from a
 * stored result.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_JSON_H
#define RINGLOAD_REPORT_JSON_H

#include "base/buf.h"
#include "result/result.h"

void json_report(const struct result *result, struct buf *out);

#endif
