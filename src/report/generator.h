/* SPDX-License-Identifier: MIT */
/*
 * How the generator itself fared: a line for the run and a row for each worker, so that a doubt
 * about a measurement can be settled from its report.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_GENERATOR_H
#define RINGLOAD_REPORT_GENERATOR_H

#include "base/buf.h"
#include "result/result.h"

void generator_table(const struct result *result, struct buf *out);

#endif
