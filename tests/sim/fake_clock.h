/* SPDX-License-Identifier: MIT */
/*
 * The second implementation of base/clock.h: time moves only as the seed says.
 *
 * Each reading moves it by a little; now and then by a lot, as if the thread had been descheduled.
 * The fake kernel moves it for its own work and for waits. Readings never go back.
 *
 * Owner: the struct is the test's; fake_clock_current points to the one in use. Threads: one.
 * Errors: none. Units: ns.
 */
#ifndef RINGLOAD_TESTS_SIM_FAKE_CLOCK_H
#define RINGLOAD_TESTS_SIM_FAKE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/rng.h"

struct fake_clock_options {
	uint64_t start_ns;
	uint64_t reading_ns;   /* a reading moves time by 1 to this */
	uint64_t relax_ns;     /* a turn of spinning by 1 to this */
	uint32_t stall_one_in; /* readings after which the thread was descheduled; 0: never */
	uint64_t stall_ns;     /* for 1 to this */

	/* The wall clock: how far it is ahead, from when on by how much more, and how often (one in
	 * so many, 0: never) its offset cannot be told, or a look at it takes long. */
	uint64_t ahead_ns, step_at_ns;
	int64_t step_ns;
	uint32_t unsure_one_in, wall_stall_one_in;
};

struct fake_clock {
	struct fake_clock_options options;
	struct rng rng;
	uint64_t now_ns;  /* the simulation's time */
	uint64_t read_ns; /* the latest reading */
	uint64_t cpu_ns;
	/* Told of each reading, with the one before it; NULL: nobody. */
	void (*watch)(void *watcher, uint64_t previous_ns, uint64_t now_ns);
	/* Told of each turn of spinning and of each look at the CPU's clock. */
	void (*watch_relax)(void *watcher);
	void (*watch_cpu)(void *watcher, uint64_t cpu_ns);
	/* … and of each look at the wall clock, and at its offset. */
	void (*watch_wall)(void *watcher, uint64_t now_ns);
	void (*watch_offset)(void *watcher, uint64_t now_ns, bool sure);
	void *watcher;
};

extern struct fake_clock *fake_clock_current;

void fake_clock_init(
	struct fake_clock *clock, const struct fake_clock_options *options, uint64_t seed);

/* What the wall clock shows at a time of the simulation. */
uint64_t fake_clock_wall(const struct fake_clock *clock, uint64_t at_ns);

/* Time in which the thread worked, and time in which it did not. */
void fake_clock_work(struct fake_clock *clock, uint64_t ns);
void fake_clock_wait_until(struct fake_clock *clock, uint64_t at_ns);

#endif
