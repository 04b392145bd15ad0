/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a request through a connection, as its socket's events show it. A connection is in one
 * of five states:
 *
 *   NEW       just established while it was selected, and nothing was seen to arrive. If it is read
 *             in this state the data came with the last segment of the handshake, as it does under
 *             TCP_DEFER_ACCEPT: the request arrived when the connection did.
 *   IDLE      nothing admitted is open. Left when data arrives and the connection is selected.
 *   ARRIVED   data lies unread. Left when somebody reads.
 *   READ      somebody has it. Data that arrives now is remembered (next): if it is read before
 *             anything was sent it was part of this request, whose arrival moves; if something is
 *             sent first, it is the next request. Left when somebody sends.
 *   SENT      the answer has begun; further sends extend it. Left when data arrives.
 *
 * Threads: all but on_transmit run with the socket locked, so one at a time for a connection;
 * on_read and on_send in the context of who reads and sends, on_arrival in softirq or, for what
 * came while the socket was locked, in the context of who unlocks it. on_transmit runs with bottom
 * halves off, on any CPU.
 */
#ifndef RINGLOAD_BPF_REQUEST_H
#define RINGLOAD_BPF_REQUEST_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "hist.bpf.h"
#include "sight.bpf.h"
#include "threads.bpf.h"

#include "ringload/probe_abi.h"

/* A software stamp older than this is of another clock. */
#define RX_PATH_LIMIT_NS 10000000000LL

enum connection_state { IDLE = 0, ARRIVED = 1, READ = 2, SENT = 3, NEW = 4 };

