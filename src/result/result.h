/* SPDX-License-Identifier: MIT */
/*
 * A run as one record: schema "ringload.result/1". Everything after the run (verdicts, reports,
 * comparison) works from this record alone, so a stored result and a live one are the same thing.
 *
 * The order of making one: result_build (result_build.h) from what run measured, then
 * validity_judge, stability_judge and threshold_list_judge (src/analysis) fill `validity`,
 * `stability` and `thresholds`, in this order, then `complete` is set as the very last, then
 * result_write. result_read gives the same record back:
 * writing what was read gives the same bytes.
 *
 * What a reader of the JSON must know beyond the key names:
 * - Keys come in the order of the design; counts that never happened are 0; enumerations are
 *   closed. A figure that was not measured is null, and the object it stands in has
 *   "not_measured": {"key": "reason"}.
 * - Percentiles stand in plain numbers. "few_samples" lists those with fewer than 100 samples
 * beyond them, "lower_bound" those whose rank lies among samples that never got their answer: the
 * true value is at least the number. mean and max are lower bounds as soon as anything is censored.
 *   An empty distribution has count 0 and null figures.
 * - "until_arrival" and "client_queue" are null unless stamps of arrival were asked for;
 * "rx_stamps" counts the completed requests that are not in them.
 * - "connect" is of the run: a connection has no phase. "failure" is the age of failed requests.
 * - seed is a string of decimal digits, as not every reader keeps 64 bits.
 *
 * Owner: the struct is the caller's; all it points to belongs to it until result_release; a zeroed
 * struct is empty. Threads: one at a time.
 * Units: in the names; *_s are seconds as a decimal fraction, shares are 0 to 1.
 */
#ifndef RINGLOAD_RESULT_RESULT_H
#define RINGLOAD_RESULT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "measure/counters.h"
#include "measure/hist.h"
#include "result/result_kernel.h"
#include "result/result_resources.h"
#include "result/result_stability.h"

#define RESULT_SCHEMA "ringload.result/1"
/* The only kind of histogram layout: ringload/hist_layout.h. */
#define RESULT_LAYOUT "log_linear"

/* Fewer samples than this beyond a percentile, and it is marked. */
#define RESULT_SAMPLES_BEYOND 100

enum result_latency_kind {
	RESULT_TOTAL,
	RESULT_SERVICE,
	RESULT_CONNECTION_WAIT,
	RESULT_SEND_LAG,
	RESULT_FAILURE,
	RESULT_UNTIL_ARRIVAL,
	RESULT_CLIENT_QUEUE,
	RESULT_REQUEST_LATENCY_COUNT,
	RESULT_CONNECT = RESULT_REQUEST_LATENCY_COUNT, /* of the run only */
	RESULT_LATENCY_COUNT
};

enum result_quantile_kind {
	RESULT_P50,
	RESULT_P75,
	RESULT_P90,
	RESULT_P95,
	RESULT_P98,
	RESULT_P99,
	RESULT_P999,
	RESULT_P9999,
	RESULT_QUANTILE_COUNT
};

struct result_quantile {
	uint64_t value_ns;
	bool few_samples; /* fewer than RESULT_SAMPLES_BEYOND samples are larger */
	bool lower_bound; /* the true value is at least value_ns */
};

struct result_cell {
	uint32_t index;
	uint64_t count;
};

/* A histogram without its empty cells; ascending. */
struct result_histogram {
	unsigned int precision_bits;
	unsigned int layout_cells;
	struct result_cell *cells;
	size_t cell_count;
};

struct result_latency {
	bool not_measured; /* null, the reason in the block's `absent`; nothing else means anything
			    */
	uint64_t count, censored;
	uint64_t sum_ns, clipped;
	uint64_t censored_min_ns; /* UINT64_MAX: none is censored */
	/* The rest means nothing while count is 0. */
	uint64_t min_ns, max_ns;
	double mean_ns, stddev_ns;
	struct result_quantile quantile[RESULT_QUANTILE_COUNT];
	struct result_histogram histogram;
};

/* Why a block or figure is null. */
struct result_absence {
	char *key;
	char *reason;
};

/* What is known of a set of requests: of the run, a scenario's request, a phase, the warm-up. */
struct result_block {
	struct counters counters; /* requests, outcome, status, bytes */
	double error_rate;
	double asked_rps; /* 0 in closed loop: null in JSON */
	double sent_rps, completed_rps;
	struct result_latency latency[RESULT_REQUEST_LATENCY_COUNT];
	struct result_absence *absent; /* of latencies */
	size_t absent_count;
};

struct result_named_block {
	char *name;
	struct result_block block;
};

