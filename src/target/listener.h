/* SPDX-License-Identifier: MIT */
/*
 * Where the embedded server listens: the address as the user writes it, and listening sockets on
 * it, several on one port when several workers share the load.
 *
 * "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; ":8080" stands for every address of the
 * machine; port 0 lets the kernel choose.
 *
 * Owner: the struct is the caller's storage, the descriptors are the caller's. Threads: one at a
 * time. Errors: ERR_USAGE sentences that quote the text, ERR_ENVIRONMENT when the system refuses.
 */
#ifndef RINGLOAD_TARGET_LISTENER_H
#define RINGLOAD_TARGET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

#define LISTENER_TEXT_BYTES 64

struct listener {
	struct sockaddr_storage address;
	socklen_t address_bytes;
	uint32_t backlog; /* connections that may wait to be accepted; 0: as many as can be */
	bool every;       /* every address: IPv4, too, through an IPv6 socket */
};

int listener_parse(struct listener *listener, const char *text, struct err *err);

/*
 * A descriptor that listens. shared: others on the same port get their part of the connections. A
 * port 0 is replaced by the chosen one, so that the next call takes the same.
 */
int listener_open(struct listener *listener, bool shared, struct err *err);

uint16_t listener_port(const struct listener *listener);

/* "127.0.0.1:8080", "[::1]:8080"; as a URL wants it. */
const char *listener_text(const struct listener *listener, char text[LISTENER_TEXT_BYTES]);

#endif
