/* SPDX-License-Identifier: MIT */
#include "net/http1_fields.h"

#include <string.h>

#include "net/http1_scan.h"

enum field_state {
	LINE,  /* at the first byte of a line */
	NAME,  /* after the first byte of a name */
	VALUE, /* of a field that does not matter */
	LENGTH_START,
	LENGTH_DIGITS,
	LENGTH_SPACE,
	WORD_START,
	WORD,
	WORD_SPACE,
	LINE_FEED,
	LAST_LINE_FEED
};

enum field_name { OTHER, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, EXPECT };

/* In lower case; compared with byte | 0x20, which is exact among the bytes names are made of. */
static const char names[][24] = {
	[OTHER] = "",
	[CONTENT_LENGTH] = "content-length",
	[TRANSFER_ENCODING] = "transfer-encoding",
	[CONNECTION] = "connection",
	[EXPECT] = "expect",
};

enum { LONGEST_NAME = sizeof("transfer-encoding") - 1 };

enum field_word { UNKNOWN, CLOSE, KEEP_ALIVE, CHUNKED, CONTINUE };

static const char words[][16] = {
	[UNKNOWN] = "",
	[CLOSE] = "close",
	[KEEP_ALIVE] = "keep-alive",
	[CHUNKED] = "chunked",
	[CONTINUE] = "100-continue",
};

void http1_fields_begin(struct http1_reader *reader, enum http1_part part)
{
	reader->part = (uint8_t)part;
	reader->state = LINE;
	reader->field_count = 0;
}

/* Moves over a CR or LF that ends the line of a field. */
static const uint8_t *fields_end_line(struct http1_reader *reader, const uint8_t *at)
{
	reader->state = *at == '\n' ? LINE : LINE_FEED;
	return at + 1;
}

static uint64_t fields_load(const void *from)
{
	uint64_t bytes;

	memcpy(&bytes, from, sizeof(bytes));
	return bytes;
}

/* Whether letters and hyphens are this name, of 8 to 24 bytes, in any case. */
static bool fields_is_name(const uint8_t *at, size_t bytes, enum field_name name)
{
	const char *text = names[name];
	const uint64_t case_bits = 0x2020202020202020;

	return (fields_load(at) | case_bits) == fields_load(text) &&
	       (fields_load(at + bytes - 8) | case_bits) == fields_load(text + bytes - 8) &&
	       (bytes <= 16 || (fields_load(at + 8) | case_bits) == fields_load(text + 8));
}

static enum field_name fields_find_name(const uint8_t *at, size_t bytes)
{
	switch (bytes) {
	case 6:
		return strncasecmp((const char *)at, names[EXPECT], bytes) == 0 ? EXPECT : OTHER;
	case 10:
		return fields_is_name(at, bytes, CONNECTION) ? CONNECTION : OTHER;
	case 14:
		return fields_is_name(at, bytes, CONTENT_LENGTH) ? CONTENT_LENGTH : OTHER;
	case 17:
		return fields_is_name(at, bytes, TRANSFER_ENCODING) ? TRANSFER_ENCODING : OTHER;
	default:
		return OTHER;
	}
}

/* The colon was passed: chooses how to read the value. */
static void fields_begin_value(struct http1_reader *reader, enum field_name name)
{
	if (reader->part == HTTP1_PART_TRAILERS)
		name = OTHER;
	reader->name = (uint8_t)name;
	if (name == OTHER)
		reader->state = VALUE;
	else if (name == CONTENT_LENGTH)
		reader->state = LENGTH_START;
	else
		reader->state = WORD_START;
	if (name == TRANSFER_ENCODING)
		reader->facts |= HTTP1_FACT_TRANSFER_ENCODING;
}

/* The line does not begin a field: the empty line, or wrong. */
static const uint8_t *fields_no_name(struct http1_reader *reader, const uint8_t *at)
{
	switch (*at) {
	case '\r':
		reader->state = LAST_LINE_FEED;
		return at + 1;
	case '\n':
		reader->part = HTTP1_PART_HEAD_END;
		return at + 1;
	case ' ':
	case '\t':
		return http1_reader_fail(reader, HTTP1_FOLDED_HEADER, at);
	default:
		return http1_reader_fail(reader, HTTP1_BAD_HEADER_NAME, at);
	}
}

/*
 * A name that could not be read at once. `bytes` of it were seen to be letters and hyphens: with
 * another kind of byte after them, or too many, it is none that matters. Otherwise it goes on byte
 * by byte from its first.
 */
