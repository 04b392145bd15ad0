/* SPDX-License-Identifier: MIT */
/*
 * One window of kernel attribution, and of what the server used of its machine, without a load of
 * its own: something else drives the server.
 *
 * The window begins at once and ends after the duration, or with the first SIGINT, SIGTERM or
 * SIGHUP, which is the usual end of one without a duration. Either way there is a record. The
 * handlers stay until run_end_signals (run.h), so that a report is not cut off.
 *
 * Owner: options are the caller's and must outlive the call; the record is the caller's to release
 * when 0 was returned. Threads: the calling one. One at a time in a process.
 * Errors: a sentence with its class; there is no record then.
 */
#ifndef RINGLOAD_RUN_PROBE_RUN_H
#define RINGLOAD_RUN_PROBE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "probe/probe.h"
#include "result/probe_record.h"
#include "run/observation.h"

struct probe_run_options {
	const char *const *command; /* the command line, for the record */
	size_t command_count;
	struct probe_options probe; /* with ports */
	struct observation_options observation;
	bool has_duration;
	uint64_t duration_ns;
	bool progress; /* a live line on standard error, when that is a terminal */
};

int probe_run_execute(
	const struct probe_run_options *options, struct probe_record *record, struct err *err);

#endif
