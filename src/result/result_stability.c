/* SPDX-License-Identifier: MIT */
#include "result/result_stability.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdict_keys[RESULT_STABILITY_VERDICT_COUNT] = {
	[RESULT_STABLE] = "stable",
	[RESULT_UNSTABLE] = "unstable",
	[RESULT_STABILITY_UNKNOWN] = "unknown",
};

static const char *const keys[RESULT_STABILITY_COUNT] = {
	[RESULT_RESTARTS] = "restarts",
	[RESULT_ERROR_VARIATION] = "error_variation",
	[RESULT_RATE_VARIATION] = "rate_variation",
};

const char *result_stability_verdict_key(enum result_stability_verdict verdict)
{
	return verdict < RESULT_STABILITY_VERDICT_COUNT ? verdict_keys[verdict] : NULL;
}

const char *result_stability_key(enum result_stability_kind kind)
{
	return kind < RESULT_STABILITY_COUNT ? keys[kind] : NULL;
}

void result_stability_release(struct result_stability *stability)
{
	for (size_t i = 0; i < RESULT_STABILITY_COUNT; i++)
		free(stability->criteria[i].reason);
	memset(stability, 0, sizeof(*stability));
}
