/* SPDX-License-Identifier: MIT */
/*
 * Whether the server went away while a search was under way, so that trials say nothing of what it
 * bears:
 *
 * - nothing was answered in the whole trial, after one before had answers, and either nobody
 *   listened (each connect was refused) or the load is one that passed before;
 * - or nobody listened any more when a trial that had answers failed. Once: where it happens in the
 *   next trial too, the server comes back, and breaks.
 *
 * GONE_TRIALS such trials in a row, the last without an answer, end a search.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_ANALYSIS_GONE_H
#define RINGLOAD_ANALYSIS_GONE_H

#include <stdbool.h>
#include <stddef.h>

#include "result/search_record.h"

#define GONE_TRIALS 2

/* Whether the trial of this index says nothing as the server went away; verdicts are those of the
 * trials before. */
bool gone_trial(const struct search_record *record, size_t index);

/* Why such a trial says nothing. */
void gone_sentence(const struct search_trial *trial, struct buf *out);

/* Whether the trials at the end say that it is gone; *first: the first of them. */
bool gone_ends(const struct search_record *record, size_t *first);

#endif
