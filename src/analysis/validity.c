/* SPDX-License-Identifier: MIT */
#include "analysis/validity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* Of the run, not of one worker. */
#define NO_WORKER (-1)

/* The longest sentence. */
#define TEXT_BYTES 400

struct judge {
	const struct result *result;
	struct result_validity *validity;
	bool failed; /* memory */
};

/* Weight of each verdict: the heaviest one found is given. */
static const unsigned int weights[RESULT_VERDICT_COUNT] = {
	[RESULT_VALID] = 0,
	[RESULT_TOO_SHORT] = 1,
	[RESULT_GENERATOR_LIMITED] = 2,
	[RESULT_INTERRUPTED] = 3,
	[RESULT_INTERNAL_ERROR] = 4,
};

static void append(struct judge *judge, struct result_reason **reasons, size_t *count,
	struct result_reason reason)
{
	struct result_reason *larger = realloc(*reasons, (*count + 1) * sizeof(**reasons));

	if (!larger || !reason.text) {
		*reasons = larger ? larger : *reasons;
		judge->failed = true;
		free(reason.text);
		return;
	}
	*reasons = larger;
	larger[(*count)++] = reason;
}

/* Adds a reason for a verdict. */
static void __attribute__((format(printf, 5, 6)))
find(struct judge *judge, enum result_verdict verdict, enum result_reason_key key, int worker,
	const char *format, ...)
{
	struct result_validity *validity = judge->validity;
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	append(judge, &validity->reasons, &validity->reason_count,
		(struct result_reason){.key = key, .worker = worker, .text = strdup(text)});
	if (weights[verdict] > weights[validity->verdict])
		validity->verdict = verdict;
}

static void judge_identity(struct judge *judge, const char *phase, const struct counters *counters)
{
	const uint64_t *value = counters->value;
	const char *broken;

	if (counters_identity(counters, &broken))
		return;
	find(judge, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY, NO_WORKER,
		"the generator miscounted in the %s phase: %s (scheduled %" PRIu64 ", sent %" PRIu64
		", dropped %" PRIu64 ", unsent %" PRIu64 ", completed %" PRIu64 ", failed %" PRIu64
		", timed_out %" PRIu64 ", in_flight %" PRIu64 ")",
		phase, broken, value[COUNTER_SCHEDULED], value[COUNTER_SENT],
		counters_dropped(counters), value[COUNTER_UNSENT], value[COUNTER_COMPLETED],
		counters_failed(counters), value[COUNTER_TIMED_OUT], value[COUNTER_IN_FLIGHT]);
}

/* Where stamps were asked for, each completed request has one or was counted as having none. */
static void judge_stamps(struct judge *judge, const char *phase, const struct result_block *block)
{
	uint64_t queued = block->latency[RESULT_CLIENT_QUEUE].count;
	uint64_t arrived = block->latency[RESULT_UNTIL_ARRIVAL].count;
	uint64_t unstamped = block->counters.value[COUNTER_UNSTAMPED];
	uint64_t completed = block->counters.value[COUNTER_COMPLETED];

	if (block->latency[RESULT_CLIENT_QUEUE].not_measured ||
		(queued == arrived && queued + unstamped == completed))
		return;
	find(judge, RESULT_INTERNAL_ERROR, RESULT_REASON_IDENTITY, NO_WORKER,
		"the generator miscounted in the %s phase: completed (%" PRIu64
		") is not stamped (client_queue %" PRIu64 ", until_arrival %" PRIu64
		") + unstamped (%" PRIu64 ")",
		phase, completed, queued, arrived, unstamped);
}

/* A stored file may hold anything. */
static char *format_seconds(char text[UNITS_TEXT_BYTES], double seconds)
{
	if (!(seconds > 0))
		seconds = 0;
	if (seconds > 1e9)
		seconds = 1e9;
	return units_format_duration(text, (uint64_t)(seconds * 1e9 + 0.5));
}

static void judge_interruption(struct judge *judge)
{
	const struct result *result = judge->result;
	char measured[UNITS_TEXT_BYTES], planned[UNITS_TEXT_BYTES];

	if (!result->window.interrupted)
		return;
	format_seconds(measured, result->window.duration_s);
	if (result->window.planned_s > 0)
		find(judge, RESULT_INTERRUPTED, RESULT_REASON_INTERRUPTED, NO_WORKER,
			"stopped after %s of the %s that were to be measured", measured,
			format_seconds(planned, result->window.planned_s));
	else
		find(judge, RESULT_INTERRUPTED, RESULT_REASON_INTERRUPTED, NO_WORKER,
			"stopped after %s, before all requests were made", measured);
}

