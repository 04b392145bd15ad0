/* SPDX-License-Identifier: MIT */
/*
 * A calibration for people: each figure, what it means, and where it is kept.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: out->failed.
 */
#ifndef RINGLOAD_REPORT_CALIBRATION_H
#define RINGLOAD_REPORT_CALIBRATION_H

#include <stdbool.h>

#include "base/buf.h"
#include "result/calibration_record.h"

/* What the record itself does not hold. */
struct calibration_remarks {
	const char *obstacle; /* why the null server was not used; "": it was */
	const char *reason;   /* why there is no floor */
	bool kept;
	const char *path; /* where it is kept, or the better one is; "": it could not be kept */
};

void calibration_report(const struct calibration_record *record,
	const struct calibration_remarks *remarks, struct buf *out);

#endif
