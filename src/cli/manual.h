/* SPDX-License-Identifier: MIT */
/*
 * The same tables as help.h, written for files: the man page and docs/command-line.md.
 *
 * Owner: appends to the caller's buffer. Threads: pure. Errors: the buffer's. Format of the man
 * page: man(7).
 */
#ifndef RINGLOAD_CLI_MANUAL_H
#define RINGLOAD_CLI_MANUAL_H

#include "base/buf.h"

void manual_page(struct buf *out);
void manual_markdown(struct buf *out);

#endif
