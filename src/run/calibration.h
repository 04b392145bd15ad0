/* SPDX-License-Identifier: MIT */
/*
 * Where calibrations are kept: one file per machine and kernel in the user's state folder
 * ($XDG_STATE_HOME/ringload, else ~/.local/state/ringload; root that was reached by sudo: root's).
 * One made when the machine had another number of CPUs counts as none.
 *
 * The machine is told by a digest of /etc/machine-id, else of the DMI product id, else of the host
 * name: enough to tell machines apart, and not to be turned back into the id.
 *
 * Owner: everything is the caller's. Threads: one. Errors: sentences with the path.
 * Source: machine-id(5), the XDG base directory specification.
 */
#ifndef RINGLOAD_RUN_CALIBRATION_H
#define RINGLOAD_RUN_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "result/calibration_record.h"

/* Sets what names this machine in a record: machine, kernel, cpus. root: as in machine.h. */
void calibration_identify(struct calibration_record *record, const char *root);

/* That of this machine and kernel; *found false where there is none. */
int calibration_load(struct calibration_record *record, bool *found, struct err *err);

/* Whether one can be kept, asked before it is measured; makes the folder. */
int calibration_check(struct err *err);

/*
 * Keeps it in place of one that is there, unless that one was measured against the null server and
 * this one was not; *kept tells. path: where it lies.
 */
int calibration_store(const struct calibration_record *record, bool *kept, char *path,
	size_t path_bytes, struct err *err);

/*
 * Appends a sentence when an open loop of this rate asks for more than this machine has shown;
 * nothing when it has shown as much, or nothing is known. Errors: those of calibration_load, which
 * no run should fail for.
 */
int calibration_compare(uint64_t rate_mrps, struct buf *sentence, struct err *err);

#endif
