/* SPDX-License-Identifier: MIT OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the in-kernel null server (bpf/null_server.bpf.c) and the lab that starts it share: the
 * configuration, frozen before the program is loaded, and the counts, one set for each CPU.
 *
 * Owner: the configuration is the program's .rodata, the counts its map "null_counts". Threads: a
 * CPU writes only its own counts; a reader adds them up. Units: in the names; network byte order
 * where it says so.
 */
#ifndef RINGLOAD_NULL_ABI_H
#define RINGLOAD_NULL_ABI_H

#include <linux/types.h>

/* Header and body of the response together; the kernel lets a BPF program grow a packet to about
 * 15 KiB. */
#define NULL_ABI_RESPONSE_LIMIT 8192

struct null_abi_config {
	__be16 port;          /* network byte order; 0 answers nobody */
	__u16 head_bytes;     /* the response's header, all that a HEAD request gets */
	__u32 response_bytes; /* header and body */
	__u8 response[NULL_ABI_RESPONSE_LIMIT];
};

_Static_assert(sizeof(struct null_abi_config) == 8 + NULL_ABI_RESPONSE_LIMIT, "no padding");

/* Indices into the value of key 0 of the map. */
enum null_abi_count {
	NULL_ABI_CONNECTIONS = 0, /* SYN answered; a retransmitted one counts again */
	NULL_ABI_REQUESTS = 1,    /* segments that began a request and got a response */
	NULL_ABI_CONTINUED = 2,   /* further segments of a request: acknowledged only */
	NULL_ABI_CLOSED = 3,      /* FIN without data answered */
	NULL_ABI_RESET = 4,       /* RST seen */
	NULL_ABI_FAILED = 5,      /* the kernel refused to resize or write the packet: dropped */
	NULL_ABI_COUNT = 6
};

struct null_abi_counts {
	__u64 value[NULL_ABI_COUNT];
};

_Static_assert(sizeof(struct null_abi_counts) == 8 * NULL_ABI_COUNT, "no padding");

#endif
