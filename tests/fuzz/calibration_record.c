/* SPDX-License-Identifier: MIT */
/*
 * A kept calibration may hold anything. Whatever is accepted must be written the same twice, and
 * reported without fault.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/calibration.h"
#include "result/calibration_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct calibration_remarks remarks = {.obstacle = "", .reason = "", .path = ""};
	struct buf first = {0}, second = {0}, report = {0};
	struct calibration_record record, again;
	struct err err = {ERR_NONE, ""};

	if (calibration_record_read(&record, "fuzz", (const char *)data, bytes, &err)) {
		require(err.kind == ERR_USAGE && *err.text);
		return 0;
	}
	calibration_record_write(&record, &first);
	require(!first.failed);
	require(!calibration_record_read(&again, "again", first.data, first.length_bytes, &err));
	calibration_record_write(&again, &second);
	require(first.length_bytes == second.length_bytes);
	require(!memcmp(first.data, second.data, first.length_bytes));
	calibration_report(&record, &remarks, &report);
	require(!report.failed && report.length_bytes);
	buf_release(&report);
	buf_release(&second);
	buf_release(&first);
	return 0;
}