struct connection {
	__u64 established_ns; /* in state NEW */
	__u64 first_arrived_ns, arrived_ns, read_ns, sent_ns, last_sent_ns;
	__u64 next_arrived_ns; /* 0: nothing unread has come since the read */
	__u64 next_offset;
	__u64 offset;
	__u64 sent_bytes; /* of the connection, before the first send of the answer */
	__u64 rx_path_ns, next_rx_path_ns;
	__u64 queue_ns[PROBE_ABI_QUEUE_UNKNOWN + 1];  /* by stage, in their order */
	__u64 runq_ns, sleep_ns, disk_ns, stopped_ns; /* of the thread, at the read */
	struct off_sums at_arrival;                   /* of `thread`, at the latest arrival */
	__u32 thread, generation; /* who read last; 0: nobody did, or it found no place */
	__u32 snapshot;           /* at_arrival is of (thread, generation) */
	__u32 hash;               /* of its addresses, which a closed socket may have lost */
	__u32 lingers;            /* 1: counted as open in state NEW or SENT; see linger_no_more */
	__u8 state;
	__u8 reset; /* it was closed without a FIN from here */
	__u8 next_selected;
	__u8 split;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

INLINE struct connection *connection_of(struct sock *sk)
{
	if (!sk->sk_bpf_storage)
		return 0;
	return bpf_sk_storage_get(&connections, sk, 0, 0);
}

/*
 * A new connection is counted as an open request until data comes, for it may have come already; an
 * answered request until its bytes leave. That may happen on another CPU
 * while the next request comes: who finds `lingers` set takes the count over.
 */
INLINE bool linger_no_more(struct connection *connection)
{
	return connection->lingers && __sync_lock_test_and_set(&connection->lingers, 0);
}

/* --- a request's way --- */

INLINE __u64 take(__u64 *left, __u64 wanted)
{
	__u64 taken = wanted < *left ? wanted : *left;

	*left -= taken;
	return taken;
}

INLINE void arrive(struct connection *connection, const struct sight *sight, __u64 arrived_ns,
	__u64 offset, __u64 rx_path_ns)
{
	connection->state = ARRIVED;
	connection->first_arrived_ns = arrived_ns;
	connection->arrived_ns = arrived_ns;
	connection->offset = offset;
	connection->rx_path_ns = rx_path_ns;
	connection->next_arrived_ns = 0;
	connection->split = 0;
	if (!linger_no_more(connection))
		open_more(sight);
}

INLINE void snapshot(struct connection *connection)
{
	const struct probe_abi_thread *thread = thread_at(connection->thread);

	connection->snapshot = 0;
	if (thread && thread->generation == connection->generation) {
		thread_snapshot(thread, &connection->at_arrival);
		connection->snapshot = 1;
	}
}

/* The end of the previous answer is known when the next request comes. */
INLINE void end_span(const struct connection *connection, const struct sight *sight)
{
	struct probe_abi_cpu *cpu = this_cpu();

	if (!cpu)
		return;
	if (followed_since(sight, connection->sent_ns))
		hist_add(&cpu->hist[PROBE_ABI_RESPONSE_SPAN],
			connection->last_sent_ns - connection->sent_ns);
	else
		__sync_fetch_and_add(&cpu->count[PROBE_ABI_SPAN_UNKNOWN], 1);
}

/* A request comes that is not admitted: the connection is new no more, or the answer before is done
 * with, whether or not its bytes were seen to leave. */
INLINE void settle(struct connection *connection, const struct sight *sight)
{
	if (connection->state == IDLE)
		return;
	if (connection->state == SENT)
		end_span(connection, sight);
	if (linger_no_more(connection))
		open_less(sight);
	connection->state = IDLE;
}

INLINE __u64 rx_path(const struct sk_buff *skb, __u64 now_ns)
{
	__s64 took;

	if (!control.realtime_offset_ns || !skb->tstamp)
		return 0;
	took = (__s64)now_ns + control.realtime_offset_ns - skb->tstamp;
	return took > 0 && took < RX_PATH_LIMIT_NS ? took : 0;
}

INLINE int on_arrival(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *segment = (const void *)skb->cb;
	struct connection *connection;
	struct tcp_sock *tcp;
	struct sight sight;
	__u64 now_ns, rx_path_ns;

	if (segment->end_seq - segment->seq <= (segment->tcp_flags & TCP_FLAG_FIN))
		return 0;
	if (!see(sk, &sight) || !sight.followed)
		return 0;
	connection = connection_of(sk);
	if (!connection)
		return 0;
	if (connection->state == ARRIVED ||
		(connection->state == READ && connection->next_arrived_ns))
		return 0;
	/* More of what came with the handshake. */
	if (connection->state == NEW && BPF_CORE_READ((struct tcp_sock *)sk, bytes_received))
		return 0;
	if (connection->state != READ && !sight.selected) {
		settle(connection, &sight);
		return 0;
	}
	tcp = bpf_skc_to_tcp_sock(sk);
	/* Only what can be read now: not what came before, not what lies behind a hole. */
	if (!tcp || (__s32)(segment->seq - tcp->rcv_nxt) > 0 ||
		(__s32)(segment->end_seq - tcp->rcv_nxt) <= 0)
		return 0;
	now_ns = bpf_ktime_get_ns();
	rx_path_ns = rx_path(skb, now_ns);
	snapshot(connection);
	if (connection->state == READ) {
		connection->next_arrived_ns = now_ns;
		connection->next_offset = tcp->bytes_received;
		connection->next_rx_path_ns = rx_path_ns;
		connection->next_selected = sight.selected;
		return 0;
	}
	if (connection->state == SENT && connection->sent_ns)
		end_span(connection, &sight);
	arrive(connection, &sight, now_ns, tcp->bytes_received, rx_path_ns);
	return 0;
}

/* What the reader was doing since the arrival, into queue_ns. */
INLINE void divide_queue(struct connection *connection, const struct probe_abi_thread *thread,
	bool known, __u32 hash, __u64 now_ns)
{
	__u64 left = less(now_ns, connection->arrived_ns);
	struct off_time off = {};

	if (known)
		off_since_snapshot(thread, &connection->at_arrival, connection->arrived_ns, &off);
	else
		off_remembered(thread, connection->arrived_ns, &off);
	/* A thread that waits for the rest of this very request owns no other. */
	if (connection->split && !(thread->open & ~open_bit(hash))) {
		off.idle_ns += off.owning_ns;
		off.owning_ns = 0;
	}
	connection->queue_ns[PROBE_ABI_QUEUE_UNKNOWN] = take(&left, off.unknown_ns);
	connection->queue_ns[PROBE_ABI_QUEUE_RUNQ] = take(&left, off.runq_ns);
	connection->queue_ns[PROBE_ABI_QUEUE_BUSY_BLOCKED] = take(&left, off.owning_ns);
	connection->queue_ns[PROBE_ABI_QUEUE_WAKEUP] = take(&left, off.idle_ns);
	connection->queue_ns[PROBE_ABI_QUEUE_BUSY] = left;
}

INLINE void read_by(struct connection *connection, const struct sight *sight)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 index = thread_take(bpf_get_current_task_btf(), now_ns);
	struct probe_abi_thread *thread = thread_at(index);
	bool known = false;

