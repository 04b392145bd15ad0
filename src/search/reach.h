/* SPDX-License-Identifier: MIT */
/*
 * What a search can tell within its budget: how low it may go, and what is to be said where that
 * is not as low as was asked, as its objectives take more requests there than there is time for
 * (enough.h). A ladder goes where it is told to, and says so of a bound of too few requests.
 *
 * Owner: the caller's storage. Threads: pure. Errors: ERR_USAGE naming the options.
 */
#ifndef RINGLOAD_SEARCH_REACH_H
#define RINGLOAD_SEARCH_REACH_H

#include "analysis/stepper.h"
#include "base/buf.h"
#include "base/err.h"
#include "result/search_record.h"
#include "search/search.h"

/* Whether there is a load that can be told; stepper: the options with the budget of its trials. */
int reach_check(const struct search_options *options, const struct stepper_options *stepper,
	struct err *err);

/* Appends what is to be known of the answer, or nothing. */
void reach_note(const struct search_options *options, const struct stepper_options *stepper,
	const struct search_record *record, struct buf *out);

#endif
