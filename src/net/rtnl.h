/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's routing tables say of an address, asked over rtnetlink(7).
 *
 * Owner: nothing is kept. Threads: any. Errors: -errno. Source: rtnetlink(7), RTM_GETROUTE.
 */
#ifndef RINGLOAD_NET_RTNL_H
#define RINGLOAD_NET_RTNL_H

#include <sys/socket.h>

/*
 * Whether packets to this IPv4 or IPv6 address end on this host: because an interface has it, or
 * because a route of type "local" covers it. 1, 0 or -errno.
 */
int rtnl_is_local(const struct sockaddr *address);

#endif
