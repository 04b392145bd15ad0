/* SPDX-License-Identifier: MIT */
/*
 * Time that the hypervisor took from the server, and whether it may be why a trial failed.
 *
 * Where the server is on this machine and the machine is a guest, a server near its capacity fails
 * while it is kept from its CPUs, though it would have borne the load. Such a trial says nothing of
 * the server and is tried again (stepper.h). A trial that passes although time was taken passes.
 *
 * It may be why when more than TRIAL_STEAL was taken: half of what a search has between its bounds
 * as a rule. So much moves the capacity from their middle to the lower one, less does not lead
 * astray. (Of the simulated servers of which up to 10 % are taken at times 4 % are missed, at 2 %
 * it would be 12 %; docs/breakpoint.md.) It cannot be why when the server left more undone than
 * TRIAL_STEAL_UNDONE times what was taken: a server with all of its machine would have been short
 * of the rest. Twice, as what was taken at once weighs up to half as much more in the slope of the
 * backlog than spread over the trial, and the shares are rounded to ticks.
 *
 * Threads: pure. Errors: none. Units: shares, 0 to 1.
 */
#ifndef RINGLOAD_ANALYSIS_TRIAL_STEAL_H
#define RINGLOAD_ANALYSIS_TRIAL_STEAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "result/result.h"
#include "result/search_record.h"

#define TRIAL_STEAL        0.01
#define TRIAL_STEAL_UNDONE 2

/* Of the requests: how much faster they came than they were answered well, over the window. */
double trial_steal_undone(const struct result *result);

/* taken: share of the machine; undone: of the requests. */
bool trial_steal_explains(double taken, double undone);

/* Appends "the machine was taken from the server for 4.1 % of the trial". */
void trial_steal_sentence(double taken, struct buf *out);

/*
 * The note of a search whose upper bound rests on such failures, as trying them again gave nothing
 * better; least and most: what was taken in them.
 */
void trial_steal_note(double least, double most, struct buf *out);

#endif
