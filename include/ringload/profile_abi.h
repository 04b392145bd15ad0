/* SPDX-License-Identifier: MIT OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the sampling program (bpf/profile.bpf.c) and the profile that loads it share: the layout of
 * its maps.
 *
 *   profile_processes    hash, thread group -> 1: the processes whose samples count
 *   profile_stacks       stack traces of instruction addresses, innermost first, 0 behind the last
 *   profile_more_stacks  the same, for those whose place in the first is another's
 *   profile_samples      hash, struct profile_abi_key -> samples (u64)
 *   profile_lost         array of one u64: samples that found no place in these
 *
 * Owner: profile_processes is written by user space, the others by the program; user space empties
 * them only while no event is enabled. Threads: the program runs on all CPUs at once and adds
 * atomically.
 * Limits: the kernel keeps a stack at the place its hash says, or not at all; so of stacks whose
 * hashes fall on one place two are kept. A third is lost: of 1,000 different stacks about 2, of
 * 4,000 about 125, rare ones mostly, as the frequent ones are there first. Memory: 17 MB of the
 * kernel's.
 */
#ifndef RINGLOAD_PROFILE_ABI_H
#define RINGLOAD_PROFILE_ABI_H

#include <linux/types.h>

/* The kernel's own default of kernel.perf_event_max_stack, which a stack map may not exceed. */
#define PROFILE_ABI_FRAME_LIMIT 127
/* Places in each of the two. */
#define PROFILE_ABI_STACK_LIMIT   8192
#define PROFILE_ABI_SAMPLE_LIMIT  16384
#define PROFILE_ABI_PROCESS_LIMIT 4096

/* A stack that a sample does not have: it was taken in user space, or there is no user space. */
#define PROFILE_ABI_NO_STACK (-1)

struct profile_abi_key {
	__u32 tgid;
	/* Keys of profile_stacks; from PROFILE_ABI_STACK_LIMIT on, less that, of
	 * profile_more_stacks; or PROFILE_ABI_NO_STACK. */
	__s32 user_stack, kernel_stack;
};

_Static_assert(sizeof(struct profile_abi_key) == 12, "no padding");

struct profile_abi_stack {
	__u64 address[PROFILE_ABI_FRAME_LIMIT];
};

#endif
