/* SPDX-License-Identifier: MIT */
/*
 * Where calibrations are kept: one file per machine and kernel in the user's state folder
 * ($XDG_STATE_HOME/ringload, else ~/.local/state/ringload; root that was reached by sudo: root's).
 *
 * Owner: everything is the caller's. Threads: one. Errors: sentences with the path.
 */
#ifndef RINGLOAD_RUN_CALIBRATION_H
#define RINGLOAD_RUN_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "result/calibration_record.h"

/* That of this machine and kernel; *found false where there is none. */
int calibration_load(struct calibration_record *record, bool *found, struct err *err);

/*
 * Keeps it in place of one that is there, unless that one was measured against the null server and
 * this one was not; *kept tells. path: where it lies.
 */
int calibration_store(const struct calibration_record *record, bool *kept, char *path,
	size_t path_bytes, struct err *err);

#endif
