/* SPDX-License-Identifier: MIT OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the attribution programs (bpf/attribution.bpf.c) and the probe that loads them share: the
 * stages a request passes in the server's kernel, the filter, the sampling, and the tables that the
 * programs fill.
 *
 * A request, seen from the server's socket (all times CLOCK_MONOTONIC, nanoseconds):
 *
 *   skb->tstamp   arrival          read                    first send      last send
 *       |            |               |                         |               |
 *       |- rx_path --|---- queue ----|---------- app ----------|-response_span-|
 *                    |-------------- residence ----------------|- tx -> device
 *
 * arrival is the first unread segment of the request in the socket; data that comes after the
 * request was read and is read before anything was sent belongs to the same request and moves its
 * arrival (request_span is how far). queue is divided by what the thread that then read was doing,
 * app by the state of that thread. A request sent by another thread than read it is a handoff: it
 * counts in residence and in no stage.
 *
 * Sampling: a connection has a hash of its client address, client port and server port; the
 * bucket is where that falls in 0..sample-1. A request is admitted when its bucket is the selected
 * one at arrival, and is followed to its end wherever the selection has moved meanwhile. While
 * PROBE_ABI_SAMPLE_LIMIT is selected, none is.
 *
 * Owner: `config` is .rodata, frozen before loading; `control` is written by user space; `cpus` and
 * `threads` by the programs (a CPU writes its own entry of cpus, a thread mostly its own of
 * threads). Readers subtract copies; nothing is reset, but slowest when control.window changes.
 * Units: in the names. Errors: what could not be kept is counted in PROBE_ABI_LOST_*.
 */
#ifndef RINGLOAD_PROBE_ABI_H
#define RINGLOAD_PROBE_ABI_H

#include <linux/types.h>

#include "ringload/hist_layout.h"

#define PROBE_ABI_PORT_LIMIT 16
/* Most buckets, thus the finest sampling is 1/64. */
#define PROBE_ABI_SAMPLE_LIMIT 64
/* Random groups of connections, for the sampling error. */
#define PROBE_ABI_GROUPS 256
/* Rows each CPU keeps of its slowest requests. */
#define PROBE_ABI_SLOWEST 16
/* Off-CPU spells a thread remembers. */
#define PROBE_ABI_SPELLS 8

/* Stages' histograms: 16 cells an octave, 6.25 % wide, up to 2^40 ns (18 minutes). */
#define PROBE_ABI_PRECISION_BITS 5
#define PROBE_ABI_CELLS          592
/* Rows of the mix: 8 an octave of residence. */
#define PROBE_ABI_MIX_BITS 4
#define PROBE_ABI_MIX_ROWS 304

/* The first PROBE_ABI_PARTS add up to residence, request by request. */
enum probe_abi_stage {
	PROBE_ABI_QUEUE_BUSY = 0,         /* the reader was running */
	PROBE_ABI_QUEUE_RUNQ = 1,         /* the reader was runnable, waiting for a CPU */
	PROBE_ABI_QUEUE_BUSY_BLOCKED = 2, /* it slept with a request of its own open */
	PROBE_ABI_QUEUE_WAKEUP = 3,       /* it slept with none: until it slept no more */
	PROBE_ABI_QUEUE_UNKNOWN = 4,      /* the reader was not known then (new thread) */
	PROBE_ABI_APP_CPU = 5,
	PROBE_ABI_APP_RUNQ = 6,
	PROBE_ABI_APP_SLEEP = 7,   /* blocked, interruptible: locks, timers, other sockets */
	PROBE_ABI_APP_DISK = 8,    /* blocked, uninterruptible */
	PROBE_ABI_APP_STOPPED = 9, /* by a signal or a tracer */
	PROBE_ABI_PARTS = 10,
	PROBE_ABI_RESIDENCE = 10,
	PROBE_ABI_QUEUE = 11,       /* = the five queue_* */
	PROBE_ABI_APP = 12,         /* = the five app_* */
	PROBE_ABI_APP_BLOCKED = 13, /* = sleep + disk + stopped */
	PROBE_ABI_RX_PATH = 14,
	PROBE_ABI_REQUEST_SPAN = 15,  /* only requests whose arrival moved */
	PROBE_ABI_RESPONSE_SPAN = 16, /* only responses seen to their end */
	PROBE_ABI_TX = 17,
	PROBE_ABI_SRTT = 18, /* the connection's smoothed round trip, at the first send */
	PROBE_ABI_STAGE_COUNT = 19
};

