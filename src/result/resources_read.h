/* SPDX-License-Identifier: MIT */
/*
 * The block "resources" from JSON (keys and order: result_resources.h), with what contradicts
 * itself refused: a mean above its maximum, a figure without its reason.
 *
 * Owner: what was read belongs to the struct, also after a failure. Threads, errors: as reader.h.
 */
#ifndef RINGLOAD_RESULT_RESOURCES_READ_H
#define RINGLOAD_RESULT_RESOURCES_READ_H

#include "result/reader.h"
#include "result/result_resources.h"

/* Fills a zeroed block from the member "resources" of the outermost object. */
void resources_read(struct reader *reader, const json_t *root, struct result_resources *resources);

/* The same from an interval of the timeline. */
void resources_read_interval(
	struct reader *reader, const json_t *interval, struct result_interval_resources *resources);

#endif
