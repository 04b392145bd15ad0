/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that look at what requests wait for where CPU is left: locks, sleep, disk, the
 * socket queue, the network.
 *
 * Lock or something else. The probe knows that a thread slept inside a request, not for what. But
 * where threads wait for one another, what they wait is what the others work: the time asleep in a
 * request is at most that on the CPU times the other threads, it grows with the load, and together
 * the threads get hardly more than one CPU, while none is saturated. What is waited beyond that, or
 * is as long at a small load, is something else: sleep, disk, another server.
 *
 * A lock whose holder sleeps is known by its turns. What a request sleeps at a small load is the
 * holder's own sleep; at the break it sleeps longer by at most the turns of the other threads, and
 * there are hardly more answers a second than turns one after the other. Threads that sleep for
 * themselves sleep no longer at the break, and do as many turns at once as there are threads. One
 * connection to another server, or one that takes one request at a time, looks the same.
 *
 * Each returns how strong the evidence is, 0 for none, and appends its sentence only when it is
 * above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_WAITS_H
#define RINGLOAD_ANALYSIS_CAUSE_WAITS_H

#include "analysis/cause_evidence.h"

/* Blocked in a request, this one or another, of residence. */
#define CAUSE_WAITS_LOCK    0.15
#define CAUSE_WAITS_BLOCKED 0.40
/* Unread in the socket, of residence. */
#define CAUSE_WAITS_QUEUE 0.50

double cause_waits_lock(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_held(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_blocked(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_queueing(const struct cause_evidence *evidence, struct buf *sentence);
double cause_waits_network(const struct cause_evidence *evidence, struct buf *sentence);

#endif
