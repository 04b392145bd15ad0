/* SPDX-License-Identifier: MIT */
/*
 * Where a target is, seen from this machine: on this host, and then on which CPUs; or behind a
 * network interface, and then near which NUMA node. It asks the kernel, never the target, and
 * guesses nothing: what cannot be read is "not known".
 *
 * An address is this host's when it lies in 127.0.0.0/8, is ::1, or is listed as local; so is every
 * unix socket, found by the path its server bound (not by another one to the same file). Its
 * listening sockets are found by port and address, their holders among all processes, and of each
 * holder the threads that are bound to some of the CPUs only: an unbound thread says nothing about
 * where the load will be. Ordinary users see their own processes alone.
 *
 * Files below the root ("/" in production):
 *   proc/net/fib_trie, proc/net/if_inet6            this host's addresses; also below proc/PID/net
 *   proc/net/tcp, proc/net/tcp6, proc/net/unix      listening sockets
 *   proc/PID/fd/, proc/PID/task/TID/status          who holds them, and where they may run
 *   proc/net/route, sys/class/net/NAME/device/numa_node
 * Routes of IPv6, policy routing and interfaces without a device are not followed: node -1.
 *
 * Owner: the caller's storage. Threads: one. Errors: none. Cost: one pass over /proc, at most
 * LOCALITY_LINK_LIMIT descriptors and LOCALITY_THREAD_LIMIT threads looked at; beyond, what was
 * found so far is taken.
 * Source: proc_net(5), proc_pid_fd(5); net/ipv4/tcp_ipv4.c get_tcp4_sock and
 * net/unix/af_unix.c unix_seq_show (format of a line).
 */
#ifndef RINGLOAD_PLAN_LOCALITY_H
#define RINGLOAD_PLAN_LOCALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/cpulist.h"
#include "plan/plan.h"
#include "plan/topology.h"

#define LOCALITY_LINK_LIMIT   200000U
#define LOCALITY_THREAD_LIMIT 20000U

struct locality {
	bool on_this_host;          /* at least one of the addresses is */
	struct cpulist target_cpus; /* its bound threads' CPUs; empty: none bound, or not known */
	int near_node;              /* NUMA node of the interface towards it; -1: not known */
};

void locality_find(struct locality *locality, const char *root, const struct topology *topology,
	const struct plan_address *addresses, size_t address_count);

/* Whether one of the addresses is local in the network namespace of that process. */
bool locality_is_of(
	const char *root, uint32_t pid, const struct plan_address *addresses, size_t address_count);

#endif
