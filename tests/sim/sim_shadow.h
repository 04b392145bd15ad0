/* SPDX-License-Identifier: MIT */
/*
 * The second opinion: what a worker must count and record, worked out from docs/measurement.md, the
 * calls it makes, the readings of the clock it gets and the completions it takes, with arrays and
 * loops where the worker has lists and cursors.
 *
 * Nothing is taken from the worker's counters, and of its state only what others may look at
 * (worker->ready). Outcomes come from what the server knows of its own stream (struct
 * fake_message), times from the clock's readings, intended times from the formula.
 *
 * sim_shadow.c: the phases, the turns, what is watched. sim_shadow_schedule.c: what becomes due.
 * sim_shadow_launch.c: what is sent. sim_shadow_pace.c: until when may be slept and spun.
 * sim_shadow_conn.c: what completions do. sim_shadow_churn.c: the same with --no-keepalive.
 * sim_shadow_again.c: from one window to the next.
 * sim_shadow_slowest.c: the slowest requests. sim_shadow_stamp.c: when responses arrived.
 * sim_shadow_compare.c: the comparison with the worker.
 *
 * Owner: sim_shadow_init takes memory, sim_shadow_release returns it. Threads: one. Errors:
 * failures of the test. Units: ns.
 */
#ifndef RINGLOAD_TESTS_SIM_SIM_SHADOW_H
#define RINGLOAD_TESTS_SIM_SIM_SHADOW_H

#include "engine/worker.h"
#include "measure/stats.h"
#include "plan/arrival.h"
#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_ring.h"
#include "tests/sim/fake_sock.h"
#include "tests/sim/sim_server.h"

/* A histogram without cells. */
struct shadow_hist {
	uint64_t count, sum_ns, min_ns, max_ns, censored;
};

struct shadow_phase {
	uint64_t value[COUNTER_COUNT];
	uint64_t status[COUNTERS_STATUS_LIMIT];
	struct shadow_hist total, service, connection_wait, send_lag, failure, until_arrival,
		client_queue;
};

/* A request that was answered; whether its stamp counts is known when the wall clock was looked at
 * for its batch. */
struct shadow_stamp {
	enum stats_phase phase;
	bool stamped;
	uint64_t sent_ns, arrived_ns, done_ns;
};

struct shadow_request {
	uint64_t intended_ns, available_ns, sent_ns;
	uint64_t number;       /* in the order of sending */
	uint64_t offset_bytes; /* what the socket had taken before it */
	enum stats_phase phase;
};

enum shadow_state { SHADOW_DOWN, SHADOW_CONNECTING, SHADOW_OPEN, SHADOW_CLOSING };

struct shadow_conn {
	enum shadow_state state;
	uint32_t generation;
	struct fake_conn *peer;
	bool receiving, sending; /* armed, as far as was seen */
	bool cancelled;          /* the worker asked for its end */
	bool looks_again;        /* a cancel makes the receive look for a reset */
	bool reset;              /* a send was told so */
	bool closed_in_turn;
	uint32_t receives, armed_receives; /* due, and asked for */
	uint64_t sent_bytes;               /* by the latest send, or to be */
	bool rest_due;                     /* of what it left; it was not asked for yet */
	bool cut;                          /* it had taken a part */
	uint64_t early_ns;                 /* since when all is answered that is being sent */
	bool served, established_once;
	bool reconnects; /* this turn, at once */
	bool available;  /* could take a request, since since_ns */
	bool idle;       /* … and nothing is outstanding; since the event idle_since */
	bool early;      /* nothing is outstanding, and something is being sent */
	uint64_t since_ns, idle_since;
	uint64_t connect_ns; /* when the connect was asked for */
	bool unanswered;     /* the window ended while a request was outstanding */
	bool dialling;       /* a connect was asked for and has not completed */
	bool abandoned;      /* … of an earlier window: nobody counts how it ends */
	bool due;            /* it was down when this window's connecting began */
	bool bound;          /* --no-keepalive: requests[0] waits for the connection, count is 0 */
	bool ready;          /* … which is there, since the event ready_since */
	uint64_t bound_number, ready_since;
	uint64_t retry_ns; /* when the next connect for it is due, while down */
	bool tried;
	size_t address;                                     /* of the plan, that is connected to */
	uint64_t backoff_ns, retry_from_ns, retry_until_ns; /* when it may come back, while down */
	struct shadow_request *requests; /* outstanding, oldest first; pipeline of them */
	uint32_t count;
	size_t message;        /* of the server's, the one being read */
	uint64_t stream_bytes; /* where that one begins */
	uint64_t read_bytes;   /* how much was read */
	uint64_t answer_begin; /* where in the stream the answer being read begins */
};

/* Sends of one turn. */
struct shadow_send {
	uint32_t slot, count;
	uint64_t offset_bytes;
};

/* Connects of one turn with --no-keepalive. */
struct shadow_dial {
	uint32_t slot;
	bool failed; /* no socket was to be had */
};