	connection->state = READ;
	connection->read_ns = now_ns;
	if (!thread) {
		connection->thread = 0;
		return;
	}
	thread_runs(thread, now_ns);
	known = connection->snapshot && connection->thread == index &&
		connection->generation == thread->generation;
	if (connection->split && connection->thread != index)
		thread_done(connection->thread, connection->generation, sight);
	divide_queue(connection, thread, known, sight->hash, now_ns);
	connection->thread = index;
	connection->generation = thread->generation;
	connection->runq_ns = thread->runq_ns;
	connection->sleep_ns = thread->blocked_ns[PROBE_ABI_OFF_SLEEP];
	connection->disk_ns = thread->blocked_ns[PROBE_ABI_OFF_DISK];
	connection->stopped_ns = thread->blocked_ns[PROBE_ABI_OFF_STOPPED];
	__sync_fetch_and_or(&thread->open, open_bit(sight->hash));
}

/* Another process than the one asked for reads it. */
INLINE void let_go(struct connection *connection, const struct sight *sight)
{
	if (connection->state == ARRIVED || connection->state == READ || linger_no_more(connection))
		open_less(sight);
	connection->state = IDLE;
}

INLINE int on_read(struct sock *sk)
{
	struct connection *connection;
	struct sight sight;

	if (!see(sk, &sight))
		return 0;
	connection = sight.followed ? connection_of(sk) : 0;
	if (config.pid && bpf_get_current_pid_tgid() >> 32 != config.pid) {
		if (connection)
			let_go(connection, &sight);
		return 0;
	}
	if (connection && connection->state == NEW) {
		connection->snapshot = 0;
		arrive(connection, &sight, connection->established_ns, 0, 0);
	}
	if (!connection || connection->state == IDLE || connection->state == SENT) {
		if (connection && !config.turns)
			count(PROBE_ABI_NO_ARRIVAL);
		thread_mark(&sight, true);
		return 0;
	}
	if (connection->state == READ) {
		if (!connection->next_arrived_ns)
			return 0;
		connection->arrived_ns = connection->next_arrived_ns;
		connection->rx_path_ns = connection->next_rx_path_ns;
		connection->next_arrived_ns = 0;
		connection->split = 1;
	}
	read_by(connection, &sight);
	return 0;
}

/* Puts the request in the place of the fastest row. Which one that is goes through memory, so that
 * the verifier need not follow each of the orders the rows may have. */
