/* SPDX-License-Identifier: MIT */
/*
 * The body of a message, given its framing: bytes counted, chunks unpacked, trailers checked.
 *
 * Chunk extensions and trailer fields mean nothing to the readers of this project; they are checked
 * for forbidden bytes and for size, and passed over. White space after a chunk's size is taken,
 * before an extension as RFC 9112, 7.1.1 demands and also without one, as old servers pad there.
 * Lines around chunks end in CR LF only: RFC 9112, 2.2 allows the bare LF for start line and
 * fields, and here it would hide a size that is wrong by one.
 *
 * Internal to http1_*.c. Owner, threads: the reader's. Errors: HTTP1_ERROR, with reader->error.
 */
#ifndef RINGLOAD_NET_HTTP1_BODY_H
#define RINGLOAD_NET_HTTP1_BODY_H

#include "net/http1_reader.h"

/* The state at the first byte of a chunk header. */
#define HTTP1_BODY_SIZE_START 0

/* The head ended. LENGTH takes reader->length bytes. */
static inline void http1_body_begin(struct http1_reader *reader, enum http1_framing framing)
{
	static const uint8_t parts[] = {
		[HTTP1_NO_BODY] = HTTP1_PART_END,
		[HTTP1_LENGTH] = HTTP1_PART_LENGTH,
		[HTTP1_CHUNKED] = HTTP1_PART_CHUNK_HEADER,
		[HTTP1_UNTIL_CLOSE] = HTTP1_PART_UNTIL_CLOSE,
	};

	reader->part = parts[framing];
	reader->state = HTTP1_BODY_SIZE_START;
	reader->head_bytes = 0;
	reader->left = reader->length;
	if (framing == HTTP1_LENGTH && reader->left == 0)
		reader->part = HTTP1_PART_END;
}

/* The next piece of what is left of a body or chunk. */
static inline enum http1_event http1_body_piece(
	struct http1_reader *reader, struct span *in, struct span *body)
{
	size_t bytes = reader->left < in->bytes ? (size_t)reader->left : in->bytes;

	body->data = in->data;
	body->bytes = bytes;
	in->data += bytes;
	in->bytes -= bytes;
	reader->left -= bytes;
	return HTTP1_BODY;
}

/*
 * As http1_response_next, for the parts after the head, in two steps: when it is the usual case, a
 * piece of known length or the end, sets *event and returns true; or else call the second.
 */
static inline bool http1_body_usual(
	struct http1_reader *reader, struct span *in, struct span *body, enum http1_event *event)
{
	if (reader->part == HTTP1_PART_LENGTH && in->bytes > 0) {
		*event = http1_body_piece(reader, in, body);
		if (reader->left == 0)
			reader->part = HTTP1_PART_END;
		return true;
	}
	*event = HTTP1_COMPLETE;
	if (reader->part != HTTP1_PART_END)
		return false;
	reader->part = HTTP1_PART_TOLD;
	return true;
}

enum http1_event http1_body_unusual(
	struct http1_reader *reader, struct span *in, struct span *body);

#endif
