/* SPDX-License-Identifier: MIT */
/*
 * Which processes listen on a TCP port, or on a unix socket, in whatever network namespace of this
 * machine.
 *
 * From /proc/PID/net/tcp and tcp6, or unix, of one process of each namespace, and the socket inodes
 * among the processes' descriptors. Without CAP_SYS_PTRACE the descriptors and namespaces of other
 * users' processes stay unseen; their sockets in the caller's own namespace do not.
 *
 * Owner: the caller's array. Threads: any. Errors: none: what cannot be read is passed over.
 */
#ifndef RINGLOAD_OBSERVE_LISTENER_H
#define RINGLOAD_OBSERVE_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* One process that holds such a listening socket. */
struct listener {
	uint32_t pid;   /* 0: the socket is there, but its process may not be seen from here */
	uint64_t netns; /* inode of the socket's network namespace */
};

/* Fills up to limit; returns how many there are in all. root: "/" or a test's folder. */
size_t listener_find(struct listener *listeners, size_t limit, const char *root, uint16_t port);

/* The same by the path that was bound, or "@name" of an abstract socket, which each namespace may
 * have one of. */
size_t listener_find_unix(
	struct listener *listeners, size_t limit, const char *root, const char *name);

#endif
