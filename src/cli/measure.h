/* SPDX-License-Identifier: MIT */
/*
 * A run from its scenario to its exit code: what `run` and `demo` have in common once they know
 * what is asked.
 *
 * Owner: borrows everything. Threads: main. Errors: those of run_execute and output_run;
 * ERR_ENVIRONMENT when the kernel's side was required and nothing was measured there.
 */
#ifndef RINGLOAD_CLI_MEASURE_H
#define RINGLOAD_CLI_MEASURE_H

#include "base/err.h"
#include "cli/command.h"
#include "run/output.h"
#include "run/run.h"
#include "scenario/scenario.h"

/* Rows of an option table: where the record goes and how much is said; the members' offsets. */
#define MEASURE_OUTPUT_ROWS(json_offset, quiet_offset)                                             \
	{.group = "Output",                                                                        \
		.name = "json",                                                                    \
		.kind = OPTION_TEXT,                                                               \
		.value = "FILE",                                                                   \
		.help = "write the whole record there; - writes it to standard output in place "   \
			"of the report",                                                           \
		.lowest = 1,                                                                       \
		.highest = 4096,                                                                   \
		.offset = (json_offset)},                                                          \
	{                                                                                          \
		.name = "quiet", .letter = 'q', .kind = OPTION_FLAG,                               \
		.help = "no progress line and no notes, only the report", .offset = (quiet_offset) \
	}

/* The exit code that the run's result deserves, or -errno with a sentence. */
int measure_run(const struct scenario *scenario, const struct run_options *options,
	const struct output_paths *paths, struct err *err);

/*
 * The command line as it was typed, for the record: "ringload", the command's name, argv. Pointers
 * are borrowed, the array is the caller's to free; NULL without memory. It has argc + 2 words.
 */
const char **measure_words(const struct command *command, int argc, char **argv);

#endif
