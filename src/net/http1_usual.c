/* SPDX-License-Identifier: MIT */
#include "net/http1_usual.h"

#include <string.h>

#include "net/http1_fields.h"
#include "net/http1_scan.h"

/* Digits of a Content-Length: so many cannot exceed 2^63. */
enum { MOST_DIGITS = 18 };

/* Lengths of the names that matter, with 0, which is no name; and their first letters. As bits. */
#define NAME_LENGTHS (1U | 1U << 6 | 1U << 10 | 1U << 14 | 1U << 17)
#define NAME_LETTERS (1U << ('c' & 31) | 1U << ('e' & 31) | 1U << ('t' & 31) | 1U << (':' & 31))

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

/*
 * A field whose name has one of NAME_LENGTHS. Returns the byte after its line, its first byte when
 * the short cut ends here, or NULL when the field does not matter. Not inlined, to leave the
 * registers to the loop below.
 */
static inline const uint8_t *usual_field(
	struct http1_reader *reader, const uint8_t *name, size_t name_bytes, const uint8_t *end)
{
	const uint8_t *value = name + name_bytes + 1, *next;

	if (name_bytes == 10 && usual_is_name(name, "connection", 10))
		next = usual_connection(reader, value, end);
	else if (name_bytes == 14 && usual_is_name(name, "content-length", 14))
		next = usual_length(reader, value, end);
	else if (name_bytes == 17 && usual_is_name(name, "transfer-encoding", 17))
		next = usual_encoding(reader, value, end);
	else if (name_bytes == 0 || (name_bytes == 6 && (*name | 0x20) == 'e'))
		return name;
	else
		return NULL;
	return next ? next : name;
}

/* How many letters and hyphens begin here, up to 31; the byte after them is before last + 16. */
static inline size_t usual_name_bytes(const uint8_t *at, const uint8_t *last)
{
	const unsigned limit = 1U << (HTTP1_SCAN_BYTES - 1);
	unsigned stop = http1_scan_not_name(at);

	if (stop)
		return (unsigned)__builtin_ctz(stop);
	if (last - at <= HTTP1_SCAN_BYTES)
		return HTTP1_SCAN_BYTES;
	stop = http1_scan_not_name(at + HTTP1_SCAN_BYTES) | limit;
	return HTTP1_SCAN_BYTES + (unsigned)__builtin_ctz(stop);
}

const uint8_t *http1_usual_lines(struct http1_reader *reader, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *last = end - at > HTTP1_SCAN_BYTES ? end - HTTP1_SCAN_BYTES : at;
	unsigned count = reader->field_count;

	for (; at < last && count < HTTP1_MAX_HEADERS; count++) {
		size_t bytes = usual_name_bytes(at, last);

		if (at[bytes] != ':')
			break;
		if ((NAME_LENGTHS >> bytes & 1) && (NAME_LETTERS >> (*at & 31) & 1)) {
			const uint8_t *next = usual_field(reader, at, bytes, end);
			if (next == at)
				break;
			if (next) {
				at = next;
				continue;
			}
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
