/* SPDX-License-Identifier: MIT */
#include "net/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

int sock_open(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	/* A request is one segment; Nagle's algorithm would hold back the next on the connection.
	 */
	if (family != AF_UNIX && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))) {
		int code = -errno;

		close(fd);
		return code;
	}
	return fd;
}

void sock_close(int fd)
{
	close(fd);
}

int sock_bind_source(int fd, const struct sockaddr *address, socklen_t address_bytes)
{
	int one = 1;

	/* Of the IP level for both families. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)))
		return -errno;
	/* Addresses of a route of type "local" can be bound to in IPv4, but not in IPv6. */
	if (address->sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one)))
		return -errno;
	return bind(fd, address, address_bytes) ? -errno : 0;
}

int sock_route(
	const struct sockaddr *address, socklen_t address_bytes, struct sockaddr_storage *local)
{
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(*local);
	int code = 0;

	if (fd < 0)
		return -errno;
	/* A datagram socket's connect only looks the route up. */
	if (connect(fd, address, address_bytes) ||
		getsockname(fd, (struct sockaddr *)local, &bytes))
		code = -errno;
	close(fd);
	return code;
}

int sock_reset_on_close(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ? -errno : 0;
}

int sock_stamp(int fd)
{
	/* The first makes them, the second has them told. */
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) ? -errno : 0;
}

uint16_t sock_local_port(int fd)
{
	/* The port lies at the same place for both families that have one. */
	struct sockaddr_in6 address;
	socklen_t bytes = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &bytes) || address.sin6_family == AF_UNIX)
		return 0;
	return ntohs(address.sin6_port);
}

static int connect_wait(int fd, uint64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	socklen_t bytes = sizeof(int);
	int error = 0;

	for (;;) {
		uint64_t now_ns = clock_now_ns();
		int ready;

		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		ready = poll(
			&poll_fd, 1, (int)((deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS));
		if (ready < 0)
			return -errno;
		if (ready)
			break;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes))
		return -errno;
	/* To a connect a reset says "refused": one that is reset had been accepted. */
	return error == ECONNRESET ? 0 : -error;
}

static int set_send_timeout(int fd, uint64_t timeout_ns)
{
	struct timeval timeout = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
		.tv_usec = (suseconds_t)(timeout_ns % NS_PER_S / 1000) + 1}; /* 0 is forever */

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ? -errno : 0;
}

/*
 * A unix socket's connect never is in progress: it waits for room in the listener's queue, or says
 * EAGAIN at once; so it gets a time to wait instead. What a ring that was closed still has to do in
 * this thread interrupts it.
 */
static int try_unix(const struct sockaddr *address, socklen_t address_bytes, uint64_t timeout_ns)
{
	uint64_t now_ns = clock_now_ns(), deadline_ns = now_ns + timeout_ns;
	int fd = sock_open(AF_UNIX), code = -EINTR;

	if (fd < 0)
		return fd;
	for (; code == -EINTR && now_ns < deadline_ns; now_ns = clock_now_ns()) {
		code = set_send_timeout(fd, deadline_ns - now_ns);
		if (!code && connect(fd, address, address_bytes))
			code = -errno;
	}
	close(fd);
	return code == -EAGAIN || code == -EINTR ? -ETIMEDOUT : code;
}

int sock_try(const struct sockaddr *address, socklen_t address_bytes, uint64_t timeout_ns)
{
	int fd, code = 0;

	if (address->sa_family == AF_UNIX)
		return try_unix(address, address_bytes, timeout_ns);
	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, address, address_bytes))
		code = errno == EINPROGRESS ? connect_wait(fd, clock_now_ns() + timeout_ns)
					    : -errno;
	close(fd);
	return code;
}

int sock_listen(
	const struct sockaddr *address, socklen_t address_bytes, int backlog, struct err *err)
{
	int fd = sock_open(address->sa_family);
	int one = 1;
	int code;

	if (fd < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, fd, "no socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, address, address_bytes) || listen(fd, backlog)) {
		code = -errno;
		close(fd);
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot listen");
	}
	return fd;
}
