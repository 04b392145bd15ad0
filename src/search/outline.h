/* SPDX-License-Identifier: MIT */
/*
 * What a search would do, in words: its range, what loads are judged by, and the trials there would
 * be if each passed, by the stepper itself.
 *
 * Threads: pure. Errors: -ENOMEM; and in out->failed.
 */
#ifndef RINGLOAD_SEARCH_OUTLINE_H
#define RINGLOAD_SEARCH_OUTLINE_H

#include <stdbool.h>

#include "analysis/stepper.h"
#include "base/buf.h"
#include "search/search.h"

struct outline {
	const struct search_options *options;
	struct stepper_options stepper; /* with the budget of the trials that search */
	bool explains; /* trials with the probe follow, as the server can be looked into */
	struct stepper_trial last; /* set by outline_print: the last of the trials */
};

int outline_print(struct outline *outline, struct buf *out);

#endif
