/* SPDX-License-Identifier: MIT */
/*
 * A record while it is being built: copies of texts, arrays and distributions, with one flag for
 * memory that ran out, so that the building code reads as the record does.
 *
 * Owner: what it gives belongs to the result. Threads: one. Errors: sticky in `failed`; after it
 * pointers may be NULL, which only result_release may see.
 */
#ifndef RINGLOAD_RESULT_BUILDER_H
#define RINGLOAD_RESULT_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/hist.h"
#include "result/result.h"

struct result_input;

struct builder {
	struct result *result;
	const struct result_input *input;
	bool failed;
};

/* A copy; of NULL: of "". */
char *builder_text(struct builder *builder, const char *text);
char **builder_texts(
	struct builder *builder, const char *const *texts, size_t count, size_t *copied);

/* count zeroed elements; at least one, so that NULL always means failure. */
void *builder_take(struct builder *builder, size_t count, size_t element_bytes);

/* Appends why a figure is null; reason NULL: the system does not tell. */
void builder_absence(struct builder *builder, struct result_absence **absent, size_t *count,
	const char *key, const char *reason);

struct result_quantile builder_quantile(struct hist_quantile from);

/* Fill a zeroed histogram, and a zeroed distribution, from a histogram. */
void builder_histogram(
	struct builder *builder, struct result_histogram *to, const struct hist *from);
void builder_latency(struct builder *builder, struct result_latency *to, const struct hist *from);

#endif
