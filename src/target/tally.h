/* SPDX-License-Identifier: MIT */
/*
 * What a worker of the embedded server did, so that a client's figures can be held against it:
 * counts, and for each request when it was read and when its answer was sent.
 *
 * read: the clock directly after the io_uring_enter that brought the request's last byte. sent: the
 * clock directly before the enter that carries the response's first byte. residence = sent - read.
 * A response is counted before the enter that carries its last byte, so that whoever received it
 * finds it counted. For each route
 *   requests = responses + misbehaved + abandoned + those in progress
 * where misbehaved are the answers the route was told to spoil, and abandoned those that a client
 * did not wait for. Reads of /__stats, requests that were not HTTP and interim responses are
 * counted apart and are in none of these. A request that is answered before its body was read
 * counts as read at that moment.
 *
 * Owner: tally_new and tally_free; the cells lie in the same block. Threads: one writer, relaxed
 * atomics; any reader. Errors: tally_new returns NULL without memory.
 * Units: nanoseconds of clock.h, bytes.
 */
#ifndef RINGLOAD_TARGET_TALLY_H
#define RINGLOAD_TARGET_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "measure/counters.h"
#include "measure/hist.h"
#include "target/route.h"

/* Residences above are counted as this; longer than any service time. */
#define TALLY_LONGEST_NS (2 * SERVICE_LONGEST_NS)

enum tally_counter {
	TALLY_ACCEPTED,
	TALLY_CLOSED,         /* connections that ended, whoever ended them */
	TALLY_CLOSED_BY_PEER, /* of these: the client closed or reset first */
	TALLY_ACCEPT_ERRORS,
	TALLY_ACCEPT_ROUNDS, /* delayed: how often a listener was emptied, */
	TALLY_ACCEPT_MOST,   /* and how many connections that brought at most */
	TALLY_BAD_REQUESTS,  /* connections that sent something else than HTTP/1.1 */
	TALLY_CONTINUES,     /* interim responses "100 Continue" */
	TALLY_STATS_READS,   /* responses of /__stats */
	TALLY_STATS_ONLY,    /* closed connections that had asked for nothing but /__stats */
	TALLY_PAUSES,        /* times a client's pipelining was held back */
	TALLY_NO_MEMORY,     /* connections closed because there was none */
	TALLY_ENTERS,        /* io_uring_enter calls */
	TALLY_ENOBUFS,       /* receives that found no provided buffer */
	TALLY_STALE,         /* completions of an earlier user of a slot */
	TALLY_OVERFLOWS,
	TALLY_COUNT
};

enum tally_route_counter {
	TALLY_REQUESTS,  /* read to their last byte */
	TALLY_RESPONSES, /* handed to the kernel to their last byte */
	TALLY_MISBEHAVED,
	TALLY_ABANDONED,
	TALLY_BYTES_RECEIVED, /* of the requests */
	TALLY_BYTES_SENT,     /* of their answers, whole or not */
	TALLY_SERVICE_NS,     /* service times drawn, added up */
	TALLY_ANSWERED_EARLY, /* "Expect: 100-continue" got the final response at once, */
	TALLY_REFUSED_BODY,   /* or 417 */
	TALLY_FIRST_READ_NS,  /* 0: nothing yet */
	TALLY_LAST_READ_NS,
	TALLY_FIRST_SENT_NS,
	TALLY_LAST_SENT_NS,
	TALLY_ROUTE_COUNT
};

struct tally_route {
	uint64_t value[TALLY_ROUTE_COUNT];
	uint64_t status[ROUTE_STATUS_INDEXES]; /* responses by index (route.h) */
	struct hist residence;
};

/* A request in the log of the latest. */
struct tally_entry {
	uint64_t route, read_ns, sent_ns;
};

struct tally_freeze {
	uint64_t from_ns, until_ns;
};

struct tally {
	uint64_t value[TALLY_COUNT];
	size_t route_count;
	struct tally_route *routes;

	struct tally_entry *log;
	uint64_t log_capacity;
	uint64_t logged; /* in all; the latest lies at (logged - 1) modulo capacity */

	struct tally_freeze freezes[ROUTE_FREEZE_LIMIT];
	uint64_t frozen; /* how many took place */
};

/* log_capacity: how many of the latest requests are kept; 0 for none. */
struct tally *tally_new(size_t route_count, size_t log_capacity);
void tally_free(struct tally *tally);

#define TALLY_ADD(counters, index, amount) COUNTERS_ADD((counters)->value, index, amount)

/* A request was read to its last byte. */
void tally_request(struct tally *tally, size_t route, uint64_t read_ns, uint64_t bytes);

/* The first byte of its answer goes to the kernel now. */
void tally_sent(struct tally *tally, size_t route, uint64_t read_ns, uint64_t sent_ns);

void tally_freeze(struct tally *tally, uint64_t from_ns, uint64_t until_ns);

#endif
