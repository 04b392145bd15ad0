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
#include "net/http1_scan.h"
#include "net/http1_usual.h"

/* States that others set: at the first byte of a line; inside a value that does not matter. */
#define HTTP1_FIELDS_LINE  0
#define HTTP1_FIELDS_VALUE 1

/* The next byte begins a field line, in HTTP1_PART_FIELDS or HTTP1_PART_TRAILERS. */
static inline void http1_fields_begin(struct http1_reader *reader, enum http1_part part)
{
	reader->part = (uint8_t)part;
	reader->state = HTTP1_FIELDS_LINE;
	reader->field_count = 0;
}

/* Reads byte by byte; after the empty line sets HTTP1_PART_HEAD_END. Returns where it stopped. */
const uint8_t *http1_fields_bytes(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end);

/* The same, with usual lines read at once. */
static inline const uint8_t *http1_fields_read(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	if (reader->state == HTTP1_FIELDS_LINE) {
		at = http1_usual_lines(reader, at, end);
		if (reader->part == HTTP1_PART_HEAD_END)
			return at;
	}
	return http1_fields_bytes(reader, at, end);
}

/* Judges a head with Transfer-Encoding; true when it cannot be taken (the reader has failed). */
bool http1_fields_contradict(struct http1_reader *reader);

/* What the fields of the head say about the body; nothing is NO_BODY. False: the reader failed. */
static inline bool http1_fields_framing(struct http1_reader *reader, enum http1_framing *framing)
{
	*framing = reader->facts & HTTP1_FACT_LENGTH ? HTTP1_LENGTH : HTTP1_NO_BODY;
	if (!(reader->facts & HTTP1_FACT_TRANSFER_ENCODING))
		return true;
	*framing = HTTP1_CHUNKED;
	return !http1_fields_contradict(reader);
}

/* Whether the connection may carry another message (RFC 9112, 9.3). */
static inline bool http1_fields_keep_alive(const struct http1_reader *reader)
{
	return !(reader->facts & HTTP1_FACT_CLOSE) &&
	       (reader->facts & (HTTP1_FACT_MINOR_1 | HTTP1_FACT_KEEP_ALIVE));
}

#endif
