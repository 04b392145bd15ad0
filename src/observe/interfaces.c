/* SPDX-License-Identifier: MIT */
#include "observe/interfaces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets ...". */
static bool add_line(struct interfaces *interfaces, const char *line)
{
	uint64_t received_bytes, received_packets, sent_bytes, sent_packets;
	const char *name = line + strspn(line, " ");
	size_t name_bytes = strcspn(name, ":\n");

	if (name[name_bytes] != ':' ||
		sscanf(name + name_bytes,
			": %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			&received_bytes, &received_packets, &sent_bytes, &sent_packets) != 4)
		return false;
	if (name_bytes == 2 && !memcmp(name, "lo", 2)) {
		interfaces->loopback_bytes += sent_bytes;
		interfaces->loopback_packets += sent_packets;
		return true;
	}
	interfaces->received_bytes += received_bytes;
	interfaces->received_packets += received_packets;
	interfaces->sent_bytes += sent_bytes;
	interfaces->sent_packets += sent_packets;
	return true;
}

bool interfaces_parse(struct interfaces *interfaces, const char *text)
{
	bool any = false;

	*interfaces = (struct interfaces){0};
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		any |= add_line(interfaces, line);
	}
	return any;
}
