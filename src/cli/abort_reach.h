/* SPDX-License-Identifier: MIT */
/*
 * Whether --abort-on-breach can end any trial of a search: a breach must last for its TIME, so a
 * trial that is not longer is never ended by it, which nobody would see otherwise.
 *
 * Owner: appends to the caller's buffer. Threads: pure. Errors: the buffer's.
 */
#ifndef RINGLOAD_CLI_ABORT_REACH_H
#define RINGLOAD_CLI_ABORT_REACH_H

#include <stdint.h>

#include "analysis/stepper.h"
#include "base/buf.h"

/* Appends a sentence if no trial of these options is longer than abort_ns; 0: nothing is asked. */
void abort_reach_tell(const struct stepper_options *stepper, uint64_t abort_ns, struct buf *out);

#endif
