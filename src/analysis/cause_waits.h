/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that look at what requests wait for where CPU is left: sleep, disk, the socket
 * queue, the network. Locks are in cause_lock.h.
 *
 * Each returns how strong the evidence is, 0 for none, and appends its sentence only when it is
 * above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_WAITS_H
#define RINGLOAD_ANALYSIS_CAUSE_WAITS_H

#include "analysis/cause_evidence.h"

/* Blocked in a request, this one or another, of residence. */
#define CAUSE_WAITS_BLOCKED 0.40
/* Unread in the socket, of residence. */
#define CAUSE_WAITS_QUEUE 0.50

double cause_waits_blocked(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_queueing(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_network(const struct cause_evidence *evidence, struct buf *sentence);

#endif
