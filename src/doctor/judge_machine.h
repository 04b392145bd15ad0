/* SPDX-License-Identifier: MIT */
/*
 * Judges of the machine as a whole: kernel, clock, virtualisation, NUMA, huge pages.
 *
 * Contract: check.h. Sources: Documentation/timers/timekeeping.rst, Documentation/admin-guide/mm
 * (transhuge.rst), Documentation/admin-guide/sysctl/kernel.rst (numa_balancing).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_MACHINE_H
#define RINGLOAD_DOCTOR_JUDGE_MACHINE_H

#include "doctor/check.h"

check_judge judge_machine_kernel, judge_machine_clock, judge_machine_virtual, judge_machine_numa;
check_judge judge_machine_huge_pages;

#endif
