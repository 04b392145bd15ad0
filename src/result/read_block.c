/* SPDX-License-Identifier: MIT */
#include "result/read_block.h"

#include <stdlib.h>
#include <string.h>

#include "result/schema.h"

/* Larger layouts than any the hist_layout.h functions are meant for are refused. */
#define LAYOUT_MAX_CELLS (1U << 20)

static const char *layout_key(unsigned int kind)
{
	return kind ? NULL : RESULT_LAYOUT;
}

void read_block_counts(struct reader *reader, const json_t *object, const struct schema_count *row,
	uint64_t *values)
{
	for (; row->key; row++) {
		const json_t *group = row->group ? reader_object(reader, object, row->group)
						 : object;
		size_t inner = reader_enter(reader, row->group ? row->group : "");

		values[row->index] = reader_count(reader, group, row->key);
		reader_leave(reader, inner);
	}
}

/* The members of rows below the object under key. */
static void read_counts(struct reader *reader, const json_t *parent, const char *key,
	const struct schema_count *row, uint64_t *values)
{
	json_t *object = reader_object(reader, parent, key);
	size_t back = reader_enter(reader, key);

	read_block_counts(reader, object, row, values);
	reader_leave(reader, back);
}

static void read_status(struct reader *reader, const json_t *parent, struct counters *counters)
{
	json_t *object = reader_object(reader, parent, "status"), *value;
	size_t back = reader_enter(reader, "status");
	const char *key;

	json_object_foreach(object, key, value)
	{
		char *behind;
		unsigned long code = strtoul(key, &behind, 10);

		if (*behind || strlen(key) != 3 || code < 100)
			reader_refuse(reader, key, "is no HTTP status");
		else
			counters->status[code] = reader_count(reader, object, key);
	}
	reader_leave(reader, back);
}

static void read_layout(
	struct reader *reader, const json_t *parent, struct result_histogram *histogram)
{
	json_t *layout = reader_object(reader, parent, "layout");
	size_t back = reader_enter(reader, "layout");
	uint64_t bits, cells;

	reader_choice(reader, layout, "kind", layout_key);
	bits = reader_count(reader, layout, "precision_bits");
	cells = reader_count(reader, layout, "cells");
	if (bits < 1 || bits > HIST_LAYOUT_MAX_PRECISION_BITS)
		reader_refuse(reader, "precision_bits", "expected 1 to 14");
	else if (cells > LAYOUT_MAX_CELLS ||
		 cells > hist_layout_cells((unsigned int)bits, UINT64_MAX))
		reader_refuse(reader, "cells", "is more than the layout has");
	histogram->precision_bits = (unsigned int)bits;
	histogram->layout_cells = (unsigned int)cells;
	reader_leave(reader, back);
}

/* One [index, count]; index must be above the one before. */
static void read_cell(
	struct reader *reader, const json_t *pair, struct result_histogram *histogram, size_t at)
{
	uint64_t index, count;

	if (!json_is_array(pair) || json_array_size(pair) != 2) {
		reader_refuse(reader, NULL, "expected [index, count]");
		return;
	}
	index = reader_count(reader, json_array_get(pair, 0), NULL);
	count = reader_count(reader, json_array_get(pair, 1), NULL);
	if (index >= histogram->layout_cells)
		reader_refuse(reader, NULL, "has an index beyond the layout's cells");
	if (at && index <= histogram->cells[at - 1].index)
		reader_refuse(reader, NULL, "is not in ascending order of the index");
	if (!count)
		reader_refuse(reader, NULL, "has a count of 0, which is left out");
	histogram->cells[at].index = (uint32_t)index;
	histogram->cells[at].count = count;
}

/* The histogram under "histogram"; *total: how many samples it has. */
json_t *read_block_histogram(struct reader *reader, const json_t *parent,
	struct result_histogram *histogram, uint64_t *total)
{
	json_t *object = reader_object(reader, parent, "histogram"), *array;
	size_t back = reader_enter(reader, "histogram");
	size_t inner = back;

	*total = 0;
	read_layout(reader, object, histogram);
	histogram->cells = reader_elements(reader, object, "counts", sizeof(*histogram->cells),
		&array, &histogram->cell_count);
	for (size_t i = 0; i < histogram->cell_count && !reader->status; i++) {
		inner = reader_enter_element(reader, "counts", i);
		read_cell(reader, json_array_get(array, i), histogram, i);
		if (__builtin_add_overflow(*total, histogram->cells[i].count, total))
			reader_refuse(reader, NULL, "makes more samples than can be counted");
		reader_leave(reader, inner);
	}
	reader_leave(reader, back);
	return object;
}