static __attribute__((noinline)) void keep_slow(struct probe_abi_cpu *cpu,
	const struct connection *connection, const __u64 *part_ns, __u64 residence_ns)
{
	__u64 lowest = ~0ULL, second = ~0ULL;
	struct probe_abi_slow *row;

	for (__u32 i = 0; i < PROBE_ABI_SLOWEST; i++) {
		__u64 value = cpu->slowest[i].residence_ns;

		if (value < lowest) {
			second = lowest;
			lowest = value;
			cpu->slow_row = i;
		} else if (value < second) {
			second = value;
		}
	}
	row = &cpu->slowest[cpu->slow_row & (PROBE_ABI_SLOWEST - 1)];
	row->residence_ns = residence_ns;
	row->arrived_ns = connection->arrived_ns;
	for (__u32 i = 0; i < PROBE_ABI_PARTS; i++)
		row->part_ns[i] = part_ns[i];
	row->rx_path_ns = connection->rx_path_ns;
	row->offset_bytes = connection->offset;
	cpu->slow_floor_ns = residence_ns < second ? residence_ns : second;
}

/* A request among the slowest of this CPU gets a row, the fastest row makes room. */
INLINE void note_slow(struct probe_abi_cpu *cpu, struct sock *sk,
	const struct connection *connection, const struct probe_abi_thread *thread,
	const __u64 *part_ns, __u64 residence_ns)
{
	struct probe_abi_slow *row;

	if (cpu->slow_window != control.window) {
		for (__u32 i = 0; i < PROBE_ABI_SLOWEST; i++)
			cpu->slowest[i].residence_ns = 0;
		cpu->slow_floor_ns = 0;
		cpu->slow_window = control.window;
	}
	if (residence_ns <= cpu->slow_floor_ns)
		return;
	keep_slow(cpu, connection, part_ns, residence_ns);
	row = &cpu->slowest[cpu->slow_row & (PROBE_ABI_SLOWEST - 1)];
	client_address(sk, row->client_address);
	row->client_port = bpf_ntohs(sk->__sk_common.skc_dport);
	row->server_port = sk->__sk_common.skc_num;
	row->tid = thread ? thread->tid : 0;
	row->tgid = thread ? thread->tgid : 0;
	row->attributed = part_ns[PROBE_ABI_PARTS] != 0;
}

static __attribute__((noinline)) void add_parts(
	struct probe_abi_cpu *cpu, const __u64 *part_ns, __u64 residence_ns)
{
	__u32 index = hist_layout_index(PROBE_ABI_MIX_BITS, residence_ns);
	__u64 queue_ns = 0, app_ns = 0, blocked_ns;
	struct probe_abi_mix *mix;

	if (index >= PROBE_ABI_MIX_ROWS)
		index = PROBE_ABI_MIX_ROWS - 1;
	mix = &cpu->mix[index];
	mix->attributed++;
	mix->residence_ns += residence_ns;
	for (__u32 i = 0; i < PROBE_ABI_PARTS; i++) {
		mix->part_ns[i] += part_ns[i];
		hist_add(&cpu->hist[i], part_ns[i]);
		if (i < PROBE_ABI_APP_CPU)
			queue_ns += part_ns[i];
		else
			app_ns += part_ns[i];
	}
	blocked_ns = part_ns[PROBE_ABI_APP_SLEEP] + part_ns[PROBE_ABI_APP_DISK] +
		     part_ns[PROBE_ABI_APP_STOPPED];
	hist_add(&cpu->hist[PROBE_ABI_QUEUE], queue_ns);
	hist_add(&cpu->hist[PROBE_ABI_APP], app_ns);
	hist_add(&cpu->hist[PROBE_ABI_APP_BLOCKED], blocked_ns);
}

