/* SPDX-License-Identifier: MIT */
#include "result/schema.h"

#include <string.h>

#include "measure/counters.h"

const struct schema_count schema_requests[] = {
	{NULL, "scheduled", COUNTER_SCHEDULED},
	{NULL, "sent", COUNTER_SENT},
	{"dropped", "expired", COUNTER_DROPPED_EXPIRED},
	{"dropped", "no_connection", COUNTER_DROPPED_NO_CONNECTION},
	{"dropped", "limit", COUNTER_DROPPED_LIMIT},
	{NULL, "unsent", COUNTER_UNSENT},
	{NULL, "completed", COUNTER_COMPLETED},
	{"failed", "reset", COUNTER_FAILED_RESET},
	{"failed", "closed", COUNTER_FAILED_CLOSED},
	{"failed", "short", COUNTER_FAILED_SHORT},
	{"failed", "parse", COUNTER_FAILED_PARSE},
	{"failed", "send", COUNTER_FAILED_SEND},
	{"failed", "collateral", COUNTER_FAILED_COLLATERAL},
	{NULL, "timed_out", COUNTER_TIMED_OUT},
	{NULL, "in_flight", COUNTER_IN_FLIGHT},
	{NULL, NULL, 0},
};

const struct schema_count schema_outcome[] = {
	{NULL, "ok", COUNTER_OUTCOME_OK},
	{NULL, "status_4xx", COUNTER_OUTCOME_4XX},
	{NULL, "status_5xx", COUNTER_OUTCOME_5XX},
	{NULL, "check", COUNTER_OUTCOME_CHECK},
	{NULL, NULL, 0},
};

const struct schema_count schema_bytes[] = {
	{NULL, "sent", COUNTER_BYTES_SENT},
	{NULL, "received", COUNTER_BYTES_RECEIVED},
	{NULL, NULL, 0},
};

const struct schema_count schema_rx_stamps[] = {
	{NULL, "unstamped", COUNTER_UNSTAMPED},
	{NULL, NULL, 0},
};

const struct schema_count schema_connections[] = {
	{NULL, "attempted", CONNECTION_ATTEMPTED},
	{NULL, "established", CONNECTION_ESTABLISHED},
	{"failed", "refused", CONNECTION_FAILED_REFUSED},
	{"failed", "timeout", CONNECTION_FAILED_TIMEOUT},
	{"failed", "unreachable", CONNECTION_FAILED_UNREACHABLE},
	{"failed", "no_port", CONNECTION_FAILED_NO_PORT},
	{"failed", "no_fd", CONNECTION_FAILED_NO_FD},
	{NULL, "closed_by_peer", CONNECTION_CLOSED_BY_PEER},
	{NULL, "replaced", CONNECTION_REPLACED},
	{NULL, "unsolicited", CONNECTION_UNSOLICITED},
	{NULL, NULL, 0},
};

const struct schema_count schema_address[] = {
	{"connects", "attempted", ADDRESS_ATTEMPTED},
	{"connects", "established", ADDRESS_ESTABLISHED},
	{"connects", "failed", ADDRESS_FAILED},
	{"requests", "completed", ADDRESS_COMPLETED},
	{"requests", "failed", ADDRESS_REQUESTS_FAILED},
	{"requests", "timed_out", ADDRESS_TIMED_OUT},
	{NULL, NULL, 0},
};

/* rate.sent_rps and rate.completed_rps are made of these. */
#define SCHEMA_WINDOW_COUNTS 2

/* Every counter has its place: one added to the enumeration and forgotten here fails to build. */
_Static_assert(sizeof(schema_requests) / sizeof(*schema_requests) - 1 +
			       sizeof(schema_outcome) / sizeof(*schema_outcome) - 1 +
			       sizeof(schema_bytes) / sizeof(*schema_bytes) - 1 +
			       sizeof(schema_rx_stamps) / sizeof(*schema_rx_stamps) - 1 +
			       SCHEMA_WINDOW_COUNTS ==
		       COUNTER_COUNT,
	"a counter has no key");
_Static_assert(
	sizeof(schema_connections) / sizeof(*schema_connections) - 1 == CONNECTION_COUNTER_COUNT,
	"a connection counter has no key");
_Static_assert(sizeof(schema_address) / sizeof(*schema_address) - 1 == ADDRESS_COUNTER_COUNT,
	"an address's counter has no key");

int schema_same_group(const char *one, const char *other)
{
	if (!one || !other)
		return one == other;
	return !strcmp(one, other);
}
