/* SPDX-License-Identifier: MIT */
/*
 * What is counted about requests and connections, as arrays of uint64 so that merging workers and
 * subtracting intervals is a vector operation.
 *
 * The definitions (what is completed, failed, dropped, unsent) are those of docs/measurement.md.
 * The two identities
 *
 *   scheduled = sent + dropped + unsent
 *   sent = completed + failed + timed_out + in_flight
 *
 * hold at the end of a run because every count is made at an event of its own: none is derived from
 * another, so that a violation shows a fault of the generator (counters_identity).
 *
 * Owner: the caller's storage; zeroed is empty. Threads: one writer, relaxed atomics; any reader
 * through counters_copy. Errors: none.
 */
#ifndef RINGLOAD_MEASURE_COUNTERS_H
#define RINGLOAD_MEASURE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Counts of the requests of one phase. */
enum counter {
	COUNTER_SCHEDULED,             /* became due */
	COUNTER_SENT,                  /* handed to the kernel */
	COUNTER_DROPPED_EXPIRED,       /* waited longer than the timeout for a free connection */
	COUNTER_DROPPED_NO_CONNECTION, /* the same, while no connection was established */
	COUNTER_DROPPED_LIMIT,         /* --max-in-flight was reached when it became due */
	COUNTER_UNSENT,                /* still waiting when the run ended; counted at the end */
	COUNTER_COMPLETED,             /* one well-formed response, whatever its status */
	COUNTER_FAILED_RESET,          /* connection reset before a response byte */
	COUNTER_FAILED_CLOSED,         /* connection closed before a response byte */
	COUNTER_FAILED_SHORT,          /* connection ended inside the response */
	COUNTER_FAILED_PARSE,          /* not HTTP/1.1 */
	COUNTER_FAILED_SEND,           /* the kernel refused to send */
	COUNTER_FAILED_COLLATERAL,     /* pipelined behind one of the above */
	COUNTER_TIMED_OUT,             /* no complete response within the timeout */
	COUNTER_IN_FLIGHT,             /* sent, no outcome when the run ended; counted at the end */
	COUNTER_OUTCOME_OK,            /* completed with 2xx, 3xx or an accepted status */
	COUNTER_OUTCOME_4XX,
	COUNTER_OUTCOME_5XX,
	COUNTER_OUTCOME_CHECK, /* completed, but a check said no */
	COUNTER_BYTES_SENT,
	COUNTER_BYTES_RECEIVED,
	/* For rates: what happened while the window was open, whichever phase the request is of. */
	COUNTER_WINDOW_SENT,
	COUNTER_WINDOW_COMPLETED,
	COUNTER_UNSTAMPED, /* completed without a stamp of arrival, where stamps were asked for */
	COUNTER_COUNT
};

/* Statuses have three digits; each is counted apart. */
#define COUNTERS_STATUS_LIMIT 1000

struct counters {
	uint64_t value[COUNTER_COUNT];
	uint64_t status[COUNTERS_STATUS_LIMIT];
};

/* Counts of connections, for the whole run: a connection has no phase. */
enum connection_counter {
	CONNECTION_ATTEMPTED,
	CONNECTION_ESTABLISHED,
	CONNECTION_FAILED_REFUSED,
	CONNECTION_FAILED_TIMEOUT,
	CONNECTION_FAILED_UNREACHABLE,
	CONNECTION_FAILED_NO_PORT,
	CONNECTION_FAILED_NO_FD,
	CONNECTION_CLOSED_BY_PEER, /* established, then closed or reset by the other side */
	CONNECTION_REPLACED,       /* a new attempt in place of one that had been established */
	CONNECTION_UNSOLICITED,    /* bytes came while nothing was outstanding */
	CONNECTION_COUNTER_COUNT
};

struct connection_counters {
	uint64_t value[CONNECTION_COUNTER_COUNT];
};

/*
 * The same events once more for each address of the target, so that a bad one among several shows:
 * over all addresses the connects add up to the counts of connections, the requests to those of the
 * measured phase.
 */
enum address_counter {
	ADDRESS_ATTEMPTED, /* connects to it */
	ADDRESS_ESTABLISHED,
	ADDRESS_FAILED,          /* connects that came to nothing */
	ADDRESS_COMPLETED,       /* requests on its connections */
	ADDRESS_REQUESTS_FAILED, /* … of any class */
	ADDRESS_TIMED_OUT,
	ADDRESS_COUNTER_COUNT
};

struct address_counters {
	uint64_t value[ADDRESS_COUNTER_COUNT];
};

/* The worker's own state of health, cumulative. */
enum health_counter {
	HEALTH_BUSY_NS, /* neither waiting in the kernel nor spinning */
	HEALTH_SPIN_NS,
	HEALTH_WAIT_NS,
	HEALTH_LOOPS,
	HEALTH_ENTERS,      /* io_uring_enter calls */
	HEALTH_COMPLETIONS, /* completion queue entries seen */
	HEALTH_ENOBUFS,     /* multishot receives that found no provided buffer */
	HEALTH_REARMED,     /* multishot receives armed again */
	HEALTH_STALE,       /* completions of an earlier user of a slot, dropped */
	HEALTH_SENDS,       /* of one request or of several pipelined; not those of a rest */
	HEALTH_ZERO_COPY,   /* of those, the ones asked to be without a copy */
	HEALTH_REPORTED,    /* of those, the ones of which the kernel told whether it copied */
	HEALTH_COPIED,      /* of those, the ones it copied */
	HEALTH_CQ_OVERFLOW,
	HEALTH_COUNT
};

struct health_counters {
	uint64_t value[HEALTH_COUNT];
};

#define COUNTERS_ADD(array, index, amount) \
	__atomic_store_n(&(array)[index], (array)[index] + (amount), __ATOMIC_RELAXED)

/* One more of a kind: the only way the engine counts, so that a test can remove each one in turn.
 */
#define COUNT(counters, index)            COUNTERS_ADD((counters)->value, index, 1)
#define COUNT_BY(counters, index, amount) COUNTERS_ADD((counters)->value, index, amount)
#define COUNT_STATUS(counters, code)      COUNTERS_ADD((counters)->status, code, 1)

/* Vector operations on `count` cells; copy reads what another thread may be writing. */
void counters_copy(uint64_t *to, const uint64_t *from, unsigned int count);
void counters_add(uint64_t *to, const uint64_t *from, unsigned int count);
void counters_subtract(uint64_t *later, const uint64_t *earlier, unsigned int count);

uint64_t counters_dropped(const struct counters *counters);
uint64_t counters_failed(const struct counters *counters);

/* (failed + timed_out + dropped + completed that are not ok) / scheduled; 0 when nothing was
 * scheduled. */
double counters_error_rate(const struct counters *counters);

/*
 * Whether both identities hold, outcome partitions completed and the statuses add up to completed.
 * Otherwise *broken names the first identity that does not hold, in words.
 */
bool counters_identity(const struct counters *counters, const char **broken);

/*
 * JSON key and human label of each counter inside its group (requests, dropped, failed, outcome,
 * bytes; connections, failed): "reset", not "failed_reset". NULL above the last.
 */
const char *counter_key(enum counter counter);
const char *connection_counter_key(enum connection_counter counter);

#endif
