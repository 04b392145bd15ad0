/* SPDX-License-Identifier: MIT */
/*
 * Text or bytes that grow while they are built: reports, rendered requests, messages.
 *
 * Owner: the struct is the caller's storage; data is the heap's until buf_release. A
 * zeroed struct is an empty buffer; releasing one does nothing. data is always NUL-terminated once
 * anything was appended.
 * Threads: one at a time; never on the hot path.
 * Errors: sticky: once memory or the bound of 1 GiB is exceeded, `failed` is set and appends do
 * nothing; check it once at the end.
 */
#ifndef RINGLOAD_BASE_BUF_H
#define RINGLOAD_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t length_bytes;
	size_t capacity_bytes;
	bool failed;
};

void buf_release(struct buf *buf);
void buf_append(struct buf *buf, const void *data, size_t length_bytes);
void buf_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for so much more at once, and no more than that. */
void buf_reserve(struct buf *buf, size_t extra_bytes);
void buf_fill(struct buf *buf, char byte, size_t count);

/* What was built, terminated, or "" for an empty one. */
const char *buf_string(const struct buf *buf);

#endif
