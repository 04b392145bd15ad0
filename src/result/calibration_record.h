/* SPDX-License-Identifier: MIT */
/*
 * What this box has shown that it can generate, by `ringload calibrate`: schema
 * "ringload.calibration/1". Where it is kept: src/run/calibration.h.
 *
 * In JSON, in this order: schema, tool{version}, measured_at, machine, kernel, cpus, server
 * ("null_server" | "embedded"), workers, connections, highest_rps, cpu_ns_per_request,
 * latency_floor_ns{p50, p99}, send_lag_ns{p50, p99} (both null: the machine was too busy), steal
 * (null: the machine does not tell)
 *
 * server "embedded": the null server could not be used; the cost is an upper bound, the rate a
 * lower one, as the target shared the machine. Such a figure never replaces one of the null server.
 *
 * Owner: the struct is the caller's, without pointers. Threads: one. Errors: sentences with the
 * path. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_CALIBRATION_RECORD_H
#define RINGLOAD_RESULT_CALIBRATION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CALIBRATION_SCHEMA     "ringload.calibration/1"
#define CALIBRATION_TEXT_BYTES 96

struct calibration_record {
	char tool_version[CALIBRATION_TEXT_BYTES];
	char measured_at[CALIBRATION_TEXT_BYTES]; /* UTC */
	char machine[CALIBRATION_TEXT_BYTES];     /* a digest of the machine's id, not the id */
	char kernel[CALIBRATION_TEXT_BYTES];
	uint64_t cpus;
	bool embedded; /* against the embedded target */
	uint64_t workers, connections;
	double highest_rps;        /* all workers together, a valid measurement */
	double cpu_ns_per_request; /* of the generator, at that rate, without its spinning */
	bool has_floor;
	uint64_t floor_p50_ns, floor_p99_ns; /* total, at a tenth of it */
	uint64_t send_lag_p50_ns, send_lag_p99_ns;
	bool has_steal;
	double steal; /* share of the time the hypervisor took meanwhile */
};

/* Appends the record as canonical JSON, with a newline at its end. */
void calibration_record_write(const struct calibration_record *record, struct buf *out);

/* As result_read, of this schema; on failure the struct is zeroed. */
int calibration_record_read(struct calibration_record *record, const char *name, const char *text,
	size_t text_bytes, struct err *err);

#endif