enum shadow_life { SHADOW_BEFORE, SHADOW_RUNNING, SHADOW_DRAINING, SHADOW_DONE };

struct shadow {
	const struct plan *plan;
	const struct plan_worker *place;
	size_t index;
	const struct worker_control *control;
	const struct worker *worker;
	struct fake_clock *clock;
	uint32_t wire_copies;
	bool quiet;
	bool registered;       /* the ring took the memory that is sent from */
	bool trial, zero_copy; /* the next send is a zero-copy one; all are */
	bool copied;           /* so said a report */

	uint32_t window;    /* counted from 1 */
	uint32_t was_ready; /* the window it was seen to be ready for */
	bool renews;        /* the next reading is that of another window's begin */
	bool settling;      /* not all that happened since the last window was seen */
	uint64_t completions_seen, overflows_before;
	uint32_t operations; /* queued this turn */
	uint32_t restless;   /* turns in a row for nothing */
	uint64_t window_end_ns, last_done_ns;

	enum shadow_life life;
	uint64_t start_ns, measured_from_ns, end_ns, drain_until_ns;
	uint64_t window_until_ns; /* what happens before counts for the rates */
	uint64_t last_established_ns;
	uint64_t begun_ns;    /* when the first connection was due */
	uint64_t unwanted_ns; /* when connections were of no use last */
	struct arrival poisson;
	uint64_t arrival_index, arrival_ns, measured_left; /* the next arrival */
	uint64_t cut_ns;                                   /* none at or after, from the start */
	uint64_t *waiting; /* intended times, of which the first `waited` are gone */
	size_t waiting_count, waiting_room, waited;
	uint64_t requests_left;
	struct shadow_conn *conns;
	uint64_t in_flight, number, events, first_connects;

	/* This turn. */
	bool evaluated, entered;
	uint64_t begins_ns, wait_ns, before_ns, reaped_ns;
	struct shadow_send sends[2 * WORKER_SENDS_PER_ENTER];
	uint32_t send_count;
	uint32_t batches;
	struct fake_completion batch[WORKER_REAP_BATCH];
	uint32_t batch_count; /* not yet processed: waits for a reading */
	uint32_t failed_opens, failed_opens_ever;
	int enter_code;
	const struct fake_completion *piece; /* the completion being processed */
	struct shadow_stamp stamps[WORKER_REAP_BATCH * 64];
	uint32_t stamp_count;
	uint64_t batch_ns;
	bool wall_looked, wall_suspected, wall_slow;
	bool spins;
	uint64_t spun_from_ns;

	/* --no-keepalive. */
	struct shadow_dial *dials; /* this turn */
	uint32_t dial_count, bound_count;
	struct rng jitter;
	uint64_t gap_ns, allowed_ns; /* between two connects; when the next may be */

	uint64_t sources[SIM_SERVER_ADDRESSES]; /* sockets that were given one, by address */
	bool has_source, resets;                /* the socket being made */
	uint32_t source;

	/* What was learnt of timed waits; the latest deadline that was spun for. */
	uint64_t margin_ns, spun_for_ns;
	bool looked; /* for completions without an enter, this turn */

	/* The wall clock's step was noticed; from when on stamps count. */
	bool wall_stepped;
	uint64_t stamps_count_from_ns;

	/* What must come out. */
	struct shadow_phase phase[STATS_PHASE_COUNT];
	uint64_t connections[CONNECTION_COUNTER_COUNT];
	/* For each address of the plan; without the `socketless` attempts that got no socket, as it
	 * cannot be seen for which address they were. */
	struct address_counters *addresses;
	uint64_t health[HEALTH_COUNT];
	struct shadow_hist connect, loop;
	struct slowest_row *rows; /* a row for every request that may be among the slowest */
	size_t row_count, row_room;
	uint64_t uncertain_stale, uncertain_replaced, socketless;
	bool cpu_seen;
	uint64_t cpu_ns, cpu_wall_ns, cpu_spin_ns;
};

/* registered: whether the ring will take memory to send from. */
void sim_shadow_init(struct shadow *shadow, const struct plan *plan, size_t index, bool registered,
	const struct worker_control *control, struct fake_clock *clock);
void sim_shadow_release(struct shadow *shadow);

/* The watches to give to the fakes. */
struct fake_ring_watch sim_shadow_ring_watch(struct shadow *shadow);
struct fake_sock_watch sim_shadow_sock_watch(struct shadow *shadow);
void sim_shadow_watch_clock(struct shadow *shadow);

/* Before worker_again. */
void sim_shadow_again(struct shadow *shadow);

/* Around each worker_step. */
void sim_shadow_turn_begins(struct shadow *shadow);
void sim_shadow_turn_ended(struct shadow *shadow, bool goes_on);

/* The worker wants no turn until the start or a stop is known, or its connections are due. */
void sim_shadow_sleeps(const struct shadow *shadow);

/* After each turn; at_end: what only the end can show as well. */
void sim_shadow_compare(const struct shadow *shadow, const struct ring *ring, bool at_end);

/* --- between its files --- */

