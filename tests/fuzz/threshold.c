/* SPDX-License-Identifier: MIT */
/* Any text is a threshold that can be judged, or a sentence for the user. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/threshold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* A record with a figure behind every metric. */
static void fill(struct result *result, struct result_cell *cell)
{
	memset(result, 0, sizeof(*result));
	*cell = (struct result_cell){.index = 5000, .count = 10};
	for (int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		result->run.latency[i] = (struct result_latency){.count = 10,
			.min_ns = 1,
			.max_ns = 1000000,
			.mean_ns = 3,
			.censored_min_ns = UINT64_MAX,
			.histogram = {.precision_bits = 11,
				.layout_cells = 10000,
				.cells = cell,
				.cell_count = 1}};
	result->window.duration_s = 1;
	result->run.asked_rps = 10;
	result->run.counters.value[COUNTER_SCHEDULED] = 10;
}

static void check_judgement(const char *expression)
{
	struct threshold_list list = {0};
	struct result_cell cell;
	struct result result;

	fill(&result, &cell);
	require(!threshold_list_add(&list, expression, NULL));
	require(!threshold_list_judge(&list, &result, NULL));
	require(result.threshold_count == 1);
	require((result.thresholds[0].state == RESULT_PASS) == !result.thresholds[0].reason);
	/* The histograms are not the result's own. */
	for (int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		result.run.latency[i].histogram.cells = NULL;
	result_release(&result);
	threshold_list_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1);
	struct threshold threshold;
	struct err err = {ERR_NONE, ""};

	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (threshold_parse(&threshold, text, &err))
		require(err.kind == ERR_USAGE && *err.text);
	else
		check_judgement(text);
	free(text);
	return 0;
}
