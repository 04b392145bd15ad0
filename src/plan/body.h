/* SPDX-License-Identifier: MIT */
/*
 * The body of a request on its way from the command line or a file into the rendering, which is its
 * only copy.
 *
 * A regular file tells its size before it is read, so that it can go straight behind the head. What
 * has none (a pipe) is read first.
 *
 * Owner: the caller's storage; body_release frees what was read first. Threads: any.
 * Errors: sentences; a file that is larger than BODY_LIMIT_BYTES or than --memory, that cannot be
 * read, or whose size changes meanwhile.
 */
#ifndef RINGLOAD_PLAN_BODY_H
#define RINGLOAD_PLAN_BODY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "scenario/scenario.h"

#define BODY_LIMIT_BYTES ((size_t)512 << 20)

struct body {
	size_t bytes;
	const void *data; /* NULL: still to be read from the file */
	const char *file;
	struct buf own;
};

/* From here on `bytes` is known. */
int body_find(struct body *body, const struct scenario *scenario, struct err *err);
int body_append(const struct body *body, struct buf *wire, struct err *err);
void body_release(struct body *body);

#endif
