/* SPDX-License-Identifier: MIT */
/*
 * Bytes and packets of a network namespace, from /proc/PID/net/dev: loopback by itself, all other
 * interfaces added up. What passes two of them (a bridge and its port) is counted at both, and so
 * is the traffic of every other process of the namespace.
 *
 * Owner: the caller's struct. Threads: any. Errors: false when the text is none of that file.
 * Source: proc_pid_net(5).
 */
#ifndef RINGLOAD_OBSERVE_INTERFACES_H
#define RINGLOAD_OBSERVE_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>

struct interfaces {
	uint64_t received_bytes, sent_bytes, received_packets, sent_packets;
	uint64_t loopback_bytes, loopback_packets; /* sent, and so received */
};

bool interfaces_parse(struct interfaces *interfaces, const char *text);

#endif
