/* SPDX-License-Identifier: MIT */
/*
 * Where the reports of a run go: text for people on standard output, the record as JSON in a file,
 * or, with "-", the record alone on standard output.
 *
 * The file comes first and atomically, so that a broken pipe or a full terminal buffer cannot cost
 * the record.
 *
 * Owner: borrows everything. Threads: one. Errors: ERR_USAGE for a path that cannot be written to,
 * ERR_ENVIRONMENT when writing failed.
 */
#ifndef RINGLOAD_RUN_OUTPUT_H
#define RINGLOAD_RUN_OUTPUT_H

#include "base/err.h"
#include "result/result.h"

/*
 * Whether json_path (NULL and "-" are always fine) can be written to: asked before the load, so
 * that an hour's measurement does not end in "no such directory".
 */
int output_check(const char *json_path, struct err *err);

/* When writing the file fails the text is printed all the same, and the sentence returned. */
int output_write(const struct result *result, const char *json_path, struct err *err);

#endif
