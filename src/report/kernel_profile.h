/* SPDX-License-Identifier: MIT */
/*
 * The profile in a few lines: the functions in which the server's threads were found most often,
 * and how far its stacks can be trusted. The whole is in the flame graph (flame.h).
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_PROFILE_H
#define RINGLOAD_REPORT_KERNEL_PROFILE_H

#include "base/buf.h"
#include "result/result_kernel.h"

#define KERNEL_PROFILE_ROWS 5

/* Nothing when there is no profile. */
void kernel_profile_table(const struct result_kernel_profile *profile, struct buf *out);

#endif
