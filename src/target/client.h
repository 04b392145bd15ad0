/* SPDX-License-Identifier: MIT */
/*
 * One connection of the embedded server, from its accept until its slot is free again.
 *
 *   FREE     nobody uses the slot. Left by client_accepted.
 *   OPEN     requests are read and answered in their order, one send outstanding at a time. Left
 *            when the client is gone or the connection is to be closed.
 *   ENDING   its operations were cancelled; their last completions are awaited, and memory that the
 *            kernel may still read stays. Left when none is outstanding.
 *   CLOSING  the close is on its way to the kernel. Left at its completion, to FREE; or to OPEN,
 *            when the kernel gave the slot to the next client before we saw that completion.
 *
 * Beside OPEN, four facts: `paused` (CLIENT_QUEUE_LIMIT requests wait for their answers, so nothing
 * more is read: bytes that were received already are held), `deaf` (nothing the client says from
 * here on matters: its last answer is on the way), `peer_ended` (it closed its half: what it asked
 * is still answered) and `sending`.
 *
 * Owner: the server; memory of the heap goes when the slot becomes free. Threads: the worker's.
 * Errors: a connection whose memory cannot be had is closed and counted.
 */
#ifndef RINGLOAD_TARGET_CLIENT_H
#define RINGLOAD_TARGET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http1.h"
#include "net/ring.h"
#include "target/exchange.h"
#include "target/server.h"

/* Requests of one connection that may wait for their answers; the next one is not read. */
#define CLIENT_QUEUE_LIMIT 64

enum client_state { CLIENT_FREE, CLIENT_OPEN, CLIENT_ENDING, CLIENT_CLOSING };

struct client {
	struct http1_request request;

	/* What is to be answered, the oldest first. */
	struct exchange *first, *last;
	uint32_t queued;
	uint64_t offset; /* how much of the first answer was sent */

	/* The outstanding send, and what is left of it. */
	const char *send_data;
	size_t send_bytes, send_left;
	uint32_t covered; /* exchanges that this send answers to their end */
	char *batch;      /* where several answers lie together, when they do */

	/* Received while paused, from held_used on not yet read. */
	char *held;
	size_t held_bytes, held_used;
	uint64_t held_read_ns; /* when the last of it was brought */

	uint64_t message_bytes; /* of the request being read */
	uint64_t requests;      /* read on this connection */
	uint32_t slot, generation;
	uint32_t cancels; /* outstanding */
	uint8_t state;    /* enum client_state */
	bool receiving, sending, probing, resetting;
	bool starved; /* in the server's list of those whose receive found no buffer */
	struct client *next_starved;
	bool paused, deaf, peer_ended;
	bool stuck; /* one of the answers never ends */
	bool asked_stats, asked_other;
	bool answered_early;  /* the request being read: what is left of it is passed over */
	uint32_t early_route; /* of that */
};

void client_accepted(struct server *server, uint32_t slot);

/* A completion of the current user of the slot. */
void client_completed(struct server *server, struct client *client,
	const struct ring_completion *completion, uint64_t read_ns);

/* Ends the connection; by_peer: the client did so first. */
void client_end(struct server *server, struct client *client, bool by_peer);
void client_end_without_memory(struct server *server, struct client *client);

/* Resets the connection and ends it. */
void client_reset(struct server *server, struct client *client);

/* Answers left the queue: what was held back is read, as far as there is room. */
void client_resume(struct server *server, struct client *client);

/* It left the server's list of the starved: there are buffers again. */
void client_fed(struct server *server, struct client *client);

/* Gives the memory of a client back, whatever it is in the middle of. */
void client_release(struct server *server, struct client *client);

#endif