/* The p99 of send_lag that is allowed. */
static uint64_t send_lag_bound_ns(const struct result *result)
{
	uint64_t p50_ns = result->run.latency[RESULT_TOTAL].quantile[RESULT_P50].value_ns;
	double share_ns = (double)p50_ns * VALIDITY_SEND_LAG_SHARE;
	double asked_ns = result->generator.max_send_lag_ns;

	if (asked_ns > 0) /* a stored file may hold anything */
		return asked_ns < 1e18 ? (uint64_t)asked_ns : (uint64_t)1e18;
	return share_ns > VALIDITY_SEND_LAG_NS ? (uint64_t)share_ns : VALIDITY_SEND_LAG_NS;
}

static void judge_send_lag(struct judge *judge)
{
	const struct result_block *run = &judge->result->run;
	const struct result_latency *lag = &run->latency[RESULT_SEND_LAG];
	uint64_t p99_ns = lag->quantile[RESULT_P99].value_ns;
	uint64_t bound_ns = send_lag_bound_ns(judge->result);
	char p99[UNITS_TEXT_BYTES], bound[UNITS_TEXT_BYTES];

	if (!lag->count || p99_ns <= bound_ns)
		return;
	find(judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_SEND_LAG, NO_WORKER,
		"requests left late: send_lag p99 is %s, allowed is %s",
		units_format_duration(p99, p99_ns), units_format_duration(bound, bound_ns));
}

/* The share of the measured time in which a worker was busier than VALIDITY_BUSY. */
static double busy_part(const struct result *result, const struct result_worker *worker)
{
	double all_s = 0, busy_s = 0;

	for (size_t i = 0; i < result->interval_count && i < worker->busy_count; i++) {
		const struct result_interval *interval = &result->timeline[i];

		if (interval->phase != RESULT_MEASURED)
			continue;
		all_s += interval->seconds;
		if (worker->busy_by_interval[i] > VALIDITY_BUSY)
			busy_s += interval->seconds;
	}
	return all_s > 0 ? busy_s / all_s : 0;
}

/* The share of wall that the hypervisor, the CPU quota or other threads took. */
static double lost_part(const struct result_worker *worker)
{
	uint64_t waited_ns = worker->run_delay_ns;

	if (!worker->wall_ns)
		return 0;
	/* While its group is throttled a thread waits in the run queue: both figures have it. */
	if (worker->has_throttled && worker->throttled_ns > waited_ns)
		waited_ns = worker->throttled_ns;
	return (worker->has_steal ? worker->steal : 0) +
	       (double)waited_ns / (double)worker->wall_ns;
}

static void judge_lost_cpu(struct judge *judge, enum result_verdict verdict,
	enum result_reason_key key, int index, const char *consequence)
{
	const struct result_worker *worker = &judge->result->generator.workers[index];
	char lost[UNITS_TEXT_BYTES], steal[UNITS_TEXT_BYTES], delay[UNITS_TEXT_BYTES];
	char throttled[UNITS_TEXT_BYTES];

	if (lost_part(worker) <= VALIDITY_CPU_LOST)
		return;
	find(judge, verdict, key, index,
		"worker %d lost %s of its time on CPU %u (steal %s, throttled %s, run queue %s)%s",
		index, units_format_share(lost, lost_part(worker)), worker->cpu,
		worker->has_steal ? units_format_share(steal, worker->steal) : "unknown",
		worker->has_throttled ? units_format_duration(throttled, worker->throttled_ns)
				      : "unknown",
		units_format_duration(delay, worker->run_delay_ns), consequence);
}

static void judge_overflow(struct judge *judge, enum result_verdict verdict,
	enum result_reason_key key, int index, const char *consequence)
{
	uint64_t overflows = judge->result->generator.workers[index].cq_overflow;

	if (overflows)
		find(judge, verdict, key, index,
			"the completion queue of worker %d overflowed %" PRIu64 " times%s", index,
			overflows, consequence);
}

/* Open loop: whatever kept the generator from its schedule. */
static void judge_open_loop(struct judge *judge)
{
	const struct result *result = judge->result;

	judge_send_lag(judge);
	for (size_t i = 0; i < result->generator.worker_count; i++) {
		const struct result_worker *worker = &result->generator.workers[i];
		double part = busy_part(result, worker);
		char text[UNITS_TEXT_BYTES];

		if (part > VALIDITY_BUSY_INTERVALS)
			find(judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_BUSY, (int)i,
				"worker %zu on CPU %u was busy above %d %% in %s of the time", i,
				worker->cpu, (int)(VALIDITY_BUSY * 100),
				units_format_share(text, part));
	}
	for (size_t i = 0; i < result->generator.worker_count; i++)
		judge_overflow(
			judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_CQ_OVERFLOW, (int)i, "");
	for (size_t i = 0; i < result->generator.worker_count; i++)
		judge_lost_cpu(judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_CPU_LOST, (int)i, "");
}

