/* SPDX-License-Identifier: MIT */
/*
 * What the exit codes mean, in words: the one table that help, man page and docs/command-line.md
 * show. Which code it is decides analysis/exit.h.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_CLI_EXIT_ROW_H
#define RINGLOAD_CLI_EXIT_ROW_H

#include "cli/command.h"

struct exit_row {
	int code;
	const char *meaning;
};

/* Of all commands; ends with meaning = NULL. */
const struct exit_row *exit_row_all(void);

/* Of this one; NULL where there is no more to say than 0 for success. */
const struct exit_row *exit_row_of(const struct command *command);

#endif
