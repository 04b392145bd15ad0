/* SPDX-License-Identifier: MIT */
/*
 * One request and what is to be answered, from the moment the request was read until the answer's
 * last byte was sent: a small thing, as a pipelining client has many of them.
 *
 * Owner: the pool, which gives them out and takes them back; its memory grows by slabs, as far as
 * clients ask, and goes at exchange_pool_release. A zeroed pool is empty.
 * Threads: one a pool. Errors: exchange_new returns NULL without memory. Units: in the names.
 */
#ifndef RINGLOAD_TARGET_EXCHANGE_H
#define RINGLOAD_TARGET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/reply.h"

enum exchange_kind {
	EXCHANGE_ROUTE,    /* a request as a route wants it: counted among the requests */
	EXCHANGE_CONTINUE, /* the interim response to "Expect: 100-continue" */
	EXCHANGE_STATS,    /* a read of /__stats */
	EXCHANGE_BAD       /* something that was not HTTP */
};

/* What happens to the connection after the answer. */
enum exchange_end {
	EXCHANGE_KEEP,
	EXCHANGE_CLOSE, /* without a reply: closed when it is due */
	EXCHANGE_STALL, /* nothing, ever: this exchange stays the first */
	EXCHANGE_RESET  /* there is no answer: the connection is reset when it is due */
};

struct exchange {
	struct exchange *next;
	const struct reply *reply; /* NULL: nothing is sent */
	struct reply *own;         /* the reply when it belongs to this exchange alone */
	uint64_t limit_bytes;      /* how much of the reply is sent */
	uint64_t read_ns, due_ns;
	uint64_t spin_ns; /* CPU time to burn once it is the first and due */
	uint64_t lock_ns; /* CPU time to burn after that with the route's lock held */
	uint32_t route;   /* EXCHANGE_ROUTE: index of the route */
	uint8_t status;   /* EXCHANGE_ROUTE: index of the status (route.h) */
	uint8_t kind;     /* enum exchange_kind */
	uint8_t end;      /* enum exchange_end */
	uint8_t variant;  /* enum reply_variant; for EXCHANGE_STATS */
	bool spoiled;     /* the route wanted something else than a whole response */
	bool head;        /* EXCHANGE_STATS: the request was HEAD */
	bool full;        /* EXCHANGE_STATS: with histograms and log */
	bool settled;     /* counted as answered, misbehaved or abandoned */
};

struct exchange_slab;

struct exchange_pool {
	struct exchange *free;
	struct exchange_slab *slabs;
};

/* A zeroed exchange. */
struct exchange *exchange_new(struct exchange_pool *pool);

/* Takes an exchange back, with its own reply. */
void exchange_free(struct exchange_pool *pool, struct exchange *exchange);

void exchange_pool_release(struct exchange_pool *pool);

#endif
