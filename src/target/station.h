/* SPDX-License-Identifier: MIT */
/*
 * What all workers share of a route, and where requests therefore wait for one another: its virtual
 * queue, its mutex, the memory it leaks. A route that asks for none of these has an empty station.
 *
 * Owner: the set is the caller's storage; what is in it goes at station_set_release. A zeroed set
 * is empty. The routes must outlive it. Threads: as queue.h, lock.h and leak.h say. Errors:
 * sentences.
 */
#ifndef RINGLOAD_TARGET_STATION_H
#define RINGLOAD_TARGET_STATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/leak.h"
#include "target/lock.h"
#include "target/queue.h"
#include "target/route.h"

struct station {
	struct queue *queue; /* NULL: none */
	struct lock *lock;   /* NULL: none; also of other stations where the routes name it */
	struct leak leak;    /* without memory: none */
};

struct station_set {
	struct station *stations; /* one a route */
	struct lock *locks;
	size_t count, lock_count;
};

int station_set_init(struct station_set *set, const struct route_set *routes, struct err *err);
void station_set_release(struct station_set *set);

/* So much time has passed since the start: leaks what is due by then. How long until more is due;
 * UINT64_MAX for never. One thread's. */
uint64_t station_set_leak(struct station_set *set, uint64_t elapsed_ns);

#endif
