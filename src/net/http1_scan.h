/* SPDX-License-Identifier: MIT */
/*
 * Kinds of bytes in an HTTP/1.1 head, and a way over many harmless ones at once.
 *
 * The http1_scan_… functions are short cuts and no authority: they return a number of bytes, from
 * `at`, that are known to be of the kind, possibly fewer than there are and possibly none. What
 * they leave is read byte by byte, so that a machine without SSE2 gets the same events, later.
 * They never read at or beyond `end`.
 *
 * Source: RFC 9110, 5.6.2 (token) and 5.5 (field values); RFC 9112, 3 and 4.
 */
#ifndef RINGLOAD_NET_HTTP1_SCAN_H
#define RINGLOAD_NET_HTTP1_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#ifdef __SSE2__

/* Letters and hyphens, as most field names have no others. */
static inline size_t http1_scan_name(const uint8_t *at, const uint8_t *end)
{
	const __m128i case_bit = _mm_set1_epi8(0x20);
	size_t bytes = 0;

	while (end - at >= 16) {
		__m128i raw = _mm_loadu_si128((const __m128i *)at);
		__m128i letter = _mm_sub_epi8(_mm_or_si128(raw, case_bit), _mm_set1_epi8('a'));
		__m128i good = _mm_or_si128(_mm_cmpeq_epi8(raw, _mm_set1_epi8('-')),
			_mm_cmpeq_epi8(letter, _mm_min_epu8(letter, _mm_set1_epi8(25))));
		unsigned bad = (unsigned)_mm_movemask_epi8(good) ^ 0xffff;

		if (bad)
			return bytes + (size_t)__builtin_ctz(bad);
		bytes += 16;
		at += 16;
	}
	return bytes;
}

/* Printable bytes, spaces and all above 127. */
static inline size_t http1_scan_text(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *start = at;

	while (end - at >= 16) {
		__m128i raw = _mm_loadu_si128((const __m128i *)at);
		__m128i control = _mm_cmpeq_epi8(raw, _mm_min_epu8(raw, _mm_set1_epi8(0x1f)));
		__m128i delete = _mm_cmpeq_epi8(raw, _mm_set1_epi8(0x7f));
		unsigned bad = (unsigned)_mm_movemask_epi8(_mm_or_si128(control, delete));

		if (bad)
			return (size_t)(at - start) + (size_t)__builtin_ctz(bad);
		at += 16;
	}
	return (size_t)(at - start);
}

#else

static inline size_t http1_scan_name(const uint8_t *at, const uint8_t *end)
{
	(void)at;
	(void)end;
	return 0;
}

static inline size_t http1_scan_text(const uint8_t *at, const uint8_t *end)
{
	(void)at;
	(void)end;
	return 0;
}

#endif

#endif
