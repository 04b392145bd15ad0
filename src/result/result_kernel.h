/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of a record: the block "kernel" of ringload.result/1, and all of a
 * ringload.probe/1 (what `ringload probe` writes) but its header.
 *
 * In JSON, in this order:
 *
 *   status "measured" | "not_measured", reason (null when measured), hooks[], and when measured:
 *   ports[], sample (N of 1/N), looked_share, sampled_fraction, requests, attributed,
 * handoff_share, offloaded_share, unattributed_share, error_share, overhead_ns_per_request,
 *   residence{count, mean_ns, p50, p95, p99, max, few_samples[], histogram{}}, stages[],
 *   slowest_1pct{requests, attributed, share, from_ns, residence_mean_ns}, mix[], residual_ns,
 *   counters{}, workers[], imbalance, open{waiting, reading, oldest_ns}, slowest[], profile{},
 *   not_measured{}
 *
 * What is null has its reason in "not_measured", as everywhere. Shares are 0 to 1.
 * - stages[]: name, in_residence, count, mean_ns, p50, p95, p99, few_samples, share,
 *   share_of_slowest_1pct, histogram; without samples the figures are null. `share` is of the
 *   residence of the attributed requests; the ten parts (in_residence) sum to 1; queue, app and
 *   app_blocked are sums of them; rx_path, request_span, response_span, tx and srtt lie beside
 *   residence: their shares are null, as are all while no request is attributed.
 * - sampled_fraction: requests the probe followed of those the client completed. Well above 1/N:
 *   others used the port too.
 * - looked_share: of the window, in which requests were admitted; below 1 the probe rested to keep
 * within its budget of the server's CPU time.
 * - mix[]: from_ns, requests, attributed, residence_ns, parts_ns{}: sums over the requests whose
 *   residence began with from_ns; residence_ns and parts_ns are of the attributed.
 * - counters{}: those of result_kernel_counter_key, softirq_share, and a "not_measured" of its own.
 * - workers[]: tid, pid, name, exited, offloaded, requests, wall_s, cpu, runq, sleep, disk,
 * stopped, switches, preempted: of the window alone. What a run's drain still brought is in the
 * requests and stages.
 * - slowest[]: client, server_port, offset_bytes, tid, pid, at_s, residence_ns, rx_path_ns (null:
 * its segment was not stamped), attributed, parts_ns{}, at_client{total_ns, service_ns,
 * send_lag_ns, to_server_ns, from_server_ns} (null: not among those the client kept). send_lag,
 * to_server, residence and from_server add up to total.
 * - profile{}: status, reason, hz, samples, lost, truncated, stacks[]{frames, samples}.
 * - a hook's `missing` tells why a stage has none, or why it has not a better one.
 * - residual_ns: mean service time of the client less mean residence: network and client.
 *
 * Owner: all of it belongs to the struct until result_kernel_release; a zeroed struct is "not
 * measured" without a reason. Threads: one at a time. Units: in the names.
 */
#ifndef RINGLOAD_RESULT_RESULT_KERNEL_H
#define RINGLOAD_RESULT_RESULT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/stages.h"

struct result_absence;
struct result_cell;

/* Rows of `slowest`. */
#define RESULT_KERNEL_SLOWEST 10

struct result_kernel_hook {
	char *stage;
	bool core;
	char *hook;    /* NULL: none */
	char *missing; /* NULL: nothing is */
};

struct result_kernel_stage {
	enum probe_abi_stage stage; /* its name is stages_key */
	uint64_t count;
	double mean_ns;
	uint64_t p50_ns, p95_ns, p99_ns; /* middle of a cell 6.25 % wide; 0 while count is 0 */
	bool few_p50, few_p95, few_p99;  /* fewer than 100 samples lie beyond */
	bool has_share;                  /* false for what lies beside residence */
	double share, share_of_slowest;
	struct result_cell *cells; /* not empty ones, ascending; PROBE_ABI_PRECISION_BITS */
	size_t cell_count;
};

struct result_kernel_mix {
	uint64_t from_ns; /* a row of residence starts here */
	uint64_t requests, attributed, residence_ns;
	uint64_t part_ns[PROBE_ABI_PARTS];
};

struct result_kernel_worker {
	uint32_t tid, pid;
	char *name;
	bool exited, offloaded;
	uint64_t requests;
	double wall_s;
	double cpu, runq, sleep, disk, stopped; /* shares of wall_s */
	double in_request; /* of wall_s: in the last three with a request read and unanswered */
	uint64_t switches, preempted;
};

