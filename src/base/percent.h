/* SPDX-License-Identifier: MIT */
/*
 * Shares as people write them: "1%", "0.5 %" or "0.01".
 *
 * Threads: any. Errors: ERR_USAGE with the text and how to write it. A number of 1 or more without
 * a sign is refused, as it could mean either.
 */
#ifndef RINGLOAD_BASE_PERCENT_H
#define RINGLOAD_BASE_PERCENT_H

#include "base/err.h"

/* *share: 0.01 for "1%"; at most 10. */
int percent_parse(const char *text, double *share, struct err *err);

#endif
