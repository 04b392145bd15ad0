/* SPDX-License-Identifier: MIT */
/*
 * What goes back over the wire, rendered once: every response a set of routes can give, as bytes
 * that never change, so that all connections send from the same memory and nothing is copied.
 *
 * A reply is a start (the head and as much of the body as fits beside it), a middle (a block of
 * memory repeated as often as the body needs) and an end. A body of a terabyte thus takes no more
 * memory than one of a megabyte, and a connection remembers its place as one number. The body's
 * byte at offset o is that of REPLY_PATTERN at o modulo its length; each chunk of a chunked body
 * begins the pattern anew.
 *
 * No Date field: the bytes are rendered before the date of a response is known. RFC 9110, 6.6.1
 * lets a server without a clock do so.
 *
 * Owner: the book is the caller's storage, its memory the heap's until reply_book_release; it must
 * outlive every send. A zeroed book is empty. Threads: read-only after reply_book_init.
 * Errors: -ENOMEM with a sentence. Units: bytes.
 */
#ifndef RINGLOAD_TARGET_REPLY_H
#define RINGLOAD_TARGET_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "target/route.h"

/* 61 characters: a prime, so that no power of two of bytes can go missing unseen. */
#define REPLY_PATTERN       "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
#define REPLY_PATTERN_BYTES (sizeof(REPLY_PATTERN) - 1)

/* What a response says of the connection, and the protocol version it is for. */
enum reply_variant {
	REPLY_KEEP,      /* HTTP/1.1: nothing said, the connection goes on */
	REPLY_CLOSE,     /* HTTP/1.1: "Connection: close" */
	REPLY_KEEP_1_0,  /* HTTP/1.0: "Connection: keep-alive"; never chunked */
	REPLY_CLOSE_1_0, /* HTTP/1.0: "Connection: close"; never chunked */
	REPLY_VARIANT_COUNT
};

struct reply {
	const char *start;
	size_t start_bytes;
	size_t head_bytes; /* of the start */
	const char *middle;
	size_t middle_block_bytes;
	uint64_t middle_bytes; /* of the block, repeated and cut */
	const char *end;
	size_t end_bytes;
	uint64_t total_bytes;
};

struct reply_route; /* what the replies of one route share; reply.c */

struct reply_book {
	const struct route_set *set;
	struct reply_route *routes;
	struct buf body; /* the repeated block of every body that is not chunked */
	/* "HTTP/1.1 100 Continue"; a 400 that closes; bytes that are not HTTP. */
	struct reply go_on, bad_request, garbage;
};

/* The set must outlive the book. */
int reply_book_init(struct reply_book *book, const struct route_set *set, struct err *err);
void reply_book_release(struct reply_book *book);

/* The response of a route with the status of this index, in its mix or beside it; the ones beside
 * have no body. */
const struct reply *reply_find(
	const struct reply_book *book, size_t route, size_t status, enum reply_variant variant);

/* A response with this JSON as its body, on the heap until reply_free; NULL without memory. */
struct reply *reply_new_json(const char *json, enum reply_variant variant);
void reply_free(struct reply *reply);

/*
 * The bytes at `offset` of the first `limit` bytes of a reply: how many lie there in one piece, and
 * where. offset must be below limit, limit at most total_bytes.
 */
size_t reply_piece(const struct reply *reply, uint64_t offset, uint64_t limit, const char **data);

#endif