struct result_scenario {
	char *name;
	bool open_loop;
	char *arrival;     /* "constant", "poisson"; NULL in closed loop */
	double asked_rps;  /* open loop */
	uint64_t sessions; /* closed loop */
	bool no_keepalive; /* each request had a connection of its own; absent in JSON: false */
	struct result_named_block *requests;
	size_t request_count;
	struct result_named_block *phases; /* those it names; none: the window is one phase */
	size_t phase_count;
};

enum result_phase { RESULT_WARMUP, RESULT_MEASURED, RESULT_DRAIN, RESULT_PHASE_COUNT };

struct result_interval {
	double t_s;              /* its end, since the start of the run */
	double seconds;          /* its length */
	enum result_phase phase; /* in which it began */
	uint64_t scheduled, sent, completed, errors, in_flight, waiting, censored;
	struct result_quantile p50, p99; /* nothing while the histogram is empty */
	uint64_t max_ns;
	struct result_histogram histogram;
	struct result_interval_resources resources;
};

struct result_loop {
	uint64_t p50_ns, p99_ns, max_ns;
};

struct result_worker {
	unsigned int cpu;
	int numa_node; /* -1: null */
	bool shared_cpu;
	uint64_t connections;
	double busy, spin, wait;  /* shares of the measured window */
	double *busy_by_interval; /* share in each interval of the timeline */
	size_t busy_count;        /* = interval_count */
	struct result_loop loop;  /* time between two reaps: the resolution */
	uint64_t send_lag_p99_ns;
	uint64_t wall_ns, cpu_ns, run_delay_ns;
	bool has_steal; /* false: null, the reason in generator.absent */
	double steal;   /* share of wall that the hypervisor took from its CPU */
	bool has_throttled;
	uint64_t throttled_ns; /* by the CPU quota of its control group */
	uint64_t voluntary, involuntary;
	uint64_t enobufs, rearmed, stale, cq_overflow;
};

/* By what way they left, over the whole run; one send may carry several pipelined requests. */
struct result_sends {
	uint64_t plain, zero_copy;
	uint64_t copied;     /* of zero_copy: the kernel told that it copied all the same */
	uint64_t unreported; /* of zero_copy: it did not tell */
};

/* Bytes nobody asked for, or that were not HTTP: escaped as in C, for people. */
struct result_odd_bytes {
	size_t worker;
	char *reason;
	char *bytes;
};

struct result_address {
	char *address;
	uint64_t connections; /* established when the load began */
	struct address_counters counters;
};

enum result_verdict {
	RESULT_VALID,
	RESULT_GENERATOR_LIMITED,
	RESULT_TOO_SHORT,
	RESULT_INTERRUPTED,
	RESULT_INTERNAL_ERROR,
	RESULT_VERDICT_COUNT
};

enum result_reason_key {
	RESULT_REASON_IDENTITY,
	RESULT_REASON_WORKER_FAILED,
	RESULT_REASON_INTERRUPTED,
	RESULT_REASON_SEND_LAG,
	RESULT_REASON_BUSY,
	RESULT_REASON_CQ_OVERFLOW,
	RESULT_REASON_NO_PORT,
	RESULT_REASON_NO_FD,
	RESULT_REASON_CPU_LOST,
	RESULT_REASON_FEW_SAMPLES,
	RESULT_REASON_SHORT_WINDOW,
	RESULT_REASON_THROUGHPUT_IS_LOWER_BOUND,
	RESULT_REASON_SHARED_CPU, /* only as a note */
	RESULT_REASON_COUNT
};

struct result_reason {
	enum result_reason_key key;
	int worker; /* -1: of the run */
	char *text; /* a sentence */
};

struct result_validity {
	enum result_verdict verdict;
	struct result_reason *reasons; /* what the verdict rests on, weightiest first */
	size_t reason_count;
	struct result_reason *notes; /* worth knowing, without weight */
	size_t note_count;
};

enum result_state {
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_WARN,
	RESULT_NOT_EVALUATED,
	RESULT_STATE_COUNT
};

/* What a threshold's value is counted in. */
enum result_unit {
	RESULT_NS,
	RESULT_RPS,
	RESULT_SHARE,
	RESULT_REQUESTS,
	RESULT_COUNT, /* of things that are no requests */
	RESULT_BYTES,
	RESULT_BYTES_PER_HOUR,
	RESULT_UNIT_COUNT
};

struct result_threshold {
	char *expression;
	char *scope; /* "run" */
	enum result_unit unit;
	bool has_value;
	bool lower_bound;
	double value;
	enum result_state state;
	char *reason; /* a sentence for every state but pass; NULL otherwise */
};

