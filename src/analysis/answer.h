/* SPDX-License-Identifier: MIT */
/*
 * The answer of a search in words: one sentence for the record and its readers, and where the limit
 * is by now, for the line of each trial. Rates are requests a second.
 *
 * Threads: pure. Errors: memory, in out->failed.
 */
#ifndef RINGLOAD_ANALYSIS_ANSWER_H
#define RINGLOAD_ANALYSIS_ANSWER_H

#include "base/buf.h"
#include "result/search_record.h"

/* Appends the sentence: "between 3,980 and 4,020 requests a second (1 % wide): ...". */
void answer_sentence(const struct search_record *record, struct buf *out);

/* Appends "between 4,000 and 8,000/s", "above 4,000/s", "below 1,000/s", or nothing. */
void answer_bounds(const struct search_record *record, struct buf *out);

#endif
