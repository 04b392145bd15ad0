/* SPDX-License-Identifier: MIT */
/*
 * Reads what a record says of a set of requests, and the distributions in it (reader.h says how
 * failures are told).
 *
 * Owner: what is read belongs to the structs given. Threads: one. Errors: the reader's.
 */
#ifndef RINGLOAD_RESULT_READ_BLOCK_H
#define RINGLOAD_RESULT_READ_BLOCK_H

#include "result/reader.h"
#include "result/result.h"
#include "result/schema.h"

/* run: for the run's own block, which has what belongs to no request; else NULL. */
void read_block(struct reader *reader, const json_t *object, struct result_block *block,
	struct result *run);

/* The block that is the member of this key. */
void read_block_member(
	struct reader *reader, const json_t *parent, const char *key, struct result_block *block);

/* The members of rows, in the object itself. */
void read_block_counts(struct reader *reader, const json_t *object, const struct schema_count *row,
	uint64_t *values);

/* Blocks with names, in an array. */
struct result_named_block *read_block_list(
	struct reader *reader, const json_t *parent, const char *key, size_t *count);

/* The histogram under "histogram", which is returned; *total: how many samples it has. */
json_t *read_block_histogram(struct reader *reader, const json_t *parent,
	struct result_histogram *histogram, uint64_t *total);

/* Sets those of marked (one a quantile) that the list under key names. */
void read_block_marks(struct reader *reader, const json_t *parent, const char *key, bool *marked);

#endif
