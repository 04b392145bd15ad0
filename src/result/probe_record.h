/* SPDX-License-Identifier: MIT */
/*
 * What `ringload probe` measured, as one record: schema "ringload.probe/1". Its block "kernel" is
 * that of a run (result_kernel.h), without what only a client can know, and its block "resources"
 * that of a run too (result_resources.h).
 *
 * In JSON: schema, complete, tool{version}, started_at, command[], environment{kernel, cpus},
 * window{duration_s, planned_s, interrupted}, kernel{}, resources{}, notes[].
 *
 * Owner: all of it belongs to the struct until probe_record_release; a zeroed struct is empty.
 * Threads: one at a time. Errors: as result.h. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_PROBE_RECORD_H
#define RINGLOAD_RESULT_PROBE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "result/result_kernel.h"
#include "result/result_resources.h"

#define PROBE_RECORD_SCHEMA "ringload.probe/1"

struct probe_record {
	bool complete;
	char *tool_version;
	char *started_at; /* UTC, as in result.h */
	char **command;
	size_t command_count;
	char *kernel_release;
	uint64_t cpus;
	double duration_s, planned_s;
	bool interrupted;
	struct result_kernel kernel;
	struct result_resources resources;
	char **notes;
	size_t note_count;
};

/* Appends the record as canonical JSON, with a newline at its end. */
void probe_record_write(const struct probe_record *record, struct buf *out);

void probe_record_release(struct probe_record *record);

#endif
