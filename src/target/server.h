/* SPDX-License-Identifier: MIT */
/*
 * One worker of the embedded server: a ring, a table of clients, and the loop that serves them on
 * one thread.
 *
 * A turn of the loop: handle what the kernel brought, serve what has become due, then enter the
 * kernel with what is to be sent and wait for the next completion or the next deadline. The clock
 * is read directly before and after each enter: those are the send and read times of what the
 * enter carried and brought. At most SERVER_SENDS_PER_ENTER sends share one enter, so that the
 * first is not stamped long before the last.
 *
 * client.c holds the states of one connection and calls back into the functions below.
 *
 * Owner: server_open makes it, on the thread that runs it; server_close frees it there. What the
 * options point to must outlive it. Threads: one, except server_wake (any, also signal handlers)
 * and the tally. Errors: sentences.
 */
#ifndef RINGLOAD_TARGET_SERVER_H
#define RINGLOAD_TARGET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "net/ring.h"
#include "target/deadline.h"
#include "target/door.h"
#include "target/exchange.h"
#include "target/reply.h"
#include "target/route.h"
#include "target/station.h"
#include "target/tally.h"
#include "target/tally_json.h"

/*
 * More than the receives one enter brings (20 to 40 where task work is bounded): were it less, each
 * turn would enter more than once, bring more than it handles, and fill all buffers with requests
 * that wait in our own queue.
 */
#define SERVER_SENDS_PER_ENTER 64

struct client;

struct server_options {
	const struct route_set *set;
	const struct reply_book *book;
	struct station_set *stations;           /* all workers' */
	struct tally *tally;                    /* this worker's */
	const struct tally_json_source *source; /* all workers', for /__stats */
	const int *listeners;                   /* this worker's descriptors; it shuts them down */
	size_t listener_count;
	int wake;             /* the reading end of a socket pair; kept open by the owner */
	const bool *stopping; /* relaxed atomic; set before the other end of `wake` is written */
	bool leaks;           /* this worker leaks by time, for all */
	uint64_t accept_delay_ns;
	uint32_t connections;  /* most at a time */
	uint64_t seed, stream; /* see rng.h */
	const uint64_t
		*start_ns; /* what the times of freezes count from; set before the first turn */
};

/* A completion and when it was brought. */
struct server_event {
	struct ring_completion completion;
	uint64_t read_ns;
};

#define SERVER_EVENTS 1024

struct server {
	struct server_options options;
	struct ring *ring;
	char *buffers;
	size_t buffer_bytes;    /* of all of them */
	struct client *clients; /* by slot; slot 0 is the wake-up's */
	uint32_t slot_count;
	uint32_t live; /* clients whose slot is taken */
	struct deadlines deadlines;
	struct exchange_pool exchanges;
	struct rng rng;

	/* Brought by the kernel, not yet handled: a circle. */
	struct server_event events[SERVER_EVENTS];
	uint32_t event_first, event_count;

	/* Slots with a send that no enter has carried yet. */
	uint32_t unsent[SERVER_SENDS_PER_ENTER];
	uint32_t unsent_count;

	/* Clients whose receive found no buffer, in their order. */
	struct client *starved_first, *starved_last;

	char *batches;   /* free buffers for coalesced answers, chained through their first bytes */
	uint64_t now_ns; /* the clock when it was last read */
	struct door door;
	uint64_t leak_ns; /* when more is to be leaked */
	bool wake_armed;
	size_t freezes_done;
	int fault; /* what ring_enter failed with */
};

int server_open(struct server **server, const struct server_options *options, struct err *err);

/* Serves until *stopping, then closes every connection. 0, or -errno when the ring failed. */
int server_run(struct server *server, struct err *err);

void server_close(struct server *server);

/* --- for client.c ------------------------------------------------------------------------- */

/* A send is queued for this slot: it is stamped and carried by the next enter. */
void server_queue_send(
	struct server *server, uint32_t slot, const char *data, size_t bytes, uint64_t tag);

/* Carries what is queued to the kernel now and fetches what it has, without waiting. */
void server_flush(struct server *server);

/* Room in the submission queue for a few operations of one client. */
void server_reserve(struct server *server);

/* Burns CPU for this long, less when the server stops. */
void server_spin(struct server *server, uint64_t duration_ns);

/* The text of /__stats on the heap, as a reply; NULL without memory. */
struct reply *server_stats(struct server *server, bool full, enum reply_variant variant);

/* A client's receive found no buffer: client_fed is called once there are some. */
void server_starved(struct server *server, struct client *client);

/* A slot was given back. */
void server_slot_freed(struct server *server);

/* A buffer of SERVER_BATCH_BYTES for answers sent together; NULL without memory. */
#define SERVER_BATCH_BYTES (16 * 1024)
char *server_batch_take(struct server *server);
void server_batch_return(struct server *server, char *batch);

#endif
