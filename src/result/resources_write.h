/* SPDX-License-Identifier: MIT */
/*
 * The block "resources" as JSON; keys and order: result_resources.h.
 *
 * Owner, threads, errors: as emit.h.
 */
#ifndef RINGLOAD_RESULT_RESOURCES_WRITE_H
#define RINGLOAD_RESULT_RESOURCES_WRITE_H

#include "result/emit.h"
#include "result/result_resources.h"

void resources_write(struct emit *emit, const struct result_resources *resources);

/* The member "resources" of an interval of the timeline. */
void resources_write_interval(struct emit *emit, const struct result_interval_resources *resources);

#endif
