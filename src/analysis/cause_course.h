/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that look at the course of things: within a trial (slow break), from trial to
 * trial (slow recovery), what it answers at each load (collapse), and memory over both (leaking).
 *
 * Slow break: in a trial that failed the server kept up at first, for CAUSE_COURSE_EARLY_S and a
 * quarter of the window at least: hardly an error, and what was unanswered did not grow; then it
 * did not, to the end. A plain overload falls behind from its first second on.
 *
 * Slow recovery: a load that had passed before failed after a higher one had failed. It must be
 * clearly lower than what had passed (CAUSE_COURSE_BELOW), or have been answered by far less, and
 * that from its beginning on: beside the capacity trials pass and fail by chance, and a server that
 * collapses answers far less than it was asked for even so. And it must have failed within the time
 * that the other one passed, else it is a slow break. When it passed again later the server needed
 * the time in between; when it never did, it has not recovered.
 *
 * Collapse: at a load above its best the server answered without an error less than
 * 80 % of what it did at its best. What it did not bring from a trial before: that one passed, or
 * this one began well. Such a server is well again as soon as it is asked for less, unlike one that
 * recovers slowly; one may do both. What kept up for seconds at that load is a slow break.
 *
 * Leaking: resident memory grew through the whole window where it passed and where it broke, by
 * about as much for each request. A finding beside others as long as there is memory enough; the
 * cause, when it neared its limit or a threshold on it failed.
 *
 * Each returns how strong the evidence is, 0 for none, and appends its sentence only when it is
 * above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_COURSE_H
#define RINGLOAD_ANALYSIS_CAUSE_COURSE_H

#include "analysis/cause_evidence.h"

#define CAUSE_COURSE_EARLY_S     2.0
#define CAUSE_COURSE_EARLY_SHARE 0.25
#define CAUSE_COURSE_BELOW       0.90
/* Less growth in a window is that of a server that gets warm; less for a request is none. */
#define CAUSE_COURSE_LEAK_BYTES         (2.0 * 1024 * 1024)
#define CAUSE_COURSE_LEAK_REQUEST_BYTES 64.0

double cause_course_slow_break(const struct cause_evidence *evidence, struct buf *sentence);
double cause_course_slow_recovery(const struct cause_evidence *evidence, struct buf *sentence);
double cause_course_collapse(const struct cause_evidence *evidence, struct buf *sentence);
double cause_course_leaking(const struct cause_evidence *evidence, struct buf *sentence);

#endif
