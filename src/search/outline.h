/* SPDX-License-Identifier: MIT */
/*
 * What a search would do, in words: its range, what loads are judged by, and the trials there would
 * be if each passed, by the stepper itself.
 *
 * Threads: pure. Errors: in out->failed.
 */
#ifndef RINGLOAD_SEARCH_OUTLINE_H
#define RINGLOAD_SEARCH_OUTLINE_H

#include "analysis/stepper.h"
#include "base/buf.h"
#include "search/search.h"

/* stepper: as it was opened; it is used up. *last: the last of the trials. */
void outline_print(const struct search_options *options, struct stepper *stepper,
	struct stepper_trial *last, struct buf *out);

#endif
