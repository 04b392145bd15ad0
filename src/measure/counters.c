/* SPDX-License-Identifier: MIT */
#include "measure/counters.h"

#include <stddef.h>

static const char *const counter_keys[COUNTER_COUNT] = {
	[COUNTER_SCHEDULED] = "scheduled",
	[COUNTER_SENT] = "sent",
	[COUNTER_DROPPED_EXPIRED] = "expired",
	[COUNTER_DROPPED_NO_CONNECTION] = "no_connection",
	[COUNTER_DROPPED_LIMIT] = "limit",
	[COUNTER_UNSENT] = "unsent",
	[COUNTER_COMPLETED] = "completed",
	[COUNTER_FAILED_RESET] = "reset",
	[COUNTER_FAILED_CLOSED] = "closed",
	[COUNTER_FAILED_SHORT] = "short",
	[COUNTER_FAILED_PARSE] = "parse",
	[COUNTER_FAILED_SEND] = "send",
	[COUNTER_FAILED_COLLATERAL] = "collateral",
	[COUNTER_TIMED_OUT] = "timed_out",
	[COUNTER_IN_FLIGHT] = "in_flight",
	[COUNTER_OUTCOME_OK] = "ok",
	[COUNTER_OUTCOME_4XX] = "status_4xx",
	[COUNTER_OUTCOME_5XX] = "status_5xx",
	[COUNTER_OUTCOME_CHECK] = "check",
	[COUNTER_BYTES_SENT] = "sent",
	[COUNTER_BYTES_RECEIVED] = "received",
	[COUNTER_WINDOW_SENT] = "window_sent",
	[COUNTER_WINDOW_COMPLETED] = "window_completed",
	[COUNTER_UNSTAMPED] = "unstamped",
};

static const char *const connection_counter_keys[CONNECTION_COUNTER_COUNT] = {
	[CONNECTION_ATTEMPTED] = "attempted",
	[CONNECTION_ESTABLISHED] = "established",
	[CONNECTION_FAILED_REFUSED] = "refused",
	[CONNECTION_FAILED_TIMEOUT] = "timeout",
	[CONNECTION_FAILED_UNREACHABLE] = "unreachable",
	[CONNECTION_FAILED_NO_PORT] = "no_port",
	[CONNECTION_FAILED_NO_FD] = "no_fd",
	[CONNECTION_CLOSED_BY_PEER] = "closed_by_peer",
	[CONNECTION_REPLACED] = "replaced",
	[CONNECTION_UNSOLICITED] = "unsolicited",
};

void counters_copy(uint64_t *to, const uint64_t *from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void counters_add(uint64_t *to, const uint64_t *from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		to[i] += from[i];
}

void counters_subtract(uint64_t *later, const uint64_t *earlier, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		later[i] -= earlier[i];
}

static uint64_t sum(const uint64_t *cells, unsigned int first, unsigned int last)
{
	uint64_t total = 0;

	for (unsigned int i = first; i <= last; i++)
		total += cells[i];
	return total;
}

uint64_t counters_dropped(const struct counters *counters)
{
	return sum(counters->value, COUNTER_DROPPED_EXPIRED, COUNTER_DROPPED_LIMIT);
}

uint64_t counters_failed(const struct counters *counters)
{
	return sum(counters->value, COUNTER_FAILED_RESET, COUNTER_FAILED_COLLATERAL);
}

double counters_error_rate(const struct counters *counters)
{
	const uint64_t *value = counters->value;
	uint64_t errors = counters_failed(counters) + value[COUNTER_TIMED_OUT] +
			  counters_dropped(counters) +
			  sum(value, COUNTER_OUTCOME_4XX, COUNTER_OUTCOME_CHECK);

	if (!value[COUNTER_SCHEDULED])
		return 0;
	return (double)errors / (double)value[COUNTER_SCHEDULED];
}

bool counters_identity(const struct counters *counters, const char **broken)
{
	const uint64_t *value = counters->value;
	uint64_t completed = value[COUNTER_COMPLETED];

	*broken = NULL;
	if (value[COUNTER_SCHEDULED] !=
		value[COUNTER_SENT] + counters_dropped(counters) + value[COUNTER_UNSENT])
		*broken = "scheduled is not sent + dropped + unsent";
	else if (value[COUNTER_SENT] != completed + counters_failed(counters) +
						value[COUNTER_TIMED_OUT] + value[COUNTER_IN_FLIGHT])
		*broken = "sent is not completed + failed + timed_out + in_flight";
	else if (completed != sum(value, COUNTER_OUTCOME_OK, COUNTER_OUTCOME_CHECK))
		*broken = "completed is not ok + status_4xx + status_5xx + check";
	else if (completed != sum(counters->status, 0, COUNTERS_STATUS_LIMIT - 1))
		*broken = "completed is not the sum of the statuses";
	return !*broken;
}

const char *counter_key(enum counter counter)
{
	return (unsigned int)counter < COUNTER_COUNT ? counter_keys[counter] : NULL;
}

const char *connection_counter_key(enum connection_counter counter)
{
	return (unsigned int)counter < CONNECTION_COUNTER_COUNT ? connection_counter_keys[counter]
								: NULL;
}
