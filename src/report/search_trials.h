/* SPDX-License-Identifier: MIT */
/*
 * The trials of a search: in ascending order of their load, as a table of load against latency, and
 * in one line that says how the search went.
 *
 * "≥" and "*" as in latency.h. Owner: what is appended is the buf's; a sorted list is the caller's
 * to free. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_SEARCH_TRIALS_H
#define RINGLOAD_REPORT_SEARCH_TRIALS_H

#include "base/buf.h"
#include "result/search_record.h"

/* All trials by rate, those of one rate as they were made; NULL: no memory. */
const struct search_trial **search_trials_sorted(const struct search_record *record);

void search_trials_table(const struct search_record *record, struct buf *out);
void search_trials_course(const struct search_record *record, struct buf *out);

#endif
