/* SPDX-License-Identifier: MIT */
/*
 * The server's resources for people: a small table of what is there, and a line for each that is
 * near its end.
 *
 * Owner, threads, errors: as layout.h.
 */
#ifndef RINGLOAD_REPORT_RESOURCES_H
#define RINGLOAD_REPORT_RESOURCES_H

#include "base/buf.h"
#include "result/result_resources.h"

void resources_table(const struct result_resources *resources, struct buf *out);

#endif
