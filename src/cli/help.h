/* SPDX-License-Identifier: MIT */
/*
 * The help texts, written from the tables of commands and options: what `ringload --help` and
 * `ringload run --help` show. manual.h writes the same for a file.
 *
 * Owner: appends to the caller's buffer. Threads: pure. Errors: the buffer's. Limits: lines of at
 * most 80 columns, except a single word that is longer.
 */
#ifndef RINGLOAD_CLI_HELP_H
#define RINGLOAD_CLI_HELP_H

#include "base/buf.h"
#include "cli/command.h"

/* All commands, the first steps, the exit codes. */
void help_overview(struct buf *out);

/* One command: usage, what it does, options by group, exit codes, examples. */
void help_one(struct buf *out, const struct command *command);

#endif
