/* SPDX-License-Identifier: MIT */
#include "run/run.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/validity.h"
#include "base/clock.h"
#include "base/units.h"
#include "base/version.h"
#include "engine/engine.h"
#include "measure/slowest.h"
#include "net/ring.h"
#include "plan/address.h"
#include "plan/plan.h"
#include "result/kernel_build.h"
#include "result/result_build.h"
#include "run/attribution.h"
#include "run/collector.h"
#include "run/describe.h"
#include "run/interrupt.h"
#include "run/machine.h"
#include "run/notes.h"
#include "run/observation.h"
#include "run/preflight.h"
#include "run/progress.h"
#include "run/sources.h"

/* From engine_start until the common start: every worker must have woken up by then. */
#define START_DELAY_NS (20 * NS_PER_MS)

/* A run under way. */
struct run {
	const struct run_options *options;
	struct plan plan;
	struct ring_features features;
	struct notes notes;
	struct progress progress;
	struct attribution attribution;
	struct observation observation;
	struct collector collector;
	struct engine *engine;
	uint64_t start_ns, started_wall_ns;
	uint32_t address_counts[ADDRESS_LIMIT]; /* connections established when the load began */
};

static int prepare(struct run *run, const struct scenario *scenario, struct err *err)
{
	int code = plan_make(&run->plan, scenario, err);

	if (code >= 0)
		code = ring_probe(&run->features, err);
	if (code < 0)
		return code;
	plan_buffers(
		&run->plan, run->features.bounded_task_work, run->features.incremental_buffers);
	if (run->options->attribution.mode != ATTRIBUTION_OFF)
		run->plan.slowest_rows = SLOWEST_CAPACITY;
	sources_fit(&run->plan, &run->notes);
	code = plan_send(&run->plan, run->features.send_zero_copy, run->features.send_reports, err);
	if (code >= 0)
		code = preflight_memory(&run->plan, err);
	if (code >= 0)
		code = preflight_files(&run->plan, err);
	if (code >= 0)
		code = sources_check(&run->plan, err);
	if (code >= 0)
		code = preflight_ports(&run->plan, err);
	if (code >= 0)
		code = preflight_addresses(&run->plan, &run->notes, err);
	return code;
}

/* Before there are connections, as the probe sees them being made. */
static int open_attribution(struct run *run, struct err *err)
{
	int code = attribution_open_run(
		&run->attribution, &run->options->attribution, &run->plan, err);

	/* Nobody will ask for the slowest requests. */
	if (code >= 0 && !run->attribution.probe) {
		run->plan.slowest_rows = 0;
		engine_memory(&run->plan);
	}
	return code;
}

/* Whatever it may not see, the run goes on. */
static void open_observation(struct run *run)
{
	const struct run_options *options = run->options;
	const struct attribution *attribution = &run->attribution;

	observation_open(&run->observation, &options->observation, &run->plan,
		&options->attribution.probe,
		options->attribution.mode == ATTRIBUTION_OFF ? NULL : &attribution->server);
}

static int open_engine(struct run *run, struct err *err)
{
	struct live_view view = {.state = LIVE_CONNECTING, .connections = run->plan.connections};
	int code;

	progress_show(&run->progress, &view);
	code = engine_open(interrupt_engine(), &run->plan, err);
	progress_clear(&run->progress);
	if (code < 0) {
		*interrupt_engine() = NULL;
		if (interrupt_count())
			err_set(err, ERR_INTERRUPTED, -EINTR, "interrupted before the load began");
		return code;
	}
	run->engine = *interrupt_engine();
	engine_address_counts(run->engine, run->address_counts);
	return 0;
}

static void drive(struct run *run)
{
	collector_make_room(&run->collector);
	/* A signal that came before there was an engine to stop. */
	if (interrupt_count())
		engine_stop(
			run->engine, interrupt_count() == 1 ? ENGINE_STOP_DRAIN : ENGINE_STOP_NOW);
	/* Before the start, as it takes its time. */
	if (!run->plan.warmup_ns)
		attribution_begin(&run->attribution, clock_now_ns());
	run->started_wall_ns = clock_wall_ns() + START_DELAY_NS;
	run->start_ns = clock_now_ns() + START_DELAY_NS;
	engine_start(run->engine, run->start_ns);
	collector_run(&run->collector, run->engine, run->start_ns);
	attribution_note(&run->attribution, &run->notes);
}

