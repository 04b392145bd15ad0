/* SPDX-License-Identifier: MIT */
/*
 * Lines about a run that are worth keeping: each is shown on standard error when it happens and
 * stands in the record afterwards. Where several records are made, a line that comes again in each
 * is shown once.
 *
 * Owner: the struct is the caller's, the lines belong to it until notes_release; zeroed is empty.
 * Threads: one. Errors: a line that finds no memory is shown and not kept.
 */
#ifndef RINGLOAD_RUN_NOTES_H
#define RINGLOAD_RUN_NOTES_H

#include <stddef.h>

struct notes {
	char **lines;
	size_t count;
	/* Its own: lines that were dropped. */
	char **said;
	size_t said_count;
};

void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a line that is shown even when notes are not. */
void notes_warn(struct notes *notes, const char *line);

/* Drops all lines but the first `kept`: another record begins. */
void notes_again(struct notes *notes, size_t kept);

void notes_release(struct notes *notes);

#endif
