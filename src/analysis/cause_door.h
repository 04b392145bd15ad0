/* SPDX-License-Identifier: MIT */
/*
 * Rules of cause.h that look at who is turned away: connections that are not accepted, requests
 * that are refused or answered with an error, and ports that this client ran out of.
 *
 * Each returns how strong the evidence is, 0 for none, and appends its sentence only when it is
 * above that. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_ANALYSIS_CAUSE_DOOR_H
#define RINGLOAD_ANALYSIS_CAUSE_DOOR_H

#include "analysis/cause_evidence.h"

/* A SYN that got no answer is sent again after a second (RFC 6298, 2.1). */
#define CAUSE_DOOR_SYN_AGAIN_NS 0.9e9
/* Fewer overflows may be anybody's: the kernel counts them by network namespace. */
#define CAUSE_DOOR_OVERFLOWS 3
/* Turned away, of the requests or of the connects. */
#define CAUSE_DOOR_REFUSED 0.005

double cause_door_accept(const struct cause_evidence *evidence, struct buf *sentence);
double cause_door_gone(const struct cause_evidence *evidence, struct buf *sentence);
double cause_door_refusing(const struct cause_evidence *evidence, struct buf *sentence);
double cause_door_errors(const struct cause_evidence *evidence, struct buf *sentence);
double cause_door_ports(const struct cause_evidence *evidence, struct buf *sentence);

#endif
