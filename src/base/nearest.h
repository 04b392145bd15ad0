/* SPDX-License-Identifier: MIT */
/*
 * The known word nearest to one that is not known, so that a message can say "did you mean".
 *
 * Distance is the number of letters to insert, remove, replace or swap with their neighbour
 * (optimal string alignment; Boytsov, "Indexing methods for approximate dictionary searching",
 * 2011, section 2.2). A word that the given one begins counts as one step away: "conn" means
 * "connections".
 *
 * Owner: keeps nothing. Threads: pure. Errors: none. Limits: words longer than 63 bytes are
 * compared by their first 63.
 */
#ifndef RINGLOAD_BASE_NEAREST_H
#define RINGLOAD_BASE_NEAREST_H

#include <stddef.h>

/* A search over words offered one at a time; set it up with nearest_init. */
struct nearest {
	const char *word; /* what was given */
	const char *best; /* the nearest of those offered that is near enough, or NULL */
	size_t best_distance;
};

void nearest_init(struct nearest *nearest, const char *word);

/* known must outlive the search. Of two equally near ones the first offered stays. */
void nearest_offer(struct nearest *nearest, const char *known);

#endif
