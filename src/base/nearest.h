/* SPDX-License-Identifier: MIT */
/*
 * The known name that a mistyped one was probably meant to be, for messages: "did you mean".
 *
 * nearest_init with what was typed, nearest_offer each known name, then `best`.
 *
 * Owner: the caller's storage; names are borrowed. Threads: one a struct. Errors: none.
 * Source of the distance: optimal string alignment (Levenshtein with transposed neighbours). What a
 * name begins with is one step away from it: "dur" means "duration".
 * Limits: texts longer than NEAREST_MAX_BYTES are never near.
 */
#ifndef RINGLOAD_BASE_NEAREST_H
#define RINGLOAD_BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX_BYTES 48

struct nearest {
	const char *typed;
	size_t typed_bytes;
	const char *best; /* NULL: nothing is near enough: a third of the letters may be wrong */
	size_t best_distance;
};

void nearest_init(struct nearest *nearest, const char *typed, size_t typed_bytes);
void nearest_offer(struct nearest *nearest, const char *name);

#endif
