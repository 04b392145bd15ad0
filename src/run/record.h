/* SPDX-License-Identifier: MIT */
/*
 * From what a trial measured to its record, judged: the figures of workers, kernel and server's
 * resources brought together, the verdict on the measurement, and those of the thresholds.
 *
 * Owner: the source is borrowed for the call, what it points to must not change meanwhile: the
 * workers have ended and the kernel's side has settled. The result is the caller's to release when
 * 0 was returned. Threads: the collector's. Errors: memory, as a sentence.
 */
#ifndef RINGLOAD_RUN_RECORD_H
#define RINGLOAD_RUN_RECORD_H

#include <stdint.h>

#include "base/err.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "result/result.h"
#include "run/attribution.h"
#include "run/collector.h"
#include "run/notes.h"
#include "run/observation.h"
#include "run/run.h"

struct record_source {
	const struct run_options *options;
	const struct plan *plan; /* as it was in this trial */
	const struct engine *engine;
	const struct collector *collector;
	const struct attribution *attribution;
	struct observation *observation;
	struct notes *notes;            /* lines about the figures are added */
	const uint32_t *address_counts; /* connections established when the load began */
	uint64_t start_ns, started_wall_ns;
};

int record_make(struct result *result, const struct record_source *source, struct err *err);

#endif
