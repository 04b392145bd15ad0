/* SPDX-License-Identifier: MIT */
/*
 * Addresses of unix sockets, as text: "unix:/run/x.sock" and "unix:./x.sock" for one in the file
 * system, "unix:@name" for an abstract one, as ss(8) shows it. It is what --connect-to takes, what
 * a URL's host becomes, and what the record says.
 *
 * A path begins with "/" or ".", a name with "@", so that a host called "unix" stays one
 * ("unix:8080") and a forgotten "/" is told instead of taken for a file. "unix:///run/x.sock", as
 * other tools write it, is the same as "unix:/run/x.sock". What holds a NUL byte further in, which
 * abstract names may, cannot be written.
 *
 * Owner: the caller's storage. Threads: any. Errors: ERR_USAGE sentences. Limits: UNIXSOCK_BYTES.
 * Source: unix(7).
 */
#ifndef RINGLOAD_PLAN_UNIXSOCK_H
#define RINGLOAD_PLAN_UNIXSOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/plan.h"

#define UNIXSOCK_PREFIX "unix:"

/* Bytes of a path, or of a name with its "@": what sun_path holds without the NUL at its end. */
#define UNIXSOCK_BYTES 107

/* Whether text is meant as a unix socket: UNIXSOCK_PREFIX and something else than a port. */
bool unixsock_is(const char *text);

/* Fills address in from such a text. */
int unixsock_address(struct plan_address *address, const char *text, struct err *err);

/*
 * The same from a URL, where it stands percent-encoded in place of the host: "%2Frun%2Fx.sock",
 * "%00name" or "@name". out takes sizeof(UNIXSOCK_PREFIX) + bytes. Returns NULL, or what is wrong
 * with it, to stand behind the URL in a sentence.
 */
const char *unixsock_decode(char *out, const char *encoded, size_t bytes);

/* Writes "/run/x.sock" or "@name", as the kernel's tables have it, and returns name. */
const char *unixsock_name(char name[UNIXSOCK_BYTES + 1], const struct plan_address *address);

/* Appends "http+unix://%2Frun%2Fx.sock", a URL without its path. */
void unixsock_url(struct buf *out, const struct plan_address *address);

#endif
