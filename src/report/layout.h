/* SPDX-License-Identifier: MIT */
/*
 * Text for people in columns: labelled entries whose text is wrapped, right-aligned cells, and a
 * row of bars. Widths are counted in characters of UTF-8, none of which are wide here.
 *
 * Control characters in a text become "?": a stored result may hold anything, a terminal obeys.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_LAYOUT_H
#define RINGLOAD_REPORT_LAYOUT_H

#include <stddef.h>

#include "base/buf.h"

/* No line is wider. */
#define LAYOUT_COLUMNS 100
/* Where the text of an entry begins. */
#define LAYOUT_INDENT 13

/* Characters, not bytes. */
size_t layout_width(const char *text);

/* The label in the first column, the text beside it, wrapped at spaces; "" continues an entry. */
void layout_entry(struct buf *out, const char *label, const char *text);
void layout_item(struct buf *out, const char *label, const char *text); /* with a dash before it */
void layout_entryf(struct buf *out, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The text from column `indent` on, where the buffer stands, wrapped to begin there again; ends the
 * line. */
void layout_wrap(struct buf *out, const char *text, size_t indent);

/* The text at the right or left edge of so many columns; a longer one is not cut. */
void layout_right(struct buf *out, const char *text, size_t columns);
void layout_left(struct buf *out, const char *text, size_t columns);

/* Ends a line, without spaces before the newline. */
void layout_end(struct buf *out);

/* A row of at most `columns` bars, each of eight heights between 0 and the largest value; several
 * values that share a bar give their largest. Not finite values count as 0. */
void layout_bars(struct buf *out, const double *values, size_t count, size_t columns);

#endif