static const uint8_t *fields_begin_name(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end, size_t bytes)
{
	reader->state = NAME;
	if (bytes > LONGEST_NAME || (bytes > 0 && at + bytes < end)) {
		reader->name = OTHER;
		return at + bytes;
	}
	if (!http1_scan_is_token(*at))
		return http1_reader_fail(reader, HTTP1_BAD_HEADER_NAME, at);
	switch (*at | 0x20) {
	case 'c': /* or Connection, decided at the fourth byte */
		reader->name = CONTENT_LENGTH;
		break;
	case 't':
		reader->name = TRANSFER_ENCODING;
		break;
	case 'e':
		reader->name = EXPECT;
		break;
	default:
		reader->name = OTHER;
	}
	reader->matched = 1;
	return at + 1;
}

/* Lines from their beginning, as many as are usual. */
static const uint8_t *fields_lines(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	do {
		if (*at <= ' ')
			return fields_no_name(reader, at);
		if (reader->field_count == HTTP1_MAX_HEADERS)
			return http1_reader_fail(reader, HTTP1_TOO_MANY_HEADERS, at);
		reader->field_count++;

		size_t bytes = http1_scan_name(at, end);
		if (bytes == 0 || at + bytes == end || at[bytes] != ':')
			return fields_begin_name(reader, at, end, bytes);
		fields_begin_value(reader, fields_find_name(at, bytes));
		at += bytes + 1;
		if (reader->state != VALUE)
			return at;
		at += http1_scan_text(at, end);
		if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
			return at;
		reader->state = LINE;
		at += 2;
	} while (at < end);
	return at;
}

static const uint8_t *fields_name(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		if (*at == ':') {
			if (names[reader->name][reader->matched] != '\0')
				reader->name = OTHER;
			fields_begin_value(reader, reader->name);
			return at + 1;
		}
		if (!http1_scan_is_token(*at))
			return http1_reader_fail(reader, HTTP1_BAD_HEADER_NAME, at);
		if (reader->name == OTHER)
			continue;
		if (names[reader->name][reader->matched] != (*at | 0x20)) {
			bool connection = reader->name == CONTENT_LENGTH && reader->matched == 3 &&
					  (*at | 0x20) == 'n';
			reader->name = connection ? CONNECTION : OTHER;
		}
		reader->matched++;
	}
	return at;
}

static const uint8_t *fields_value(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	at += http1_scan_text(at, end);
	for (; at < end; at++) {
		if (http1_scan_is_text(*at))
			continue;
		if (*at == '\r' || *at == '\n')
			return fields_end_line(reader, at);
		return http1_reader_fail(reader, HTTP1_BAD_HEADER_VALUE, at);
	}
	return at;
}

/* One value of Content-Length was read into `left`; false when it is not the one from before. */
static bool fields_take_length(struct http1_reader *reader)
{
	if ((reader->facts & HTTP1_FACT_LENGTH) && reader->length != reader->left)
		return false;
	reader->facts |= HTTP1_FACT_LENGTH;
	reader->length = reader->left;
	reader->state = LENGTH_START;
	return true;
}

static bool fields_add_digit(struct http1_reader *reader, unsigned digit)
{
	if (reader->state == LENGTH_START)
		reader->left = 0;
	reader->state = LENGTH_DIGITS;
	if (reader->left > INT64_MAX / 10)
		return false;
	reader->left = reader->left * 10 + digit;
	return reader->left <= INT64_MAX;
}

static const uint8_t *fields_length(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		uint8_t byte = *at;
		bool line_end = byte == '\r' || byte == '\n';

		if (byte >= '0' && byte <= '9' && reader->state != LENGTH_SPACE) {
			if (!fields_add_digit(reader, byte - '0'))
				break;
		} else if (byte == ' ' || byte == '\t') {
			if (reader->state == LENGTH_DIGITS)
				reader->state = LENGTH_SPACE;
		} else if (!http1_scan_is_text(byte) && !line_end) {
			return http1_reader_fail(reader, HTTP1_BAD_HEADER_VALUE, at);
		} else {
			if (reader->state == LENGTH_START || (byte != ',' && !line_end))
				break;
			if (!fields_take_length(reader))
				break;
			if (line_end)
				return fields_end_line(reader, at);
		}
	}
	if (at < end)
		http1_reader_fail(reader, HTTP1_BAD_CONTENT_LENGTH, at);
	return at;
}

/* The one word of interest that begins with this byte. */
static enum field_word fields_find_word(enum field_name name, uint8_t first)
{
	switch (first | 0x20) {
	case 'c':
		return name == CONNECTION ? CLOSE : CHUNKED;
	case 'k':
		return KEEP_ALIVE;
	case '1':
		return CONTINUE;
	default:
		return UNKNOWN;
	}
}

