/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a request's time goes on the server: programs on its sockets and on the scheduler, which
 * follow each admitted request from its arrival in the socket to the first byte of its answer and
 * add it up by stage. The stages, the tables and what is sampled are in ringload/probe_abi.h, a
 * request's way in request.bpf.h, threads in threads.bpf.h; here are the hooks.
 *
 * Cost decides the shape: a program that has nothing to do must find that out from the socket's
 * port and from memory nobody writes. An unsampled request only marks its thread as owning one,
 * which the stages of a sampled request that waits for this thread are told apart by.
 *
 * Which thread works on a request: the one that reads it. What it was doing while the request
 * waited is known from sched_switch: each thread has sums of its time off the CPU, and remembers
 * its last few spells. A thread unknown when the data came leaves queue_unknown, never a guess.
 *
 * Each hook has alternatives for kernels that lack it or refuse its type of program; user space
 * loads one of each stage.
 *
 * Threads: tracepoint programs run with preemption off, and those in softirq write other cells than
 * those in process context. But the end of an answer may be seen in either, and a function hook may
 * be preempted by another one on a preemptible kernel: that can cost a histogram a count. Requests
 * are counted atomically. The kernel leaves out a program that interrupts itself, as one in softirq
 * may: it counts that (recursion_misses).
 * Kernel: 6.1 or later, with BTF.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "request.bpf.h"
#include "sight.bpf.h"
#include "threads.bpf.h"

#include "ringload/probe_abi.h"

/* Helpers for tracing are for programs under the GPL, which these may be. */
char program_license[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sched_switch")
int BPF_PROG(schedule_switch, bool preempted, struct task_struct *before, struct task_struct *after,
	unsigned int state)
{
	struct known_task *known = task_known(before);
	struct probe_abi_thread *thread = known ? thread_at(known->index) : 0;
	__u64 now_ns = 0;

	if (thread) {
		now_ns = bpf_ktime_get_ns();
		if (!thread->running)
			switch_seen(thread, known, before, now_ns);
		else if (clock_due(thread))
			clock_offset_ns = thread->changed_ns - before->sched_info.last_arrival;
		known->run_delay_ns = before->sched_info.run_delay;
		switch_out(thread, preempted, state, now_ns);
	}
	known = task_known(after);
	thread = known ? thread_at(known->index) : 0;
	if (thread)
		switch_in(thread, known, after, now_ns ? now_ns : bpf_ktime_get_ns());
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_process, struct task_struct *task)
{
	struct known_task *known = task_known(task);
	__u32 index = known ? known->index : 0;
	struct probe_abi_thread *thread = thread_at(index);

	if (!thread || thread->state != 1)
		return 0;
	thread->cpu_ns += bpf_ktime_get_ns() - thread->changed_ns;
	thread->running = 0;
	thread->state = 2;
	/* Before another thread may take the place: this one has still to leave its CPU. Below 6.2
	 * the helper may decline. */
	known->index = 0;
	bpf_task_storage_delete(&tasks, task);
	bpf_map_push_elem(&free_threads, &index, 0);
	return 0;
}

/* --- the hooks: of each group, user space loads one --- */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(birth_state, struct sock *sk, int before, int after)
{
	return on_state(sk, before, after);
}

SEC("fentry/tcp_set_state")
int BPF_PROG(birth_function, struct sock *sk, int after)
{
	return on_state(sk, sk->__sk_common.skc_state, after);
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(arrival_probe, struct sock *sk, struct sk_buff *skb)
{
	return on_arrival(sk, skb);
}

SEC("fentry/tcp_rcv_established")
int BPF_PROG(arrival_function, struct sock *sk, struct sk_buff *skb)
{
	return on_arrival(sk, skb);
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(read_adjust, struct sock *sk)
{
	return on_read(sk);
}

SEC("fentry/tcp_rcv_space_adjust")
int BPF_PROG(read_function, struct sock *sk)
{
	return on_read(sk);
}

/* At the end of the call, not where the data was taken. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(read_length, struct sock *sk, int bytes, int flags)
{
	return bytes > 0 && !(flags & MSG_PEEK) ? on_read(sk) : 0;
}

SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(send_locked, struct sock *sk)
{
	return on_send(sk, true);
}

SEC("fentry/tcp_sendmsg_locked")
int BPF_PROG(send_function, struct sock *sk, struct msghdr *message, __u64 bytes)
{
	return bytes ? on_send(sk, true) : 0;
}

/* At the end of the call: the time of sending counts as the application's, and tx is not seen. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(send_length, struct sock *sk, int bytes, int flags)
{
	return bytes > 0 ? on_send(sk, false) : 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(end_destroy, struct sock *sk)
{
	return on_end(sk);
}

SEC("fentry/inet_csk_destroy_sock")
int BPF_PROG(end_function, struct sock *sk)
{
	return on_end(sk);
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(tx_start, const struct sk_buff *skb)
{
	return on_transmit(skb);
}

/* Before the queueing discipline instead of behind it. */
SEC("tp_btf/net_dev_queue")
int BPF_PROG(tx_queue, const struct sk_buff *skb)
{
	return on_transmit(skb);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit_segment, struct sock *sk)
{
	if (is_our_port(sk) && connection_of(sk))
		count(PROBE_ABI_RETRANSMITS);
	return 0;
}

/* A listener, or a connection: that has no port any more when its close sends the reset. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_sent_tcp, struct sock *sk)
{
	if (sk && (is_ours(sk) || connection_of(sk)))
		count(PROBE_ABI_RESETS_SENT);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(reset_received_tcp, struct sock *sk)
{
	if (is_our_port(sk) && connection_of(sk))
		count(PROBE_ABI_RESETS_RECEIVED);
	return 0;
}

/* Over the connections of the caller's network namespace. */
SEC("iter/tcp")
int walk_tcp(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;
	struct connection *connection;
	struct tcp_sock *tcp;
	struct sock *sk;

	/* Its last call, and after all the sockets. The caller's thread keeps the clocks together.
	 */
	if (!common && control.mode == PROBE_ABI_WALK_SEED) {
		struct probe_abi_thread *self = thread_at(
			thread_take(bpf_get_current_task_btf(), bpf_ktime_get_ns()));

		if (self)
			self->offloaded = 1;
	}
	/* A client that has no more to say may still be waiting for its answer. */
	if (!common ||
		(common->skc_state != TCP_ESTABLISHED && common->skc_state != TCP_CLOSE_WAIT))
		return 0;
	tcp = bpf_skc_to_tcp_sock(common);
	if (!tcp)
		return 0;
	sk = (struct sock *)tcp;
	if (!is_ours(sk))
		return 0;
	connection = bpf_sk_storage_get(&connections, tcp, 0, 0);
	if (control.mode == PROBE_ABI_WALK_SEED) {
		if (connection) /* it came after the programs did, and is counted */
			return 0;
		connection = bpf_sk_storage_get(&connections, tcp, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (connection)
			connection->hash = hash_of(sk);
		count(connection ? PROBE_ABI_SEEDED : PROBE_ABI_LOST_CONNECTIONS);
		return 0;
	}
	if (connection && (connection->state == ARRIVED || connection->state == READ)) {
		struct probe_abi_open row = {
			.arrived_ns = connection->arrived_ns,
			.read = connection->state == READ,
		};

		bpf_seq_write(context->meta->seq, &row, sizeof(row));
	}
	return 0;
}
