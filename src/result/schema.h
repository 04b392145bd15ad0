/* SPDX-License-Identifier: MIT */
/*
 * The keys of the record's groups of counts, once for the writer and the reader: which counter
 * stands under which key of "requests", "outcome", "bytes", "rx_stamps", "connections" and of a
 * target's address.
 *
 * A row with `group` stands in an object of that name ("failed": {"reset": n}); rows of a group
 * follow each other. Threads: constant. Errors: none.
 */
#ifndef RINGLOAD_RESULT_SCHEMA_H
#define RINGLOAD_RESULT_SCHEMA_H

#include <stddef.h>

struct schema_count {
	const char *group; /* NULL: directly in the block */
	const char *key;   /* NULL ends a list */
	unsigned int index;
};

/* Index: enum counter. */
extern const struct schema_count schema_requests[];
extern const struct schema_count schema_outcome[];
extern const struct schema_count schema_bytes[];
extern const struct schema_count schema_rx_stamps[];
/* Index: enum connection_counter. */
extern const struct schema_count schema_connections[];
/* Index: enum address_counter. Of an element of "target.addresses". */
extern const struct schema_count schema_address[];

/* Whether two rows, or none (NULL), belong to the same group. */
int schema_same_group(const char *one, const char *other);

#endif
