/* SPDX-License-Identifier: MIT */
/*
 * Judges of what this process may use: files, locked memory, CPU time, CPUs, memory.
 *
 * Contract: check.h. Sources: getrlimit(2), Documentation/admin-guide/cgroup-v2.rst,
 * proc_meminfo(5).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_LIMITS_H
#define RINGLOAD_DOCTOR_JUDGE_LIMITS_H

#include "doctor/check.h"

check_judge judge_limits_files, judge_limits_locked, judge_limits_quota, judge_limits_cpus;
check_judge judge_limits_memory;

#endif
