/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The server's threads, as sched_switch shows them: sums of what each did off its CPU, the last few
 * spells of it, and which requests it has open.
 *
 * Threads: a record is written by programs on the CPU its thread runs on or leaves; others read it
 * as it is, a few nanoseconds old at worst. The open requests are changed atomically.
 */
#ifndef RINGLOAD_BPF_THREADS_H
#define RINGLOAD_BPF_THREADS_H

#include "kernel.h"
#include "sight.bpf.h"

#include <bpf/bpf_helpers.h>

#include "ringload/probe_abi.h"

/* CLOCK_MONOTONIC - the scheduler's clock, which sched_info is in: the two drift apart by the
 * slewing of time daemons, so it is taken anew every now and then when a known thread leaves its
 * CPU; not always, as all CPUs read it. The thread of the probe is one of these and wakes ten times
 * a second. 0: not known yet. */
__u64 clock_offset_ns SEC(".bss.clock");

/* What a thread had been off its CPU for, at one moment. */
struct off_sums {
	__u64 runq_ns, owning_ns, idle_ns;
	__u64 off_since_ns; /* 0: it was running */
	__u32 owning, kind; /* of the spell it was in */
};

/* What is kept with a task. */
struct known_task {
	__u64 run_delay_ns; /* sched_info.run_delay when it left its CPU */
	__u32 index;        /* in `threads`; 0: none */
	__u32 lost;         /* 1: it found no place once, which was counted */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct known_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_abi_thread);
} threads SEC(".maps");

/* First in, first out: the figures of a thread that ended stay as long as possible. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
} free_threads SEC(".maps");

INLINE struct probe_abi_thread *thread_at(__u32 index)
{
	return index ? bpf_map_lookup_elem(&threads, &index) : 0;
}

INLINE struct known_task *task_known(struct task_struct *task)
{
	return task->bpf_storage ? bpf_task_storage_get(&tasks, task, 0, 0) : 0;
}

INLINE __u32 thread_index(struct task_struct *task)
{
	const struct known_task *known = task_known(task);

	return known ? known->index : 0;
}

static __attribute__((noinline)) __u32 thread_take(struct task_struct *task, __u64 now_ns)
{
	struct probe_abi_thread *thread;
	struct known_task *known;
	__u32 index = 0;

	known = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!known)
		return 0;
	if (known->index)
		return known->index;
	if (bpf_map_pop_elem(&free_threads, &index)) {
		if (!known->lost)
			count(PROBE_ABI_LOST_THREADS);
		known->lost = 1;
		return 0;
	}
	thread = thread_at(index);
	if (!thread)
		return 0;
	thread->state = 0;
	thread->generation++;
	thread->tid = task->pid;
	thread->tgid = task->tgid;
	thread->running = 1;
	thread->kind = PROBE_ABI_OFF_PREEMPTED;
	thread->owning = 0;
	thread->offloaded = (task->flags & (PF_KTHREAD | PF_IO_WORKER)) != 0;
	thread->changed_ns = now_ns;
	thread->first_ns = now_ns;
	thread->cpu_ns = 0;
	thread->runq_ns = 0;
	for (int i = 0; i < PROBE_ABI_OFF_KINDS; i++)
		thread->blocked_ns[i] = 0;
	thread->owning_ns = 0;
	thread->idle_ns = 0;
	thread->switches = 0;
	thread->preempted = 0;
	thread->requests = 0;
	thread->open = 0;
	thread->spell_count = 0;
	bpf_get_current_comm(thread->name, sizeof(thread->name));
	thread->state = 1;
	known->index = index;
	return index;
}

INLINE __u64 open_bit(__u32 hash)
{
	return 1ULL << (hash >> 8 & 63);
}

/* A request began, or ended, in the current thread, sampled or not. */
INLINE void thread_mark(const struct sight *sight, bool begun)
{
	struct probe_abi_thread *thread = thread_at(thread_index(bpf_get_current_task_btf()));

	if (!thread)
		return;
	if (begun)
		__sync_fetch_and_or(&thread->open, open_bit(sight->hash));
	else if (thread->open & open_bit(sight->hash))
		__sync_fetch_and_and(&thread->open, ~open_bit(sight->hash));
}

