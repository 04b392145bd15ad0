/* SPDX-License-Identifier: MIT */
#include "result/builder.h"

#include <stdlib.h>
#include <string.h>

#define NO_REASON "the system does not tell"

char *builder_text(struct builder *builder, const char *text)
{
	char *copy = strdup(text ? text : "");

	if (!copy)
		builder->failed = true;
	return copy;
}

/* count zeroed elements; at least one, so that NULL always means failure. */
void *builder_take(struct builder *builder, size_t count, size_t element_bytes)
{
	void *memory = builder->failed ? NULL : calloc(count ? count : 1, element_bytes);

	if (!memory)
		builder->failed = true;
	return memory;
}

char **builder_texts(
	struct builder *builder, const char *const *texts, size_t count, size_t *copied)
{
	char **copies = builder_take(builder, count, sizeof(*copies));

	*copied = copies ? count : 0;
	for (size_t i = 0; i < *copied; i++)
		copies[i] = builder_text(builder, texts[i]);
	return copies;
}

void builder_absence(struct builder *builder, struct result_absence **absent, size_t *count,
	const char *key, const char *reason)
{
	struct result_absence *larger = realloc(*absent, (*count + 1) * sizeof(**absent));

	if (!larger) {
		builder->failed = true;
		return;
	}
	*absent = larger;
	larger[*count].key = builder_text(builder, key);
	larger[*count].reason = builder_text(builder, reason ? reason : NO_REASON);
	(*count)++;
}

void builder_histogram(
	struct builder *builder, struct result_histogram *to, const struct hist *from)
{
	size_t used = 0;

	to->precision_bits = from->precision_bits;
	to->layout_cells = from->cell_count;
	for (unsigned int i = 0; i < from->cell_count; i++)
		used += from->cells[i] != 0;
	to->cells = builder_take(builder, used, sizeof(*to->cells));
	for (unsigned int i = 0; to->cells && i < from->cell_count; i++) {
		if (!from->cells[i])
			continue;
		to->cells[to->cell_count].index = i;
		to->cells[to->cell_count++].count = from->cells[i];
	}
}

struct result_quantile builder_quantile(struct hist_quantile from)
{
	struct result_quantile to = {.value_ns = from.value_ns,
		.few_samples = from.samples_beyond < RESULT_SAMPLES_BEYOND,
		.lower_bound = from.lower_bound};

	return to;
}

void builder_latency(struct builder *builder, struct result_latency *to, const struct hist *from)
{
	builder_histogram(builder, &to->histogram, from);
	to->count = hist_count(from);
	to->censored = from->censored;
	/* JSON readers, ours among them, keep 63 bits. */
	to->sum_ns = from->sum_ns < INT64_MAX ? from->sum_ns : INT64_MAX;
	to->clipped = from->clipped;
	to->censored_min_ns = from->censored_min_ns;
	if (!to->count)
		return;
	to->min_ns = from->min_ns;
	to->max_ns = from->max_ns;
	to->mean_ns = hist_mean_ns(from);
	to->stddev_ns = hist_stddev_ns(from);
	for (int i = 0; i < RESULT_QUANTILE_COUNT; i++)
		to->quantile[i] = builder_quantile(hist_percentile(from, result_quantile_share(i)));
}