/* Which of `marked` the list under key names; names are those of quantiles. */
void read_block_marks(struct reader *reader, const json_t *parent, const char *key, bool *marked)
{
	json_t *array = reader_array(reader, parent, key);

	for (size_t i = 0; i < json_array_size(array); i++) {
		size_t back = reader_enter_element(reader, key, i);
		unsigned int kind = reader_choice(
			reader, json_array_get(array, i), NULL, result_quantile_key);

		marked[kind] = true;
		reader_leave(reader, back);
	}
}

static void read_figures(
	struct reader *reader, const json_t *object, struct result_latency *latency)
{
	bool few[RESULT_QUANTILE_COUNT] = {false}, bound[RESULT_QUANTILE_COUNT] = {false};

	if (!latency->count)
		return;
	latency->min_ns = reader_count(reader, object, "min");
	latency->mean_ns = reader_real(reader, object, "mean");
	latency->stddev_ns = reader_real(reader, object, "stddev");
	latency->max_ns = reader_count(reader, object, "max");
	read_block_marks(reader, object, "few_samples", few);
	read_block_marks(reader, object, "lower_bound", bound);
	for (unsigned int i = 0; i < RESULT_QUANTILE_COUNT; i++) {
		latency->quantile[i].value_ns = reader_count(
			reader, object, result_quantile_key(i));
		latency->quantile[i].few_samples = few[i];
		latency->quantile[i].lower_bound = bound[i];
	}
}

static void read_latency(struct reader *reader, const json_t *parent, const char *key,
	struct result_latency *latency)
{
	json_t *object = reader_object(reader, parent, key), *histogram;
	size_t back = reader_enter(reader, key), inner;
	uint64_t total;

	latency->count = reader_count(reader, object, "count");
	latency->censored = reader_count(reader, object, "censored");
	if (latency->censored > latency->count)
		reader_refuse(reader, "censored", "is more than \"count\"");
	read_figures(reader, object, latency);
	histogram = read_block_histogram(reader, object, &latency->histogram, &total);
	if (total != latency->count)
		reader_refuse(reader, "histogram", "does not have as many samples as \"count\"");
	inner = reader_enter(reader, "histogram");
	latency->sum_ns = reader_count(reader, histogram, "sum");
	latency->clipped = reader_count(reader, histogram, "clipped");
	latency->censored_min_ns = UINT64_MAX;
	if (latency->censored)
		latency->censored_min_ns = reader_count(reader, histogram, "censored_min");
	reader_leave(reader, inner);
	reader_leave(reader, back);
}

/* run: for the run's own block, which has what belongs to no request; else NULL. */
void read_block(
	struct reader *reader, const json_t *object, struct result_block *block, struct result *run)
{
	json_t *rate, *latency;
	size_t back;

	read_counts(reader, object, "requests", schema_requests, block->counters.value);
	read_counts(reader, object, "outcome", schema_outcome, block->counters.value);
	block->error_rate = reader_real(reader, object, "error_rate");
	read_status(reader, object, &block->counters);
	if (run)
		read_counts(
			reader, object, "connections", schema_connections, run->connections.value);
	read_counts(reader, object, "bytes", schema_bytes, block->counters.value);
	read_counts(reader, object, "rx_stamps", schema_rx_stamps, block->counters.value);

	rate = reader_object(reader, object, "rate");
	back = reader_enter(reader, "rate");
	block->asked_rps = reader_real_or_null(reader, rate, "asked_rps");
	block->sent_rps = reader_real(reader, rate, "sent_rps");
	block->completed_rps = reader_real(reader, rate, "completed_rps");
	reader_leave(reader, back);

	latency = reader_object(reader, object, "latency_ns");
	back = reader_enter(reader, "latency_ns");
	for (unsigned int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		if (i < RESULT_UNTIL_ARRIVAL ||
			!reader_null(reader, latency, result_latency_key(i)))
			read_latency(reader, latency, result_latency_key(i), &block->latency[i]);
		else
			block->latency[i].not_measured = true;
	if (run)
		read_latency(reader, latency, result_latency_key(RESULT_CONNECT), &run->connect);
	block->absent = reader_absences(reader, latency, &block->absent_count);
	reader_leave(reader, back);
}

struct result_named_block *read_block_list(
	struct reader *reader, const json_t *parent, const char *key, size_t *count)
{
	json_t *array;
	struct result_named_block *blocks = reader_elements(
		reader, parent, key, sizeof(*blocks), &array, count);

	for (size_t i = 0; i < *count; i++) {
		size_t back = reader_enter_element(reader, key, i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		blocks[i].name = reader_text(reader, object, "name");
		read_block(reader, object, &blocks[i].block, NULL);
		reader_leave(reader, back);
	}
	return blocks;
}

void read_block_member(
	struct reader *reader, const json_t *parent, const char *key, struct result_block *block)
{
	json_t *object = reader_object(reader, parent, key);
	size_t back = reader_enter(reader, key);

	read_block(reader, object, block, NULL);
	reader_leave(reader, back);
}
