/* SPDX-License-Identifier: MIT */
/*
 * A share of a whole as the user writes it, in percent: "95", "0.1", "12.5%". Kept as a whole
 * number, so that shares add up to the whole exactly and a draw is one comparison.
 *
 * Threads: pure. Errors: ERR_USAGE sentences that quote the text. Units: thousandths of a percent.
 */
#ifndef RINGLOAD_TARGET_SHARE_H
#define RINGLOAD_TARGET_SHARE_H

#include <stdint.h>

#include "base/err.h"

/* 100 %. */
#define SHARE_WHOLE 100000U

/* At most three decimals; from 0 to 100. 0, -EINVAL or -ERANGE. */
int share_parse(const char *text, uint32_t *share, struct err *err);

#endif
