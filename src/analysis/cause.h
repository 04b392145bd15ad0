/* SPDX-License-Identifier: MIT */
/*
 * What gave way: the explanation of a breaking point from the trials around it, a pure function of
 * the search's record.
 *
 * One table of rules (cause.c), each with a key, what it reads, when it fires, how strong the
 * evidence is (0 to 1), its sentence with the figures, and what to do about it. Rules compare three
 * trials: `base`, the lowest load that passed; `lower`, the highest that passed; `broken`, the
 * lowest that failed. What was not measured fires no rule, and is named in `unknown`.
 *
 * The causes: cpu_bound (of the machine, of the cores the server may use, or of one thread of it),
 * lock_bound (threads block on one another: blocked time in the application grows while CPU does
 * not), blocked (waits for something else: sleep or disk), throttled (CPU quota), accept_overflow,
 * refusing, leaking (memory grows with the requests), slow_break (it passed for seconds before),
 * slow_recovery (a load that passed before failed after an overload), restarted, out_of_files,
 * errors (answers with an error status), timeouts, queueing (time in the socket queue), network
 * (the residual grew, not the residence), client_ports.
 * The signs of failure, which say how it showed rather than why: error rate, latency above five
 * times the base's, timeouts, refused and reset connections.
 *
 * Ranked: weightiest first, causes before signs.
 *
 * Owner: rows are appended to record->causes with builder memory of search_record.h. Threads: pure.
 * Errors: memory.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_H
#define RINGLOAD_ANALYSIS_CAUSE_H

#include "base/buf.h"
#include "base/err.h"
#include "result/search_record.h"

/* Fills record->causes from its trials and its answer. */
int cause_explain(struct search_record *record, struct err *err);

/* Appends the table of causes, for docs and --help. */
void cause_help(struct buf *out);

#endif
