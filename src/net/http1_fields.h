/* SPDX-License-Identifier: MIT */
/*
 * The field lines of a head or of a trailer section, up to and with the empty line.
 *
 * It checks every line and understands four fields: Content-Length, Transfer-Encoding, Connection
 * and (for requests) Expect. Other values are passed over. In trailers no field means anything
 * (RFC 9110, 6.5.1).
 *
 * Decisions. Content-Length repeated, on lines or as a list ("5, 5"), is taken when all values are
 * the same number, as RFC 9110, 8.6 and RFC 9112, 6.3 allow; an empty value or list element is an
 * error. Transfer-Encoding must say "chunked" once and nothing else: no other coding was asked for,
 * so its body could not be measured for what it is, and chunked has no parameters (RFC 9112, 7.1).
 * Empty elements in Transfer-Encoding, Connection and Expect are passed over (RFC 9110, 5.6.1).
 *
 * Internal to http1_*.c. Owner, threads: the reader's. Errors: part HTTP1_PART_FAILED.
 */
#ifndef RINGLOAD_NET_HTTP1_FIELDS_H
#define RINGLOAD_NET_HTTP1_FIELDS_H

#include "net/http1_reader.h"

/* The next byte begins a field line, in HTTP1_PART_FIELDS or HTTP1_PART_TRAILERS. */
void http1_fields_begin(struct http1_reader *reader, enum http1_part part);

/* Reads on; after the empty line sets HTTP1_PART_HEAD_END. Returns where it stopped. */
const uint8_t *http1_fields_read(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end);

/*
 * What the fields say together about the body, judged after the head: LENGTH and CHUNKED, or
 * NO_BODY when they say nothing; false when they contradict (the reader has failed).
 */
bool http1_fields_framing(struct http1_reader *reader, enum http1_framing *framing);

/* Whether the connection may carry another message (RFC 9112, 9.3). */
bool http1_fields_keep_alive(const struct http1_reader *reader);

#endif