INLINE void add_residence(struct probe_abi_cpu *cpu, const struct connection *connection,
	__u32 hash, __u64 residence_ns)
{
	__u32 index = hist_layout_index(PROBE_ABI_MIX_BITS, residence_ns);
	struct probe_abi_group *group = &cpu->group[probe_abi_group(hash)];

	if (index >= PROBE_ABI_MIX_ROWS)
		index = PROBE_ABI_MIX_ROWS - 1;
	cpu->mix[index].requests++;
	hist_add(&cpu->hist[PROBE_ABI_RESIDENCE], residence_ns);
	group->requests++;
	group->residence_ns += residence_ns;
	if (connection->rx_path_ns)
		hist_add(&cpu->hist[PROBE_ABI_RX_PATH], connection->rx_path_ns);
	if (connection->split)
		hist_add(&cpu->hist[PROBE_ABI_REQUEST_SPAN],
			connection->arrived_ns - connection->first_arrived_ns);
	__sync_fetch_and_add(&cpu->count[PROBE_ABI_REQUESTS], 1);
	if (connection->split)
		cpu->count[PROBE_ABI_SPLIT]++;
	if (connection->next_arrived_ns)
		cpu->count[PROBE_ABI_PIPELINED]++;
}

/* The thread that read is sending, and is no kernel worker: its time is the application's. */
INLINE void attribute(const struct connection *connection, const struct probe_abi_thread *thread,
	__u64 now_ns, __u64 *part_ns)
{
	__u64 left = less(now_ns, connection->read_ns);

	for (__u32 i = 0; i <= PROBE_ABI_QUEUE_UNKNOWN; i++)
		part_ns[i] = connection->queue_ns[i];
	part_ns[PROBE_ABI_APP_STOPPED] = take(
		&left, thread->blocked_ns[PROBE_ABI_OFF_STOPPED] - connection->stopped_ns);
	part_ns[PROBE_ABI_APP_DISK] = take(
		&left, thread->blocked_ns[PROBE_ABI_OFF_DISK] - connection->disk_ns);
	part_ns[PROBE_ABI_APP_SLEEP] = take(
		&left, thread->blocked_ns[PROBE_ABI_OFF_SLEEP] - connection->sleep_ns);
	part_ns[PROBE_ABI_APP_RUNQ] = take(&left, thread->runq_ns - connection->runq_ns);
	part_ns[PROBE_ABI_APP_CPU] = left;
}

INLINE void answer(struct sock *sk, struct connection *connection, const struct sight *sight,
	struct tcp_sock *tcp, __u64 now_ns)
{
	/* One more than the parts: whether they are filled in. */
	__u64 part_ns[PROBE_ABI_PARTS + 1] = {}, residence_ns;
	struct probe_abi_thread *thread = thread_at(connection->thread);
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct probe_abi_cpu *cpu = this_cpu();

	if (!cpu)
		return;
	residence_ns = less(now_ns, connection->arrived_ns);
	if (thread && thread->generation != connection->generation)
		thread = 0; /* who read has ended, and another has its place */
	add_residence(cpu, connection, sight->hash, residence_ns);
	hist_add(&cpu->hist[PROBE_ABI_SRTT], (__u64)(tcp->srtt_us >> 3) * 1000);
	if (thread && thread->tid != tid) {
		cpu->count[PROBE_ABI_HANDOFFS]++;
	} else if (thread && thread->offloaded) {
		cpu->count[PROBE_ABI_OFFLOADED]++;
	} else if (thread) {
		thread_runs(thread, now_ns);
		attribute(connection, thread, now_ns, part_ns);
		part_ns[PROBE_ABI_PARTS] = 1;
		add_parts(cpu, part_ns, residence_ns);
		thread->requests++;
	} else {
		cpu->count[PROBE_ABI_UNATTRIBUTED]++;
	}
	note_slow(cpu, sk, connection, thread, part_ns, residence_ns);
	thread_done(connection->thread, connection->generation, sight);
}

