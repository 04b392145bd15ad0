/* SPDX-License-Identifier: MIT */
/*
 * One run from what was asked to its record: plan, preflight, load, collection, verdicts.
 *
 * In order: the plan is made; the machine is asked whether it can carry it (io_uring, memory, open
 * files); every address is tried once, and those that refuse are left out; the kernel's side is
 * opened; connections are established; the load runs while this thread collects once a second and
 * shows progress; the record is built and judged. Nothing here renders the record for people or
 * files: see output.h.
 *
 * Signals: from the moment connections are being made, the first SIGINT, SIGTERM or SIGHUP ends the
 * window and drains, the second stops at once (interrupt.h). Either way there is a record. The
 * handlers stay until run_end_signals, so that a report is not cut off by an impatient finger.
 *
 * Owner: scenario and options are the caller's and must outlive the call; the result is the
 * caller's to release when 0 was returned. Threads: the calling thread becomes the collector; it is
 * moved off the workers' CPUs when there are others. One run at a time in a process.
 * Errors: a sentence with its class; there is no result then.
 */
#ifndef RINGLOAD_RUN_RUN_H
#define RINGLOAD_RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/threshold.h"
#include "base/buf.h"
#include "base/err.h"
#include "result/result.h"
#include "run/attribution.h"
#include "run/observation.h"
#include "scenario/scenario.h"

struct run_options {
	const char *const *command; /* the command line, for the record */
	size_t command_count;
	const struct threshold_list *thresholds; /* NULL: none */
	bool progress;       /* a live line on standard error, when that is a terminal */
	uint64_t abort_ns;   /* a breach that lasts so long ends the run (breach.h); 0: none does */
	const char *warning; /* said before the load, and kept among the notes; NULL: none */
	struct attribution_options attribution;
	struct observation_options observation;
};

int run_execute(const struct scenario *scenario, const struct run_options *options,
	struct result *result, struct err *err);

/* What --dry-run prints: the plan in words, with nothing sent and no address tried. */
int run_describe(const struct scenario *scenario, const struct attribution_options *attribution,
	const struct observation_options *observation, struct buf *out, struct err *err);

/* Gives the signals back that run_execute took. */
void run_end_signals(void);

#endif
