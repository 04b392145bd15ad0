/* SPDX-License-Identifier: MIT */
/*
 * The sentence for the user when something on the control path fails, and the class that decides
 * the exit code.
 *
 * The place that first sees the failure writes the sentence with err_set; callers may put context
 * before it with err_prefix. Nothing here prints.
 *
 * Owner: the caller's storage, usually on the stack of a command; a zeroed struct means "no error".
 * Threads: one at a time. Errors: none of its own; a sentence longer than the buffer is cut.
 * Style of a sentence: lower case, no full stop, position first ("file:line:column: "), the value
 * in double quotes, what was expected, what to do.
 */
#ifndef RINGLOAD_BASE_ERR_H
#define RINGLOAD_BASE_ERR_H

#include <stdarg.h>

/* Classes in the order of the exit codes they lead to (see docs/architecture.md). */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* what was asked makes no sense: exit 2 */
	ERR_ENVIRONMENT, /* this machine cannot do it: exit 3 */
	ERR_TARGET,      /* nothing there to measure: exit 5 */
	ERR_INTERRUPTED, /* stopped by a signal before anything was measured: exit 130 */
	ERR_KIND_COUNT
};

#define ERR_TEXT_BYTES 1024

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_BYTES];
};

/*
 * Writes the sentence. code is a negative errno and is returned, so that a failing function can end
 * in `return err_set(err, ERR_ENVIRONMENT, -EPERM, "…")`. err may be NULL.
 */
int err_set(struct err *err, enum err_kind kind, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As err_set, with ": " and the words of the errno appended after the sentence. */
int err_set_errno(struct err *err, enum err_kind kind, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts context before a sentence already written ("scenario.yaml:3:7: "). */
void err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
