/* SPDX-License-Identifier: MIT */
/*
 * Options of a command, described once: the same table parses the command line and writes the help
 * text, the man page and the Markdown reference (help.h), so that none of them can be out of date.
 *
 * Forms understood: --name value, --name=value, -x value, -xvalue, letters bundled (-qn100), and --
 * to end the options. Options and operands may be mixed. Every option may be given once, those of
 * kind OPTION_LIST any number of times, flags too. Names are never abbreviated: a script that
 * relies on an abbreviation breaks when an option is added.
 *
 * Owner: text values are borrowed from argv; a list belongs to the struct of values; an
 * option_parse is the caller's, released with option_parse_release.
 * Threads: one. Errors: ERR_USAGE with a sentence that begins with the option's name.
 */
#ifndef RINGLOAD_CLI_OPTION_H
#define RINGLOAD_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum option_kind {
	OPTION_HELP,     /* ends parsing and sets option_parse.help */
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char *; range: bytes */
	OPTION_LIST,     /* struct scenario_list; range: bytes of each */
	OPTION_CHOICE,   /* an enum in the order of `words` */
	OPTION_U32,      /* uint32_t */
	OPTION_U64,      /* uint64_t */
	OPTION_DURATION, /* uint64_t, nanoseconds */
	OPTION_RATE,     /* uint64_t, thousandths of a request a second */
	OPTION_SIZE,     /* uint64_t, bytes */
	OPTION_ONE_IN,   /* uint32_t: 8 for "1/8" or "8" */
	OPTION_KIND_COUNT
};

struct option {
	const char *group; /* heading above it in the help; NULL: that of the one before */
	const char *name;  /* long form without dashes */
	char letter;       /* short form; 0: none */
	enum option_kind kind;
	const char *value;        /* what the help calls the value: "RATE"; NULL for flags */
	const char *initial;      /* the default as one would type it, or in words; NULL: none */
	const char *help;         /* a sentence or two, lower case, no full stop at the end */
	const char *const *words; /* OPTION_CHOICE: the values, NULL-terminated */
	uint64_t lowest, highest; /* range of the value, in the unit of its kind */
	size_t offset;            /* where in the struct of values it goes */
	/* Its value when it is given none: of what follows, only an argument that begins with a
	 * digit is its value. NULL: it must have one. */
	const char *otherwise;
};

/* Something people type from habit that is no option here. */
struct option_habit {
	const char *typed;  /* "--latency", "-R" */
	const char *advice; /* what to do instead, as a sentence's second half */
};

/* What a command accepts. */
struct option_table {
	const struct option *options;
	size_t count;
	const struct option_habit *habits; /* ends with typed = NULL; may be NULL */
	bool operands_end_options;         /* all after the first operand are operands */
};

#define OPTION_LIMIT 64 /* most options a table may have */

struct option_parse {
	const struct option_table *table;
	const char **operands;
	size_t operand_count;
	const char *given[OPTION_LIMIT]; /* the text each option was given, NULL: it was not */
	bool help;
};

/*
 * Reads argv[0..argc) (without the command's own name) into `values`, which the caller has filled
 * with the defaults. -EINVAL, -ERANGE or -ENOMEM with a sentence; *parse is to be released then as
 * well.
 */
int option_parse(const struct option_table *table, int argc, char **argv, void *values,
	struct option_parse *parse, struct err *err);
void option_parse_release(struct option_parse *parse);

/* Whether an option of this name (which must exist: asserted) was given. */
bool option_given(const struct option_parse *parse, const char *name);

/*
 * One value of one option, as option_parse would store it: for tests that the documented defaults
 * are the real ones.
 */
int option_store(const struct option *option, const char *text, void *values, struct err *err);

#endif
