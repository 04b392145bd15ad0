/* SPDX-License-Identifier: MIT */
/*
 * A short cut through field lines written as nearly everybody writes them, when they lie in the
 * input as a whole. It is no authority: whatever is not usual, right or wrong, is left to
 * http1_fields_bytes, and a line that is taken here would have been understood in the same way
 * there. In trailers it notes facts that nobody reads any more. It may look at up to 64 bytes that
 * are then read again.
 *
 * Internal to http1_*.c. Errors: none, it never fails a reader.
 */
#ifndef RINGLOAD_NET_HTTP1_USUAL_H
#define RINGLOAD_NET_HTTP1_USUAL_H

#include "net/http1_reader.h"

/*
 * From the first byte of a line. Returns where it stopped: at the first byte of a line, inside a
 * value that does not matter (state HTTP1_FIELDS_VALUE), or after the empty line
 * (HTTP1_PART_HEAD_END).
 */
const uint8_t *http1_usual_lines(
	struct http1_reader *reader, const uint8_t *at, const uint8_t *end);

#endif
