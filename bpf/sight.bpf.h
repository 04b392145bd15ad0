/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which sockets the attribution programs look at, and which requests on them are admitted: the
 * filter, the sampling, and the tables a CPU counts in.
 *
 * Threads: as ringload/probe_abi.h.
 */
#ifndef RINGLOAD_BPF_SIGHT_H
#define RINGLOAD_BPF_SIGHT_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ringload/probe_abi.h"

#define INLINE static __attribute__((always_inline)) inline

const volatile struct probe_abi_config config SEC(".rodata") = {};

struct probe_abi_control control SEC(".bss");

/* By bucket; written by the programs alone. */
struct probe_abi_open_bucket open_buckets[PROBE_ABI_SAMPLE_LIMIT] SEC(".bss.open");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_abi_cpu);
} cpus SEC(".maps");

INLINE struct probe_abi_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

INLINE void count(enum probe_abi_count kind)
{
	struct probe_abi_cpu *cpu = this_cpu();

	if (cpu)
		__sync_fetch_and_add(&cpu->count[kind], 1);
}

INLINE __u64 less(__u64 from, __u64 what)
{
	return what < from ? from - what : 0;
}

INLINE bool is_our_port(const struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;

	for (__u32 i = 0; i < PROBE_ABI_PORT_LIMIT; i++) {
		if (i >= config.port_count)
			return false;
		if (port == config.ports[i])
			return true;
	}
	return false;
}

INLINE bool is_ours(struct sock *sk)
{
	if (!is_our_port(sk))
		return false;
	if (config.netns && sk->__sk_common.skc_net.net->ns.inum != config.netns)
		return false;
	if (config.cgroup) {
		struct cgroup *cgroup = sk->sk_cgrp_data.cgroup, *above = 0;
		const void *place = (const char *)cgroup +
				    bpf_core_field_offset(struct cgroup, ancestors) +
				    8 * config.cgroup_level;

		if (!cgroup || cgroup->level < (int)config.cgroup_level)
			return false;
		bpf_probe_read_kernel(&above, sizeof(above), place);
		if (BPF_CORE_READ(above, kn, id) != config.cgroup)
			return false;
	}
	return true;
}

INLINE void client_address(const struct sock *sk, __be32 *words)
{
	if (sk->__sk_common.skc_family == AF_INET6) {
		words[0] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0];
		words[1] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[1];
		words[2] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[2];
		words[3] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[3];
	} else {
		words[0] = 0;
		words[1] = 0;
		words[2] = bpf_htonl(0xffff);
		words[3] = sk->__sk_common.skc_daddr;
	}
}

INLINE __u32 hash_of(const struct sock *sk)
{
	__be32 words[4];

	client_address(sk, words);
	return probe_abi_hash(words, bpf_ntohs(sk->__sk_common.skc_dport), sk->__sk_common.skc_num);
}

/* A socket of a port of ours as a program meets it. */
struct sight {
	__u32 hash, bucket;
	bool selected; /* requests that arrive now are admitted */
	bool followed; /* there may be an admitted request on it */
};

INLINE void see_hash(__u32 hash, struct sight *sight)
{
	sight->hash = hash;
	sight->bucket = 0;
	sight->selected = true;
	sight->followed = true;
	if (config.turns) {
		sight->bucket = probe_abi_bucket(sight->hash, config.sample) &
				(PROBE_ABI_SAMPLE_LIMIT - 1);
		sight->selected = sight->bucket == control.selected;
		sight->followed = sight->selected || open_buckets[sight->bucket].requests != 0;
	}
}

INLINE bool see(const struct sock *sk, struct sight *sight)
{
	if (!is_our_port(sk))
		return false;
	see_hash(hash_of(sk), sight);
	return true;
}

INLINE void open_more(const struct sight *sight)
{
	if (config.turns)
		__sync_fetch_and_add(&open_buckets[sight->bucket].requests, 1);
}

INLINE void open_less(const struct sight *sight)
{
	if (config.turns)
		__sync_fetch_and_add(&open_buckets[sight->bucket].requests, -1);
}

/* Whether the connection was followed without a gap since then. */
INLINE bool followed_since(const struct sight *sight, __u64 ns)
{
	return !config.turns || (sight->selected && ns >= control.selected_at_ns);
}

#endif
