/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sampled stacks: runs on a CPU each time its software clock fires, and counts the user and the
 * kernel stack of the thread it interrupted, if that belongs to one of the chosen processes.
 *
 * The clock is a timer interrupt, so code that runs with interrupts off is seen where it switches
 * them on again. What the kernel does in an interrupt on top of a thread counts as that thread's,
 * as everywhere in perf.
 *
 * Threads: in interrupt context, on all CPUs at once. The maps are preallocated, as such a context
 * demands. Kernel: 6.1 or later; no type of the kernel is looked into. Cost: include/ringload/
 * profile_abi.h tells what is kept, src/probe/profile.h what a sample costs.
 */
#include <linux/types.h>

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include "ringload/profile_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROFILE_ABI_PROCESS_LIMIT);
	__type(key, __u32);
	__type(value, __u8);
} profile_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, PROFILE_ABI_STACK_LIMIT);
	__type(key, __u32);
	__type(value, struct profile_abi_stack);
} profile_stacks SEC(".maps"), profile_more_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROFILE_ABI_SAMPLE_LIMIT);
	__type(key, struct profile_abi_key);
	__type(value, __u64);
} profile_samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} profile_lost SEC(".maps");

static __attribute__((always_inline)) inline int lose(void)
{
	__u32 first = 0;
	__u64 *lost = bpf_map_lookup_elem(&profile_lost, &first);

	if (lost)
		__sync_fetch_and_add(lost, 1);
	return 0;
}

/* Where this sample's stack lies; 0, or -1 when it found no place. -EFAULT is the kernel's word for
 * "there is no such stack here". */
static __attribute__((always_inline)) inline int keep(void *context, __u64 flags, __s32 *stack)
{
	long id = bpf_get_stackid(context, &profile_stacks, flags);

	if (id == -EFAULT) {
		*stack = PROFILE_ABI_NO_STACK;
		return 0;
	}
	if (id < 0) {
		id = bpf_get_stackid(context, &profile_more_stacks, flags);
		if (id < 0)
			return -1;
		id += PROFILE_ABI_STACK_LIMIT;
	}
	*stack = id;
	return 0;
}

static __attribute__((always_inline)) inline int count(const struct profile_abi_key *key)
{
	__u64 *samples = bpf_map_lookup_elem(&profile_samples, key);
	__u64 one = 1;

	if (!samples) {
		if (!bpf_map_update_elem(&profile_samples, key, &one, BPF_NOEXIST))
			return 0;
		/* Full, or another CPU was faster. */
		samples = bpf_map_lookup_elem(&profile_samples, key);
		if (!samples)
			return lose();
	}
	__sync_fetch_and_add(samples, 1);
	return 0;
}

SEC("perf_event")
int profile_sample(void *context)
{
	struct profile_abi_key key = {.tgid = bpf_get_current_pid_tgid() >> 32};

	if (!bpf_map_lookup_elem(&profile_processes, &key.tgid))
		return 0;
	if (keep(context, BPF_F_USER_STACK, &key.user_stack) || keep(context, 0, &key.kernel_stack))
		return lose();
	return count(&key);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
