/* SPDX-License-Identifier: MIT */
/*
 * Text of the user's, made fit to stand between quotes in a sentence: bytes that are not printable
 * ASCII appear as \xNN, so that nothing typed or read reaches a terminal raw, and long text is cut
 * with "...".
 *
 * Owner: the caller's storage. Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_PLAN_QUOTED_H
#define RINGLOAD_PLAN_QUOTED_H

#include <stddef.h>

#define QUOTED_BYTES 128

/* Writes at most `bytes` bytes of text, up to its NUL, into out and returns out. */
const char *quoted_text(char out[QUOTED_BYTES], const char *text, size_t bytes);

#endif
