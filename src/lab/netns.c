/* SPDX-License-Identifier: MIT */
#include "lab/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The namespace of the calling thread, whichever thread that is. */
#define NETNS_SELF "/proc/thread-self/ns/net"

static int netns_write(const char *path, const char *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;
	int code;

	if (fd < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, -errno, "cannot open \"%s\"", path);
	written = write(fd, text, strlen(text));
	code = written < 0 ? -errno : 0;
	close(fd);
	if (code)
		return err_set_errno(
			err, ERR_ENVIRONMENT, code, "cannot write \"%s\" to \"%s\"", text, path);
	return 0;
}

/* Any socket of a family, for its ioctls; negative errno when there is none. */
static int netns_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int netns_loopback_up(struct err *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = netns_socket(AF_INET);
	int code = fd;

	if (fd >= 0) {
		code = ioctl(fd, SIOCSIFFLAGS, &request) ? -errno : 0;
		close(fd);
	}
	if (code < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, code,
			"cannot bring up loopback in the laboratory's network namespace");
	return 0;
}

/* Runs in the new namespace: /proc/sys/net shows the one of the reader. */
static int netns_furnish(struct err *err)
{
	int code = netns_loopback_up(err);

	if (code)
		return code;
	return netns_write("/proc/sys/net/ipv4/ip_local_port_range", "1024 65535", err);
}

int netns_open(struct netns *netns, struct err *err)
{
	struct netns opened = {.open = true, .inside_fd = -1};
	int code;

	memset(netns, 0, sizeof(*netns));
	opened.outside_fd = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	if (opened.outside_fd < 0)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -errno, "cannot open \"%s\"", NETNS_SELF);
	if (unshare(CLONE_NEWNET)) {
		code = -errno;
		if (code == -EPERM)
			err_set(err, ERR_ENVIRONMENT, code,
				"not permitted to make a network namespace: it needs the "
				"capability CAP_SYS_ADMIN; run as root");
		else
			err_set_errno(
				err, ERR_ENVIRONMENT, code, "cannot make a network namespace");
		netns_close(&opened);
		return code;
	}
	code = netns_furnish(err);
	if (code == 0) {
		opened.inside_fd = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
		if (opened.inside_fd < 0)
			code = err_set_errno(
				err, ERR_ENVIRONMENT, -errno, "cannot open \"%s\"", NETNS_SELF);
	}
	if (code)
		netns_leave(&opened, NULL);
	else
		code = netns_leave(&opened, err);
	if (code)
		netns_close(&opened);
	else
		*netns = opened;
	return code;
}

void netns_close(struct netns *netns)
{
	if (!netns->open)
		return;
	close(netns->outside_fd);
	if (netns->inside_fd >= 0)
		close(netns->inside_fd);
	memset(netns, 0, sizeof(*netns));
}

static int netns_set(int fd, struct err *err)
{
	if (setns(fd, CLONE_NEWNET))
		return err_set_errno(
			err, ERR_ENVIRONMENT, -errno, "cannot change the network namespace");
	return 0;
}

int netns_enter(const struct netns *netns, struct err *err)
{
	return netns_set(netns->inside_fd, err);
}

int netns_leave(const struct netns *netns, struct err *err)
{
	return netns_set(netns->outside_fd, err);
}

/* An address with its prefix length, of either family. */
struct network {
	int family;
	struct in_addr v4;
	struct in6_addr v6;
	unsigned int prefix_bits;
};

static int netns_parse_network(const char *text, struct network *network, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN] = "", *end = NULL;
	unsigned long bits, limit;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		goto refuse;
	memcpy(address, text, (size_t)(slash - text));
	network->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	limit = network->family == AF_INET6 ? 128 : 32;
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits < 1 || bits > limit)
		goto refuse;
	network->prefix_bits = (unsigned int)bits;
	if (inet_pton(network->family, address,
		    network->family == AF_INET6 ? (void *)&network->v6 : (void *)&network->v4) == 1)
		return 0;
refuse:
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not a network: expected an address and a prefix length, as in "
		"10.0.0.1/8 or fd00::1/64",
		text);
}

/* On an alias of loopback, as one device name carries one IPv4 address for ioctl. */
static int netns_add_v4(int fd, const struct network *network, unsigned int index)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = network->v4};
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "lo:%u", index % 10000);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	if (ioctl(fd, SIOCSIFADDR, &request))
		return -errno;
	address.sin_addr.s_addr = htonl(~0U << (32 - network->prefix_bits));
	memcpy(&request.ifr_netmask, &address, sizeof(address));
	return ioctl(fd, SIOCSIFNETMASK, &request) ? -errno : 0;
}

/*
 * A new IPv6 address is tentative until a kernel worker has looked at it, and nobody can bind to it
 * before. Loopback skips the search for duplicates, so this takes no longer than the worker.
 */
static int netns_await_v6(int fd, const struct network *network)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = network->v6};
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 1000; i++) {
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EADDRNOTAVAIL)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static int netns_add_v6(int fd, const struct network *network)
{
	struct in6_ifreq request = {.ifr6_addr = network->v6,
		.ifr6_prefixlen = network->prefix_bits,
		.ifr6_ifindex = NETNS_LOOPBACK_INDEX};

	return ioctl(fd, SIOCSIFADDR, &request) ? -errno : netns_await_v6(fd, network);
}

int netns_add_network(
	const struct netns *netns, const char *text, unsigned int index, struct err *err)
{
	struct network network = {0};
	int code = netns_parse_network(text, &network, err);
	int fd;

	if (code)
		return code;
	code = netns_enter(netns, err);
	if (code)
		return code;
	fd = netns_socket(network.family);
	code = fd;
	if (fd >= 0) {
		code = network.family == AF_INET6 ? netns_add_v6(fd, &network)
						  : netns_add_v4(fd, &network, index);
		close(fd);
	}
	if (code < 0)
		err_set_errno(err, ERR_ENVIRONMENT, code, "cannot add \"%s\" to loopback", text);
	if (netns_leave(netns, code < 0 ? NULL : err))
		return -EPERM;
	return code;
}