/* Closed loop: the generator may be the limit, which makes the throughput a lower bound. */
static void judge_closed_loop(struct judge *judge)
{
	static const char consequence[] = ": the server may take more than was measured";
	const enum result_reason_key key = RESULT_REASON_THROUGHPUT_IS_LOWER_BOUND;
	const struct result *result = judge->result;

	for (size_t i = 0; i < result->generator.worker_count; i++) {
		const struct result_worker *worker = &result->generator.workers[i];
		char text[UNITS_TEXT_BYTES];

		if (worker->busy > VALIDITY_CLOSED_LOOP_BUSY)
			find(judge, RESULT_VALID, key, (int)i, "worker %zu on CPU %u was busy %s%s",
				i, worker->cpu, units_format_share(text, worker->busy),
				consequence);
		judge_overflow(judge, RESULT_VALID, key, (int)i, consequence);
		judge_lost_cpu(judge, RESULT_VALID, key, (int)i, consequence);
	}
}

static void judge_connections(struct judge *judge)
{
	const uint64_t *value = judge->result->connections.value;

	if (value[CONNECTION_FAILED_NO_PORT])
		find(judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_NO_PORT, NO_WORKER,
			"no local port was left for %" PRIu64
			" connections: use fewer, keep them open, or see --source and "
			"--reset-on-close",
			value[CONNECTION_FAILED_NO_PORT]);
	if (value[CONNECTION_FAILED_NO_FD])
		find(judge, RESULT_GENERATOR_LIMITED, RESULT_REASON_NO_FD, NO_WORKER,
			"no file descriptor was left for %" PRIu64
			" connections: use fewer, or raise ulimit -n",
			value[CONNECTION_FAILED_NO_FD]);
}

static void judge_length(struct judge *judge)
{
	const struct result *result = judge->result;
	uint64_t samples = result->run.latency[RESULT_TOTAL].count;
	char text[UNITS_TEXT_BYTES];

	/* What it was ended for was more than chance, however soon it showed. */
	if (result->window.aborted.happened)
		return;
	if (samples < VALIDITY_MIN_SAMPLES)
		find(judge, RESULT_TOO_SHORT, RESULT_REASON_FEW_SAMPLES, NO_WORKER,
			"%" PRIu64 " requests came to an end, at least %d are needed", samples,
			VALIDITY_MIN_SAMPLES);
	if (result->window.duration_s < VALIDITY_MIN_WINDOW_S)
		find(judge, RESULT_TOO_SHORT, RESULT_REASON_SHORT_WINDOW, NO_WORKER,
			"%s were measured, at least %g s are needed",
			format_seconds(text, result->window.duration_s), VALIDITY_MIN_WINDOW_S);
}

static void __attribute__((format(printf, 4, 5)))
note(struct judge *judge, enum result_reason_key key, int worker, const char *format, ...)
{
	struct result_validity *validity = judge->validity;
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	append(judge, &validity->notes, &validity->note_count,
		(struct result_reason){.key = key, .worker = worker, .text = strdup(text)});
}

static void note_shared_cpus(struct judge *judge)
{
	const struct result *result = judge->result;

	for (size_t i = 0; i < result->generator.worker_count; i++)
		if (result->generator.workers[i].shared_cpu)
			note(judge, RESULT_REASON_SHARED_CPU, (int)i,
				"worker %zu shares CPU %u with another worker or the target", i,
				result->generator.workers[i].cpu);
}

int validity_judge(const struct result *result, struct result_validity *validity, struct err *err)
{
	struct result_validity judged = {.verdict = RESULT_VALID};
	struct judge judge = {.result = result, .validity = &judged};

	judge_identity(&judge, "measured", &result->run.counters);
	judge_identity(&judge, "warm-up", &result->warmup.counters);
	judge_stamps(&judge, "measured", &result->run);
	judge_stamps(&judge, "warm-up", &result->warmup);
	if (result->generator.fault)
		find(&judge, RESULT_INTERNAL_ERROR, RESULT_REASON_WORKER_FAILED, NO_WORKER,
			"a worker gave up: %s", result->generator.fault);
	judge_interruption(&judge);
	if (result->scenario_count && result->scenarios[0].open_loop)
		judge_open_loop(&judge);
	judge_connections(&judge);
	judge_length(&judge);
	if (result->scenario_count && !result->scenarios[0].open_loop)
		judge_closed_loop(&judge);
	note_shared_cpus(&judge);
	if (judge.failed) {
		result_validity_release(&judged);
		return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the verdict");
	}
	*validity = judged;
	return 0;
}
