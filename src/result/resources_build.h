/* SPDX-License-Identifier: MIT */
/*
 * From what was read of a server's processes to the block "resources" of a record.
 *
 * Owner: all of the input is borrowed for the call; the block holds copies. Threads: one.
 * Errors: memory, in the builder.
 */
#ifndef RINGLOAD_RESULT_RESOURCES_BUILD_H
#define RINGLOAD_RESULT_RESOURCES_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/resources.h"
#include "observe/observer.h"
#include "result/builder.h"
#include "result/result.h"

/* Growth is not told of less than this: a line through noise has any slope. */
#define RESOURCES_BUILD_GROWTH_S       60
#define RESOURCES_BUILD_GROWTH_SAMPLES 20

struct resources_input {
	const struct resources *resources; /* NULL: not measured */
	const char *reason;                /* why not */
	struct observer_limits limits;
	const char *counter_reasons[RESOURCES_COUNTER_COUNT]; /* for those that are not known */
	const char *level_reasons[RESOURCES_LEVEL_COUNT];
	bool pressure_is_own;
	bool has_pss;
	uint64_t pss_bytes;
	const char *pss_reason;
	const struct observer_process *processes;
	size_t process_count;
};

/* The zeroed block *to of the window [begin_ns, end_ns); times as those of the samples. */
void resources_build(struct builder *builder, struct result_resources *to,
	const struct resources_input *input, uint64_t begin_ns, uint64_t end_ns);

/* What belongs to an interval of the timeline. */
void resources_build_interval(struct result_interval_resources *to,
	const struct resources_input *input, uint64_t begin_ns, uint64_t end_ns);

#endif
