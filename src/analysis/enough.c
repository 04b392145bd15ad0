/* SPDX-License-Identifier: MIT */
#include "analysis/enough.h"

#include <math.h>
#include <string.h>

/* The rule of three. */
#define CERTAIN 3.0
/* 1 - 0.99 is not exactly 0.01. */
#define ROUNDING 1e-6

/* The share of the requests that an objective allows to miss it; 0: none, or it has no such share.
 */
static double allowed(const struct threshold *threshold)
{
	const struct metric *metric = &threshold->metric;

	if (threshold->warn || (threshold->operator!= THRESHOLD_LESS && threshold->operator!=
				       THRESHOLD_LESS_OR_EQUAL))
		return 0;
	if (!strcmp(threshold->name, "error_rate"))
		return threshold->value;
	if (metric->quantile > 0 &&
		(metric->latency == RESULT_TOTAL || metric->latency == RESULT_SERVICE))
		return 1 - metric->quantile;
	return 0;
}

void enough_find(const struct threshold_list *list, struct enough *enough)
{
	*enough = (struct enough){.requests = 0};
	for (size_t i = 0; i < list->count; i++) {
		double share = allowed(&list->items[i]), requests;

		if (!(share > 0))
			continue;
		requests = ceil(CERTAIN / share - ROUNDING);
		if (requests < enough->requests)
			continue;
		enough->requests = requests;
		enough->expression = list->items[i].expression;
	}
}
