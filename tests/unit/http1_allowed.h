/* SPDX-License-Identifier: MIT */
/*
 * Where our HTTP/1.1 parsers and libhttp-parser may differ: one entry for each reason, with a test
 * that looks at the input whether it is this reason.
 *
 * Threads: pure. Errors: none.
 */
#ifndef RINGLOAD_TESTS_HTTP1_ALLOWED_H
#define RINGLOAD_TESTS_HTTP1_ALLOWED_H

#include "http1_facts.h"

/* The first place where the two differ. */
struct http1_difference {
	const struct facts_input *input;
	const struct fact *ours, *theirs; /* in their lists */
	const struct fact *head;          /* of the message they are in; NULL inside its head */
	size_t message_at;                /* where that begins */
};

struct http1_allowed {
	const char *name;
	bool (*is)(const struct http1_difference *d);
	const char *reason;
};

/* Ends with an entry without name. */
extern const struct http1_allowed http1_allowed[];

#endif
