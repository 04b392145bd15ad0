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

/* A run that was ended early had failed, whatever was asked of it. */
static bool breached(const struct result *result)
{
	if (result->window.aborted.happened)
		return true;
	for (size_t i = 0; i < result->threshold_count; i++)
		if (result->thresholds[i].state == RESULT_FAIL)
			return true;
	return false;
}

/* What kept the command from a result; false: nothing did. */
static bool decided_by_error(enum err_kind error, enum exit_code *code)
{
	switch (error) {
	case ERR_USAGE:
		*code = EXIT_USAGE;
		return true;
	case ERR_ENVIRONMENT:
		*code = EXIT_ENVIRONMENT;
		return true;
	case ERR_TARGET:
		*code = EXIT_UNREACHABLE;
		return true;
	case ERR_INTERRUPTED:
		*code = EXIT_INTERRUPTED;
		return true;
	default:
		return false;
	}
}

enum exit_code exit_decide(enum err_kind error, const struct result *result)
{
	enum exit_code code;

	if (decided_by_error(error, &code))
		return code;
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

/* Not one response in any trial. */
static bool never_answered(const struct search_record *record)
{
	for (size_t i = 0; i < record->trial_count; i++)
		if (!unreachable(&record->trials[i].result))
			return false;
	return record->trial_count > 0;
}

enum exit_code exit_decide_search(enum err_kind error, const struct search_record *record)
{
	enum exit_code code;

	if (decided_by_error(error, &code))
		return code;
	if (!record)
		return EXIT_PASS;
	if (never_answered(record))
		return EXIT_UNREACHABLE;
	if (record->interrupted)
		return EXIT_INTERRUPTED;
	switch (record->answer.kind) {
	case SEARCH_FOUND:
	case SEARCH_ABOVE_HIGHEST:
		return EXIT_PASS;
	case SEARCH_BELOW_LOWEST:
		return EXIT_THRESHOLD;
	default:
		return EXIT_INVALID;
	}
}
