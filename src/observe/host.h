/* SPDX-License-Identifier: MIT */
/*
 * What the server's host counts by itself and a stage cannot show: connections lost before they
 * were accepted, time that softirqs and a CPU quota took.
 *
 * Read at the start and the end of a window; the difference is the window's. It reads procfs and
 * cgroupfs below a root folder that tests replace.
 *
 * Owner: the caller's struct. Threads: any. Errors: none; what cannot be read has its flag unset
 * and a reason.
 * Sources: /proc/PID/net/netstat, TcpExt (Linux Documentation/networking/snmp_counter.rst);
 * /proc/stat (proc(5)); cpu.stat (Documentation/admin-guide/cgroup-v2.rst).
 */
#ifndef RINGLOAD_OBSERVE_HOST_H
#define RINGLOAD_OBSERVE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_count {
	HOST_LISTEN_OVERFLOWS, /* accept queue full: ListenOverflows */
	HOST_LISTEN_DROPS,     /* SYNs dropped for any reason: ListenDrops */
	HOST_SYN_COOKIES,      /* SyncookiesSent: the SYN queue was full */
	HOST_REQ_QFULL_DROP,   /* TCPReqQFullDrop */
	HOST_NETSTAT_COUNT
};

struct host {
	bool has_netstat;
	const char *netstat_reason;
	uint64_t netstat[HOST_NETSTAT_COUNT]; /* of the network namespace of the process */

	bool has_softirq;
	const char *softirq_reason;
	uint64_t softirq_ns, total_ns; /* of all CPUs; total with idle time */

	bool has_throttled;
	const char *throttled_reason;
	uint64_t throttled_ns, throttled_periods; /* of the process's control group */
};

/* pid 0: the caller's own namespace, and no control group. */
void host_read(struct host *host, const char *root, uint32_t pid);

/* later - earlier; a part that either lacks is lacking, with its reason. */
void host_subtract(struct host *later, const struct host *earlier);

const char *host_count_key(enum host_count count); /* "listen_overflows", ... */

#endif
