/* SPDX-License-Identifier: MIT */
/*
 * The addresses connections come from (--source): a pool of ranges whose addresses are computed
 * when they are wanted, so that a /64 costs no more than one address.
 *
 * Of an IPv4 range the network and broadcast addresses are left out, where a range has them: not in
 * a /31 or /32 (RFC 3021), and not within 127.0.0.0/8, all of which is this host, but for
 * 127.255.255.255. A range of more than 2^32 addresses counts as its first 2^32.
 *
 * Owner: the struct is the caller's; source_pool_release frees what it points to, and does nothing
 * to a zeroed one. Threads: read-only after source_pool_init. Errors: ERR_USAGE for text that is no
 * range. Source: RFC 4632 3.1 (CIDR), RFC 4291 2.3 (IPv6 prefixes).
 */
#ifndef RINGLOAD_PLAN_SOURCE_H
#define RINGLOAD_PLAN_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "scenario/scenario.h"

#define SOURCE_TEXT_BYTES  64
#define SOURCE_RANGE_LIMIT (UINT64_C(1) << 32)

struct source_range {
	const char *text; /* as asked; borrowed from the scenario */
	int family;       /* AF_INET or AF_INET6 */
	unsigned int prefix;
	uint8_t first[16]; /* the first usable address, in network byte order */
	uint64_t count;    /* of usable addresses */
};

struct source_pool {
	struct source_range *ranges;
	size_t range_count;
};

/* Parses all of --source; ranges must not overlap. On failure nothing is left to release. */
int source_pool_init(
	struct source_pool *pool, const struct scenario_list *sources, struct err *err);
void source_pool_release(struct source_pool *pool);

/* Addresses of a family; 0: the pool says nothing about it. */
uint64_t source_count(const struct source_pool *pool, int family);

/* Address `number` modulo their count, which must not be 0, with port 0; returns its length. */
socklen_t source_address(const struct source_pool *pool, int family, uint64_t number,
	struct sockaddr_storage *address);

/* The range that address belongs to. */
const struct source_range *source_range_of(
	const struct source_pool *pool, int family, uint64_t number);

/* Writes it as text. */
char *source_text(char text[SOURCE_TEXT_BYTES], const struct sockaddr_storage *address);

#endif
