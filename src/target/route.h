/* SPDX-License-Identifier: MIT */
/*
 * What the embedded server does with a request, decided by its path: the routes, their grammar, and
 * the search for the one that matches.
 *
 * A route is a line of text: PATH key=value key=value ...
 * PATH is exact, or a prefix when it ends in "*"; an exact path goes before a prefix, a longer
 * prefix before a shorter one. The keys are in the table that route_keys returns, which the parser
 * and the help are both made from. A set always ends up with the route "*", for whatever no other
 * matches.
 *
 * Freezes are written on a route but stop the whole server: a frozen process answers nobody.
 *
 * Owner: the set is the caller's storage, its lists the heap's until route_set_release; a zeroed
 * set is empty. Threads: read-only after route_set_finish. Errors: ERR_USAGE sentences that begin
 * with the position, "FILE:LINE:COLUMN: " or "--route:COLUMN: "; columns count bytes from 1.
 * Units: in the names. Limits: the ROUTE_ constants below.
 */
#ifndef RINGLOAD_TARGET_ROUTE_H
#define RINGLOAD_TARGET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/queue.h"
#include "target/service.h"

#define ROUTE_PATH_BYTES      256 /* with the final NUL; what http1_request keeps of a target */
#define ROUTE_VALUE_BYTES     256
#define ROUTE_LIMIT           256
#define ROUTE_STATUS_LIMIT    16
#define ROUTE_FREEZE_LIMIT    64
#define ROUTE_FILE_BYTES      (1024 * 1024)
#define ROUTE_MAX_SIZE_BYTES  (1ULL << 40)
#define ROUTE_MAX_CHUNK_BYTES (1ULL << 20)
#define ROUTE_LOCK_NAME_BYTES 32

/* Answers the server gives about itself; no route may take it. */
#define ROUTE_STATS_PATH "/__stats"

/* Who passes the service time: the worker's CPU, or a timer while other requests go on. */
enum route_by { ROUTE_BY_WAIT, ROUTE_BY_SPIN };

enum route_answer {
	ROUTE_ANSWER_HTTP,
	ROUTE_ANSWER_GARBAGE, /* bytes that are not HTTP */
	ROUTE_ANSWER_NONE,    /* nothing, ever */
	ROUTE_ANSWER_RESET    /* the connection is reset */
};

enum route_body { ROUTE_BODY_WHOLE, ROUTE_BODY_CUT, ROUTE_BODY_STALL };

/* What becomes of a request that finds the queue full. */
enum route_refusal { ROUTE_REFUSE_STATUS, ROUTE_REFUSE_CLOSE, ROUTE_REFUSE_RESET };

/* The answer to "Expect: 100-continue": an interim response before the body is read, the final
 * response before the body is read, or 417 (RFC 9110, 10.1.1). */
enum route_continue { ROUTE_CONTINUE_YES, ROUTE_CONTINUE_NO, ROUTE_CONTINUE_REFUSE };

/* Beside the mix of a route, two responses that it gives for reasons of its own. */
#define ROUTE_STATUS_REFUSED  ROUTE_STATUS_LIMIT
#define ROUTE_STATUS_EXPECTED (ROUTE_STATUS_LIMIT + 1)
#define ROUTE_STATUS_INDEXES  (ROUTE_STATUS_LIMIT + 2)

struct route_status {
	uint16_t status;
	uint32_t share; /* of SHARE_WHOLE */
};

struct route {
	char path[ROUTE_PATH_BYTES]; /* without the final "*" of a prefix */
	size_t path_bytes;
	bool prefix;

	struct service service;
	enum route_by by;
	uint64_t size_bytes;
	bool chunked;
	uint64_t chunk_bytes;
	struct route_status statuses[ROUTE_STATUS_LIMIT];
	size_t status_count;

	bool closes; /* after close_after requests of a connection */
	uint64_t close_after;
	bool close_silent; /* without "Connection: close" */

	enum route_answer answer;
	enum route_body body;
	uint64_t body_limit_bytes; /* what of a cut or stalled body is sent */

	struct queue_options queue; /* capacity_mrps 0: no queue */
	enum route_refusal refusal;
	uint16_t refuse_status;
	uint64_t lock_ns; /* 0: no lock */
	char lock_name[ROUTE_LOCK_NAME_BYTES];
	uint64_t leak_bytes_per_hour, leak_request_bytes, leak_limit_bytes;
	enum route_continue expectation;
};

/* Offsets from the server's start. */
struct route_freeze {
	uint64_t at_ns, duration_ns;
};

struct route_set {
	struct route *routes;
	size_t count;
	struct route_freeze freezes[ROUTE_FREEZE_LIMIT]; /* by time once finished */
	size_t freeze_count;
};

struct route_key {
	const char *name;
	const char *values; /* what may stand after "=", as the help shows it */
	const char *initial;
	const char *help;
	const char *needs[2]; /* keys without all of which this one does nothing */
	/* Reads a value into the route (or the set); a sentence without position on failure. */
	int (*parse)(struct route_set *set, struct route *route, const char *text, struct err *err);
};

const struct route_key *route_keys(size_t *count);

void route_set_release(struct route_set *set);

/* Adds the route of one --route option. */
int route_set_add(struct route_set *set, const char *text, struct err *err);

/* Adds the routes of a file: one a line, "#" begins a comment. */
int route_set_read(struct route_set *set, const char *path, struct err *err);

/* Adds what is missing and puts the routes in the order of the search; nothing can be added after.
 */
int route_set_finish(struct route_set *set, struct err *err);

/*
 * The index of the route for a request target (origin or absolute form; a query is passed over).
 * cut: the target is only the beginning of what was asked, so that no exact path can match.
 */
size_t route_set_match(const struct route_set *set, const char *target, bool cut);

/* Whether the target asks for ROUTE_STATS_PATH; *query is what follows the "?", or "". */
bool route_is_stats(const char *target, const char **query);

/* The status of a response by its index: in the mix, or one of those beside it; 0 for none. */
uint16_t route_status_at(const struct route *route, size_t index);

/* Responses with this status have no body (RFC 9110, 6.4.1). */
bool route_status_without_body(uint16_t status);

#endif
