/* SPDX-License-Identifier: MIT */
/*
 * What a search found, as the first part of its report: the interval, what each bound rests on,
 * how near they are, and how far one may safely go.
 *
 * Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_SEARCH_ANSWER_H
#define RINGLOAD_REPORT_SEARCH_ANSWER_H

#include "base/buf.h"
#include "result/search_record.h"

/* The answer alone, without a newline: "between 11,890 and 12,080 requests/s". What bounded the
 * search is named where it was not the server. */
void search_answer_headline(const struct search_record *record, struct buf *out);

/* The safe capacity as people read it: whole requests a second are enough, where there are many. */
double search_answer_safe(const struct search_record *record);

/* The answer and what it rests on. */
void search_answer_entries(const struct search_record *record, struct buf *out);

/* The last line of a report, which is what a terminal shows. */
void search_answer_again(const struct search_record *record, struct buf *out);

#endif