enum probe_abi_count {
	PROBE_ABI_REQUESTS = 0,     /* admitted and answered */
	PROBE_ABI_HANDOFFS = 1,     /* of these, sent by another thread than read */
	PROBE_ABI_OFFLOADED = 2,    /* of these, read by a kernel worker (io_uring SQPOLL, io-wq) */
	PROBE_ABI_UNATTRIBUTED = 3, /* of these, read by a thread that found no place */
	PROBE_ABI_SPLIT = 4,        /* of these, came in parts that were read apart */
	PROBE_ABI_PIPELINED = 5,    /* of these, had more data waiting unread at the first send */
	PROBE_ABI_ABANDONED = 6,    /* admitted, connection ended before anything was sent */
	PROBE_ABI_OPENED = 7,       /* connections that passed the filter */
	PROBE_ABI_SEEDED = 8,       /* connections there before */
	PROBE_ABI_CLOSED = 9,
	PROBE_ABI_RETRANSMITS = 10, /* segments the server sent again; of all, sampled or not */
	PROBE_ABI_RESETS_SENT = 11,
	PROBE_ABI_RESETS_RECEIVED = 12,
	PROBE_ABI_NO_ARRIVAL = 13,   /* unsampled runs: reads of data whose arrival went unseen */
	PROBE_ABI_SPAN_UNKNOWN = 14, /* responses whose end was not seen */
	PROBE_ABI_LOST_CONNECTIONS = 15, /* no memory for their state */
	PROBE_ABI_LOST_THREADS = 16,     /* no place in the table */
	PROBE_ABI_COUNT = 17
};

/* Frozen before the programs are loaded. All 0 lets every connection of the ports pass. */
struct probe_abi_config {
	__u32 port_count;
	__u16 ports[PROBE_ABI_PORT_LIMIT]; /* host byte order */
	__u32 sample;                      /* 1: every request; else one bucket of this many */
	__u32 netns;                       /* inode of the server's network namespace; 0: any */
	__u32 pid;                         /* thread group that reads; 0: any */
	__u64 cgroup;       /* id of a control group, which or below which the sockets belong to */
	__u32 cgroup_level; /* its depth: 0 is the root */
	__u32 cpu_count;    /* entries of `cpus` */
	__u32 thread_count; /* entries of `threads`; entry 0 is nobody's */
	__u32 turns;        /* 1: a bucket is admitted by turns, or none; 0: all, always */
};

_Static_assert(sizeof(struct probe_abi_config) == 72, "no padding");

enum probe_abi_mode {
	PROBE_ABI_WALK_SEED = 0, /* takes up the connections that are there */
	PROBE_ABI_WALK_OPEN = 1  /* writes a struct probe_abi_open for each open request */
};

/* Written by user space while the programs run. */
struct probe_abi_control {
	__u32 selected;           /* the bucket admitted now */
	__u32 window;             /* a change empties `slowest` */
	__u32 mode;               /* enum probe_abi_mode, what the walk over connections does */
	__u32 leaving;            /* 1: the program that sees answers leave is on duty */
	__u64 selected_at_ns;     /* since when; written after `selected` changed */
	__s64 realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC; 0: skbs carry no stamps */
};

/* Admitted requests of a bucket not yet done with; each on a cache line of its own, as nearly all
 * reads are of buckets without any. */
struct probe_abi_open_bucket {
	__u32 requests;
	__u32 pad[15];
};

struct probe_abi_hist {
	__u64 sum_ns;
	__u64 cells[PROBE_ABI_CELLS];
};

/* Requests of one row of residence; part_ns only of those that are attributed. */
struct probe_abi_mix {
	__u64 requests, attributed;
	__u64 residence_ns; /* of the attributed */
	__u64 part_ns[PROBE_ABI_PARTS];
};

/* Attributed or not; a group is the low bits of the connection's hash. */
struct probe_abi_group {
	__u64 requests, residence_ns;
};

