/* SPDX-License-Identifier: MIT */
/*
 * A run from its scenario to its exit code: what `run` and `demo` have in common once they know
 * what is asked.
 *
 * Owner: borrows everything. Threads: main. Errors: those of run_execute and output_write.
 */
#ifndef RINGLOAD_CLI_MEASURE_H
#define RINGLOAD_CLI_MEASURE_H

#include "base/err.h"
#include "cli/command.h"
#include "run/run.h"
#include "scenario/scenario.h"

/* The exit code that run's result deserves, or -errno with a sentence. json_path: see output.h. */
int measure_run(const struct scenario *scenario, const struct run_options *options,
	const char *json_path, struct err *err);

/*
 * The command line as it was typed, for the record: "ringload", the command's name, argv. Pointers
 * are borrowed, the array is the caller's to free; NULL without memory. It has argc + 2 words.
 */
const char **measure_words(const struct command *command, int argc, char **argv);

#endif
