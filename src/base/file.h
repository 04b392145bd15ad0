/* SPDX-License-Identifier: MIT */
/*
 * Whole files in and out.
 *
 * Errors: a sentence with the path and the errno's words; ERR_USAGE when the path came from the
 * user and does not exist or cannot be read, ERR_ENVIRONMENT otherwise. Threads: any. Owner: what
 * file_read appends is the buf's.
 */
#ifndef RINGLOAD_BASE_FILE_H
#define RINGLOAD_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the whole file, refusing more than limit_bytes with a sentence that names the limit. */
int file_read(const char *path, size_t limit_bytes, struct buf *out, struct err *err);

/* The size of a regular file; 0 and *regular false for anything else, which has none until it was
 * read. */
int file_size(const char *path, bool *regular, size_t *size_bytes, struct err *err);

/*
 * Replaces path by a file with this content, or leaves it as it was: written beside it, synced,
 * renamed. The mode of an old file is kept, a symbolic link leads to the new one. A pipe, terminal
 * or device is written to as it is. "-" writes to standard output instead.
 */
int file_write(const char *path, const void *data, size_t length_bytes, struct err *err);

#endif