/* begins: the bytes have not gone to TCP yet; else they may have left. */
INLINE int on_send(struct sock *sk, bool begins)
{
	struct connection *connection;
	struct tcp_sock *tcp;
	struct sight sight;
	__u64 now_ns;

	if (!see(sk, &sight))
		return 0;
	connection = sight.followed ? connection_of(sk) : 0;
	if (!connection || connection->state == IDLE || connection->state == NEW) {
		thread_mark(&sight, false);
		return 0;
	}
	if (connection->state == ARRIVED) /* the answer before this request goes on */
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (connection->state == SENT) {
		connection->last_sent_ns = now_ns;
		thread_mark(&sight, false);
		return 0;
	}
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	answer(sk, connection, &sight, tcp, now_ns);
	connection->state = SENT;
	connection->sent_ns = now_ns;
	connection->last_sent_ns = now_ns;
	connection->sent_bytes = tcp->bytes_sent;
	connection->lingers = 1; /* the bucket is followed until the bytes leave */
	if (connection->next_arrived_ns && connection->next_selected)
		arrive(connection, &sight, connection->next_arrived_ns, connection->next_offset,
			connection->next_rx_path_ns);
	else if ((!begins || !control.leaving) && linger_no_more(connection))
		open_less(&sight);
	connection->next_arrived_ns = 0;
	return 0;
}

/* --- birth and end of a connection --- */

INLINE void take_up(struct sock *sk, __u64 established_ns)
{
	struct connection *connection = bpf_sk_storage_get(
		&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct sight sight;

	count(connection ? PROBE_ABI_OPENED : PROBE_ABI_LOST_CONNECTIONS);
	if (!connection)
		return;
	connection->hash = hash_of(sk);
	see_hash(connection->hash, &sight);
	if (!sight.selected)
		return;
	connection->established_ns = established_ns;
	connection->state = NEW;
	connection->lingers = 1;
	open_more(&sight);
}

INLINE int on_state(struct sock *sk, int before, int after)
{
	if (before == TCP_SYN_RECV && after == TCP_ESTABLISHED) {
		if (is_ours(sk))
			take_up(sk, bpf_ktime_get_ns());
		return 0;
	}
	if (before != TCP_ESTABLISHED && before != TCP_CLOSE_WAIT)
		return 0;
	/* A close by the application: it will not answer what it has read. */
	if (after == TCP_FIN_WAIT1 || after == TCP_LAST_ACK) {
		struct sight sight;

		if (see(sk, &sight))
			thread_mark(&sight, false);
	} else if (after == TCP_CLOSE) {
		struct connection *connection = connection_of(sk);

		if (connection)
			connection->reset = 1;
	}
	return 0;
}

/* The socket has given its port back by now, and forgotten the client's if it was reset from here.
 */
INLINE int on_end(struct sock *sk)
{
	struct connection *connection = connection_of(sk);
	struct sight sight;

	if (!connection) /* none of ours */
		return 0;
	see_hash(connection->hash, &sight);
	count(PROBE_ABI_CLOSED);
	/* After a reset it is the application's close that ends it; it may have read a request. */
	if (connection->reset)
		thread_mark(&sight, false);
	if (connection->state == ARRIVED || connection->state == READ) {
		count(PROBE_ABI_ABANDONED);
		open_less(&sight);
		if (connection->state == READ)
			thread_done(connection->thread, connection->generation, &sight);
	} else {
		settle(connection, &sight);
	}
	connection->state = IDLE;
	return 0;
}

INLINE int on_transmit(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	struct connection *connection;
	struct probe_abi_cpu *cpu;
	struct sight sight;

	if (!sk || !see(sk, &sight) || !sight.followed)
		return 0;
	connection = connection_of(sk);
	if (!connection || connection->state != SENT || !connection->lingers)
		return 0;
	/* An acknowledgment carries nothing of the answer. */
	if (BPF_CORE_READ((struct tcp_sock *)sk, bytes_sent) == connection->sent_bytes)
		return 0;
	if (!linger_no_more(connection))
		return 0;
	open_less(&sight);
	cpu = this_cpu();
	if (cpu)
		hist_add(&cpu->hist[PROBE_ABI_TX], bpf_ktime_get_ns() - connection->sent_ns);
	return 0;
}

#endif
