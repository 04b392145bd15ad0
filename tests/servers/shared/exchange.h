/* SPDX-License-Identifier: MIT */
/*
 * A connection of a server whose behaviour is known: HTTP/1.1 with keepalive, requests without a
 * body, and one response for all of them. It stamps what it does (stamps.h).
 *
 * Requests that came together (pipelined) are read, worked on and answered as one: so the kernel
 * sees them.
 *
 * Owner: exchange_accept makes it, exchange_close frees it. Threads: one at a time. Errors: a peer
 * that sends no HTTP closes its connection; others end the server with a sentence.
 */
#ifndef TESTS_SERVERS_SHARED_EXCHANGE_H
#define TESTS_SERVERS_SHARED_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "tests/servers/shared/serving.h"
#include "tests/servers/shared/stamps.h"

enum exchange_state { EXCHANGE_MORE, EXCHANGE_COMPLETE, EXCHANGE_CLOSED };

struct exchange {
	int fd;
	uint64_t received_bytes; /* before the request that is being read */
	size_t used;
	unsigned int heads; /* complete requests in `bytes` */
	char bytes[4096];
	_Alignas(struct cmsghdr) char control[256];
	struct iovec vector;
	struct msghdr message; /* of the read to come */
	int64_t received_real_ns;
	const char *response;
	size_t response_bytes;
	struct stamps_request request;
};

/* NULL when nobody is there to be accepted (any more). */
struct exchange *exchange_accept(struct serving *serving, int flags);
struct exchange *exchange_new(int fd);
void exchange_close(struct exchange *exchange);

/* A read by recvmsg with these flags. */
enum exchange_state exchange_read(struct exchange *exchange, int flags);
/* The same in two halves around a read that `message` describes: bytes is what it returned. */
void exchange_before_read(struct exchange *exchange);
enum exchange_state exchange_after_read(struct exchange *exchange, ssize_t bytes);

/* Works and sends. */
void exchange_answer(struct exchange *exchange, struct serving *serving);
/* The same in two halves around a send of `response`. */
void exchange_before_send(struct exchange *exchange, struct serving *serving);
void exchange_after_send(struct exchange *exchange, struct serving *serving);

#endif
