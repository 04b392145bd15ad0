/* SPDX-License-Identifier: MIT */
#include "result/calibration_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/emit.h"
#include "result/emit_record.h"
#include "result/reader.h"

static const char *schema_key(unsigned int version)
{
	return version ? NULL : CALIBRATION_SCHEMA;
}

static const char *server_key(unsigned int embedded)
{
	static const char *const keys[] = {"null_server", "embedded", NULL};

	return keys[embedded];
}

static void write_pair(struct emit *emit, const char *key, uint64_t p50_ns, uint64_t p99_ns)
{
	emit_object(emit, key);
	emit_count(emit, "p50", p50_ns);
	emit_count(emit, "p99", p99_ns);
	emit_object_end(emit);
}

void calibration_record_write(const struct calibration_record *record, struct buf *out)
{
	struct emit emit = {.out = out};

	emit_object(&emit, NULL);
	emit_text(&emit, "schema", CALIBRATION_SCHEMA);
	emit_object(&emit, "tool");
	emit_text(&emit, "version", record->tool_version);
	emit_object_end(&emit);
	emit_text(&emit, "measured_at", record->measured_at);
	emit_text(&emit, "machine", record->machine);
	emit_text(&emit, "kernel", record->kernel);
	emit_count(&emit, "cpus", record->cpus);
	emit_text(&emit, "server", server_key(record->embedded));
	emit_count(&emit, "workers", record->workers);
	emit_count(&emit, "connections", record->connections);
	emit_real(&emit, "highest_rps", record->highest_rps);
	emit_real(&emit, "cpu_ns_per_request", record->cpu_ns_per_request);
	if (record->has_floor) {
		write_pair(&emit, "latency_floor_ns", record->floor_p50_ns, record->floor_p99_ns);
		write_pair(&emit, "send_lag_ns", record->send_lag_p50_ns, record->send_lag_p99_ns);
	} else {
		emit_null(&emit, "latency_floor_ns");
		emit_null(&emit, "send_lag_ns");
	}
	emit_record_real(&emit, "steal", record->has_steal, record->steal);
	emit_object_end(&emit);
}

static void read_text(struct reader *reader, const json_t *parent, const char *key,
	char text[CALIBRATION_TEXT_BYTES])
{
	char *whole = reader_text(reader, parent, key);

	if (whole && strlen(whole) < CALIBRATION_TEXT_BYTES)
		strcpy(text, whole);
	else if (whole)
		reader_refuse(reader, key, "expected a text of less than 96 bytes");
	free(whole);
}

static void read_pair(struct reader *reader, const json_t *root, const char *key, uint64_t *p50_ns,
	uint64_t *p99_ns)
{
	json_t *object = reader_object(reader, root, key);
	size_t back = reader_enter(reader, key);

	*p50_ns = reader_count(reader, object, "p50");
	*p99_ns = reader_count(reader, object, "p99");
	reader_leave(reader, back);
}

static void read_root(struct reader *reader, const json_t *root, struct calibration_record *record)
{
	json_t *tool;
	size_t back;

	if (!json_is_object(root))
		reader_refuse(reader, NULL, "expected an object, the record of a calibration");
	reader_choice(reader, root, "schema", schema_key);
	tool = reader_object(reader, root, "tool");
	back = reader_enter(reader, "tool");
	read_text(reader, tool, "version", record->tool_version);
	reader_leave(reader, back);
	read_text(reader, root, "measured_at", record->measured_at);
	read_text(reader, root, "machine", record->machine);
	read_text(reader, root, "kernel", record->kernel);
	record->cpus = reader_count(reader, root, "cpus");
	record->embedded = reader_choice(reader, root, "server", server_key);
	record->workers = reader_count(reader, root, "workers");
	record->connections = reader_count(reader, root, "connections");
	record->highest_rps = reader_positive(reader, root, "highest_rps");
	record->cpu_ns_per_request = reader_positive(reader, root, "cpu_ns_per_request");
	record->has_floor = !reader_null(reader, root, "latency_floor_ns");
	if (record->has_floor) {
		read_pair(reader, root, "latency_floor_ns", &record->floor_p50_ns,
			&record->floor_p99_ns);
		read_pair(reader, root, "send_lag_ns", &record->send_lag_p50_ns,
			&record->send_lag_p99_ns);
	}
	record->has_steal = !reader_null(reader, root, "steal");
	if (record->has_steal)
		record->steal = reader_share(reader, root, "steal");
}

int calibration_record_read(struct calibration_record *record, const char *name, const char *text,
	size_t text_bytes, struct err *err)
{
	struct reader reader = {.name = name, .text = text, .text_bytes = text_bytes, .err = err};
	json_error_t error;
	json_t *root;

	memset(record, 0, sizeof(*record));
	root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return err_set(err, ERR_USAGE, -EINVAL, "%s:%d:%d: not JSON: %s", name, error.line,
			error.column, error.text);
	read_root(&reader, root, record);
	json_decref(root);
	if (reader.status)
		memset(record, 0, sizeof(*record));
	return reader.status;
}
