/* SPDX-License-Identifier: MIT */
/*
 * What a worker is made of: its connections, the requests on them, its lists and its clocks. The
 * parts of the engine work on it; worker.h drives them.
 *
 * Owner: the arena's memory, for as long as the worker lives. Threads: the worker's, but control,
 * ready and stats may be looked at by another. Errors: none.
 */
#ifndef RINGLOAD_ENGINE_WORKER_STATE_H
#define RINGLOAD_ENGINE_WORKER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "engine/backlog.h"
#include "engine/engine.h"
#include "engine/index_list.h"
#include "engine/margin.h"
#include "measure/slowest.h"
#include "measure/stats.h"
#include "net/http1.h"
#include "net/ring.h"
#include "plan/arrival.h"
#include "plan/plan.h"

/* At most this many sends share one enter, and so one "sent" time. */
#define WORKER_SENDS_PER_ENTER 16
/* A "done" time serves at most this many completions. */
#define WORKER_REAP_BATCH 16
/* Most completions taken before what is due is looked at again. */
#define WORKER_REAP_LIMIT 128
/* A closed loop gives up when it had no connection for the timeout and this: two of the longest
 * pauses between attempts. */
#define WORKER_ALONE_NS (2000 * 1000000ULL)
/* Operations that fit between two enters. */
#define WORKER_SUBMISSION_ENTRIES 1024

/* What the engine tells all workers; read once a turn. */
struct worker_control {
	uint64_t start_ns; /* UINT64_MAX until the start is known */
	int stop;          /* enum engine_stop */
	double connects_per_second;
	/* By worker: the copy of a large request that it made for its node. Those that are not the
	 * first of their node are made after it is there; NULL: all send from the plan's. */
	const char **copies;
};

enum worker_phase {
	WORKER_ESTABLISHING,
	WORKER_READY,
	WORKER_RUNNING,
	WORKER_DRAINING,
	WORKER_DONE
};

enum request_state {
	REQUEST_FREE,
	REQUEST_BOUND, /* has a place and waits for its own connection (--no-keepalive) */
	REQUEST_QUEUED,
	REQUEST_SENT
};

/* One request on its way: from being given to a connection until its outcome. */
struct request {
	uint64_t intended_ns;
	uint64_t available_ns; /* when a connection could have taken it, if later than intended */
	uint64_t sent_ns;
	uint64_t offset_bytes; /* of its first byte in the connection's stream */
	uint8_t phase;         /* enum stats_phase */
	uint8_t state;         /* enum request_state */
};

/*
 * DOWN: no socket. Entered at the start and when a socket is gone; left when its retry time has
 * come.
 *
 * CONNECTING: a socket is in the slot and its connect is armed. Left for OPEN, or for CLOSING.
 *
 * OPEN: established, receive armed. It can take a request while fewer than --pipeline are
 * outstanding, no send of it is under way and none was told of a reset. Left for CLOSING by
 * either side.
 *
 * CLOSING: everything armed is being ended (cancel, last receive completion, then close). Left for
 * DOWN when all three have completed: only then the slot may have another socket.
 *
 * With --no-keepalive a connection is a place for one exchange: DOWN it is free, unless a request
 * is bound to it whose connect failed; it leaves OPEN with the end of its response (churn.h).
 */
enum conn_state { CONN_DOWN, CONN_CONNECTING, CONN_OPEN, CONN_CLOSING };

/* Operations of a connection the kernel has not finished. A quiet send is not among them. */
enum conn_armed {
	CONN_ARMED_CONNECT = 1,
	CONN_ARMED_RECEIVE = 2,
	CONN_ARMED_SEND = 4,
	CONN_ARMED_CANCEL = 8,
	CONN_ARMED_CLOSE = 16,
	CONN_ARMED_ABANDONED = 32 /* a connect of an earlier window: nobody counts how it ends */
};

/* How a request leaves. */
enum worker_send {
	WORKER_SEND_QUIET, /* a copy; only a failure is told */
	WORKER_SEND_LOUD,  /* a copy */
	WORKER_SEND_TRIAL, /* the next one without a copy, then copies until that was reported */
	WORKER_SEND_ZERO_COPY
};

/* Which of the worker's lists a connection is in. */
enum conn_list {
	CONN_UNLISTED,       /* in none */
	CONN_LISTED_IDLE,    /* open, nothing outstanding; longest idle first */
	CONN_LISTED_PARTIAL, /* open, some outstanding, room for more */
	CONN_LISTED_FREE, /* --no-keepalive: down, and may be given a request; longest free first */
	CONN_LISTED_CONNECTING, /* oldest attempt first */
	CONN_LISTED_SENDING,    /* open, nothing outstanding, but a send; longest so first */
	CONN_LISTED_DOWN,
	CONN_LISTED_READY, /* --no-keepalive: established, its own request is to be sent */
	CONN_LIST_COUNT
};

