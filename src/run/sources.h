/* SPDX-License-Identifier: MIT */
/*
 * Whether connections can come from where --source says, asked of this machine before the start.
 *
 * Owner: borrows everything. Threads: one. Errors: ERR_ENVIRONMENT with the command that adds what
 * is missing. Limits: of a range of more than SOURCES_LOOKED_AT addresses so many are asked for,
 * evenly spread, and its last.
 */
#ifndef RINGLOAD_RUN_SOURCES_H
#define RINGLOAD_RUN_SOURCES_H

#include "base/err.h"
#include "plan/plan.h"
#include "run/notes.h"

#define SOURCES_LOOKED_AT 1024

/* Takes out the target's addresses of a kind that --source has none of, each with a note (notes may
 * be NULL). */
void sources_fit(struct plan *plan, struct notes *notes);

/* Whether they are addresses of this host. */
int sources_check(const struct plan *plan, struct err *err);

#endif