/* An element of a list ended; false when Transfer-Encoding has one too many or a strange one. */
static bool fields_take_word(struct http1_reader *reader)
{
	enum field_word word = words[reader->word][reader->matched] ? UNKNOWN : reader->word;

	reader->state = WORD_START;
	if (reader->name == TRANSFER_ENCODING) {
		if (word != CHUNKED || (reader->facts & HTTP1_FACT_CHUNKED))
			return false;
		reader->facts |= HTTP1_FACT_CHUNKED;
	} else if (reader->name == CONNECTION) {
		if (word == CLOSE)
			reader->facts |= HTTP1_FACT_CLOSE;
		if (word == KEEP_ALIVE)
			reader->facts |= HTTP1_FACT_KEEP_ALIVE;
	} else if (word == CONTINUE) {
		reader->facts |= HTTP1_FACT_CONTINUE;
	}
	return true;
}

static void fields_add_to_word(struct http1_reader *reader, uint8_t byte)
{
	if (reader->state == WORD_START) {
		reader->state = WORD;
		reader->word = (uint8_t)fields_find_word(reader->name, byte);
		reader->matched = 1;
	} else if (reader->state == WORD && words[reader->word][reader->matched] == (byte | 0x20)) {
		reader->matched++;
	} else { /* longer, different, or two words without a comma */
		reader->word = UNKNOWN;
		reader->matched = 0;
	}
}

static const uint8_t *fields_words(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		uint8_t byte = *at;
		bool line_end = byte == '\r' || byte == '\n';

		if (byte == ',' || line_end) {
			if (reader->state != WORD_START && !fields_take_word(reader))
				return http1_reader_fail(reader, HTTP1_BAD_TRANSFER_ENCODING, at);
			if (line_end)
				return fields_end_line(reader, at);
		} else if (byte == ' ' || byte == '\t') {
			if (reader->state == WORD)
				reader->state = WORD_SPACE;
		} else if (http1_scan_is_text(byte)) {
			fields_add_to_word(reader, byte);
		} else {
			return http1_reader_fail(reader, HTTP1_BAD_HEADER_VALUE, at);
		}
	}
	return at;
}

/* After a CR nothing but LF may follow, here or at the end of the section. */
static const uint8_t *fields_line_feed(struct http1_reader *reader, const uint8_t *at)
{
	bool last = reader->state == LAST_LINE_FEED;

	if (*at != '\n')
		return http1_reader_fail(
			reader, last ? HTTP1_BAD_HEADER_NAME : HTTP1_BAD_HEADER_VALUE, at);
	reader->state = LINE;
	if (last)
		reader->part = HTTP1_PART_HEAD_END;
	return at + 1;
}

const uint8_t *http1_fields_read(struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	enum http1_part part = reader->part;

	while (at < end && reader->part == part) {
		switch ((enum field_state)reader->state) {
		case LINE:
			at = fields_lines(reader, at, end);
			break;
		case NAME:
			at = fields_name(reader, at, end);
			break;
		case VALUE:
			at = fields_value(reader, at, end);
			break;
		case LENGTH_START:
		case LENGTH_DIGITS:
		case LENGTH_SPACE:
			at = fields_length(reader, at, end);
			break;
		case WORD_START:
		case WORD:
		case WORD_SPACE:
			at = fields_words(reader, at, end);
			break;
		case LINE_FEED:
		case LAST_LINE_FEED:
			at = fields_line_feed(reader, at);
			break;
		}
	}
	return at;
}

bool http1_fields_framing(struct http1_reader *reader, enum http1_framing *framing)
{
	bool chunked = reader->facts & HTTP1_FACT_CHUNKED;
	bool length = reader->facts & HTTP1_FACT_LENGTH;
	enum http1_error error = HTTP1_OK;

	*framing = chunked ? HTTP1_CHUNKED : length ? HTTP1_LENGTH : HTTP1_NO_BODY;
	if (!(reader->facts & HTTP1_FACT_TRANSFER_ENCODING))
		return true;
	if (!chunked || !(reader->facts & HTTP1_FACT_MINOR_1))
		error = HTTP1_BAD_TRANSFER_ENCODING;
	else if (length)
		error = HTTP1_LENGTH_AND_CHUNKED;
	if (error != HTTP1_OK)
		http1_reader_fail(reader, error, NULL);
	return error == HTTP1_OK;
}

bool http1_fields_keep_alive(const struct http1_reader *reader)
{
	if (reader->facts & HTTP1_FACT_CLOSE)
		return false;
	return reader->facts & (HTTP1_FACT_MINOR_1 | HTTP1_FACT_KEEP_ALIVE);
}
