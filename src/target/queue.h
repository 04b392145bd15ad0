/* SPDX-License-Identifier: MIT */
/*
 * The virtual queue before a route: it says to the nanosecond when each request may be answered, so
 * that a server of the embedded target has a capacity that is known and not merely set.
 *
 * Nothing works and nothing waits in here: the queue computes. It has K virtual servers, each of
 * which takes S = K / capacity for a request; requests are served in the order in which they
 * enter. With arrival a(k), the k-th request is finished at
 *
 *   F(k) = max(a(k), the earliest moment at which a server is free) + S
 *
 * which for one server is Lindley's recursion, F(k) = max(a(k), F(k-1)) + 1 / capacity. Moments are
 * kept as whole nanoseconds and an exact fraction, and only what is handed out is rounded up to the
 * next nanosecond: capacity 7,300 finishes 7,300 requests in each second of a busy period for as
 * long as it lasts. Known answers: evenly spaced arrivals below the capacity all take S (D/D/1);
 * arrivals at rate r above it take S + k (S - 1/r); Poisson arrivals at a share u of the capacity
 * of one server wait u S / (2 (1 - u)) on average before they are served (M/D/1).
 *
 * In the queue is who entered and is not finished. A request that finds `refuse_above` others there
 * is refused and leaves no trace but a count. One that finds more than `overload_above` there
 * overloads the server: from that request on, until none has found as many for `recovery_ns`, S is
 * larger, as for `degraded_share` of the capacity. That is hysteresis: what the server bore before
 * it was overloaded it does not bear right after.
 *
 * So does a load above `sustained_share` of the capacity that lasts for `endurance_ns`: the server
 * bears it well until then. It lasts while a server of that share would not run out of work: the
 * same recursion, with a slower S, never empty. That is what a burst of credits does, or a buffer.
 *
 * A client that leaves does not take its request out: the virtual server has begun, or will.
 *
 * Owner: queue_new and queue_free. Threads: any; a mutex, held for some tens of nanoseconds,
 * because finish, length and overload must move together. Several workers read the clock at
 * different moments: their requests are served in the order in which they enter, and a moment
 * before that of an earlier call counts as that one's where the length is concerned.
 * Errors: sentences. Units: nanoseconds of clock.h; thousandths of a request a second.
 * Sources: Lindley, "The theory of queues with a single server", 1952; Kleinrock, "Queueing
 * Systems", volume 1, 1975, 5.6 (M/G/1 with constant service).
 */
#ifndef RINGLOAD_TARGET_QUEUE_H
#define RINGLOAD_TARGET_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define QUEUE_SERVER_LIMIT 1024
/* Ten million requests a second. */
#define QUEUE_CAPACITY_LIMIT_MRPS (10ULL * 1000 * 1000 * 1000)
/* Requests in the queue; as refuse_above, the most there is. */
#define QUEUE_LENGTH_LIMIT (1U << 20)

struct queue_options {
	uint64_t capacity_mrps; /* of all servers together; not 0 */
	uint32_t servers;
	uint32_t refuse_above; /* 1 to QUEUE_LENGTH_LIMIT */
	uint32_t overload_above;
	uint32_t degraded_share; /* of SHARE_WHOLE; all of it: overload has no consequence */
	uint64_t recovery_ns;
	uint32_t sustained_share; /* of SHARE_WHOLE; all of it: it never tires */
	uint64_t endurance_ns;
};

/* What the queue counted, and how it stands at one moment. */
struct queue_figures {
	uint64_t capacity_mrps; /* of a request that would enter now, rounded down */
	bool degraded;
	uint64_t length, longest; /* requests in the queue now, and the most there ever were */
	uint64_t entered, refused;
	uint64_t overloads; /* times the capacity fell */
};

struct queue;

/* Whether a queue can be made of these: a request must not take longer than SERVICE_LONGEST_NS. */
int queue_check(const struct queue_options *options, struct err *err);

/* The options were checked. NULL without memory. */
struct queue *queue_new(const struct queue_options *options);
void queue_free(struct queue *queue);

/* A request arrives: whether it may enter, and when it is finished then. Refused as well where
 * there is no memory for it. */
bool queue_enter(struct queue *queue, uint64_t arrival_ns, uint64_t *finish_ns);

void queue_read(struct queue *queue, uint64_t now_ns, struct queue_figures *figures);

#endif
