/* SPDX-License-Identifier: MIT */
/*
 * Judges of the CPUs: how fast they run and when they do not, whom they are shared with, and what
 * entering the kernel costs on them.
 *
 * Contract: check.h. Sources: Documentation/admin-guide/pm/ (cpufreq, cpuidle, intel_pstate),
 * Documentation/ABI/testing/sysfs-devices-system-cpu, Documentation/admin-guide/hw-vuln (Linux).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_CPU_H
#define RINGLOAD_DOCTOR_JUDGE_CPU_H

#include "doctor/check.h"

check_judge judge_cpu_governor, judge_cpu_boost, judge_cpu_idle, judge_cpu_smt;
check_judge judge_cpu_isolated, judge_cpu_nohz, judge_cpu_mitigations;

#endif
