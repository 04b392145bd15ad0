/* SPDX-License-Identifier: MIT */
/*
 * What more concurrency would give, in the text report of a search: the advice, what it rests on,
 * and each level of concurrency with what was completed and what the law says.
 *
 * Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_SEARCH_SCALING_H
#define RINGLOAD_REPORT_SEARCH_SCALING_H

#include "base/buf.h"
#include "result/search_record.h"

/* Nothing when nobody looked. */
void search_scaling_entries(const struct search_record *record, struct buf *out);

#endif
