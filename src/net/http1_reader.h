/* SPDX-License-Identifier: MIT */
/*
 * What the files of the HTTP/1.1 parsers share about struct http1_reader: the parts of a message
 * it passes through, what the fields of a head told, and how it fails.
 *
 * Internal to http1_*.c; users see http1.h.
 *
 * How the pieces work together: each function that reads takes [at, end), moves over at least one
 * byte unless it fails, and returns where it stopped. It leaves a part by setting reader->part; the
 * one that called it looks there. A byte that is an error is not moved over, so that an error has
 * the same position however the input was cut.
 */
#ifndef RINGLOAD_NET_HTTP1_READER_H
#define RINGLOAD_NET_HTTP1_READER_H

#include "net/http1.h"

enum http1_part {
	HTTP1_PART_START_LINE,
	HTTP1_PART_FIELDS,
	HTTP1_PART_HEAD_END, /* passed through within one call */
	HTTP1_PART_LENGTH,
	HTTP1_PART_UNTIL_CLOSE,
	HTTP1_PART_CHUNK_HEADER,
	HTTP1_PART_CHUNK_DATA,
	HTTP1_PART_CHUNK_END, /* the line end after a chunk's data */
	HTTP1_PART_TRAILERS,
	HTTP1_PART_END, /* all was read; HTTP1_COMPLETE is still to be told */
	HTTP1_PART_TOLD,
	HTTP1_PART_FAILED
};

/* Bits of reader->facts. */
enum http1_fact {
	HTTP1_FACT_HEAD_REQUEST = 1,      /* the response answers HEAD */
	HTTP1_FACT_MINOR_1 = 2,           /* HTTP/1.1 or later, not 1.0 */
	HTTP1_FACT_LENGTH = 4,            /* reader->length is set */
	HTTP1_FACT_TRANSFER_ENCODING = 8, /* the field was there */
	HTTP1_FACT_CHUNKED = 16,
	HTTP1_FACT_CLOSE = 32,
	HTTP1_FACT_KEEP_ALIVE = 64,
	HTTP1_FACT_CONTINUE = 128
};

/* Ready for a start line; a failed reader stays failed. facts: what is known beforehand. */
static inline void http1_reader_begin(struct http1_reader *reader, unsigned facts)
{
	if (reader->part == HTTP1_PART_FAILED)
		return;
	reader->part = HTTP1_PART_START_LINE;
	reader->state = 0;
	reader->facts = (uint8_t)facts;
	reader->head_bytes = 0;
}

static inline const uint8_t *http1_reader_fail(
	struct http1_reader *reader, enum http1_error error, const uint8_t *at)
{
	reader->part = HTTP1_PART_FAILED;
	reader->error = (uint8_t)error;
	return at;
}

/* How much of the input a head may still take. */
static inline size_t http1_reader_room(const struct http1_reader *reader, size_t bytes)
{
	size_t room = HTTP1_MAX_HEAD_BYTES - reader->head_bytes;

	return bytes < room ? bytes : room;
}

/* Moves the input to `at` and counts. Input that is left though the head goes on: the limit. */
static inline void http1_reader_took(
	struct http1_reader *reader, struct span *in, const uint8_t *at, bool goes_on)
{
	size_t bytes = (size_t)(at - in->data);

	in->data = at;
	in->bytes -= bytes;
	reader->head_bytes += (uint32_t)bytes;
	if (goes_on && in->bytes > 0)
		http1_reader_fail(reader, HTTP1_HEAD_TOO_LARGE, at);
}

#endif