INLINE void thread_done(__u32 index, __u32 generation, const struct sight *sight)
{
	struct probe_abi_thread *thread = thread_at(index);

	if (thread && thread->generation == generation)
		__sync_fetch_and_and(&thread->open, ~open_bit(sight->hash));
}

INLINE void thread_snapshot(const struct probe_abi_thread *thread, struct off_sums *sums)
{
	sums->runq_ns = thread->runq_ns;
	sums->owning_ns = thread->owning_ns;
	sums->idle_ns = thread->idle_ns;
	sums->off_since_ns = thread->running ? 0 : thread->changed_ns;
	sums->owning = thread->owning;
	sums->kind = thread->kind;
}

/* What a thread did off its CPU during some time. */
struct off_time {
	__u64 runq_ns, owning_ns, idle_ns, unknown_ns;
};

/* The part of a spell that lies after `since`. */
INLINE void add_spell(struct off_time *off, const struct probe_abi_spell *spell, __u64 since_ns)
{
	__u64 from = spell->from_ns > since_ns ? spell->from_ns : since_ns;
	__u64 queued = spell->queued_ns > from ? spell->queued_ns : from;
	__u64 blocked = less(queued, from);

	off->runq_ns += less(spell->until_ns, queued);
	if (spell->owning)
		off->owning_ns += blocked;
	else
		off->idle_ns += blocked;
}

/*
 * The thread is running now. Known at the arrival: the difference of the sums, less what lies
 * before the arrival of the spell it was in; that one is among the remembered ones unless there
 * have been more since, and is then taken for what it began as.
 */
INLINE void off_since_snapshot(const struct probe_abi_thread *thread, const struct off_sums *then,
	__u64 arrived_ns, struct off_time *off)
{
	struct off_time before = {};

	off->runq_ns = thread->runq_ns - then->runq_ns;
	off->owning_ns = thread->owning_ns - then->owning_ns;
	off->idle_ns = thread->idle_ns - then->idle_ns;
	if (!then->off_since_ns)
		return;
	for (int i = 0; i < PROBE_ABI_SPELLS; i++) {
		const struct probe_abi_spell *spell = &thread->spells[i];
		struct off_time after = {}, whole = {};

		if (spell->from_ns != then->off_since_ns)
			continue;
		add_spell(&whole, spell, 0);
		add_spell(&after, spell, arrived_ns);
		off->runq_ns = less(off->runq_ns, whole.runq_ns - after.runq_ns);
		off->owning_ns = less(off->owning_ns, whole.owning_ns - after.owning_ns);
		off->idle_ns = less(off->idle_ns, whole.idle_ns - after.idle_ns);
		return;
	}
	before.unknown_ns = less(arrived_ns, then->off_since_ns);
	if (then->kind == PROBE_ABI_OFF_PREEMPTED)
		off->runq_ns = less(off->runq_ns, before.unknown_ns);
	else if (then->owning)
		off->owning_ns = less(off->owning_ns, before.unknown_ns);
	else
		off->idle_ns = less(off->idle_ns, before.unknown_ns);
}

/* Not known at the arrival: what it remembers, and for how far back it does. */
INLINE void off_remembered(
	const struct probe_abi_thread *thread, __u64 arrived_ns, struct off_time *off)
{
	__u64 known_ns = thread->first_ns;

	if (thread->spell_count > PROBE_ABI_SPELLS)
		known_ns = thread->spells[thread->spell_count & (PROBE_ABI_SPELLS - 1)].from_ns;
	for (int i = 0; i < PROBE_ABI_SPELLS; i++) {
		const struct probe_abi_spell *spell = &thread->spells[i];

		if (i < thread->spell_count && spell->until_ns > arrived_ns)
			add_spell(off, spell, arrived_ns);
	}
	off->unknown_ns = less(known_ns, arrived_ns);
}

