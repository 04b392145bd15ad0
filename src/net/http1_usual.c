/* SPDX-License-Identifier: MIT */
#include "net/http1_usual.h"

#include <string.h>

#include "net/http1_fields.h"
#include "net/http1_scan.h"

/* Of a Content-Length: so many cannot exceed 2^63. */
enum { MOST_DIGITS = 18 };

/* Lengths of names that are looked at, as bits; with 0, which is no name, and 6 for Expect. */
#define NAME_LENGTHS (1U | 1U << 6 | 1U << 10 | 1U << 14 | 1U << 17)

static inline uint64_t usual_load(const void *from)
{
	uint64_t bytes;

	memcpy(&bytes, from, sizeof(bytes));
	return bytes;
}

/* Whether 8 to 24 letters and hyphens are this name (in lower case), in any case. */
static inline bool usual_is_name(const uint8_t *at, const char *name, size_t bytes)
{
	const uint64_t case_bits = 0x2020202020202020;

	return (usual_load(at) | case_bits) == usual_load(name) &&
	       (usual_load(at + bytes - 8) | case_bits) == usual_load(name + bytes - 8) &&
	       (bytes <= 16 || (usual_load(at + 8) | case_bits) == usual_load(name + 8));
}

static inline bool usual_is_value(
	const uint8_t *at, const uint8_t *end, const char *value, size_t bytes)
{
	return (size_t)(end - at) >= bytes && memcmp(at, value, bytes) == 0;
}

/* Each returns the byte after the value's line, or NULL for a value that is another or cut. */
static inline const uint8_t *usual_length(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first = at + 1, *digit = first;
	const uint8_t *limit = end - at > MOST_DIGITS ? first + MOST_DIGITS : end;
	uint64_t number = 0;
	unsigned next;

	if (at == end || *at != ' ' || (reader->facts & HTTP1_FACT_LENGTH))
		return NULL;
	for (; digit < limit && (next = *digit - (unsigned)'0') <= 9; digit++)
		number = number * 10 + next;
	if (digit == first || !http1_scan_is_line_end(digit, end))
		return NULL;
	reader->length = number;
	reader->facts |= HTTP1_FACT_LENGTH;
	return digit + 2;
}

static inline const uint8_t *usual_connection(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	static const char value[] = " keep-alive\r\n";

	if (!usual_is_value(at, end, value, sizeof(value) - 1))
		return NULL;
	reader->facts |= HTTP1_FACT_KEEP_ALIVE;
	return at + sizeof(value) - 1;
}

static inline const uint8_t *usual_encoding(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	static const char value[] = " chunked\r\n";

	if (!usual_is_value(at, end, value, sizeof(value) - 1) ||
		(reader->facts & HTTP1_FACT_TRANSFER_ENCODING))
		return NULL;
	reader->facts |= HTTP1_FACT_TRANSFER_ENCODING | HTTP1_FACT_CHUNKED;
	return at + sizeof(value) - 1;
}

enum usual_kind { IGNORED, TAKEN, LEFT };

/*
 * A field whose name has one of NAME_LENGTHS: TAKEN with *at after its line, LEFT when the short
 * cut ends here, IGNORED when it does not matter.
 */
static inline enum usual_kind usual_field(
	struct http1_reader *reader, const uint8_t **at, size_t name_bytes, const uint8_t *end)
{
	const uint8_t *name = *at, *value = name + name_bytes + 1, *next;

	if (name_bytes == 10 && usual_is_name(name, "connection", 10))
		next = usual_connection(reader, value, end);
	else if (name_bytes == 14 && usual_is_name(name, "content-length", 14))
		next = usual_length(reader, value, end);
	else if (name_bytes == 17 && usual_is_name(name, "transfer-encoding", 17))
		next = usual_encoding(reader, value, end);
	else if (name_bytes == 0 || (name_bytes == 6 && (*name | 0x20) == 'e'))
		return LEFT;
	else
		return IGNORED;
	if (!next)
		return LEFT;
	*at = next;
	return TAKEN;
}

/* How many letters and hyphens begin here, up to 31; the byte after them is before last + 16. */
static inline size_t usual_name_bytes(const uint8_t *at, const uint8_t *last)
{
	const unsigned limit = 1U << HTTP1_SCAN_BYTES;
	size_t bytes = (unsigned)__builtin_ctz(http1_scan_not_name(at) | limit);

	if (bytes == HTTP1_SCAN_BYTES && last - at > HTTP1_SCAN_BYTES)
		bytes += (unsigned)__builtin_ctz(http1_scan_not_name(at + bytes) | limit >> 1);
	return bytes;
}

const uint8_t *http1_usual_lines(struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *last = end - HTTP1_SCAN_BYTES;
	unsigned lengths = reader->part == HTTP1_PART_TRAILERS ? 1 : NAME_LENGTHS;
	unsigned count = reader->field_count;

	for (; at < last && count < HTTP1_MAX_HEADERS; count++) {
		size_t bytes = usual_name_bytes(at, last);

		if (at[bytes] != ':')
			break;
		if (lengths >> bytes & 1) {
			enum usual_kind kind = usual_field(reader, &at, bytes, end);
			if (kind == TAKEN)
				continue;
			if (kind == LEFT)
				break;
		}
		at = http1_scan_text(at + bytes + 1, end);
		if (!http1_scan_is_line_end(at, end)) {
			reader->state = HTTP1_FIELDS_VALUE;
			reader->field_count = (uint16_t)(count + 1);
			return at;
		}
		at += 2;
	}
	reader->field_count = (uint16_t)count;
	if (http1_scan_is_line_end(at, end)) {
		reader->part = HTTP1_PART_HEAD_END;
		at += 2;
	}
	return at;
}
