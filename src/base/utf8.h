/* SPDX-License-Identifier: MIT */
/*
 * Where the characters of a text end that may be anything: file names, process names, stored
 * results. It does not decide what becomes of bytes that are none.
 *
 * Threads: pure. Errors: none. Source: RFC 3629, section 4.
 */
#ifndef RINGLOAD_BASE_UTF8_H
#define RINGLOAD_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the character at text (1 to 4), or 0 when there is none: a stray byte, an overlong form,
 * a surrogate, or a sequence cut short by the terminating NUL. The NUL itself has 1. */
size_t utf8_bytes(const char *text);

#endif
