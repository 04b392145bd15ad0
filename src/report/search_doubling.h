/* SPDX-License-Identifier: MIT */
/*
 * How much latency grows when the load doubles, in the text report of a search: an entry.
 *
 * Owner, threads, errors: as layout.h.
 */
#ifndef RINGLOAD_REPORT_SEARCH_DOUBLING_H
#define RINGLOAD_REPORT_SEARCH_DOUBLING_H

#include "base/buf.h"
#include "result/search_record.h"

/* Nothing when nobody looked. */
void search_doubling_entry(const struct search_record *record, struct buf *out);

#endif
