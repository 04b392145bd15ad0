/* SPDX-License-Identifier: MIT */
#include "net/http1_fields.h"

#include "net/http1_scan.h"

enum field_state {
	LINE = HTTP1_FIELDS_LINE,   /* at the first byte of a line */
	VALUE = HTTP1_FIELDS_VALUE, /* of a field that does not matter */
	NAME,                       /* after the first byte of a name */
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

enum field_word { UNKNOWN, CLOSE, KEEP_ALIVE, CHUNKED, CONTINUE };

static const char words[][16] = {
	[UNKNOWN] = "",
	[CLOSE] = "close",
	[KEEP_ALIVE] = "keep-alive",
	[CHUNKED] = "chunked",
	[CONTINUE] = "100-continue",
};

/* Moves over a CR or LF that ends the line of a field. */
static const uint8_t *fields_end_line(struct http1_reader *reader, const uint8_t *at)
{
	reader->state = *at == '\n' ? LINE : LINE_FEED;
	return at + 1;
}

/* The colon was passed: chooses how to read the value. */
static void fields_begin_value(struct http1_reader *reader, enum field_name name)
{
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

/* The first byte of a line. */
static const uint8_t *fields_begin_line(struct http1_reader *reader, const uint8_t *at)
{
	if (*at <= ' ')
		return fields_no_name(reader, at);
	if (reader->field_count == HTTP1_MAX_HEADERS)
		return http1_reader_fail(reader, HTTP1_TOO_MANY_HEADERS, at);
	if (!http1_scan_is_token(*at))
		return http1_reader_fail(reader, HTTP1_BAD_HEADER_NAME, at);
	reader->field_count++;
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
	reader->state = NAME;
	return at + 1;
}

static const uint8_t *fields_name(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		if (*at == ':') {
			if (names[reader->name][reader->matched] != '\0')
				reader->name = OTHER;
			if (reader->part == HTTP1_PART_TRAILERS)
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
	if (end - at >= HTTP1_SCAN_BYTES)
		at = http1_scan_text(at, end);
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

const uint8_t *http1_fields_bytes(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	enum http1_part part = reader->part;

	while (at < end && reader->part == part) {
		switch ((enum field_state)reader->state) {
		case LINE:
			at = fields_begin_line(reader, at);
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

bool http1_fields_contradict(struct http1_reader *reader)
{
	enum http1_error error = HTTP1_OK;

	if ((reader->facts & (HTTP1_FACT_CHUNKED | HTTP1_FACT_MINOR_1)) !=
		(HTTP1_FACT_CHUNKED | HTTP1_FACT_MINOR_1))
		error = HTTP1_BAD_TRANSFER_ENCODING;
	else if (reader->facts & HTTP1_FACT_LENGTH)
		error = HTTP1_LENGTH_AND_CHUNKED;
	if (error != HTTP1_OK)
		http1_reader_fail(reader, error, NULL);
	return error != HTTP1_OK;
}
