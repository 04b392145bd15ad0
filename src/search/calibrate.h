/* SPDX-License-Identifier: MIT */
/*
 * What this machine's generator can do when the server costs nothing: `ringload calibrate`.
 *
 *   estimate   a closed loop on all workers
 *   highest    open loops of rates around it (highest.h), paced as run does by default, each with
 *              the verdict of a run. A rate is held when its trial is valid, nothing of it was lost
 *              and 99 % was answered in the window
 *   cost       CPU time a request of the highest rate held, but for what was spun away
 *   floor      an open loop of a tenth of it: the latency that is the machine's own, and how late
 *              requests leave. Not held in several trials: not measured
 *
 * Where: bed.h. Steal is of all CPUs this process may use, from the first trial to the last.
 *
 * Interrupted (Ctrl-C): the trial under way ends, and there is no calibration (ERR_INTERRUPTED).
 *
 * Owner: options are the caller's. Threads: the calling one becomes the collector, and enters a
 * network namespace meanwhile. Errors: a sentence with its class. Units: in the names.
 */
#ifndef RINGLOAD_SEARCH_CALIBRATE_H
#define RINGLOAD_SEARCH_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "result/calibration_record.h"

/* Of each trial, beside the measured time. */
#define CALIBRATE_WARMUP_NS 200000000ULL

enum calibrate_stage { CALIBRATE_ESTIMATE, CALIBRATE_HIGHEST, CALIBRATE_FLOOR };

/* One trial that was made. */
struct calibrate_trial {
	enum calibrate_stage stage;
	bool embedded;
	double rps; /* answered in the closed loop, else asked */
	bool held;
	const char *reason; /* why it was not held */
};

struct calibrate_options {
	uint64_t duration_ns; /* of each trial, at least a second: shorter ones are not valid */
	bool progress;        /* a live line, as run_options.progress */
	/* Told of each trial once it is over, and before the first, with NULL, of the obstacle
	 * that made it the embedded target ("": none); NULL: nobody. */
	void (*told)(void *context, const struct calibrate_trial *trial, const char *obstacle);
	void *context;
};

struct calibrate_outcome {
	bool found; /* else no rate was held, `reason` says why the lowest was not */
	struct calibration_record record;
	char obstacle[ERR_TEXT_BYTES]; /* why not the null server; "": it was */
	char reason[ERR_TEXT_BYTES];   /* of the last trial that was not held */
};

int calibrate_execute(const struct calibrate_options *options, struct calibrate_outcome *outcome,
	struct err *err);

#endif
