/* SPDX-License-Identifier: MIT */
/*
 * Writes the record of a run into a document that holds it beside other things, with the same bytes
 * as alone (result.h: result_write), but for the newline at its end.
 *
 * Owner, threads, errors: as emit.h.
 */
#ifndef RINGLOAD_RESULT_RESULT_WRITE_H
#define RINGLOAD_RESULT_RESULT_WRITE_H

#include "result/emit.h"
#include "result/result.h"

void result_write_member(struct emit *emit, const char *key, const struct result *result);

#endif
