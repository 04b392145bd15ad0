/* SPDX-License-Identifier: MIT */
/*
 * What one trial of a search says of its rate: a pure function of its record.
 *
 * - void: interrupted, or an internal error, or nothing failed and too few readings tell whether
 * the server kept up; nothing is to be concluded.
 * - generator: the record is generator_limited and something failed, which may be the generator's
 *   doing, or not all that was due was sent. A load that met every objective was borne all the
 *   same: what the generator adds counts in total, and can only make it worse. And a failure is the
 *   server's when requests that left late are all that speaks against the generator, by less than
 *   TRIAL_LAG of their time on average; when more requests than error_rate allows were answered
 *   with an error, not counting TRIAL_BURST times as many of those by which a server says that it
 *   has too much to do (429, 502, 503, 504) as requests left late or waited for a connection (by
 *   more than they are apart, or TRIAL_LATE_NS), as these leave in bursts; and when the server fell
 *   behind while no worker was occupied (busy, or kept from its CPU) for more than TRIAL_OCCUPIED
 * of the time, either by a larger share than any was kept from its CPU, or with TRIAL_STALL_S of
 * the asked rate on the connections, so that no stall of a worker left the server without work. Too
 *   short a trial is none of these: searches have many.
 * - fail: a threshold failed (a warning is none), or the server fell behind, or the trial was ended
 *   early as the service had failed (breach.h).
 * - pass: everything else.
 *
 * Falling behind. In an open loop a server above its capacity answers ever later, however small the
 * overload, but in a short trial perhaps not late enough for a threshold: at 1 % too much, 2 s are
 * 20 ms. So the trial also fails when what is due and unanswered (sent and waiting) grows through
 * the measured window by more than TRIAL_BEHIND of what was scheduled, beyond what chance explains:
 * the slope of a straight line through the intervals' ends, and its standard error. One stall is no
 * growth, even if what it left stays: a server with little to spare never makes it good.
 *
 * Threads: pure. Errors: memory for a reason, in reason->failed.
 */
#ifndef RINGLOAD_ANALYSIS_TRIAL_VERDICT_H
#define RINGLOAD_ANALYSIS_TRIAL_VERDICT_H

#include <stdbool.h>

#include "base/buf.h"
#include "result/result.h"
#include "result/search_record.h"

/* Of the scheduled rate. */
#define TRIAL_BEHIND 0.005
/* In the measured window: a line through fewer says nothing. */
#define TRIAL_READINGS 4
/* Of the mean of total; as in validity.h. */
#define TRIAL_LAG      0.05
#define TRIAL_OCCUPIED 0.8
#define TRIAL_LATE_NS  100e3
#define TRIAL_BURST    2.0
/* Longer than a scheduler lets one wait who wants to run, as a rule. */
#define TRIAL_STALL_S 0.01

struct trial_backlog {
	size_t readings;
	bool known;   /* there are at least TRIAL_READINGS */
	double per_s; /* slope of the unanswered requests */
	double error; /* its standard error */
	double share; /* of the asked rate */
	bool growing; /* beyond TRIAL_BEHIND and beyond chance */
};
void trial_backlog(const struct result *result, struct trial_backlog *backlog);

/* The verdict; appends the sentence why to reason ("p99 was 812 ms, p99<200ms was asked"). */
enum search_verdict trial_verdict(const struct result *result, struct buf *reason);

#endif
