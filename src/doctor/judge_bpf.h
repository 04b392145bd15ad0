/* SPDX-License-Identifier: MIT */
/*
 * Judges of what looking into a server's kernel takes: rights, settings, and every hook.
 *
 * What was refused to a user without the rights says nothing of the kernel: it is unknown, unless
 * the kernel's types already tell that the hook is not there.
 *
 * Contract: check.h. Sources: capabilities(7), Documentation/admin-guide/sysctl/kernel.rst,
 * kernel_lockdown(7).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_BPF_H
#define RINGLOAD_DOCTOR_JUDGE_BPF_H

#include "doctor/check.h"

check_judge judge_bpf_btf, judge_bpf_jit, judge_bpf_lockdown, judge_bpf_unprivileged;
check_judge judge_bpf_paranoid, judge_bpf_symbols, judge_bpf_profile, judge_bpf_null_server;
check_judge judge_bpf_stamps;

/* check->number: the capability; check->about: its name. */
check_judge judge_bpf_capability;

/* check->about: a stage of probe/hooks.h. */
check_judge judge_bpf_stage;

#endif
