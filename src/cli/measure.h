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

/* The exit code that the run's result deserves, or -errno with a sentence. */
int measure_run(const struct scenario *scenario, const struct run_options *options,
	const struct output_paths *paths, struct err *err);

/*
 * The command line as it was typed, for the record: "ringload", the command's name, argv. Pointers
 * are borrowed, the array is the caller's to free; NULL without memory. It has argc + 2 words.
 */
const char **measure_words(const struct command *command, int argc, char **argv);

#endif
