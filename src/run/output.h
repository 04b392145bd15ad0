/* SPDX-License-Identifier: MIT */
/*
 * Where the reports of a command go: text for people on standard output, the record as JSON in a
 * file, or, with "-", the record alone on standard output; a profile in two files of its own.
 *
 * The file comes first and atomically, so that a broken pipe or a full terminal buffer cannot cost
 * the record.
 *
 * Owner: borrows everything. Threads: one. Errors: ERR_USAGE for a path that cannot be written to,
 * ERR_ENVIRONMENT when writing failed.
 */
#ifndef RINGLOAD_RUN_OUTPUT_H
#define RINGLOAD_RUN_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "result/probe_record.h"
#include "result/result.h"
#include "result/search_record.h"

/* What was asked for beside the text. */
struct output_paths {
	const char *json;    /* NULL: none; "-": standard output, in place of the text */
	const char *profile; /* PREFIX of .folded and .svg; NULL: none */
	const char *svg;     /* of a search: its picture; NULL: none */
};

/*
 * Whether the paths can be written to: asked before the load, so that an hour's measurement does
 * not end in "no such directory".
 */
int output_check(const struct output_paths *paths, struct err *err);

/* The same of one path, "-" or a file's, that an option ("--json") names. */
int output_check_file(const char *option, const char *path, struct err *err);

/* Writes it there; a failure names the option. */
int output_write(const char *option, const char *path, const struct buf *text, struct err *err);

/* When writing a file fails the text is printed all the same, and the sentence returned. */
int output_run(const struct result *result, const struct output_paths *paths, struct err *err);
int output_probe(
	const struct probe_record *record, const struct output_paths *paths, struct err *err);

/* The profile is that of the lowest load that failed. */
int output_search(
	const struct search_record *record, const struct output_paths *paths, struct err *err);

#endif