struct probe_abi_slow {
	__u64 residence_ns; /* 0: an empty row */
	__u64 arrived_ns;
	__u64 part_ns[PROBE_ABI_PARTS]; /* all 0 unless attributed */
	__u64 rx_path_ns;
	__u64 offset_bytes;             /* of the request's first byte in what the client sent */
	__be32 client_address[4];       /* IPv4: the last word, the others 0, 0, htonl(0xffff) */
	__u16 client_port, server_port; /* host byte order */
	__u32 tid, tgid;                /* who read */
	__u32 attributed;               /* 0 or 1 */
};

struct probe_abi_cpu {
	__u64 count[PROBE_ABI_COUNT];
	struct probe_abi_hist hist[PROBE_ABI_STAGE_COUNT];
	struct probe_abi_mix mix[PROBE_ABI_MIX_ROWS];
	struct probe_abi_group group[PROBE_ABI_GROUPS];
	__u32 slow_window, slow_row;
	__u64 slow_floor_ns; /* the smallest residence in `slowest` */
	struct probe_abi_slow slowest[PROBE_ABI_SLOWEST];
};

/* Why a thread was off its CPU. */
enum probe_abi_off {
	PROBE_ABI_OFF_PREEMPTED = 0,
	PROBE_ABI_OFF_SLEEP = 1,
	PROBE_ABI_OFF_DISK = 2,
	PROBE_ABI_OFF_STOPPED = 3,
	PROBE_ABI_OFF_KINDS = 4
};

/* One spell off the CPU: from..queued blocked, queued..until runnable. */
struct probe_abi_spell {
	__u64 from_ns, queued_ns, until_ns;
	__u32 owning; /* 1: with a request of its own open */
	__u32 kind;   /* enum probe_abi_off */
};

/* A thread that read from a socket of the server. Times are sums since it was first seen. */
struct probe_abi_thread {
	__u32 tid, tgid;
	__u32 state; /* 0: free, 1: in use, 2: exited; its figures stay until the place is reused */
	__u32 generation; /* bumped at each reuse of the place */
	__u32 running;    /* 1: on a CPU since changed_ns; 0: off since then */
	__u32 kind;       /* enum probe_abi_off, while off */
	__u32 owning;     /* while off: with a request of its own open */
	__u32 offloaded;  /* a kernel worker: what it does is no application's */
	__u64 changed_ns;
	__u64 first_ns; /* when it was first seen */
	__u64 cpu_ns, runq_ns;
	__u64 blocked_ns[PROBE_ABI_OFF_KINDS]; /* [PREEMPTED] stays 0 */
	__u64 owning_ns, idle_ns;              /* the sum of blocked_ns, the other way divided */
	__u64 switches, preempted;
	__u64 requests; /* attributed to it */
	__u64 open;     /* a bit for each open request, by a hash of the socket */
	__u64 spell_count;
	struct probe_abi_spell spells[PROBE_ABI_SPELLS]; /* a ring; spell_count counts all */
	char name[16];
};

/* A row of what the iterator tells about connections at the end. */
struct probe_abi_open {
	__u64 arrived_ns;
	__u32 read; /* 1: it was read, 0: it still waits */
	__u32 pad;
};

/*
 * The hash of a connection that both sides compute. Address words and ports as in struct
 * probe_abi_slow. The finalizer is that of MurmurHash3 (Austin Appleby, public domain).
 */
static inline __attribute__((always_inline)) __u32 probe_abi_hash(
	const __be32 *client_address, __u16 client_port, __u16 server_port)
{
	__u32 hash = (__u32)client_port << 16 | server_port;

	hash ^= client_address[0] * 0x9e3779b1u + client_address[1] * 0x85ebca77u +
		client_address[2] * 0xc2b2ae3du + client_address[3] * 0x27d4eb2fu;
	hash ^= hash >> 16;
	hash *= 0x85ebca6bu;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

/* From the high bits, so that it says nothing about the group. */
static inline __attribute__((always_inline)) __u32 probe_abi_bucket(__u32 hash, __u32 sample)
{
	return (__u32)((__u64)hash * sample >> 32);
}

static inline __attribute__((always_inline)) __u32 probe_abi_group(__u32 hash)
{
	return hash & (PROBE_ABI_GROUPS - 1);
}

#endif
