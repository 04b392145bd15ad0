/* SPDX-License-Identifier: MIT */
/*
 * Advice on capacity from the trials of a search: what the Universal Scalability Law (usl.h),
 * fitted to them, says of more concurrency. Never in proportion: each figure lies near what was
 * tried, or is left out.
 *
 * Concurrency is the mean of requests in the service at a time, by Little's law: completed a second
 * times the mean of `service`. Of `service`, sent to done, and not of `total`: what waits in the
 * generator for a connection is a backlog that grows as long as a trial lasts, and no concurrency
 * the service had to cope with.
 *
 * A load with less than one request in flight leaves the service idle in between: its rate is the
 * one that was asked, and says nothing of the service. Its latency does: a service kept busy with
 * one request after the other would complete 1 / latency. So that is what it counts as, at a
 * concurrency of 1.
 *
 * The trials that count: passed, as what came in went out, so that Little's law holds of the
 * window; and those failed ones in which all connections were busy, USL_FULL of them on average.
 * There the concurrency stood still all the same, at what the connections allow, as in a closed
 * loop; these are the only trials that show a throughput that falls. While a failed trial still
 * fills its connections its mean says when that began rather than what the service does. None
 * counts with an error rate above USL_ERRORS (refusing is quick), none the generator could not
 * drive, and none whose mean is above USL_ROOM of what its connections can hold: a stall broke its
 * steady state.
 *
 * No fit, besides what usl.h names: when the loads of the trials that count span less than a factor
 * USL_LOADS.
 *
 * What is said of a fit. limit: `not_seen` while the law has lost less than USL_LOST of
 * proportion at the highest concurrency tried; else `coherency`, when its term is the larger one
 * there, or throughput fell by more than USL_FALL from its peak; else `contention`. peak: when it
 * is at most twice the concurrency that was tried, and at most USL_PROMISE times the highest
 * throughput that was. doubled: with twice what was in flight at the lower bound (base), under the
 * same condition, and where so many were tried not more than the highest throughput that was;
 * none of a load with less than one in flight, which completed less than such a one would.
 *
 * Threads: one at a time. Errors: -ENOMEM.
 */
#ifndef RINGLOAD_ANALYSIS_USL_ADVICE_H
#define RINGLOAD_ANALYSIS_USL_ADVICE_H

#include "result/search_record.h"

#define USL_FULL   0.9
#define USL_ERRORS 0.01
#define USL_LOADS  2.0
#define USL_LOST   0.1
#define USL_ROOM   1.1

/* Sets record->usl, of the trials and the answer; it must have been empty. */
int usl_advise(struct search_record *record);

#endif
