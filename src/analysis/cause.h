/* SPDX-License-Identifier: MIT */
/*
 * What gave way: the explanation of a breaking point from the trials around it, a pure function of
 * the search's record.
 *
 * One table of rules (cause.c), each with a key, what it needs, when it fires, how strong the
 * evidence is (0 to 1), its sentence with the figures, and what to do about it. The rules are in
 * cause_machine.h, cause_lock.h, cause_waits.h, cause_door.h, cause_course.h and cause_signs.h;
 * what they read is taken from the records once (cause_evidence.h).
 *
 * Rules compare three trials: `base`, the lowest load that passed; `lower`, the highest that
 * passed; `broken`, the lowest that failed. What was not measured fires no rule, and is named in
 * `unknown`.
 *
 * The causes: cpu_bound (of the machine, of the CPUs the server may use, or of one thread of it),
 * lock_bound (threads block on one another, while the holder works or while it sleeps), blocked
 * (waits for something else: sleep or disk), throttled (CPU quota), accept_overflow, refusing,
 * leaking (memory grows with the requests), memory_limit, slow_break (it passed for seconds
 * before), slow_recovery (a load that passed before failed after an overload), collapse (the server
 * answers less at a higher load than at its best), restarted, gone (nobody listens any more),
 * out_of_files, errors (answers with an error status), queueing (time in the socket queue), network
 * (the residual grew, not the residence), client_ports.
 *
 * The signs of failure, which say how it showed rather than why: latency above five times the
 * base's, error_rate, timeouts, behind (what is unanswered grew), refused and reset connections,
 * and the stage of the server's kernel that grew most.
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