static inline uint64_t shadow_later(uint64_t time_ns, uint64_t by_ns)
{
	return time_ns > UINT64_MAX - by_ns ? UINT64_MAX : time_ns + by_ns;
}

void shadow_begin_window(struct shadow *shadow);
void shadow_renew(struct shadow *shadow, uint64_t now_ns);
/* The worker said so of this window. */
bool shadow_ready(const struct shadow *shadow);
/* At the begin of a turn: whether connecting may begin. */
void shadow_settle(struct shadow *shadow, uint64_t now_ns);
/* now_ns: at the begin of the turn. */
void shadow_check_ready(struct shadow *shadow, uint64_t now_ns);

/* Sets arrival_ns, for arrival_index and cut_ns. */
void shadow_find_arrival(struct shadow *shadow);
/* How many are due and not sent. */
uint64_t shadow_waiting(const struct shadow *shadow);
void shadow_become_due(struct shadow *shadow, uint64_t now_ns);
void shadow_expire(struct shadow *shadow, uint64_t now_ns);
bool shadow_any_open(const struct shadow *shadow);

/* The connection whose oldest request was sent first; NULL: nothing is out. */
struct shadow_conn *shadow_oldest(const struct shadow *shadow);

#define SHADOW_MARGIN_LEAST_NS 50000
/* An enter that waits, and its end. */
void shadow_pace_waits(struct shadow *shadow, uint64_t now_ns, uint64_t wait_ns);
void shadow_pace_waited(struct shadow *shadow, uint64_t now_ns);
/* The worker begins to spin; goes on to. */
void shadow_pace_spins(struct shadow *shadow, uint64_t now_ns);
void shadow_pace_relaxes(const struct shadow *shadow, uint64_t now_ns);

/* Since when some connection could take a request; UINT64_MAX: none can. */
uint64_t shadow_available_since(const struct shadow *shadow);
/* The sends of this turn. */
void shadow_launch(struct shadow *shadow, uint64_t now_ns, uint64_t sent_ns);

void shadow_record(struct shadow_hist *hist, uint64_t value_ns, bool censored);
enum stats_phase shadow_phase_of(const struct shadow *shadow, uint64_t intended_ns);
uint64_t *shadow_counter(struct shadow *shadow, enum stats_phase phase, enum counter counter);
void shadow_count_in_window(struct shadow *shadow, enum counter counter, uint64_t now_ns);
void shadow_become_available(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns);
void shadow_completion(
	struct shadow *shadow, const struct fake_completion *completion, uint64_t now_ns);
void shadow_break(
	struct shadow *shadow, struct shadow_conn *conn, enum counter failure, uint64_t now_ns);
void shadow_opened(struct shadow *shadow, int result);
void shadow_open_failed(struct shadow *shadow, int result);
void shadow_installed(struct shadow *shadow, uint32_t slot, int result);
void shadow_connecting(struct shadow *shadow, uint32_t slot, uint32_t generation);
void shadow_cancelled(struct shadow *shadow, uint32_t slot);
void shadow_check_conns(struct shadow *shadow);
/* All places are free. */
void shadow_churn_begins(struct shadow *shadow, uint64_t now_ns);
void shadow_churn_free(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns);
void shadow_churn_dials(struct shadow *shadow, uint32_t slot, bool failed);
void shadow_churn_connected(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns);
void shadow_churn_closed(struct shadow *shadow, struct shadow_conn *conn, uint64_t now_ns);
void shadow_churn_launch(struct shadow *shadow, uint64_t now_ns, uint64_t sent_ns);
void shadow_churn_finish(struct shadow *shadow, uint64_t now_ns);
/* The place whose request was bound first; NULL: none is. */
struct shadow_conn *shadow_churn_oldest(const struct shadow *shadow);
/* When the rate of connects allows what is due; when a bound request wants to be looked at. */
uint64_t shadow_churn_next(const struct shadow *shadow);
uint64_t shadow_churn_wakes(const struct shadow *shadow);
/* Of struct fake_sock_watch. */
void shadow_bound(void *watcher, const struct fake_conn *conn, uint32_t source);
void shadow_resets(void *watcher, const struct fake_conn *conn);
bool shadow_wanted(const struct shadow *shadow);
/* A batch begins, and what it brought is judged. */
void shadow_stamps_batch(struct shadow *shadow, uint64_t now_ns);
void shadow_stamps_judge(struct shadow *shadow);
void shadow_stamp_completed(
	struct shadow *shadow, const struct shadow_request *request, uint64_t done_ns);
void shadow_wall_looked(struct shadow *shadow, uint64_t now_ns);
void shadow_wall_offset(struct shadow *shadow, uint64_t now_ns, bool sure);

void shadow_slowest_completed(struct shadow *shadow, const struct shadow_conn *conn,
	const struct shadow_request *request, uint64_t done_ns);
void shadow_slowest_compare(const struct shadow *shadow, bool at_end);
void shadow_asked_port(struct shadow *shadow, const struct fake_conn *conn);

#endif
