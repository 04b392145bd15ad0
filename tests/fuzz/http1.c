/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, as responses, as responses to HEAD, and as requests: the parser keeps its promises
 * (events_check in http1_events.h) and tells the same events whole, cut in two, in equal pieces,
 * and byte by byte. Where to cut is told by the last bytes of the input, which stay part of it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "http1_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/*
 * First a piece of first_bytes, then others of other_bytes. Each lies at the end of memory of the
 * input's size, so that a sanitizer sees a byte too many being read.
 */
static void check_cut(enum events_kind kind, const uint8_t *data, size_t bytes, size_t first_bytes,
	size_t other_bytes, const struct events *expected)
{
	static struct events events;
	struct events_parser parser;
	size_t limit = first_bytes;
	uint8_t *memory = malloc(bytes);

	events_check(memory);
	events_open(&parser, kind, &events);
	for (size_t at = 0; at < bytes;) {
		size_t piece_bytes = bytes - at < limit ? bytes - at : limit;
		uint8_t *piece = memory + bytes - piece_bytes;

		memcpy(piece, data + at, piece_bytes);
		events_feed(&parser, piece, piece_bytes);
		at += piece_bytes;
		limit = other_bytes;
	}
	events_close(&parser);
	events_check(events_equal(&events, expected));
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct events whole;

	if (bytes < 2)
		return 0;

	size_t seed = data[bytes - 1] | (size_t)data[bytes - 2] << 8;
	for (int kind = 0; kind < EVENTS_KIND_COUNT; kind++) {
		struct events_parser parser;

		events_open(&parser, (enum events_kind)kind, &whole);
		events_feed(&parser, data, bytes);
		events_close(&parser);
		check_cut((enum events_kind)kind, data, bytes, 1 + seed % bytes, bytes, &whole);
		check_cut(
			(enum events_kind)kind, data, bytes, 1 + seed % 40, 1 + seed % 37, &whole);
		check_cut((enum events_kind)kind, data, bytes, 1, 1, &whole);
	}
	return 0;
}
