/* SPDX-License-Identifier: MIT */
/*
 * When the probe looks and when it rests, so that it takes no more of the server's CPU time than
 * its budget.
 *
 * Programs that every request enters cost the same few hundred nanoseconds a request whether it is
 * followed or not. A server that spends 40 us or more on a request does not feel that, and is
 * looked at all the time. One that spends 6 us does: then the probe looks for a while, lets the
 * requests it follows come to their end, takes the programs off, and rests so long that the mean
 * stays within the budget. How long each rest is, is random, so that looks do not keep step with
 * something periodic in the server.
 *
 * The budget is kept by a model and not by measuring: what following costs is far below what a run
 * could measure in itself. LOOKS_ENTERED_NS and LOOKS_FOLLOWED_NS are rounded up from what was
 * found on a virtual machine, where entering a program is dear, and at a load that lets its caches
 * grow cold between requests; without a pause it is half of that. docs/benchmarks.md has the
 * outcome.
 *
 *   LOOKING ──► ENDING ──► RESTING ──► LEADING ──► LOOKING
 *      ▲           │ requests do not end
 *      └───────────┘
 *
 * LEADING: the programs are on, and nothing is admitted yet: they first learn which threads have
 * requests of their own.
 *
 * Owner: the caller's struct, nothing to release. Threads: one. Errors: none. Units: clock.h.
 * Source of the error: Cochran, Sampling Techniques (3rd ed.), 6.3, ratio estimate over clusters.
 */
#ifndef RINGLOAD_PROBE_LOOKS_H
#define RINGLOAD_PROBE_LOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

#define LOOKS_LEAD_NS 50000000ULL
#define LOOKS_LOOK_NS 400000000ULL
/* Longest wait for followed requests to end, and how often that is asked. */
#define LOOKS_ENDING_NS      100000000ULL
#define LOOKS_ASK_NS         2000000ULL
#define LOOKS_REST_NS        10000000000ULL /* at most */
#define LOOKS_LEAVING_EPOCHS 8
/* CPU time of the server for a request: of the programs it enters, and of following it. */
#define LOOKS_ENTERED_NS  1000.0
#define LOOKS_FOLLOWED_NS 800.0
/* Less than this share of one CPU is nothing, whatever the server itself takes. */
#define LOOKS_FREE 0.01

enum looks_state { LOOKS_LOOKING, LOOKS_ENDING, LOOKS_RESTING, LOOKS_LEADING };

/* Sums that only grow. */
struct looks_reading {
	uint64_t requests, residence_ns; /* followed */
	uint64_t server_cpu_ns;
};

struct looks {
	struct rng rng;
	double budget; /* share of the server's CPU time; 0: looks always */
	uint32_t sample;
	enum looks_state state;
	uint64_t since_ns, until_ns; /* of the state; until: when it is to be asked again */
	uint64_t look_since_ns;
	uint64_t paused_ns, paused_cpu_ns;
	struct looks_reading then;        /* as the look began */
	double requests, cpu_ns, wall_ns; /* of the looks before, older ones weighing less */
	/* Of the window. */
	uint64_t looked_ns;
	double looks, n, r, nn, nr, rr; /* looks that are over, their requests and residences */
};

enum looks_action {
	LOOKS_GO_ON,
	LOOKS_CLOSE,  /* admit no more */
	LOOKS_DETACH, /* the followed ones have ended */
	LOOKS_ATTACH,
	LOOKS_ADMIT
};

/* Looking from now on. sample: one connection in this many is followed. */
void looks_init(struct looks *looks, double budget, uint32_t sample, uint64_t seed, uint64_t now_ns,
	const struct looks_reading *now);

/* A window begins: looks at once. What was learnt of the server's cost stays. */
void looks_begin(struct looks *looks, uint64_t now_ns, const struct looks_reading *now);

/* What is to be done at until_ns; open: followed requests that have not ended. */
enum looks_action looks_tick(
	struct looks *looks, uint64_t now_ns, const struct looks_reading *now, uint64_t open);

/* Time stands still until it is resumed; what the server took meanwhile does not count. */
void looks_pause(struct looks *looks, uint64_t now_ns, const struct looks_reading *now);
void looks_resume(struct looks *looks, uint64_t now_ns, const struct looks_reading *now);

/* Rests until a window begins. */
void looks_rest(struct looks *looks, uint64_t now_ns);

/* The window ends. */
void looks_end(struct looks *looks, uint64_t now_ns, const struct looks_reading *now);

/* Share of the server's CPU time that looking takes; 0: not known. */
double looks_cost(const struct looks *looks);

/* Whether the program that sees answers leave is to be on duty in the next epoch. Where it would
 * cost too much, it is in one of LOOKS_LEAVING_EPOCHS. */
bool looks_leaving(struct looks *looks);

/* Relative standard error of the mean residence from not having looked all the time; negative: not
 * known, as there were too few looks. share: of the window that was looked at. */
double looks_error_share(const struct looks *looks, double share);

#endif
