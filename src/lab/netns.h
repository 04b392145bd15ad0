/* SPDX-License-Identifier: MIT */
/*
 * A private network namespace with nothing in it but a loopback device that is up: the place where
 * a load and its target cannot disturb, or be disturbed by, anything else on the machine.
 *
 * It has no name and no file: it lives exactly as long as somebody holds its descriptor or runs in
 * it, so that even a kill -9 leaves nothing behind.
 *
 * Owner: the caller's storage; netns_open takes descriptors, netns_close gives them back. A zeroed
 * struct is not open, and may be closed.
 * Threads: a thread enters and leaves for itself alone; children forked inside stay inside.
 * Errors: ERR_ENVIRONMENT (CAP_SYS_ADMIN is needed), ERR_USAGE for an address that is none.
 */
#ifndef RINGLOAD_LAB_NETNS_H
#define RINGLOAD_LAB_NETNS_H

#include <stdbool.h>

#include "base/err.h"

struct netns {
	bool open;
	int inside_fd;  /* the namespace */
	int outside_fd; /* the one the opening thread was in */
};

/* Ports from 1024 up are then free for connections. The calling thread stays where it was. */
int netns_open(struct netns *netns, struct err *err);
void netns_close(struct netns *netns);

int netns_enter(const struct netns *netns, struct err *err);
int netns_leave(const struct netns *netns, struct err *err);

/* Gives loopback the addresses of a network, "10.0.0.1/8" or "fd00::1/64". All of them are local:
 * anyone inside may bind to any. index tells several networks apart, from 0. */
int netns_add_network(
	const struct netns *netns, const char *network, unsigned int index, struct err *err);

/* The index of the loopback device inside; the same in every namespace. */
#define NETNS_LOOPBACK_INDEX 1

#endif
