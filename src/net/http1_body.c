/* SPDX-License-Identifier: MIT */
#include "net/http1_body.h"

#include <assert.h>

#include "net/http1_fields.h"
#include "net/http1_scan.h"

/* States of a chunk header, and of the line end after a chunk's data. */
enum body_state { SIZE_START, SIZE, SIZE_SPACE, EXTENSION, LINE_FEED, DATA_END };

void http1_body_begin(struct http1_reader *reader, enum http1_framing framing)
{
	switch (framing) {
	case HTTP1_NO_BODY:
		reader->part = HTTP1_PART_END;
		break;
	case HTTP1_LENGTH:
		reader->left = reader->length;
		reader->part = reader->left > 0 ? HTTP1_PART_LENGTH : HTTP1_PART_END;
		break;
	case HTTP1_CHUNKED:
		reader->part = HTTP1_PART_CHUNK_HEADER;
		reader->state = SIZE_START;
		reader->head_bytes = 0;
		break;
	case HTTP1_UNTIL_CLOSE:
		reader->part = HTTP1_PART_UNTIL_CLOSE;
		break;
	}
}

static void body_take(struct span *in, struct span *body, uint64_t bytes)
{
	body->data = in->data;
	body->bytes = bytes < in->bytes ? (size_t)bytes : in->bytes;
	in->data += body->bytes;
	in->bytes -= body->bytes;
}

/* A piece of what is left, and the part that follows when nothing is. */
static enum http1_event body_piece(
	struct http1_reader *reader, struct span *in, struct span *body, enum http1_part next)
{
	body_take(in, body, reader->left);
	reader->left -= body->bytes;
	if (reader->left == 0) {
		reader->part = (uint8_t)next;
		reader->state = DATA_END;
	}
	return HTTP1_BODY;
}

static bool body_add_digit(struct http1_reader *reader, uint8_t byte)
{
	unsigned digit;

	if (byte >= '0' && byte <= '9')
		digit = byte - '0';
	else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		digit = (byte | 0x20) - 'a' + 10;
	else
		return false;
	if (reader->state == SIZE_START)
		reader->left = 0;
	if (reader->left > INT64_MAX >> 4)
		return false;
	reader->left = reader->left << 4 | digit;
	reader->state = SIZE;
	return true;
}

/* The LF of a chunk header was passed. */
static void body_end_header(struct http1_reader *reader)
{
	if (reader->left > 0)
		reader->part = HTTP1_PART_CHUNK_DATA;
	else
		http1_fields_begin(reader, HTTP1_PART_TRAILERS);
}

/* One byte of a chunk header; false when it may not be there. */
static bool body_header_byte(struct http1_reader *reader, uint8_t byte)
{
	if (reader->state == LINE_FEED) {
		if (byte == '\n')
			body_end_header(reader);
		return byte == '\n';
	}
	if (reader->state <= SIZE && body_add_digit(reader, byte))
		return true;
	if (reader->state == SIZE_START)
		return false;
	if (byte == '\n') {
		body_end_header(reader);
		return true;
	}
	if (byte == '\r')
		reader->state = LINE_FEED;
	else if (reader->state == EXTENSION)
		return http1_scan_is_text(byte);
	else if (byte == ';')
		reader->state = EXTENSION;
	else if (byte == ' ' || byte == '\t')
		reader->state = SIZE_SPACE;
	else
		return false;
	return true;
}

static void body_chunk_header(struct http1_reader *reader, struct span *in)
{
	const uint8_t *at = in->data;
	const uint8_t *end = at + http1_reader_room(reader, in->bytes);

	while (at < end && reader->part == HTTP1_PART_CHUNK_HEADER) {
		if (!body_header_byte(reader, *at)) {
			http1_reader_fail(reader, HTTP1_BAD_CHUNK, at);
			break;
		}
		at++;
	}
	http1_reader_took(reader, in, at, reader->part == HTTP1_PART_CHUNK_HEADER);
	if (reader->part != HTTP1_PART_CHUNK_HEADER)
		reader->head_bytes = 0;
}

/* The line end that must follow the data of a chunk. */
static void body_chunk_end(struct http1_reader *reader, struct span *in)
{
	const uint8_t *at = in->data;

	if (*at == '\r' && reader->state == DATA_END) {
		reader->state = LINE_FEED;
	} else if (*at == '\n') {
		reader->part = HTTP1_PART_CHUNK_HEADER;
		reader->state = SIZE_START;
	} else {
		http1_reader_fail(reader, HTTP1_BAD_CHUNK, at);
		return;
	}
	in->data++;
	in->bytes--;
}

static void body_trailers(struct http1_reader *reader, struct span *in)
{
	const uint8_t *end = in->data + http1_reader_room(reader, in->bytes);
	const uint8_t *at = http1_fields_read(reader, in->data, end);

	http1_reader_took(reader, in, at, reader->part == HTTP1_PART_TRAILERS);
	if (reader->part == HTTP1_PART_HEAD_END)
		reader->part = HTTP1_PART_END;
}

enum http1_event http1_body_next(struct http1_reader *reader, struct span *in, struct span *body)
{
	for (;;) {
		if (reader->part == HTTP1_PART_END) {
			reader->part = HTTP1_PART_TOLD;
			return HTTP1_COMPLETE;
		}
		if (reader->part == HTTP1_PART_FAILED)
			return HTTP1_ERROR;
		if (in->bytes == 0)
			return HTTP1_MORE;
		switch ((enum http1_part)reader->part) {
		case HTTP1_PART_LENGTH:
			return body_piece(reader, in, body, HTTP1_PART_END);
		case HTTP1_PART_UNTIL_CLOSE:
			body_take(in, body, in->bytes);
			return HTTP1_BODY;
		case HTTP1_PART_CHUNK_HEADER:
			body_chunk_header(reader, in);
			break;
		case HTTP1_PART_CHUNK_DATA:
			return body_piece(reader, in, body, HTTP1_PART_CHUNK_END);
		case HTTP1_PART_CHUNK_END:
			body_chunk_end(reader, in);
			break;
		case HTTP1_PART_TRAILERS:
			body_trailers(reader, in);
			break;
		default:
			assert(!"a part of the head");
			return HTTP1_MORE;
		}
	}
}
