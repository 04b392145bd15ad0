/* SPDX-License-Identifier: MIT */
/*
 * JSON text straight into a buffer, in the order of the calls. A record can hold millions of
 * histogram cells: a tree of values would take a hundred times the memory of the text.
 *
 * One layout, so that equal records are equal bytes and a diff of two is readable: members of the
 * outermost object have a line each, as have elements of an array begun with emit_lines; everything
 * below stands on one line. Numbers: integers as they are, others with up to 12 significant digits,
 * which survive reading and writing unchanged. Bytes that are not UTF-8 become U+FFFD.
 *
 * Owner: the caller's storage; the buf outlives it. Threads: one. Errors: those of the buf.
 * Source: RFC 8259.
 */
#ifndef RINGLOAD_RESULT_EMIT_H
#define RINGLOAD_RESULT_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct emit {
	struct buf *out;
	unsigned int depth;
	bool follows; /* something stands before in this object or array: a comma is due */
	bool lines;   /* inside an array of emit_lines */
	bool nested;  /* stands in another document, which goes on after it */
};

/* A document within this one, laid out as it would be alone: the outermost object of what is given
 * becomes the member of this key. The outer one waits until that object has ended. */
struct emit emit_nested(struct emit *emit, const char *key);

/* key: the member's name; NULL for an element of an array and for the outermost object. */
void emit_object(struct emit *emit, const char *key);
void emit_object_end(struct emit *emit);
void emit_array(struct emit *emit, const char *key);
void emit_lines(
	struct emit *emit, const char *key); /* an array, directly in the outermost object */
void emit_array_end(struct emit *emit);

void emit_text(struct emit *emit, const char *key, const char *text); /* NULL: null */
void emit_count(struct emit *emit, const char *key, uint64_t count);
void emit_real(struct emit *emit, const char *key, double value); /* not finite: null */
/* What reading gives of a number that was written: for figures made of others that are written, so
 * that they come out the same when they are made again of what was read. */
double emit_real_kept(double value);
void emit_bool(struct emit *emit, const char *key, bool value);
void emit_null(struct emit *emit, const char *key);

#endif
