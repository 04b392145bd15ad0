/* SPDX-License-Identifier: MIT */
/*
 * The live line on the terminal: shows what report/live.h renders, rewrites it in place and takes
 * it away at the end. Shown only when standard error is a terminal that can rewrite a line; nothing
 * is printed elsewhere, so that logs stay clean.
 *
 * Owner: the caller's storage; a label must live as long as it is set. Threads: one. Errors: a
 * terminal that cannot be written to is ignored.
 */
#ifndef RINGLOAD_RUN_PROGRESS_H
#define RINGLOAD_RUN_PROGRESS_H

#include <stdbool.h>

#include "report/live.h"

struct progress {
	bool shown;        /* whether this process shows progress at all */
	bool on_line;      /* the cursor stands on a live line */
	const char *label; /* before what is shown of a view; NULL: nothing */
};

/* wanted: what the user asked; the terminal has the last word. */
void progress_init(struct progress *progress, bool wanted);
void progress_show(struct progress *progress, const struct live_view *view);

/* The same with a line of the caller's, which is short. */
void progress_text(struct progress *progress, const char *text);

/* Takes the line away, so that other text can be printed. */
void progress_clear(struct progress *progress);

#endif
