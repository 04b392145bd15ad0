/* SPDX-License-Identifier: MIT */
/*
 * Judges of io_uring: whether it is allowed, whether a ring as workers have it can be made, and
 * what such a ring offers on this kernel.
 *
 * Contract: check.h.
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_URING_H
#define RINGLOAD_DOCTOR_JUDGE_URING_H

#include "doctor/check.h"

check_judge judge_uring_allowed, judge_uring_ring;

/* check->number: the offset of a bool in struct ring_features. */
check_judge judge_uring_feature;

#endif
