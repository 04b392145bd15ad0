/* SPDX-License-Identifier: MIT */
/*
 * Reads the record of a run out of a document that holds it beside other things (reader.h says how
 * failures are told; result.h: result_read, what is refused).
 *
 * Owner: what is read belongs to the struct given, also after a failure. Threads: one. Errors: the
 * reader's.
 */
#ifndef RINGLOAD_RESULT_RESULT_READ_H
#define RINGLOAD_RESULT_RESULT_READ_H

#include "result/reader.h"
#include "result/result.h"

/* Into a zeroed result. */
void result_read_member(
	struct reader *reader, const json_t *parent, const char *key, struct result *result);

#endif
