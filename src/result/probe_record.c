/* SPDX-License-Identifier: MIT */
#include "result/probe_record.h"

#include <stdlib.h>
#include <string.h>

#include "result/emit.h"
#include "result/emit_record.h"
#include "result/kernel_write.h"
#include "result/resources_write.h"

void probe_record_write(const struct probe_record *record, struct buf *out)
{
	struct emit emit = {.out = out};

	emit_object(&emit, NULL);
	emit_text(&emit, "schema", PROBE_RECORD_SCHEMA);
	emit_bool(&emit, "complete", record->complete);
	emit_object(&emit, "tool");
	emit_text(&emit, "version", record->tool_version);
	emit_object_end(&emit);
	emit_text(&emit, "started_at", record->started_at);
	emit_record_texts(&emit, "command", record->command, record->command_count);
	emit_object(&emit, "environment");
	emit_text(&emit, "kernel", record->kernel_release);
	emit_count(&emit, "cpus", record->cpus);
	emit_object_end(&emit);
	emit_object(&emit, "window");
	emit_real(&emit, "duration_s", record->duration_s);
	emit_record_positive(&emit, "planned_s", record->planned_s);
	emit_bool(&emit, "interrupted", record->interrupted);
	emit_object_end(&emit);
	kernel_write(&emit, &record->kernel);
	resources_write(&emit, &record->resources);
	emit_record_texts(&emit, "notes", record->notes, record->note_count);
	emit_object_end(&emit);
}

void probe_record_release(struct probe_record *record)
{
	free(record->tool_version);
	free(record->started_at);
	free(record->kernel_release);
	result_texts_release(record->command, record->command_count);
	result_texts_release(record->notes, record->note_count);
	result_kernel_release(&record->kernel);
	result_resources_release(&record->resources);
	memset(record, 0, sizeof(*record));
}
