/* SPDX-License-Identifier: MIT */
/*
 * The report a person reads: at most 100 columns of UTF-8, from the record alone.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_TEXT_H
#define RINGLOAD_REPORT_TEXT_H

#include "base/buf.h"
#include "result/result.h"

void text_report(const struct result *result, struct buf *out);

#endif
