/* SPDX-License-Identifier: MIT */
/*
 * Where requests go: the parts of a URL, and the addresses behind a name.
 *
 * Only http:// is spoken by this version, over TCP or, as http+unix://, over a unix socket whose
 * path stands percent-encoded in place of the host. A URL is taken apart, never repaired: what is
 * odd in it is told with how to write it. User names and passwords are refused without being
 * repeated in the message; a fragment is dropped, as it is the client's own affair. The zone of an
 * IPv6 literal may stand behind "%25" (RFC 6874) or a bare "%" (RFC 9844).
 *
 * Owner: address_url_release frees the parts of a URL; the array of addresses is the caller's to
 * free(). Threads: any. Errors: ERR_USAGE for text that is wrong, ERR_TARGET for a name that does
 * not resolve, ERR_ENVIRONMENT for a zone this machine does not have. Limits: URLs up to
 * ADDRESS_URL_BYTES, names up to 253 bytes, ADDRESS_LIMIT addresses of a name (further ones are
 * left out). Source: RFC 3986 (URI), RFC 9110 4.2 (http), RFC 6874 and 9844 (zones), RFC
 * 1035 2.3.4.
 */
#ifndef RINGLOAD_PLAN_ADDRESS_H
#define RINGLOAD_PLAN_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"

#define ADDRESS_URL_BYTES 16384U
#define ADDRESS_LIMIT     256U

struct address_url {
	/* A name or a literal, without brackets, with its zone, or "unix:PATH" (unixsock.h): for
	 * address_resolve. */
	char *host;
	/* For the Host field: brackets, no zone, no port when it is 80; "localhost" for a unix
	 * socket. */
	char *header;
	char *target;  /* path and query as they go over the wire, at least "/" */
	uint16_t port; /* 0: a unix socket has none */
};

int address_parse_url(struct address_url *url, const char *text, struct err *err);
void address_url_release(struct address_url *url);

/*
 * "HOST:PORT", "[IPV6]:PORT", ":PORT" or "unix:PATH", as in --connect-to. *host is the caller's to
 * free(): NULL without one, and "unix:PATH" with port 0 for a unix socket.
 */
int address_parse_host_port(const char *text, char **host, uint16_t *port, struct err *err);

/* All addresses of a name, literal or "unix:PATH", in the order of getaddrinfo(3), duplicates
 * removed. */
int address_resolve(const char *host, uint16_t port, struct plan_address **addresses, size_t *count,
	struct err *err);

#endif