/* Whether a worker came to the end of its schedule by itself. */
static bool ended_by_itself(const struct run *run, size_t index, uint64_t window_end_ns)
{
	const struct plan *plan = &run->plan;
	const struct counters
		*measured = &engine_stats(run->engine, index)->phase[STATS_MEASURED].counters;

	if (plan->has_requests &&
		measured->value[COUNTER_SCHEDULED] >= plan->workers[index].requests)
		return true;
	return plan->duration_ns != UINT64_MAX &&
	       window_end_ns >= run->start_ns + plan->warmup_ns + plan->duration_ns;
}

/*
 * A run is interrupted when its window was cut, or when the drain was: one Ctrl-C in the drain
 * changes nothing. The moment of the signal does not decide: a worker's clock may be a turn older.
 */
static bool was_interrupted(const struct run *run, const struct result_input_worker *workers)
{
	size_t i;

	if (interrupt_count() != 1)
		return interrupt_count() > 1;
	for (i = 0; i < run->plan.worker_count; i++)
		if (!ended_by_itself(run, i, workers[i].info.window_end_ns))
			return true;
	return false;
}

static void describe_workers(const struct run *run, struct result_input_worker *workers)
{
	const struct collector *collector = &run->collector;
	size_t i, count = run->plan.worker_count;

	for (i = 0; i < count; i++) {
		workers[i].stats = engine_stats(run->engine, i);
		engine_worker_info(run->engine, i, &workers[i].info);
		workers[i].has_steal = collector->before.has_steal && collector->after.has_steal;
		if (workers[i].has_steal)
			workers[i].steal_ns = collector_steal_ns(collector, i);
		workers[i].has_throttled = collector->before.has_throttled &&
					   collector->after.has_throttled;
		/* The group's figure is a sum over CPUs, and workers are what uses them. */
		if (workers[i].has_throttled)
			workers[i].throttled_ns = collector_throttled_ns(collector) / count;
	}
}

/* What the kernel's side says, and what the workers know of the same requests. */
static void describe_kernel(const struct run *run, struct kernel_client *client,
	const struct slowest **slowest, struct kernel_input *input)
{
	const struct attribution *attribution = &run->attribution;
	const struct stats_request *measured = &run->collector.merged->phase[STATS_MEASURED];
	size_t i;

	for (i = 0; i < run->plan.worker_count; i++)
		slowest[i] = engine_slowest(run->engine, i);
	*client = (struct kernel_client){
		.requests = measured->counters.value[COUNTER_COMPLETED],
		.service_mean_ns = hist_mean_ns(&measured->service),
		.service_is_lower_bound = measured->service.censored > 0,
		.slowest = slowest,
		.worker_count = run->plan.worker_count,
	};
	*input = (struct kernel_input){
		.probe = attribution->probe,
		.reason = attribution->reason,
		.asked = &attribution->server.probe,
		.start_ns = run->start_ns,
		.host = &attribution->host,
		.client = client,
	};
}

/*
 * Whether the server answered clearly more than this run sent (a backlog of the warm-up may be
 * answered in the window): then the kernel's figures are of others' requests too. Which connections
 * are followed is partly chance when not all are.
 */
static void note_strangers(struct run *run)
{
	const struct stats_request *phases = run->collector.merged->phase;
	const struct probe *probe = run->attribution.probe;
	double sent = (double)(phases[STATS_MEASURED].counters.value[COUNTER_SENT] +
			       phases[STATS_WARMUP].counters.value[COUNTER_SENT]);
	double answered;

	if (!probe)
		return;
	answered = (double)probe_stages(probe)->count[PROBE_ABI_REQUESTS] * probe_sample(probe);
	if (answered > sent * (probe_sample(probe) == 1 ? 1.02 : 2) + 100)
		notes_add(&run->notes,
			"others used the port too: the server answered about %.1f times as many "
			"requests as this run sent, and the kernel's figures are of all of them",
			answered / (sent > 1 ? sent : 1));
}

/* What --send auto wanted and did not get. */
static void note_send(struct run *run, const struct result_input_worker *workers)
{
	char size[UNITS_TEXT_BYTES];
	size_t i;

	for (i = 0; i < run->plan.worker_count; i++) {
		if (!workers[i].info.send_refused)
			continue;
		units_format_size(size, run->plan.request.wire_bytes);
		notes_add(&run->notes,
			"requests were copied on sending: %s of memory could not be locked for "
			"zero-copy sends: %s%s",
			size, strerror(-workers[i].info.send_refused),
			workers[i].info.send_refused == -ENOMEM
				? " (the limit of locked memory: ulimit -l)"
				: "");
		return;
	}
}

