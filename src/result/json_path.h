/* SPDX-License-Identifier: MIT */
/*
 * Where a value stands in a JSON text, for messages: the parser (jansson) keeps no positions.
 *
 * Only for texts the parser accepted, and only when a message is due: it scans from the start.
 *
 * Threads: pure. Errors: none; what is missing is placed at the value that should have held it.
 * Source: RFC 8259.
 */
#ifndef RINGLOAD_RESULT_JSON_PATH_H
#define RINGLOAD_RESULT_JSON_PATH_H

#include <stddef.h>

/*
 * path: "timeline[3].p50"; keys in it have no escapes, dots or brackets. *line and *column count
 * from 1, columns in bytes.
 */
void json_path_locate(
	const char *text, size_t text_bytes, const char *path, size_t *line, size_t *column);

#endif