/* What a run can be ended early for, while it lasts (analysis/breach.h has their definitions). */
enum result_sign {
	RESULT_SIGN_REFUSED,
	RESULT_SIGN_RESETS,
	RESULT_SIGN_TIMEOUTS,
	RESULT_SIGN_ERRORS,
	RESULT_SIGN_SILENCE,
	RESULT_SIGN_LATENCY,
	RESULT_SIGN_THRESHOLD,
	RESULT_SIGN_COUNT
};

/* That the window was ended before its time, as the service had failed. */
struct result_abort {
	bool happened;   /* else the rest means nothing, and there is no such object in JSON */
	double after_s;  /* of the measured window */
	double lasted_s; /* how long the sign had been there without a break */
	enum result_sign sign;
	const char *expression; /* of RESULT_SIGN_THRESHOLD; else NULL */
	enum result_unit unit;
	double value; /* in the last interval that was looked at; of silence, how long it was */
	double bound;
	bool lower_bound; /* the true value is at least this */
};

struct result {
	bool complete;
	char *tool_version;
	char *started_at; /* UTC, "2024-01-31T12:00:00Z" */
	char **command;
	size_t command_count;
	uint64_t seed;

	struct {
		char *kernel;
		uint64_t cpus, numa_nodes;
		char *governor; /* NULL: not measured */
		char **ring_features;
		size_t ring_feature_count;
		char *send_path;
		char *pacing;
		struct result_absence *absent;
		size_t absent_count;
	} environment;

	struct {
		char *url;
		struct result_address *addresses;
		size_t address_count;
	} target;

	struct {
		/* As they were scheduled; shorter when interrupted or aborted. */
		double warmup_s, duration_s;
		double drain_s;   /* as it took */
		double planned_s; /* the measured window as asked; 0: until -n are done */
		bool interrupted;
		struct result_abort aborted;
	} window;

	struct result_block run; /* the measured phase */
	struct connection_counters connections;
	struct result_odd_bytes *odd_bytes;
	size_t odd_byte_count;
	struct result_latency connect;

	struct result_scenario *scenarios;
	size_t scenario_count;
	struct result_block warmup; /* all 0 without one */

	struct result_interval *timeline;
	size_t interval_count;

	struct {
		double cpu_ns_per_request; /* 0: nothing was sent */
		double spin_share;
		double max_send_lag_ns; /* as was asked; 0: the usual bound */
		struct result_sends sends;
		char *fault; /* why a worker gave up; NULL */
		struct result_worker *workers;
		size_t worker_count;
		struct result_absence *absent;
		size_t absent_count;
	} generator;

	struct result_kernel kernel;
	struct result_resources resources;

	char **notes; /* of preflight and run, for people */
	size_t note_count;

	struct result_validity validity;
	struct result_stability stability;
	struct result_threshold *thresholds;
	size_t threshold_count;
};

void result_release(struct result *result);
void result_validity_release(struct result_validity *validity);
/* Frees an array of texts and each of them. */
void result_texts_release(char **texts, size_t count);

/* The value below or at which this share of the samples lies, as hist_percentile; also for
 * percentiles that are not stored. 0 when there is no sample. */
struct result_quantile result_percentile(const struct result_latency *latency, double quantile);

/* Why a latency of the block was not measured; NULL when it was. */
const char *result_block_lacks(const struct result_block *block, enum result_latency_kind kind);

/* JSON key of each enumeration's members; NULL above the last. */
const char *result_latency_key(enum result_latency_kind kind);
const char *result_quantile_key(enum result_quantile_kind kind);
double result_quantile_share(enum result_quantile_kind kind); /* 0.5, ..., 0.9999 */
const char *result_phase_key(enum result_phase phase);
const char *result_verdict_key(enum result_verdict verdict);
const char *result_reason_key(enum result_reason_key key);
const char *result_state_key(enum result_state state);
const char *result_unit_key(enum result_unit unit);
const char *result_sign_key(enum result_sign sign);

/* Appends the record as canonical JSON, with a newline at its end. out->failed tells of memory. */
void result_write(const struct result *result, struct buf *out);

/*
 * Reads a record. name stands before messages ("results.json"). Refused, with ERR_USAGE and
 * "name:line:column: " where the text itself is at fault: text that is not JSON, another schema, a
 * missing or mistyped key, an unknown member of an enumeration, counts that contradict each other,
 * a record without its complete marker. Unknown keys are passed over. On failure the struct is
 * released.
 */
int result_read(struct result *result, const char *name, const char *text, size_t text_bytes,
	struct err *err);

#endif