static int build(struct run *run, struct result_input_worker *workers,
	const struct slowest **slowest, struct result *result, struct err *err)
{
	struct address_counters address_stats[ADDRESS_LIMIT];
	struct kernel_client client;
	struct resources_input resources;
	struct kernel_input kernel;
	struct machine machine;
	struct result_input input = {
		.tool_version = RINGLOAD_VERSION,
		.command = run->options->command,
		.command_count = run->options->command_count,
		.started_wall_ns = run->started_wall_ns,
		.plan = &run->plan,
		.start_ns = run->start_ns,
		.address_counts = run->address_counts,
		.address_stats = address_stats,
		.merged = run->collector.merged,
		.workers = workers,
		.timeline = &run->collector.timeline,
		.fault = engine_fault(run->engine),
		.steal_reason = run->collector.before.steal_reason,
		.throttled_reason = run->collector.before.throttled_reason,
		.kernel = &kernel,
		.resources = &resources,
	};

	engine_address_stats(run->engine, address_stats);
	machine_read(&machine, "/");
	input.kernel_release = machine.kernel;
	input.cpus = machine.cpus;
	input.numa_nodes = machine.numa_nodes;
	input.governor = machine.has_governor ? machine.governor : NULL;
	input.governor_reason = machine.governor_reason;
	describe_workers(run, workers);
	note_send(run, workers);
	input.notes = (const char *const *)run->notes.lines;
	input.note_count = run->notes.count;
	describe_kernel(run, &client, slowest, &kernel);
	observation_describe(&run->observation, &resources);
	engine_features(run->engine, &input.ring_features);
	input.interrupted = was_interrupted(run, workers);
	return result_build(result, &input, err);
}

static int record(struct run *run, struct result *result, struct err *err)
{
	struct result_input_worker *workers = calloc(run->plan.worker_count, sizeof(*workers));
	const struct slowest **slowest = calloc(run->plan.worker_count, sizeof(*slowest));
	int code;

	note_strangers(run);
	if (workers && slowest)
		code = build(run, workers, slowest, result, err);
	else
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the record");
	free(workers);
	free((void *)slowest);
	if (code < 0)
		return code;
	code = validity_judge(result, &result->validity, err);
	if (code >= 0 && run->options->thresholds)
		code = threshold_list_judge(run->options->thresholds, result, err);
	if (code < 0)
		result_release(result);
	else
		result->complete = true;
	return code;
}

int run_execute(const struct scenario *scenario, const struct run_options *options,
	struct result *result, struct err *err)
{
	struct run run = {.options = options};
	int code;

	progress_init(&run.progress, options->progress);
	code = prepare(&run, scenario, err);
	if (code >= 0)
		code = open_attribution(&run, err);
	if (code < 0)
		goto out_plan;
	open_observation(&run);
	code = collector_init(&run.collector, &run.plan, &run.progress, &run.notes,
		&run.attribution, &run.observation, err);
	if (code < 0)
		goto out_plan;
	interrupt_begin();
	code = open_engine(&run, err);
	if (code < 0)
		goto out_collector;
	drive(&run);
	*interrupt_engine() = NULL;
	code = record(&run, result, err);
	engine_close(run.engine);
out_collector:
	collector_release(&run.collector);
out_plan:
	observation_close(&run.observation);
	attribution_close(&run.attribution);
	notes_release(&run.notes);
	plan_release(&run.plan);
	return code;
}

int run_describe(const struct scenario *scenario, const struct attribution_options *attribution,
	const struct observation_options *observation, struct buf *out, struct err *err)
{
	struct ring_features features;
	struct plan plan;
	int code = plan_make(&plan, scenario, err);

	if (code < 0)
		return code;
	/* A machine without io_uring can still say what it would do on another one. */
	sources_fit(&plan, NULL);
	if (ring_probe(&features, NULL) < 0)
		features = (struct ring_features){.bounded_task_work = true,
			.incremental_buffers = true,
			.send_zero_copy = true,
			.send_reports = true};
	plan_buffers(&plan, features.bounded_task_work, features.incremental_buffers);
	code = plan_send(&plan, features.send_zero_copy, features.send_reports, err);
	if (code >= 0) {
		engine_memory(&plan);
		describe_plan(out, &plan);
		describe_attribution(out, attribution, &plan);
		describe_observation(out, observation, &attribution->probe, &plan);
	}
	plan_release(&plan);
	return code;
}

void run_end_signals(void)
{
	interrupt_end();
}
