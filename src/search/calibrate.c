/* SPDX-License-Identifier: MIT */
#include "search/calibrate.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/version.h"
#include "plan/topology.h"
#include "run/calibration.h"
#include "run/interrupt.h"
#include "run/machine.h"
#include "run/run.h"
#include "search/bed.h"
#include "search/highest.h"

#define CONNECTIONS            64U /* as run has it */
#define CONNECTIONS_PER_WORKER 16U
#define TIMEOUT_NS             (1 * NS_PER_S)
/* Of what was asked, in the window. */
#define ANSWERED 0.99
/* For the floor: a tenth of the highest rate, and again while the machine is too busy. */
#define FLOOR_SHARE 0.1
#define FLOOR_TRIES 4

struct calibrate {
	const struct calibrate_options *options;
	struct calibrate_outcome *outcome;
	struct bed bed;
	struct scenario scenario;
	struct run_options run;
	cpu_set_t affinity; /* before the collector looked for a place beside the workers */
	bool has_affinity;
};

/* --- steal ---------------------------------------------------------------------------------- */

/* Time taken from the CPUs of this process since boot, and how many those are. */
static bool read_steal(uint64_t *steal_ns, size_t *cpu_count)
{
	struct topology topology;
	unsigned int cpus[CPULIST_LIMIT];
	uint64_t each_ns[CPULIST_LIMIT];
	const char *reason;
	size_t count = 0;
	unsigned int cpu;

	if (topology_read(&topology, "/", NULL) < 0)
		return false;
	for (cpu = cpulist_next(&topology.allowed, 0); cpu < CPULIST_LIMIT;
		cpu = cpulist_next(&topology.allowed, cpu + 1))
		cpus[count++] = cpu;
	topology_release(&topology);
	if (!machine_steal("/", cpus, count, each_ns, &reason))
		return false;
	*steal_ns = 0;
	for (size_t i = 0; i < count; i++)
		*steal_ns += each_ns[i];
	*cpu_count = count;
	return true;
}

/* --- one trial ------------------------------------------------------------------------------ */

/* rps 0: a closed loop. */
static int try_rate(struct calibrate *calibrate, double rps, struct result *result, struct err *err)
{
	struct scenario scenario = calibrate->scenario;
	int code;

	/* One that came since the last trial. */
	if (interrupt_count())
		return err_set(err, ERR_INTERRUPTED, -EINTR, "interrupted: nothing was calibrated");
	scenario.open_loop = rps > 0;
	scenario.rate_mrps = (uint64_t)(rps * 1e3);
	code = scenario_check(&scenario, err);
	if (code >= 0)
		code = run_execute(&scenario, &calibrate->run, result, err);
	/* The next plan chooses from the CPUs that this thread may use. */
	if (calibrate->has_affinity)
		sched_setaffinity(0, sizeof(calibrate->affinity), &calibrate->affinity);
	if (code < 0)
		return code;
	if (result->validity.verdict == RESULT_INTERRUPTED || interrupt_count())
		code = err_set(err, ERR_INTERRUPTED, -EINTR, "interrupted: nothing was calibrated");
	else if (result->validity.verdict == RESULT_INTERNAL_ERROR)
		code = err_set(err, ERR_ENVIRONMENT, -EIO, "%s",
			result->validity.reason_count ? result->validity.reasons[0].text
						      : "a trial went wrong");
	if (code < 0)
		result_release(result);
	return code;
}

/* Whether the rate was held; else why not. */
static bool was_held(const struct result *result, char *reason, size_t reason_bytes)
{
	const struct result_block *run = &result->run;
	uint64_t lost = counters_failed(&run->counters) + counters_dropped(&run->counters) +
			run->counters.value[COUNTER_TIMED_OUT] +
			run->counters.value[COUNTER_IN_FLIGHT] +
			run->counters.value[COUNTER_UNSENT];
	char text[UNITS_TEXT_BYTES];

	*reason = '\0';
	if (result->validity.verdict != RESULT_VALID)
		snprintf(reason, reason_bytes, "%s",
			result->validity.reason_count ? result->validity.reasons[0].text
						      : "not valid");
	else if (lost)
		snprintf(reason, reason_bytes, "%s requests got no answer",
			units_format_count(text, lost));
	else if (run->completed_rps < ANSWERED * run->asked_rps)
		snprintf(reason, reason_bytes, "only %s a second were answered",
			units_format_rate(text, run->completed_rps));
	return !*reason;
}

static void tell(const struct calibrate *calibrate, enum calibrate_stage stage, double rps,
	const char *reason)
{
	struct calibrate_trial trial = {
		.stage = stage,
		.embedded = calibrate->bed.embedded,
		.rps = rps,
		.held = !*reason,
		.reason = reason,
	};

	if (calibrate->options->told)
		calibrate->options->told(calibrate->options->context, &trial, "");
}

/* --- the stages ----------------------------------------------------------------------------- */

static int estimate(struct calibrate *calibrate, double *rps, struct err *err)
{
	struct calibration_record *record = &calibrate->outcome->record;
	struct result result;
	int code = try_rate(calibrate, 0, &result, err);

	if (code < 0)
		return code;
	*rps = result.run.completed_rps;
	record->workers = result.generator.worker_count;
	record->connections = calibrate->scenario.connections;
	snprintf(record->measured_at, sizeof(record->measured_at), "%s", result.started_at);
	tell(calibrate, CALIBRATE_ESTIMATE, *rps, "");
	result_release(&result);
	if (*rps < 1)
		return err_set(err, ERR_ENVIRONMENT, -EIO, "the %s did not answer",
			calibrate->bed.embedded ? "embedded target" : "null server");
	return 0;
}