/* Whether the clocks are to be compared: both times are of when the thread got its CPU, and unknown
 * before its first switch. */
INLINE bool clock_due(const struct probe_abi_thread *thread)
{
	return thread->switches && (thread->offloaded || (thread->switches & 15) == 1);
}

INLINE void switch_out(struct probe_abi_thread *thread, bool preempted, __u32 state, __u64 now_ns)
{
	thread->cpu_ns += now_ns - thread->changed_ns;
	thread->switches++;
	thread->owning = thread->open != 0;
	if (preempted || !state) {
		thread->preempted++;
		thread->kind = PROBE_ABI_OFF_PREEMPTED;
	} else if (state & (TASK_STOPPED_TRACED | TASK_FROZEN)) {
		thread->kind = PROBE_ABI_OFF_STOPPED;
	} else if (state & TASK_UNINTERRUPTIBLE) {
		thread->kind = PROBE_ABI_OFF_DISK;
	} else {
		thread->kind = PROBE_ABI_OFF_SLEEP;
	}
	thread->changed_ns = now_ns;
	thread->running = 0;
}

/*
 * How long a thread that gets its CPU now has been waiting for one. last_queued is of the run queue
 * it is in now; what it waited in others before it was moved is in run_delay already.
 */
INLINE __u64 waited(const struct probe_abi_thread *thread, const struct known_task *known,
	const struct task_struct *task, __u64 now_ns)
{
	__u64 off_ns = now_ns - thread->changed_ns, offset = clock_offset_ns;
	__u64 queued = task->sched_info.last_queued;
	__u64 waited_ns = task->sched_info.run_delay - known->run_delay_ns;

	if (thread->kind == PROBE_ABI_OFF_PREEMPTED)
		return off_ns;
	if (queued && offset)
		waited_ns += less(now_ns, queued + offset);
	return waited_ns < off_ns ? waited_ns : off_ns;
}

INLINE void switch_in(struct probe_abi_thread *thread, const struct known_task *known,
	const struct task_struct *task, __u64 now_ns)
{
	__u64 off_ns = now_ns - thread->changed_ns, runq_ns = waited(thread, known, task, now_ns);
	struct probe_abi_spell
		*spell = &thread->spells[thread->spell_count & (PROBE_ABI_SPELLS - 1)];
	__u64 blocked_ns = off_ns - runq_ns;

	thread->runq_ns += runq_ns;
	thread->blocked_ns[thread->kind & (PROBE_ABI_OFF_KINDS - 1)] += blocked_ns;
	if (thread->owning)
		thread->owning_ns += blocked_ns;
	else
		thread->idle_ns += blocked_ns;
	spell->from_ns = thread->changed_ns;
	spell->queued_ns = now_ns - runq_ns;
	spell->until_ns = now_ns;
	spell->owning = thread->owning;
	spell->kind = thread->kind;
	thread->spell_count++;
	thread->changed_ns = now_ns;
	thread->running = 1;
}

/*
 * Catches up with a thread that runs although nobody saw it get its CPU: the kernel may leave a
 * program out of a switch, as when it allows none in the context of the thread that went. When that
 * was is then known from the scheduler alone.
 */
static __attribute__((noinline)) int switch_seen(struct probe_abi_thread *thread,
	const struct known_task *known, const struct task_struct *task, __u64 now_ns)
{
	__u64 offset = clock_offset_ns, in_ns = now_ns;

	if (offset && task->sched_info.last_arrival + offset < now_ns)
		in_ns = task->sched_info.last_arrival + offset;
	if (in_ns < thread->changed_ns)
		in_ns = thread->changed_ns;
	switch_in(thread, known, task, in_ns);
	return 0;
}

/* The thread is the current one. */
INLINE void thread_runs(struct probe_abi_thread *thread, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct known_task *known = thread->running ? 0 : task_known(task);

	if (known)
		switch_seen(thread, known, task, now_ns);
}

#endif