struct conn {
	struct http1_response response;
	uint64_t available_ns; /* since when it can take a request, without a break */
	uint64_t offset_bytes; /* bytes of requests queued on this socket since it is there */
	uint32_t generation;
	uint32_t sending_bytes; /* of the requests sent last */
	uint32_t sent_bytes;    /* of them, while a rest is still to be sent */
	uint16_t outstanding;   /* requests in its slots */
	uint16_t oldest;        /* position of the one to be answered next */
	uint8_t state;          /* enum conn_state */
	uint8_t armed;          /* enum conn_armed, or-ed */
	uint8_t list;           /* enum conn_list */
	bool established_once;
	bool served;         /* answered something since it was established */
	bool reset;          /* a send was told so: nothing more is sent, the receive ends it */
	uint16_t address;    /* index into the plan's */
	uint16_t local_port; /* while open, when the slowest requests are kept */
	/* When connect(2) was called, or the retry time while down, or everything was answered
	 * though not yet sent; with --no-keepalive, while it is open, since when. */
	uint64_t since_ns;
	uint64_t backoff_ns;
};

/* What makes a stamp of the kernel a time of ours; see stamp.h. */
struct stamp_clock {
	bool asked;
	bool arrived;             /* of the bytes being read it is known when */
	uint64_t arrival_ns;      /* … then */
	uint64_t offset_ns;       /* the wall clock less clock_now_ns, modulo 2^64 */
	uint64_t trusted_from_ns; /* what is read before has no stamp: the wall clock was set */
};

/* A socket that is to tell its local port, which it has once its connect was submitted. */
struct conn_unasked {
	uint32_t conn;
	int fd;
};

/* What --no-keepalive takes beside the connections (churn.h). */
struct churn {
	bool on;
	struct index_list bound; /* requests that wait for their connection, oldest first */
	uint32_t bound_count;
	uint32_t *dialled; /* places whose connect goes with the next enter */
	uint32_t dialled_count;
	uint64_t gap_ns;     /* between two connects; 0: as many as are due */
	uint64_t allowed_ns; /* the next is not made before */
};

struct worker {
	const struct plan *plan;
	const struct plan_worker *place;
	size_t index;
	const struct worker_control *control;
	struct arena *arena;
	struct ring *ring;
	struct stats *stats;
	struct rng jitter;

	struct conn *conns;
	struct index_link *conn_links;
	struct index_list lists[CONN_LIST_COUNT]; /* by enum conn_list */
	struct index_list available; /* idle, partial and free; by available_ns, in own links */
	struct index_link *available_links;
	struct churn churn;
	uint64_t *source_counts;  /* sockets bound to one of --source, per address of the plan */
	uint32_t *address_counts; /* established now, per address of the plan */
	struct address_counters *addresses; /* what came of each address of the plan */
	uint32_t established;               /* connections that are open */
	uint64_t last_established_ns;       /* when one was open last */

	struct stamp_clock stamp;
	uint32_t data_at;       /* where in a buffer what was received begins */
	struct slowest slowest; /* of the measured phase; without capacity: not asked for */
	/* Whose connect goes with the next enter; NULL unless the slowest are kept. */
	struct conn_unasked *unasked;
	uint32_t unasked_count;

	struct request *requests; /* pipeline slots of each connection, connection by connection */
	struct index_link *request_links;
	struct index_list unanswered; /* sent, oldest first: the timeout's queue */
	uint64_t in_flight;           /* length of `unanswered` */

	const char *wire; /* `wire_copies` renderings of the request, back to back */
	uint32_t wire_copies;
	enum worker_send send;
	bool copied;      /* the kernel copied what it was asked not to */
	int send_refused; /* -errno of memory that could not be registered; 0: none */

	struct arrival due; /* what becomes due next (open loop) */
	struct backlog backlog;
	uint64_t requests_left; /* measured requests a closed loop may still begin */

	uint32_t *queued; /* requests whose send is queued for the next enter */
	uint32_t queued_count;
	uint32_t queued_sends;

	enum worker_phase phase;
	void (*launch)(struct worker *worker);
	uint64_t now_ns;    /* the latest reading of the clock */
	uint64_t reaped_ns; /* when the last enter came back */
	uint64_t start_ns, measured_from_ns, end_ns, drain_until_ns;
	uint64_t last_done_ns;
	uint64_t tick_ns;         /* when slow matters are looked at next */
	uint64_t next_connect_ns; /* while establishing: when to look at it again */
	uint32_t next_connect;    /* first connection not yet attempted while establishing */
	uint64_t cpu_seen_ns, wall_seen_ns, spin_seen_ns;
	struct margin margin; /* of --pacing auto */

	uint64_t window_until_ns; /* what happens before counts for the rates */
	int fault;                /* -errno of a ring that failed, 0 while all is well */
	uint32_t window;          /* counted from 1 */
	uint32_t ready; /* the latest window it was ready for; read by the engine's thread */
	bool settling;  /* what happened since the last window has not all been seen */
	uint64_t completions_seen; /* … by then */
	uint64_t overflows_before; /* of the ring, when the window's figures began */
	uint64_t window_end_ns;
	uint8_t odd_bytes[64];
	size_t odd_byte_count;
	const char *odd_reason;
};

/* The request slot at a position counted from the start of the connection's; below 2 × pipeline. */
static inline uint32_t worker_request_slot(
	const struct worker *worker, uint32_t conn, uint32_t position)
{
	uint32_t pipeline = worker->plan->pipeline;

	return conn * pipeline + (position < pipeline ? position : position - pipeline);
}

static inline struct stats_request *worker_phase_stats(struct worker *worker, unsigned int phase)
{
	return &worker->stats->phase[phase];
}

static inline enum stats_phase worker_phase_of(const struct worker *worker, uint64_t intended_ns)
{
	return intended_ns < worker->measured_from_ns ? STATS_WARMUP : STATS_MEASURED;
}

#endif
