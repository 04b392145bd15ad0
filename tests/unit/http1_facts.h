/* SPDX-License-Identifier: MIT */
/*
 * What two HTTP/1.1 parsers, ours and libhttp-parser, make of the same input, in a form that can be
 * compared: heads, bodies, ends of messages, and what came last.
 *
 * Owner: the caller's storage. Threads: one a struct. Errors: abort beyond the limits.
 */
#ifndef RINGLOAD_TESTS_HTTP1_FACTS_H
#define RINGLOAD_TESTS_HTTP1_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FACTS_INPUT_BYTES = 8192, FACTS_LIMIT = 4096 };

/* In FACTS_HEAD every other response that is no 1xx, from the first on, answers HEAD. */
enum facts_kind { FACTS_RESPONSE, FACTS_HEAD, FACTS_REQUEST };

struct facts_input {
	enum facts_kind kind;
	size_t bytes;
	uint8_t data[FACTS_INPUT_BYTES];
};

enum fact_type { FACT_HEAD, FACT_BODY, FACT_COMPLETE, FACT_ERROR, FACT_END };

struct fact {
	enum fact_type type;
	unsigned status;              /* HEAD of a response, 1xx too */
	char method[32], target[256]; /* HEAD of a request; the target may be cut */
	size_t body_at, body_bytes;   /* BODY, of facts->bodies; pieces that follow are one */
	size_t at;                    /* COMPLETE, ERROR, END: bytes of input used */
	unsigned error; /* ERROR: enum http1_error of ours, enum http_errno of theirs */
};

/* The last is FACT_ERROR or FACT_END. */
struct facts {
	struct fact list[FACTS_LIMIT];
	size_t count;
	uint8_t bodies[FACTS_INPUT_BYTES];
	size_t bodies_bytes;
};

void http1_facts_ours(struct facts *facts, const struct facts_input *input);
void http1_facts_theirs(struct facts *facts, const struct facts_input *input);

/* Whether there is no difference; otherwise *at is the index of the first fact that differs. */
bool http1_facts_equal(const struct facts *ours, const struct facts *theirs, size_t *at);

#endif
