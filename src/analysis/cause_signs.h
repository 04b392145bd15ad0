/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h for how a failure showed, rather than why: errors, latency, timeouts, refused
 * and reset connections, a backlog, and the stage of the server's kernel that grew most.
 *
 * Each returns how strong the sign is, 0 for none, and appends its sentence only when it is above
 * that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_SIGNS_H
#define RINGLOAD_ANALYSIS_CAUSE_SIGNS_H

#include "analysis/cause_evidence.h"

#define CAUSE_SIGNS_ERRORS    0.01
#define CAUSE_SIGNS_LATENCY   5.0 /* times the base's */
#define CAUSE_SIGNS_TIMEOUTS  0.001
#define CAUSE_SIGNS_RESIDENCE 1.5 /* times the base's, for a stage to have grown */

double cause_signs_errors(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_latency(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_timeouts(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_refused(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_resets(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_behind(const struct cause_evidence *evidence, struct buf *sentence);
double cause_signs_stage(const struct cause_evidence *evidence, struct buf *sentence);

#endif
