/* SPDX-License-Identifier: MIT */
/*
 * Judges of what was measured: what a busy thread loses of its CPU, and how late timers are.
 *
 * Contract: check.h. The bounds lie well below what makes a run invalid (docs/measurement.md).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_TIME_H
#define RINGLOAD_DOCTOR_JUDGE_TIME_H

#include "doctor/check.h"

check_judge judge_time_steal, judge_time_pauses, judge_time_timers;

#endif
