/* SPDX-License-Identifier: MIT */
/*
 * Stream sockets, TCP or unix, as the engine and the target want them, made by plain system calls
 * so that their addresses are known before a ring sees them.
 *
 * They are blocking: io_uring arms its own poll for a blocking socket, and answers -EAGAIN at once
 * for one with O_NONBLOCK.
 *
 * Owner: the descriptor is the caller's. Threads: any. Errors: -errno.
 */
#ifndef RINGLOAD_NET_SOCK_H
#define RINGLOAD_NET_SOCK_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/* A stream socket of this family with close-on-exec, and TCP_NODELAY where it is TCP; the
 * descriptor or -errno. */
int sock_open(int family);
void sock_close(int fd);

/* Connects will come from this address, with a port the kernel chooses for each at its connect, so
 * that one port can serve several peers (IP_BIND_ADDRESS_NO_PORT). 0 or -errno. Whether it is an
 * address of this host is not found out here: see rtnl_is_local. */
int sock_bind_source(int fd, const struct sockaddr *address, socklen_t address_bytes);

/* The address of this host from which packets to that one leave; sends none. 0 or -errno. */
int sock_route(
	const struct sockaddr *address, socklen_t address_bytes, struct sockaddr_storage *local);

/* Closing it resets the connection: no TIME_WAIT is left behind. 0 or -errno. */
int sock_reset_on_close(int fd);
/* Has the kernel stamp, in software, what arrives at this socket, for ring_receive_stamped; 0 or
 * -errno. Whether stamps then come is the transport's matter: TCP gives them, unix sockets do not.
 */
int sock_stamp(int fd);

/* The port of its local address in host byte order, which it has from connect(2) on; 0: none, as of
 * a unix socket. */
uint16_t sock_local_port(int fd);

/*
 * Connects within timeout_ns and closes again: whether anything accepts there. 0 or -errno
 * (-ETIMEDOUT when the time ran out).
 */
int sock_try(const struct sockaddr *address, socklen_t address_bytes, uint64_t timeout_ns);

/* A listening socket; backlog as listen(2). With a sentence, as "address already in use" wants one.
 */
int sock_listen(
	const struct sockaddr *address, socklen_t address_bytes, int backlog, struct err *err);

#endif
