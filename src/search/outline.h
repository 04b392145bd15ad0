/* SPDX-License-Identifier: MIT */
/*
 * What a search would do, in words: its range, what loads are judged by, and the trials there would
 * be if each passed, by the stepper itself.
 *
 * Threads: pure. Errors: -ENOMEM; and in out->failed.
 */
#ifndef RINGLOAD_SEARCH_OUTLINE_H
#define RINGLOAD_SEARCH_OUTLINE_H

#include "analysis/stepper.h"
#include "base/buf.h"
#include "search/search.h"

/* *last: the last of the trials. */
int outline_print(
	const struct search_options *options, struct stepper_trial *last, struct buf *out);

#endif
