/* SPDX-License-Identifier: MIT */
/*
 * The compiled, constant form of a run: everything computed, nothing left to decide. Workers see
 * nothing else.
 *
 * plan_make resolves the name, renders the request, reads the topology, divides load and
 * connections among workers and computes memory. After it only the preflight (src/run) changes the
 * plan, by taking out addresses that refuse (plan_drop_address); from engine_open on it is
 * constant.
 *
 * Owner: the struct is the caller's; what it points to belongs to it until plan_release. Strings
 * that came from the scenario are borrowed from there.
 * Threads: read-only once the engine is open. Errors: sentences for the user, classes in err.h.
 * Units: in the names; offsets are nanoseconds since the common start of all workers.
 */
#ifndef RINGLOAD_PLAN_PLAN_H
#define RINGLOAD_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "plan/source.h"
#include "scenario/scenario.h"

#define PLAN_ADDRESS_TEXT_BYTES 128
/* Up to this size copying is cheaper than the second completion of a zero-copy send. */
#define PLAN_ZERO_COPY_BYTES 16384U
/* A larger request is not copied for each worker, but for each NUMA node that has workers. */
#define PLAN_SHARED_BYTES 65536U
/* As long as these copies take no more than this part of --memory: they only save a way between two
 * nodes, which is no reason to refuse a run that one rendering leaves room for. */
#define PLAN_NODE_MEMORY_PART 4

struct plan_address {
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_bytes;
	char text[PLAN_ADDRESS_TEXT_BYTES]; /* "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock" */
};

/* One request as it goes over the wire. */
struct plan_request {
	const char *name; /* "GET /path" until a scenario names it */
	char *wire;       /* start line, headers, body; owned */
	size_t wire_bytes;
	bool head;     /* a HEAD request: its response has no body */
	bool shared;   /* too large for each worker to make copies near to itself */
	bool per_node; /* shared, and copied once on each node; else all send from `wire` */
};

struct plan_worker {
	unsigned int cpu;
	int numa_node;             /* -1: the machine has no such notion */
	size_t first_of_node;      /* index of the first worker on the same node: with
				      request.per_node the copy it makes is this one's too */
	bool shared_cpu;           /* a target on this host, or another worker, uses this CPU too */
	uint32_t first_connection; /* index over the whole run; decides the address: index modulo
				      count */
	uint32_t connections;
	uint64_t requests;  /* this worker's part of plan.requests; they add up */
	size_t arena_bytes; /* filled in by engine_memory */
};

struct plan {
	const struct scenario *scenario;
	char *url;  /* as asked, for the record */
	char *host; /* as in the Host header */
	struct plan_address *addresses;
	size_t address_count;
	struct plan_request request;

	bool open_loop;
	enum scenario_arrival arrival;
	enum scenario_pacing pacing;
	uint64_t max_send_lag_ns; /* 0: as usual (analysis/validity.h) */
	uint64_t rate_mrps;
	uint64_t seed;
	uint32_t connections;
	uint32_t pipeline;
	bool no_keepalive;   /* each request has a connection of its own; `connections` at once */
	bool reset_on_close; /* they end with a reset */
	uint64_t connect_rate_mrps; /* of all workers; 0: as usual */
	struct source_pool sources; /* addresses to connect from; empty: the kernel chooses */
	bool rx_timestamps;         /* sockets stamp what arrives */
	/* UINT64_MAX: none. What was asked over the workers, rounded down: never more in all. */
	uint64_t max_in_flight_per_worker;
	bool has_requests;
	uint64_t requests; /* measured, scheduled; in open loop exactly those in the window */

	/* The window: [0, warmup_ns) is warm-up, [warmup_ns, warmup_ns + duration_ns) is measured.
	 */
	uint64_t warmup_ns;
	uint64_t duration_ns; /* UINT64_MAX: until `requests` are done (closed loop only) */
	uint64_t timeout_ns;
	uint64_t drain_ns;
	uint64_t longest_ns; /* no age can be larger: 2 × timeout or timeout + drain */

	struct plan_worker *workers;
	size_t worker_count;

	/* How many of its slowest requests each worker keeps; 0 (as plan_make leaves it): none. To
	 * be set before engine_memory. */
	size_t slowest_rows;

	/* Provided buffers of each worker. */
	uint32_t buffer_count; /* a power of two */
	uint32_t buffer_bytes;
	bool incremental_buffers; /* receives share one */

	/* How requests leave: what was asked, after plan_send what the kernel allows of it. */
	enum scenario_send send;
	bool send_reports; /* a zero-copy send tells whether it copied */
};

/* The scenario must have passed scenario_check and outlive the plan. On failure nothing is left to
 * release. The seed, when none was asked, is drawn from the kernel, in 32 bits. */
int plan_make(struct plan *plan, const struct scenario *scenario, struct err *err);
void plan_release(struct plan *plan);

/* As plan_make, with this machine described by the files below root instead of "/". */
int plan_make_below(
	struct plan *plan, const struct scenario *scenario, const char *root, struct err *err);

/*
 * Sets the provided buffers. plan_make does it for bounded task work and incremental buffers; call
 * it again with ring_probe's answers, before engine_memory. Together they stay in a second-level
 * cache; where receives share a buffer (kernel 6.12) they are few and large, so that a large
 * response comes in few pieces. Where an enter runs all pending task work (before kernel 6.13),
 * every connection may take two buffers before the first is returned: then there are that many, up
 * to what a buffer ring can hold, and they are smaller. --buffer decides their size.
 */
void plan_buffers(struct plan *plan, bool bounded_task_work, bool incremental);

/*
 * Settles `send` with ring_probe's answers. --send auto stays so for requests above
 * PLAN_ZERO_COPY_BYTES that go to a kernel which tells whether it copied, over sockets that can do
 * without; else it becomes plain. --send zero-copy is refused (ERR_ENVIRONMENT) where no zero-copy
 * send can work.
 */
int plan_send(struct plan *plan, bool zero_copy, bool reports, struct err *err);

/* A window of its own, where one engine measures several (a search). */
struct plan_window {
	uint64_t rate_mrps; /* open loop; at most what plan_make was given, by which it chose
			       workers */
	uint64_t warmup_ns, duration_ns;
	uint64_t seed;
};

/* Changes the load of an open loop without --requests; nothing else of the plan moves, memory least
 * of all. No worker may be running. */
void plan_retime(struct plan *plan, const struct plan_window *window);

/* Takes an address out; the order of the others stays. */
void plan_drop_address(struct plan *plan, size_t index);

#endif
