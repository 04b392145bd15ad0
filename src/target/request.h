/* SPDX-License-Identifier: MIT */
/*
 * From a request that was read to the exchange that answers it: the route, the draws of status and
 * service time, what happens to the connection.
 *
 * Owner: the exchange belongs to the server's pool. Threads: the worker's. Errors: NULL without
 * memory.
 */
#ifndef RINGLOAD_TARGET_REQUEST_H
#define RINGLOAD_TARGET_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "target/client.h"
#include "target/exchange.h"
#include "target/server.h"

/* client->request is complete, or is to be answered before it is; counts it and decides everything
 * about its answer. */
struct exchange *request_exchange(struct server *server, struct client *client, uint64_t read_ns);

/* Whether the client waits for a word before it sends its body, and which one its route gives.
 * Known as soon as the head was read. */
bool request_waits(const struct client *client);
enum route_continue request_expectation(const struct server *server, const struct client *client);

/* An answer that is always the same and belongs to no route. */
struct exchange *request_fixed(struct server *server, enum exchange_kind kind,
	const struct reply *reply, enum exchange_end end);

#endif
