/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/rng.h"
#include "net/sock.h"
#include "tests/sim/fake_log.h"

static struct {
	struct fake_net *net;
	struct rng rng;
	uint32_t fails_one_in;
	struct fake_sock_watch watch;
} sockets;

void fake_sock_setup(struct fake_net *net, uint64_t seed, uint32_t fails_one_in,
	const struct fake_sock_watch *watch)
{
	memset(&sockets, 0, sizeof(sockets));
	sockets.net = net;
	sockets.fails_one_in = fails_one_in;
	if (watch)
		sockets.watch = *watch;
	rng_init(&sockets.rng, seed, 2);
}

void sock_close(int fd)
{
	fake_log_trace("sock_close: %d", fd);
	fake_net_close_fd(sockets.net, fd);
}

/* Where a connection comes from changes nothing here, but that it is told before it connects. */
int sock_bind_source(int fd, const struct sockaddr *address, socklen_t address_bytes)
{
	struct fake_conn *conn = fake_net_by_fd(sockets.net, fd);

	if (address->sa_family != AF_INET || address_bytes != sizeof(struct sockaddr_in))
		fake_log_fail("a source of family %d", address->sa_family);
	if (sockets.watch.bound)
		sockets.watch.bound(sockets.watch.watcher, conn,
			ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
	return 0;
}

int sock_reset_on_close(int fd)
{
	struct fake_conn *conn = fake_net_by_fd(sockets.net, fd);

	if (sockets.watch.resets)
		sockets.watch.resets(sockets.watch.watcher, conn);
	return 0;
}

uint16_t sock_local_port(int fd)
{
	struct fake_conn *conn = fake_net_by_fd(sockets.net, fd);

	fake_log_trace("sock_local_port: %d: %u", fd, conn->local_port);
	if (sockets.watch.asked_port)
		sockets.watch.asked_port(sockets.watch.watcher, conn);
	conn->port_asked = true;
	return conn->local_port;
}

static int fails(void)
{
	bool fail = sockets.fails_one_in && rng_below(&sockets.rng, sockets.fails_one_in) == 0;

	return fail ? -EMFILE : 0;
}

int sock_stamp(int fd)
{
	int result = fails();

	if (!result)
		fake_net_by_fd(sockets.net, fd)->stamps = true;
	if (sockets.watch.stamped)
		sockets.watch.stamped(sockets.watch.watcher, result);
	return result;
}

int sock_open(int family)
{
	int result = fails();

	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		fake_log_fail("a socket of family %d", family);
	if (!result) {
		struct fake_conn *conn = fake_net_open(sockets.net);

		conn->family = family;
		result = conn->fd;
	}
	fake_log_trace("sock_open: %d", result);
	if (sockets.watch.opened)
		sockets.watch.opened(sockets.watch.watcher, result);
	return result;
}
