/* SPDX-License-Identifier: MIT */
#include "run/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stability.h"
#include "analysis/threshold.h"
#include "analysis/validity.h"
#include "base/units.h"
#include "base/version.h"
#include "plan/address.h"
#include "result/kernel_build.h"
#include "result/resources_build.h"
#include "result/result_build.h"
#include "run/interrupt.h"
#include "run/machine.h"

/* Whether a worker came to the end of its schedule by itself. */
static bool ended_by_itself(
	const struct record_source *source, size_t index, uint64_t window_end_ns)
{
	const struct plan *plan = source->plan;
	const struct counters
		*measured = &engine_stats(source->engine, index)->phase[STATS_MEASURED].counters;

	if (plan->has_requests &&
		measured->value[COUNTER_SCHEDULED] >= plan->workers[index].requests)
		return true;
	return plan->duration_ns != UINT64_MAX &&
	       window_end_ns >= source->start_ns + plan->warmup_ns + plan->duration_ns;
}

/*
 * A run is interrupted when its window was cut by a signal, or when the drain was: one Ctrl-C in
 * the drain changes nothing. The moment of the signal does not decide: a worker's clock may be a
 * turn older.
 */
static bool was_interrupted(
	const struct record_source *source, const struct result_input_worker *workers)
{
	size_t i;

	if (interrupt_count() != 1 || source->collector->lookout.found.happened)
		return interrupt_count() > 1;
	for (i = 0; i < source->plan->worker_count; i++)
		if (!ended_by_itself(source, i, workers[i].info.window_end_ns))
			return true;
	return false;
}

static void describe_workers(
	const struct record_source *source, struct result_input_worker *workers)
{
	const struct collector *collector = source->collector;
	size_t i, count = source->plan->worker_count;

	for (i = 0; i < count; i++) {
		workers[i].stats = engine_stats(source->engine, i);
		engine_worker_info(source->engine, i, &workers[i].info);
		workers[i].run_delay_ns = collector_run_delay_ns(collector, i);
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
static void describe_kernel(const struct record_source *source, struct kernel_client *client,
	const struct slowest **slowest, struct kernel_input *input)
{
	const struct attribution *attribution = source->attribution;
	const struct stats_request *measured = &source->collector->merged->phase[STATS_MEASURED];
	size_t i;

	for (i = 0; i < source->plan->worker_count; i++)
		slowest[i] = engine_slowest(source->engine, i);
	*client = (struct kernel_client){
		.requests = measured->counters.value[COUNTER_COMPLETED],
		.service_mean_ns = hist_mean_ns(&measured->service),
		.service_is_lower_bound = measured->service.censored > 0,
		.slowest = slowest,
		.worker_count = source->plan->worker_count,
	};
	*input = (struct kernel_input){
		.asked = &attribution->server.probe,
		.start_ns = source->start_ns,
		.host = &attribution->host,
		.client = client,
	};
	input->probe = attribution_probe(attribution, &input->reason);
}

/*
 * Whether the server answered clearly more than this run sent (a backlog of the warm-up may be
 * answered in the window): then the kernel's figures are of others' requests too. Which connections
 * are followed is partly chance when not all are.
 */
static void note_strangers(const struct record_source *source)
{
	const struct stats_request *phases = source->collector->merged->phase;
	const char *reason;
	const struct probe *probe = attribution_probe(source->attribution, &reason);
	double sent = (double)(phases[STATS_MEASURED].counters.value[COUNTER_SENT] +
			       phases[STATS_WARMUP].counters.value[COUNTER_SENT]);
	double answered;

	if (!probe)
		return;
	answered = (double)probe_stages(probe)->count[PROBE_ABI_REQUESTS] * probe_sample(probe);
	if (answered > sent * (probe_sample(probe) == 1 ? 1.02 : 2) + 100)
		notes_add(source->notes,
			"others used the port too: the server answered about %.1f times as many "
			"requests as this run sent, and the kernel's figures are of all of them",
			answered / (sent > 1 ? sent : 1));
}

/* What --send auto wanted and did not get. */
static void note_send(const struct record_source *source, const struct result_input_worker *workers)
{
	char size[UNITS_TEXT_BYTES];
	size_t i;

	for (i = 0; i < source->plan->worker_count; i++) {
		if (!workers[i].info.send_refused)
			continue;
		units_format_size(size, source->plan->request.wire_bytes);
		notes_add(source->notes,
			"requests were copied on sending: %s of memory could not be locked for "
			"zero-copy sends: %s%s",
			size, strerror(-workers[i].info.send_refused),
			workers[i].info.send_refused == -ENOMEM
				? " (the limit of locked memory: ulimit -l)"
				: "");
		return;
	}
}

static int build(const struct record_source *source, struct result_input_worker *workers,
	const struct slowest **slowest, struct result *result, struct err *err)
{
	struct address_counters address_stats[ADDRESS_LIMIT];
	struct kernel_client client;
	struct resources_input resources;
	struct kernel_input kernel;
	struct machine machine;
	struct result_input input = {
		.tool_version = RINGLOAD_VERSION,
		.command = source->options->command,
		.command_count = source->options->command_count,
		.started_wall_ns = source->started_wall_ns,
		.plan = source->plan,
		.start_ns = source->start_ns,
		.address_counts = source->address_counts,
		.address_stats = address_stats,
		.merged = source->collector->merged,
		.workers = workers,
		.timeline = &source->collector->timeline,
		.fault = engine_fault(source->engine),
		.steal_reason = source->collector->before.steal_reason,
		.throttled_reason = source->collector->before.throttled_reason,
		.kernel = &kernel,
		.resources = &resources,
	};

	engine_address_stats(source->engine, address_stats);
	machine_read(&machine, "/");
	input.kernel_release = machine.kernel;
	input.cpus = machine.cpus;
	input.numa_nodes = machine.numa_nodes;
	input.governor = machine.has_governor ? machine.governor : NULL;
	input.governor_reason = machine.governor_reason;
	describe_workers(source, workers);
	note_send(source, workers);
	input.notes = (const char *const *)source->notes->lines;
	input.note_count = source->notes->count;
	describe_kernel(source, &client, slowest, &kernel);
	observation_describe(source->observation, &resources);
	engine_features(source->engine, &input.ring_features);
	input.aborted = &source->collector->lookout.found;
	input.interrupted = was_interrupted(source, workers);
	return result_build(result, &input, err);
}

int record_make(struct result *result, const struct record_source *source, struct err *err)
{
	struct result_input_worker *workers = calloc(source->plan->worker_count, sizeof(*workers));
	const struct slowest **slowest = calloc(source->plan->worker_count, sizeof(*slowest));
	const struct threshold_list *thresholds = source->options->thresholds;
	int code;

	note_strangers(source);
	if (workers && slowest)
		code = build(source, workers, slowest, result, err);
	else
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the record");
	free(workers);
	free((void *)slowest);
	if (code < 0)
		return code;
	code = validity_judge(result, &result->validity, err);
	if (code >= 0)
		code = stability_judge(result, &result->stability, err);
	if (code >= 0 && thresholds)
		code = threshold_list_judge(thresholds, result, err);
	if (code < 0)
		result_release(result);
	else
		result->complete = true;
	return code;
}
