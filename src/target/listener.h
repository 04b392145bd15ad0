/* SPDX-License-Identifier: MIT */
/*
 * Where the embedded server listens: the address as the user writes it, and listening sockets on
 * it, several on one port when several workers share the load.
 *
 * "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; ":8080" stands for every address of the
 * machine; port 0 lets the kernel choose. "unix:/run/x.sock" and "unix:@name" are unix sockets
 * (plan/unixsock.h): there is one, which workers share. Its file goes with the server; one that a
 * server left behind, which nobody listens on any more, is replaced, and any other file is left
 * alone.
 *
 * Owner: the struct is the caller's storage, the descriptors are the caller's, the socket's file is
 * the listener's until listener_close. Threads: one at a
 * time. Errors: ERR_USAGE sentences that quote the text, ERR_ENVIRONMENT when the system refuses.
 */
#ifndef RINGLOAD_TARGET_LISTENER_H
#define RINGLOAD_TARGET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/plan.h"

#define LISTENER_TEXT_BYTES PLAN_ADDRESS_TEXT_BYTES

struct listener {
	struct sockaddr_storage address;
	socklen_t address_bytes;
	uint32_t backlog; /* connections that may wait to be accepted; 0: as many as can be */
	bool every;       /* every address: IPv4, too, through an IPv6 socket */
	bool is_unix;     /* then text is how it is called */
	char text[LISTENER_TEXT_BYTES];
	/* The unix socket once it listens, a descriptor of the listener's own; and its file. */
	bool bound;
	int fd;
	dev_t device;
	ino_t inode;
};

int listener_parse(struct listener *listener, const char *text, struct err *err);

/*
 * A descriptor that listens. shared: others on the same port get their part of the connections. A
 * port 0 is replaced by the chosen one, so that the next call takes the same. Of a unix socket the
 * next call gives another descriptor.
 */
int listener_open(struct listener *listener, bool shared, struct err *err);

/* Removes the file of a unix socket, if it is still the listener's. A zeroed struct has none. */
void listener_close(struct listener *listener);

/* 0 for a unix socket. */
uint16_t listener_port(const struct listener *listener);

/* "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock". */
const char *listener_text(const struct listener *listener, char text[LISTENER_TEXT_BYTES]);

/* Appends "http://127.0.0.1:8080" or "http+unix://%2Frun%2Fx.sock": a URL without its path. */
void listener_url(const struct listener *listener, struct buf *out);

#endif
