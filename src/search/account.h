/* SPDX-License-Identifier: MIT */
/*
 * The record of a search as it comes about: what was asked, what is known after each trial, and
 * what only all trials together tell. The trials themselves are added by the search.
 *
 * Owner: the record is the caller's, also after a failure. Threads: one at a time. Errors: memory,
 * with its sentence.
 */
#ifndef RINGLOAD_SEARCH_ACCOUNT_H
#define RINGLOAD_SEARCH_ACCOUNT_H

#include "analysis/stepper.h"
#include "base/err.h"
#include "result/search_record.h"
#include "scenario/scenario.h"
#include "search/search.h"

int account_begin(struct search_record *record, const struct scenario *scenario,
	const struct search_options *options, struct err *err);

/* What the stepper knows by now. */
int account_answer(struct search_record *record, const struct stepper *stepper, struct err *err);

/* Adds a note, unless it is empty, and releases it. */
int account_note(struct search_record *record, struct buf *note, struct err *err);

/* Gives a trial that was kept another verdict, with its reason, whose buffer is released. */
int account_verdict(struct search_trial *trial, enum search_verdict verdict, struct buf *reason,
	struct err *err);

/* Makes the last trial void when it says nothing as the server went away (gone.h); 1: it does, 0:
 * it does not. */
int account_gone(struct search_record *record, struct err *err);

/* Causes, notes and the answer in words; there is at least one trial. */
int account_end(struct search_record *record, struct err *err);

/* The sentence of a record that found no memory; returns -ENOMEM. */
int account_no_memory(struct err *err);

#endif
