/* SPDX-License-Identifier: MIT */
/*
 * The body of a message, given its framing: bytes counted, chunks unpacked, trailers checked.
 *
 * Chunk extensions and trailer fields mean nothing to the readers of this project; they are checked
 * for forbidden bytes and for size, and passed over. White space after a chunk's size is taken,
 * before an extension as RFC 9112, 7.1.1 demands and also without one, as old servers pad there.
 *
 * Internal to http1_*.c. Owner, threads: the reader's. Errors: HTTP1_ERROR, with reader->error.
 */
#ifndef RINGLOAD_NET_HTTP1_BODY_H
#define RINGLOAD_NET_HTTP1_BODY_H

#include "net/http1_reader.h"

/* The head ended. LENGTH takes reader->length bytes. */
void http1_body_begin(struct http1_reader *reader, enum http1_framing framing);

/* As http1_response_next, for the parts after the head. */
enum http1_event http1_body_next(struct http1_reader *reader, struct span *in, struct span *body);

#endif
