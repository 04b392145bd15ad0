/* SPDX-License-Identifier: MIT */
/*
 * How a worker of the embedded server takes connections: at once, by the ring's multishot accept;
 * or late, when a delay is asked for. Then a listener is left alone for that long after a
 * connection came to wait there, so that its backlog fills, and everything that waits by then is
 * taken together. Since the kernel wakes nobody for a listener the ring does not accept on, a
 * worker with a delay looks DOOR_LOOK_NS apart.
 *
 * Owner: the server, whose part it is. Threads: the worker's. Errors: what is short in the system
 * (files, memory) comes back by itself: it is counted, and tried again.
 */
#ifndef RINGLOAD_TARGET_DOOR_H
#define RINGLOAD_TARGET_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/ring.h"

#define DOOR_LOOK_NS (NS_PER_MS / 2)

struct server;

struct door {
	bool *listening;   /* of each listener: its accept is armed */
	uint64_t retry_ns; /* accepts rest until then */

	/* With a delay only. */
	uint64_t *due_ns; /* of each listener: when it is emptied; UINT64_MAX: nobody waits there */
	uint64_t look_ns; /* when the listeners are looked at next */
	uint32_t slot;    /* where the search for a free slot goes on */
};

/* -ENOMEM at worst. */
int door_init(struct server *server);
void door_release(struct server *server);

/* Takes connections (again), where nothing is in the way. */
void door_open(struct server *server);

/* A completion of an accept. */
void door_accepted(struct server *server, const struct ring_completion *completion);

/* What has become due at server->now_ns. */
void door_turn(struct server *server);

/* When there is something to do that no completion tells of. */
uint64_t door_next_ns(const struct server *server);

/* Whether the ring still has a listener. */
bool door_is_armed(const struct server *server);

#endif