/* CPU time a request; a worker that has nothing to do may spin, which is no request's cost. */
static double cost(const struct result *result)
{
	double busy = 0, spin = 0;

	for (size_t i = 0; i < result->generator.worker_count; i++) {
		busy += result->generator.workers[i].busy;
		spin += result->generator.workers[i].spin;
	}
	return result->generator.cpu_ns_per_request * (busy > 0 ? busy / (busy + spin) : 1);
}

static int find_highest(struct calibrate *calibrate, double estimate_rps, struct err *err)
{
	struct calibrate_outcome *outcome = calibrate->outcome;
	struct highest highest;

	highest_begin(&highest, estimate_rps);
	while (!highest.done) {
		struct result result;
		char reason[ERR_TEXT_BYTES];
		bool held;
		int code = try_rate(calibrate, highest.rate_rps, &result, err);

		if (code < 0)
			return code;
		held = was_held(&result, reason, sizeof(reason));
		tell(calibrate, CALIBRATE_HIGHEST, highest.rate_rps, reason);
		if (held) {
			outcome->found = true;
			outcome->record.highest_rps = highest.rate_rps;
			outcome->record.cpu_ns_per_request = cost(&result);
		} else {
			snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
		}
		result_release(&result);
		highest_take(&highest, held);
	}
	return 0;
}

static void keep_floor(struct calibration_record *record, const struct result_block *run)
{
	const struct result_quantile *total = run->latency[RESULT_TOTAL].quantile;
	const struct result_quantile *lag = run->latency[RESULT_SEND_LAG].quantile;

	record->has_floor = true;
	record->floor_p50_ns = total[RESULT_P50].value_ns;
	record->floor_p99_ns = total[RESULT_P99].value_ns;
	record->send_lag_p50_ns = lag[RESULT_P50].value_ns;
	record->send_lag_p99_ns = lag[RESULT_P99].value_ns;
}

static int find_floor(struct calibrate *calibrate, struct err *err)
{
	struct calibrate_outcome *outcome = calibrate->outcome;
	double rps = outcome->record.highest_rps * FLOOR_SHARE;

	for (int i = 0; i < FLOOR_TRIES && !outcome->record.has_floor; i++) {
		char reason[ERR_TEXT_BYTES];
		struct result result;
		int code = try_rate(calibrate, rps < 1 ? 1 : rps, &result, err);

		if (code < 0)
			return code;
		if (was_held(&result, reason, sizeof(reason)))
			keep_floor(&outcome->record, &result.run);
		else
			snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
		tell(calibrate, CALIBRATE_FLOOR, rps, reason);
		result_release(&result);
	}
	return 0;
}

static int measure(struct calibrate *calibrate, struct err *err)
{
	struct calibration_record *record = &calibrate->outcome->record;
	uint64_t begin_ns = clock_now_ns(), before_ns, after_ns;
	size_t cpus, cpus_after;
	double estimate_rps;
	bool has_steal = read_steal(&before_ns, &cpus);
	int code = estimate(calibrate, &estimate_rps, err);

	if (code >= 0)
		code = find_highest(calibrate, estimate_rps, err);
	if (code >= 0 && calibrate->outcome->found)
		code = find_floor(calibrate, err);
	has_steal = has_steal && read_steal(&after_ns, &cpus_after);
	if (has_steal && cpus == cpus_after && after_ns >= before_ns) {
		record->has_steal = true;
		record->steal = (double)(after_ns - before_ns) / (double)cpus /
				(double)(clock_now_ns() - begin_ns);
	}
	return code;
}

static void begin(struct calibrate *calibrate)
{
	const struct bed *bed = &calibrate->bed;
	struct scenario *scenario = &calibrate->scenario;
	struct calibration_record *record = &calibrate->outcome->record;

	calibration_identify(record, "/");
	snprintf(record->tool_version, sizeof(record->tool_version), "%s", RINGLOAD_VERSION);
	record->embedded = bed->embedded;
	scenario_init(scenario);
	scenario->url = bed->url;
	scenario->cpus = bed->cpus;
	scenario->workers = bed->workers;
	scenario->connections = CONNECTIONS;
	if (scenario->connections < CONNECTIONS_PER_WORKER * bed->workers)
		scenario->connections = CONNECTIONS_PER_WORKER * bed->workers;
	scenario->warmup_ns = CALIBRATE_WARMUP_NS;
	scenario->duration_ns = calibrate->options->duration_ns;
	scenario->timeout_ns = TIMEOUT_NS;
	calibrate->run.progress = calibrate->options->progress;
	calibrate->run.attribution.mode = ATTRIBUTION_OFF;
	calibrate->run.observation.mode = OBSERVATION_OFF;
	calibrate->has_affinity = !sched_getaffinity(
		0, sizeof(calibrate->affinity), &calibrate->affinity);
}

int calibrate_execute(
	const struct calibrate_options *options, struct calibrate_outcome *outcome, struct err *err)
{
	struct calibrate *calibrate = calloc(1, sizeof(*calibrate));
	int code;

	memset(outcome, 0, sizeof(*outcome));
	if (!calibrate)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory to calibrate");
	calibrate->options = options;
	calibrate->outcome = outcome;
	code = bed_open(&calibrate->bed, err);
	if (code >= 0) {
		begin(calibrate);
		snprintf(outcome->obstacle, sizeof(outcome->obstacle), "%s",
			calibrate->bed.obstacle);
		if (options->told)
			options->told(options->context, NULL, outcome->obstacle);
		code = measure(calibrate, err);
		scenario_release(&calibrate->scenario);
	}
	bed_close(&calibrate->bed);
	free(calibrate);
	return code;
}
