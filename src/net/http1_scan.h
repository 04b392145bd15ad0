/* SPDX-License-Identifier: MIT */
/*
 * Kinds of bytes in an HTTP/1.1 head, and a way over many harmless ones at once.
 *
 * Source: RFC 9110, 5.6.2 (token) and 5.5 (field values); RFC 9112, 3 and 4.
 */
#ifndef RINGLOAD_NET_HTTP1_SCAN_H
#define RINGLOAD_NET_HTTP1_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* tchar: letters, digits and !#$%&'*+-.^_`|~ */
static inline bool http1_scan_is_token(uint8_t byte)
{
	static const uint64_t set[4] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0};

	return set[byte >> 6] >> (byte & 63) & 1;
}

/* What may stand in a field value, a reason phrase or a chunk extension. */
static inline bool http1_scan_is_text(uint8_t byte)
{
	return (byte >= ' ' && byte != 0x7f) || byte == '\t';
}

/* Whether the line ends here, with CR LF as it should. */
static inline bool http1_scan_is_line_end(const uint8_t *at, const uint8_t *end)
{
	return at < end - 1 && memcmp(at, "\r\n", 2) == 0;
}

/* A mask has a bit for each of the HTTP1_SCAN_BYTES bytes at `at`, all of which must be readable.
 */
#define HTTP1_SCAN_BYTES 16

#ifdef __SSE2__

/* Those that are neither letters nor hyphens; most field names have no others. */
static inline unsigned http1_scan_not_name(const uint8_t *at)
{
	__m128i raw = _mm_loadu_si128((const __m128i *)at);
	__m128i lower = _mm_or_si128(raw, _mm_set1_epi8(0x20));
	__m128i letter = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
	__m128i good = _mm_or_si128(_mm_cmpeq_epi8(raw, _mm_set1_epi8('-')),
		_mm_cmpeq_epi8(letter, _mm_min_epu8(letter, _mm_set1_epi8(25))));

	return (unsigned)_mm_movemask_epi8(good) ^ 0xffff;
}

/* Control characters, the tab among them. */
static inline unsigned http1_scan_not_text(const uint8_t *at)
{
	__m128i raw = _mm_loadu_si128((const __m128i *)at);
	__m128i control = _mm_cmpeq_epi8(raw, _mm_min_epu8(raw, _mm_set1_epi8(0x1f)));
	__m128i delete = _mm_cmpeq_epi8(raw, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, delete));
}

#else

static inline unsigned http1_scan_not_name(const uint8_t *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < HTTP1_SCAN_BYTES; i++) {
		uint8_t lower = at[i] | 0x20;

		if ((lower < 'a' || lower > 'z') && at[i] != '-')
			mask |= 1U << i;
	}
	return mask;
}

static inline unsigned http1_scan_not_text(const uint8_t *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < HTTP1_SCAN_BYTES; i++) {
		if (at[i] < ' ' || at[i] == 0x7f)
			mask |= 1U << i;
	}
	return mask;
}

#endif

/* The first control character, or end. HTTP1_SCAN_BYTES before end must be readable. */
static inline const uint8_t *http1_scan_text(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *last = end - HTTP1_SCAN_BYTES;
	unsigned stop;

	for (; at <= last; at += HTTP1_SCAN_BYTES) {
		stop = http1_scan_not_text(at);
		if (stop)
			return at + (unsigned)__builtin_ctz(stop);
	}
	stop = http1_scan_not_text(last) >> (at - last);
	return stop ? at + (unsigned)__builtin_ctz(stop) : end;
}

#endif
