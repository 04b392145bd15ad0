/* SPDX-License-Identifier: MIT */
/*
 * How steady the server was, for people: one line when it was, one for each criterion when not.
 *
 * Owner, threads, errors: as layout.h.
 */
#ifndef RINGLOAD_REPORT_STABILITY_H
#define RINGLOAD_REPORT_STABILITY_H

#include "base/buf.h"
#include "result/result_stability.h"

void stability_line(const struct result_stability *stability, struct buf *out);

#endif
