/* SPDX-License-Identifier: MIT */
/*
 * The answers of one connection, in the order of its requests: waiting until the first is due,
 * sending it in pieces, counting it.
 *
 * One send is outstanding at a time, since two on one socket may overtake each other. Small answers
 * that are ready together are copied one behind the other and leave in one send; everything else is
 * sent from where it was rendered.
 *
 * Owner: the exchanges belong to the client until they are answered or the connection has ended.
 * Threads: the worker's. Errors: a connection whose memory cannot be had is closed and counted.
 */
#ifndef RINGLOAD_TARGET_ANSWER_H
#define RINGLOAD_TARGET_ANSWER_H

#include <stdint.h>

#include "target/client.h"

/* Puts an exchange behind the others. NULL, for want of memory, ends the connection. */
void answer_push(struct server *server, struct client *client, struct exchange *exchange);

/* Does what the first exchange is due for: nothing yet, a send, a reset, the end. */
void answer_advance(struct server *server, struct client *client);

/* The outstanding send goes to the kernel at sent_ns. */
void answer_stamp(struct server *server, struct client *client, uint64_t sent_ns);

/* The outstanding send is over; the connection may be, too. */
void answer_sent(struct server *server, struct client *client, int32_t result);

/* The connection ends: whatever was not answered never will be. */
void answer_abandon(struct server *server, struct client *client);

/* Gives the exchanges back. */
void answer_release(struct server *server, struct client *client);

#endif
