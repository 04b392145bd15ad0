/* SPDX-License-Identifier: MIT */
/*
 * What `ringload NAME` can be: the table of commands, each with its options, its text for the help
 * and its function. main.c looks a command up and runs it; help.c and manual.c write the same table
 * out.
 *
 * Owner: everything is constant and static. Threads: a command's function runs on the main thread
 * and may start others. Errors: a function returns the exit code, or -errno with a sentence, which
 * main prints and turns into the exit code of its class.
 */
#ifndef RINGLOAD_CLI_COMMAND_H
#define RINGLOAD_CLI_COMMAND_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/option.h"

struct command_example {
	const char *line; /* as typed */
	const char *meaning;
};

struct command {
	const char *name;
	const char *summary;  /* half a line, lower case */
	const char *operands; /* as in the usage line: "URL", or "" */
	size_t operands_least, operands_most;
	const char *about; /* paragraphs, separated by an empty line */
	struct option_table table;
	const struct command_example *examples; /* ends with line = NULL */
	const char *more_title;                 /* one more section; NULL: none */
	void (*more)(struct buf *out);          /* appends its text, in lines */
	bool drives_load;                       /* says so when a signal comes before the load */
	int (*run)(const struct command *command, int argc, char **argv, struct err *err);
};

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);

/* The commands in the order of the help; NULL at the end. */
const struct command *const *command_all(void);

/* The sentence for a name that is no command, ERR_USAGE. */
int command_unknown(const char *name, struct err *err);

/*
 * option_parse, and the checks that every command needs: how many operands there are, and --help,
 * which is answered on standard output: the command has nothing left to do when parse->help is set.
 */
int command_parse(const struct command *command, int argc, char **argv, void *values,
	struct option_parse *parse, struct err *err);

/* Writes text to standard output; ERR_ENVIRONMENT when that fails (a full disk, a closed pipe). */
int command_print(struct buf *text, struct err *err);

extern const struct command run_command;
extern const struct command breakpoint_command;
extern const struct command probe_command;
extern const struct command serve_command;
extern const struct command demo_command;
extern const struct command calibrate_command;
extern const struct command doctor_command;
extern const struct command lab_command;
extern const struct command help_command;
extern const struct command version_command;

#endif
