/* SPDX-License-Identifier: MIT */
/*
 * Reads the course of a run: its intervals, and how the generator fared in them.
 *
 * Owner: what is read belongs to the result. Threads: one. Errors: the reader's.
 */
#ifndef RINGLOAD_RESULT_READ_GENERATOR_H
#define RINGLOAD_RESULT_READ_GENERATOR_H

#include "result/reader.h"
#include "result/result.h"

void read_generator_timeline(struct reader *reader, const json_t *root, struct result *result);

/* After the timeline: each worker has a figure for each of its intervals. */
void read_generator(struct reader *reader, const json_t *root, struct result *result);

#endif