/* A slow request from both sides. */
struct result_kernel_slow {
	char *client; /* "10.0.0.1:40000", "[::1]:40000" */
	uint16_t server_port;
	uint64_t offset_bytes; /* with the client's address: which request it was */
	uint32_t tid, pid;
	double at_s; /* arrival, since the start of the run or window */
	uint64_t residence_ns, rx_path_ns;
	bool attributed;
	uint64_t part_ns[PROBE_ABI_PARTS];
	bool has_client; /* the rest was found on the client's side */
	uint64_t total_ns, service_ns;
	uint64_t send_lag_ns;                  /* sent - intended */
	uint64_t to_server_ns, from_server_ns; /* sent to arrival; first send to done */
};

enum result_kernel_counter_kind {
	RESULT_KERNEL_RETRANSMITS,
	RESULT_KERNEL_RESETS_SENT,
	RESULT_KERNEL_RESETS_RECEIVED,
	RESULT_KERNEL_HANDOFFS,
	RESULT_KERNEL_OPENED,
	RESULT_KERNEL_SEEDED,
	RESULT_KERNEL_CLOSED,
	RESULT_KERNEL_SPLIT,
	RESULT_KERNEL_PIPELINED,
	RESULT_KERNEL_ABANDONED,
	RESULT_KERNEL_NO_ARRIVAL,
	RESULT_KERNEL_SPAN_UNKNOWN,
	RESULT_KERNEL_LISTEN_OVERFLOWS,
	RESULT_KERNEL_LISTEN_DROPS,
	RESULT_KERNEL_SYN_COOKIES,
	RESULT_KERNEL_SYN_DROPS, /* the SYN queue was full, and no cookies */
	RESULT_KERNEL_THROTTLED_NS,
	RESULT_KERNEL_THROTTLED_PERIODS,
	RESULT_KERNEL_LOST,   /* connections and threads the probe had no room for */
	RESULT_KERNEL_MISSED, /* runs of its programs that the kernel left out */
	RESULT_KERNEL_COUNTER_COUNT
};

struct result_kernel_counter {
	bool has_value;
	uint64_t value;
	char *reason; /* when it has none */
};

struct result_kernel_profile {
	bool measured;
	char *reason; /* when not */
	uint32_t hz;
	uint64_t samples, lost, truncated;
	struct result_kernel_stack {
		char *frames; /* probe.h: joined by ';', outermost first */
		uint64_t samples;
	} * stacks;
	size_t stack_count;
};

struct result_kernel {
	bool measured;
	char *reason; /* when not */
	struct result_kernel_hook *hooks;
	size_t hook_count;

	uint16_t *ports;
	size_t port_count;
	uint32_t sample;
	double looked_share;       /* of the window; the probe rested in the rest of it */
	bool has_sampled_fraction; /* known where a client counted all requests */
	double sampled_fraction;
	uint64_t requests, attributed;
	double handoff_share, offloaded_share, unattributed_share;
	bool has_error;
	double error_share; /* relative standard error of the mean residence */
	bool has_overhead;
	double overhead_ns_per_request;
	char *overhead_reason;

	struct result_kernel_stage
		stages[PROBE_ABI_STAGE_COUNT]; /* [stage]; residence among them */
	uint64_t residence_max_ns;             /* 0: there was no request */
	struct {
		uint64_t requests, attributed, from_ns;
		double share; /* exactly how much of all it is */
		double residence_mean_ns;
	} slowest_1pct;                /* without attributed ones the stages have no share of it */
	struct result_kernel_mix *mix; /* rows that are not empty, ascending */
	size_t mix_count;

	bool has_residual;
	double residual_ns;
	char *residual_reason;
	struct result_kernel_counter counters[RESULT_KERNEL_COUNTER_COUNT];
	bool has_softirq;
	double softirq_share; /* of the time of all CPUs; counters.softirq_share */
	char *softirq_reason;

	struct result_kernel_worker *workers; /* most requests first */
	size_t worker_count;
	double imbalance; /* requests of the busiest worker over the mean, less 1; 0 for one worker
			   */
	struct {
		uint64_t waiting, reading, oldest_ns;
	} open;
	struct result_kernel_slow *slowest;
	size_t slowest_count;
	struct result_kernel_profile profile;
};

const char *result_kernel_counter_key(enum result_kernel_counter_kind counter);

void result_kernel_release(struct result_kernel *kernel);

#endif
