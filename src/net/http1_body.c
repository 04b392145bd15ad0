/* SPDX-License-Identifier: MIT */
#include "net/http1_body.h"

#include "net/http1_fields.h"
#include "net/http1_scan.h"

/* States of a chunk header, and of the line end after a chunk's data. */
enum body_state {
	SIZE_START = HTTP1_BODY_SIZE_START,
	SIZE,
	SIZE_SPACE,
	EXTENSION,
	LINE_FEED,
	DATA_END
};

/* Digits of a chunk size: so many cannot exceed 2^63. */
enum { MOST_DIGITS = 15 };

/* The value of a hexadecimal digit, or one above 15. */
static unsigned body_digit(uint8_t byte)
{
	unsigned digit = byte - (unsigned)'0';

	if (digit <= 9)
		return digit;
	digit = (byte | 0x20) - (unsigned)'a';
	return digit <= 5 ? digit + 10 : 16;
}

static bool body_add_digit(struct http1_reader *reader, uint8_t byte)
{
	unsigned digit = body_digit(byte);

	if (digit > 15)
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
	reader->state = DATA_END;
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

/* A size and CR LF at once, or where it began when there is more or less. */
static const uint8_t *body_usual_header(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *digit_at = at, *limit = end - at > MOST_DIGITS ? at + MOST_DIGITS : end;
	uint64_t size = 0;
	unsigned digit;

	for (; digit_at < limit && (digit = body_digit(*digit_at)) <= 15; digit_at++)
		size = size << 4 | digit;
	if (digit_at == at || !http1_scan_is_line_end(digit_at, end))
		return at;
	reader->left = size;
	body_end_header(reader);
	return digit_at + 2;
}

static void body_chunk_header(struct http1_reader *reader, struct span *in)
{
	const uint8_t *at = in->data;
	const uint8_t *end = at + http1_reader_room(reader, in->bytes);

	if (reader->state == SIZE_START && reader->head_bytes == 0)
		at = body_usual_header(reader, at, end);
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
	size_t bytes = 1;

	if (reader->state == DATA_END && http1_scan_is_line_end(at, at + in->bytes)) {
		reader->part = HTTP1_PART_CHUNK_HEADER;
		reader->state = SIZE_START;
		bytes = 2;
	} else if (*at == '\r' && reader->state == DATA_END) {
		reader->state = LINE_FEED;
	} else if (*at == '\n' && reader->state == LINE_FEED) {
		reader->part = HTTP1_PART_CHUNK_HEADER;
		reader->state = SIZE_START;
	} else {
		http1_reader_fail(reader, HTTP1_BAD_CHUNK, at);
		return;
	}
	in->data += bytes;
	in->bytes -= bytes;
}

static void body_trailers(struct http1_reader *reader, struct span *in)
{
	const uint8_t *end = in->data + http1_reader_room(reader, in->bytes);
	const uint8_t *at = http1_fields_read(reader, in->data, end);

	http1_reader_took(reader, in, at, reader->part == HTTP1_PART_TRAILERS);
	if (reader->part == HTTP1_PART_HEAD_END)
		reader->part = HTTP1_PART_END;
}

enum http1_event http1_body_unusual(struct http1_reader *reader, struct span *in, struct span *body)
{
	while (in->bytes > 0) {
		switch ((enum http1_part)reader->part) {
		case HTTP1_PART_UNTIL_CLOSE:
			reader->left = in->bytes;
			return http1_body_piece(reader, in, body);
		case HTTP1_PART_CHUNK_HEADER:
			body_chunk_header(reader, in);
			break;
		case HTTP1_PART_CHUNK_DATA:
			http1_body_piece(reader, in, body);
			if (reader->left == 0)
				reader->part = HTTP1_PART_CHUNK_END;
			return HTTP1_BODY;
		case HTTP1_PART_CHUNK_END:
			body_chunk_end(reader, in);
			break;
		case HTTP1_PART_TRAILERS:
			body_trailers(reader, in);
			if (reader->part != HTTP1_PART_END)
				break;
			reader->part = HTTP1_PART_TOLD;
			return HTTP1_COMPLETE;
		case HTTP1_PART_TOLD:
			return HTTP1_COMPLETE;
		default:
			return HTTP1_ERROR;
		}
	}
	return reader->part == HTTP1_PART_FAILED ? HTTP1_ERROR : HTTP1_MORE;
}
