/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that tell a lock from other waits.
 *
 * Lock or something else. The probe knows that a thread slept inside a request, not for what. But
 * where threads wait for one another, what they wait is what the others work: the time asleep in a
 * request is at most that on the CPU times the other threads, it grows with the load, and together
 * the threads get hardly more than one CPU, while none is saturated. What is waited beyond that, or
 * is as long at a small load, is something else: sleep, disk, another server.
 *
 * Few locks are fair: the thread that lets go is on its CPU, and has the lock again before the one
 * that it woke. Then it does nearly all the work and looks CPU-bound, while the requests that the
 * others have read are not answered at all. Such threads are known by waking up about as often as
 * the lock is let go, asleep in requests all the time, for a few answers.
 *
 * A lock whose holder sleeps is known by its turns. What a request sleeps at a small load is the
 * holder's own sleep; at the break it sleeps longer by at most the turns of the other threads, and
 * there are hardly more answers a second than turns one after the other. Threads that sleep for
 * themselves sleep no longer at the break, and do as many turns at once as there are threads. One
 * connection to another server, or one that takes one request at a time, looks the same.
 *
 * Each rule returns how strong the evidence is, 0 for none, and appends its sentence only when it
 * is above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_LOCK_H
#define RINGLOAD_ANALYSIS_CAUSE_LOCK_H

#include "analysis/cause_evidence.h"

/* Blocked in a request, this one or another, of residence. */
#define CAUSE_LOCK_BLOCKED 0.15
/* Asleep in requests of their own, those threads that do not get the lock, of the time. */
#define CAUSE_LOCK_KEPT 0.50

/* Held by one thread after the other, or by one most of the time. */
double cause_lock_shared(const struct cause_evidence *evidence, struct buf *sentence);
/* By one that sleeps. */
double cause_lock_held(const struct cause_evidence *evidence, struct buf *sentence);

/* Whether one thread is busy as it keeps a lock: it is not at its own end. */
bool cause_lock_kept(const struct cause_evidence *evidence);
/* Whether any of these rules fires. */
bool cause_lock_found(const struct cause_evidence *evidence);

#endif
