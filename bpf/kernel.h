/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few types of the running kernel that the programs here look into, with the few members they
 * use. Offsets are filled in when a program is loaded (preserve_access_index), from the BTF of the
 * kernel it is loaded into; so the machine that builds needs none, and no other kernel header with
 * these names may be included beside this one.
 *
 * A member that a kernel lacks makes the program that uses it fail to load, unless the use is
 * guarded with bpf_core_field_exists.
 */
#ifndef RINGLOAD_BPF_KERNEL_H
#define RINGLOAD_BPF_KERNEL_H

#include <linux/types.h>

#include <linux/bpf.h>

#include <stdbool.h>

#define KERNEL_TYPE __attribute__((preserve_access_index))

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9
};

#define AF_INET6 10
#define MSG_PEEK 2
/* A FIN takes a sequence number and is no data. */
#define TCP_FLAG_FIN 1

/* include/linux/sched.h; what a task was about to do when it left its CPU. */
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED_TRACED  0x000c
#define TASK_FROZEN          0x8000
/* Threads of the kernel, and user threads that io_uring made and runs itself. */
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD   0x00200000

struct bpf_local_storage;

struct ns_common {
	unsigned int inum;
} KERNEL_TYPE;

struct net {
	struct ns_common ns;
} KERNEL_TYPE;

struct kernfs_node {
	__u64 id;
} KERNEL_TYPE;

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[]; /* since 6.1 */
} KERNEL_TYPE;

struct sock_cgroup_data {
	struct cgroup *cgroup;
} KERNEL_TYPE;

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
} KERNEL_TYPE;

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct {
		struct net *net;
	} skc_net;
	struct in6_addr skc_v6_daddr;
} KERNEL_TYPE;

struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
	struct bpf_local_storage *sk_bpf_storage;
} KERNEL_TYPE;

struct tcp_sock {
	__u32 rcv_nxt;
	__u32 srtt_us; /* eighths of a microsecond */
	__u64 bytes_received;
	__u64 bytes_sent;
} KERNEL_TYPE;

struct sk_buff {
	struct sock *sk;
	__s64 tstamp;
	char cb[48];
} KERNEL_TYPE;

/* What TCP keeps in sk_buff.cb. */
struct tcp_skb_cb {
	__u32 seq, end_seq;
	__u8 tcp_flags; /* 16 bits since 6.15: its first byte all the same */
} KERNEL_TYPE;

struct sched_info {
	unsigned long long run_delay, last_arrival, last_queued;
} KERNEL_TYPE;

struct task_struct {
	unsigned int flags;
	int pid, tgid;
	struct sched_info sched_info;
	struct bpf_local_storage *bpf_storage;
} KERNEL_TYPE;

struct msghdr;
struct net_device;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL_TYPE;

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} KERNEL_TYPE;

#endif
