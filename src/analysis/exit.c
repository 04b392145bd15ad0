/* SPDX-License-Identifier: MIT */
#include "analysis/exit.h"

/* Requests of a phase that ended, one way or another, without a response. */
static uint64_t unanswered(const struct counters *counters)
{
	return counters_failed(counters) + counters_dropped(counters) +
	       counters->value[COUNTER_TIMED_OUT];
}

/* A closed loop without a connection has not even a request; that is the target's doing, unless
 * this machine had no port or no file for it. */
static bool refused_every_connect(const struct result *result)
{
	const uint64_t *count = result->connections.value;

	return !count[CONNECTION_ESTABLISHED] &&
	       count[CONNECTION_FAILED_REFUSED] + count[CONNECTION_FAILED_TIMEOUT] +
			       count[CONNECTION_FAILED_UNREACHABLE] >
		       0;
}

static bool unreachable(const struct result *result)
{
	uint64_t completed = result->run.counters.value[COUNTER_COMPLETED] +
			     result->warmup.counters.value[COUNTER_COMPLETED];

	if (refused_every_connect(result))
		return true;
	return !completed &&
	       unanswered(&result->run.counters) + unanswered(&result->warmup.counters) > 0;
}

static bool breached(const struct result *result)
{
	for (size_t i = 0; i < result->threshold_count; i++)
		if (result->thresholds[i].state == RESULT_FAIL)
			return true;
	return false;
}

enum exit_code exit_decide(enum err_kind error, const struct result *result)
{
	switch (error) {
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_ENVIRONMENT:
		return EXIT_ENVIRONMENT;
	case ERR_TARGET:
		return EXIT_UNREACHABLE;
	case ERR_INTERRUPTED:
		return EXIT_INTERRUPTED;
	default:
		break;
	}
	if (!result)
		return EXIT_PASS;
	if (unreachable(result))
		return EXIT_UNREACHABLE;
	if (result->window.interrupted)
		return EXIT_INTERRUPTED;
	if (result->validity.verdict != RESULT_VALID)
		return EXIT_INVALID;
	return breached(result) ? EXIT_THRESHOLD : EXIT_PASS;
}
