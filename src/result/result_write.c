/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "result/emit.h"
#include "result/emit_record.h"
#include "result/kernel_write.h"
#include "result/resources_write.h"
#include "result/result_write.h"
#include "result/schema.h"
#include "result/stability_block.h"

static void write_environment(struct emit *emit, const struct result *result)
{
	emit_object(emit, "environment");
	emit_text(emit, "kernel", result->environment.kernel);
	emit_count(emit, "cpus", result->environment.cpus);
	emit_count(emit, "numa_nodes", result->environment.numa_nodes);
	emit_text(emit, "governor", result->environment.governor);
	emit_record_texts(emit, "ring_features", result->environment.ring_features,
		result->environment.ring_feature_count);
	emit_text(emit, "send_path", result->environment.send_path);
	emit_text(emit, "pacing", result->environment.pacing);
	emit_record_absences(emit, result->environment.absent, result->environment.absent_count);
	emit_object_end(emit);
}

/* The members of rows, the object around them being open. */
static void write_counts(struct emit *emit, const struct schema_count *row, const uint64_t *values)
{
	const char *group = NULL;

	for (; row->key; row++) {
		if (!schema_same_group(row->group, group)) {
			if (group)
				emit_object_end(emit);
			group = row->group;
			if (group)
				emit_object(emit, group);
		}
		emit_count(emit, row->key, values[row->index]);
	}
	if (group)
		emit_object_end(emit);
}

static void write_target(struct emit *emit, const struct result *result)
{
	emit_object(emit, "target");
	emit_text(emit, "url", result->target.url);
	emit_array(emit, "addresses");
	for (size_t i = 0; i < result->target.address_count; i++) {
		emit_object(emit, NULL);
		emit_text(emit, "address", result->target.addresses[i].address);
		emit_count(emit, "connections", result->target.addresses[i].connections);
		write_counts(emit, schema_address, result->target.addresses[i].counters.value);
		emit_object_end(emit);
	}
	emit_array_end(emit);
	emit_object_end(emit);
}

/* Only of a run that was ended early. */
static void write_abort(struct emit *emit, const struct result_abort *aborted)
{
	if (!aborted->happened)
		return;
	emit_object(emit, "aborted");
	emit_real(emit, "after_s", aborted->after_s);
	emit_real(emit, "lasted_s", aborted->lasted_s);
	emit_text(emit, "sign", result_sign_key(aborted->sign));
	emit_text(emit, "expression", aborted->expression);
	emit_text(emit, "unit", result_unit_key(aborted->unit));
	emit_real(emit, "value", aborted->value);
	emit_real(emit, "bound", aborted->bound);
	emit_bool(emit, "lower_bound", aborted->lower_bound);
	emit_object_end(emit);
}

static void write_window(struct emit *emit, const struct result *result)
{
	emit_object(emit, "window");
	emit_real(emit, "warmup_s", result->window.warmup_s);
	emit_real(emit, "duration_s", result->window.duration_s);
	emit_real(emit, "drain_s", result->window.drain_s);
	emit_record_positive(emit, "planned_s", result->window.planned_s);
	emit_bool(emit, "interrupted", result->window.interrupted);
	write_abort(emit, &result->window.aborted);
	emit_object_end(emit);
}

static void write_status(struct emit *emit, const struct counters *counters)
{
	char code[16];

	emit_object(emit, "status");
	for (unsigned int i = 0; i < COUNTERS_STATUS_LIMIT; i++) {
		if (!counters->status[i])
			continue;
		snprintf(code, sizeof(code), "%u", i);
		emit_count(emit, code, counters->status[i]);
	}
	emit_object_end(emit);
}

static void write_marks(struct emit *emit, const struct result_latency *latency)
{
	emit_array(emit, "few_samples");
	for (int i = 0; latency->count && i < RESULT_QUANTILE_COUNT; i++)
		if (latency->quantile[i].few_samples)
			emit_text(emit, NULL, result_quantile_key(i));
	emit_array_end(emit);
	emit_array(emit, "lower_bound");
	for (int i = 0; latency->count && i < RESULT_QUANTILE_COUNT; i++)
		if (latency->quantile[i].lower_bound)
			emit_text(emit, NULL, result_quantile_key(i));
	emit_array_end(emit);
}

static void write_figures(struct emit *emit, const struct result_latency *latency)
{
	static const char *const keys[] = {"min", "mean", "stddev", "max"};

	if (!latency->count) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			emit_null(emit, keys[i]);
		for (int i = 0; i < RESULT_QUANTILE_COUNT; i++)
			emit_null(emit, result_quantile_key(i));
		return;
	}
	emit_count(emit, "min", latency->min_ns);
	emit_real(emit, "mean", latency->mean_ns);
	emit_real(emit, "stddev", latency->stddev_ns);
	emit_count(emit, "max", latency->max_ns);
	for (int i = 0; i < RESULT_QUANTILE_COUNT; i++)
		emit_count(emit, result_quantile_key(i), latency->quantile[i].value_ns);
}

static void write_latency(struct emit *emit, const char *key, const struct result_latency *latency)
{
	if (latency->not_measured) {
		emit_null(emit, key);
		return;
	}
	emit_object(emit, key);
	emit_count(emit, "count", latency->count);
	emit_count(emit, "censored", latency->censored);
	write_figures(emit, latency);
	write_marks(emit, latency);
	emit_object(emit, "histogram");
	emit_record_layout(emit, &latency->histogram);
	emit_count(emit, "sum", latency->sum_ns);
	emit_count(emit, "clipped", latency->clipped);
	emit_record_count(emit, "censored_min", latency->censored, latency->censored_min_ns);
	emit_record_cells(emit, &latency->histogram);
	emit_object_end(emit);
	emit_object_end(emit);
}

/* run: for the run's own block, which has what belongs to no request; else NULL. */
static void write_block(
	struct emit *emit, const struct result_block *block, const struct result *run)
{
	emit_object(emit, "requests");
	write_counts(emit, schema_requests, block->counters.value);
	emit_object_end(emit);
	emit_object(emit, "outcome");
	write_counts(emit, schema_outcome, block->counters.value);
	emit_object_end(emit);
	emit_real(emit, "error_rate", block->error_rate);
	write_status(emit, &block->counters);
	if (run) {
		emit_object(emit, "connections");
		write_counts(emit, schema_connections, run->connections.value);
		emit_object_end(emit);
	}
	emit_object(emit, "bytes");
	write_counts(emit, schema_bytes, block->counters.value);
	emit_object_end(emit);
	emit_object(emit, "rx_stamps");
	write_counts(emit, schema_rx_stamps, block->counters.value);
	emit_object_end(emit);
	emit_object(emit, "rate");
	emit_record_positive(emit, "asked_rps", block->asked_rps);
	emit_real(emit, "sent_rps", block->sent_rps);
	emit_real(emit, "completed_rps", block->completed_rps);
	emit_object_end(emit);
	emit_object(emit, "latency_ns");
	for (int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		write_latency(emit, result_latency_key(i), &block->latency[i]);
	if (run)
		write_latency(emit, result_latency_key(RESULT_CONNECT), &run->connect);
	emit_record_absences(emit, block->absent, block->absent_count);
	emit_object_end(emit);
}

static void write_named_blocks(
	struct emit *emit, const char *key, const struct result_named_block *blocks, size_t count)
{
	emit_array(emit, key);
	for (size_t i = 0; i < count; i++) {
		emit_object(emit, NULL);
		emit_text(emit, "name", blocks[i].name);
		write_block(emit, &blocks[i].block, NULL);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_scenarios(struct emit *emit, const struct result *result)
{
	emit_lines(emit, "scenarios");
	for (size_t i = 0; i < result->scenario_count; i++) {
		const struct result_scenario *scenario = &result->scenarios[i];

		emit_object(emit, NULL);
		emit_text(emit, "name", scenario->name);
		emit_object(emit, "load");
		emit_text(emit, "model", scenario->open_loop ? "open" : "closed");
		if (scenario->open_loop) {
			emit_text(emit, "arrival", scenario->arrival);
			emit_real(emit, "asked_rps", scenario->asked_rps);
		} else {
			emit_count(emit, "sessions", scenario->sessions);
		}
		if (scenario->no_keepalive)
			emit_bool(emit, "no_keepalive", true);
		emit_object_end(emit);
		write_named_blocks(emit, "requests", scenario->requests, scenario->request_count);
		write_named_blocks(emit, "phases", scenario->phases, scenario->phase_count);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_interval_latency(struct emit *emit, const struct result_interval *interval)
{
	bool empty = !interval->histogram.cell_count;

	emit_record_count(emit, "p50", !empty, interval->p50.value_ns);
	emit_record_count(emit, "p99", !empty, interval->p99.value_ns);
	emit_record_count(emit, "max", !empty, interval->max_ns);
	emit_array(emit, "few_samples");
	if (!empty && interval->p50.few_samples)
		emit_text(emit, NULL, "p50");
	if (!empty && interval->p99.few_samples)
		emit_text(emit, NULL, "p99");
	emit_array_end(emit);
	emit_array(emit, "lower_bound");
	if (!empty && interval->p50.lower_bound)
		emit_text(emit, NULL, "p50");
	if (!empty && interval->p99.lower_bound)
		emit_text(emit, NULL, "p99");
	emit_array_end(emit);
}

static void write_timeline(struct emit *emit, const struct result *result)
{
	emit_lines(emit, "timeline");
	for (size_t i = 0; i < result->interval_count; i++) {
		const struct result_interval *interval = &result->timeline[i];

		emit_object(emit, NULL);
		emit_real(emit, "t_s", interval->t_s);
		emit_real(emit, "seconds", interval->seconds);
		emit_text(emit, "phase", result_phase_key(interval->phase));
		emit_count(emit, "scheduled", interval->scheduled);
		emit_count(emit, "sent", interval->sent);
		emit_count(emit, "completed", interval->completed);
		emit_count(emit, "errors", interval->errors);
		emit_count(emit, "in_flight", interval->in_flight);
		emit_count(emit, "waiting", interval->waiting);
		emit_count(emit, "censored", interval->censored);
		write_interval_latency(emit, interval);
		emit_record_histogram(emit, &interval->histogram);
		resources_write_interval(emit, &interval->resources);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_worker(struct emit *emit, const struct result_worker *worker)
{
	emit_object(emit, NULL);
	emit_count(emit, "cpu", worker->cpu);
	emit_record_count(emit, "numa_node", worker->numa_node >= 0, (uint64_t)worker->numa_node);
	emit_bool(emit, "shared_cpu", worker->shared_cpu);
	emit_count(emit, "connections", worker->connections);
	emit_real(emit, "busy", worker->busy);
	emit_real(emit, "spin", worker->spin);
	emit_real(emit, "wait", worker->wait);
	emit_array(emit, "busy_by_interval");
	for (size_t i = 0; i < worker->busy_count; i++)
		emit_real(emit, NULL, worker->busy_by_interval[i]);
	emit_array_end(emit);
	emit_object(emit, "loop_ns");
	emit_count(emit, "p50", worker->loop.p50_ns);
	emit_count(emit, "p99", worker->loop.p99_ns);
	emit_count(emit, "max", worker->loop.max_ns);
	emit_object_end(emit);
	emit_count(emit, "send_lag_p99_ns", worker->send_lag_p99_ns);
	emit_count(emit, "wall_ns", worker->wall_ns);
	emit_count(emit, "cpu_ns", worker->cpu_ns);
	emit_count(emit, "run_delay_ns", worker->run_delay_ns);
	emit_record_real(emit, "steal", worker->has_steal, worker->steal);
	emit_record_count(emit, "throttled_ns", worker->has_throttled, worker->throttled_ns);
	emit_count(emit, "voluntary_switches", worker->voluntary);
	emit_count(emit, "involuntary_switches", worker->involuntary);
	emit_count(emit, "enobufs", worker->enobufs);
	emit_count(emit, "rearmed", worker->rearmed);
	emit_count(emit, "stale", worker->stale);
	emit_count(emit, "cq_overflow", worker->cq_overflow);
	emit_object_end(emit);
}

static void write_generator(struct emit *emit, const struct result *result)
{
	emit_object(emit, "generator");
	emit_record_positive(emit, "cpu_ns_per_request", result->generator.cpu_ns_per_request);
	emit_real(emit, "spin_share", result->generator.spin_share);
	emit_record_positive(emit, "max_send_lag_ns", result->generator.max_send_lag_ns);
	emit_object(emit, "sends");
	emit_count(emit, "plain", result->generator.sends.plain);
	emit_count(emit, "zero_copy", result->generator.sends.zero_copy);
	emit_count(emit, "copied", result->generator.sends.copied);
	emit_count(emit, "unreported", result->generator.sends.unreported);
	emit_object_end(emit);
	emit_text(emit, "fault", result->generator.fault);
	emit_array(emit, "workers");
	for (size_t i = 0; i < result->generator.worker_count; i++)
		write_worker(emit, &result->generator.workers[i]);
	emit_array_end(emit);
	emit_record_absences(emit, result->generator.absent, result->generator.absent_count);
	emit_object_end(emit);
}

static void write_odd_bytes(struct emit *emit, const struct result *result)
{
	emit_lines(emit, "odd_bytes");
	for (size_t i = 0; i < result->odd_byte_count; i++) {
		emit_object(emit, NULL);
		emit_count(emit, "worker", result->odd_bytes[i].worker);
		emit_text(emit, "reason", result->odd_bytes[i].reason);
		emit_text(emit, "bytes", result->odd_bytes[i].bytes);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_reasons(
	struct emit *emit, const char *key, const struct result_reason *reasons, size_t count)
{
	emit_array(emit, key);
	for (size_t i = 0; i < count; i++) {
		emit_object(emit, NULL);
		emit_text(emit, "key", result_reason_key(reasons[i].key));
		emit_record_count(
			emit, "worker", reasons[i].worker >= 0, (uint64_t)reasons[i].worker);
		emit_text(emit, "text", reasons[i].text);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_validity(struct emit *emit, const struct result_validity *validity)
{
	emit_object(emit, "validity");
	emit_text(emit, "verdict", result_verdict_key(validity->verdict));
	write_reasons(emit, "reasons", validity->reasons, validity->reason_count);
	write_reasons(emit, "notes", validity->notes, validity->note_count);
	emit_object_end(emit);
}

static void write_thresholds(struct emit *emit, const struct result *result)
{
	emit_lines(emit, "thresholds");
	for (size_t i = 0; i < result->threshold_count; i++) {
		const struct result_threshold *threshold = &result->thresholds[i];

		emit_object(emit, NULL);
		emit_text(emit, "expression", threshold->expression);
		emit_text(emit, "scope", threshold->scope);
		emit_record_real(emit, "value", threshold->has_value, threshold->value);
		emit_text(emit, "unit", result_unit_key(threshold->unit));
		emit_bool(emit, "lower_bound", threshold->lower_bound);
		emit_text(emit, "state", result_state_key(threshold->state));
		emit_text(emit, "reason", threshold->reason);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_head(struct emit *emit, const struct result *result)
{
	char seed[24];

	emit_text(emit, "schema", RESULT_SCHEMA);
	emit_bool(emit, "complete", result->complete);
	emit_object(emit, "tool");
	emit_text(emit, "version", result->tool_version);
	emit_object_end(emit);
	emit_text(emit, "started_at", result->started_at);
	emit_record_texts(emit, "command", result->command, result->command_count);
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)result->seed);
	emit_text(emit, "seed", seed);
}

static void write_all(struct emit *emit, const struct result *result)
{
	emit_object(emit, NULL);
	write_head(emit, result);
	write_environment(emit, result);
	write_target(emit, result);
	write_window(emit, result);
	write_block(emit, &result->run, result);
	write_odd_bytes(emit, result);
	write_scenarios(emit, result);
	emit_object(emit, "warmup");
	write_block(emit, &result->warmup, NULL);
	emit_object_end(emit);
	write_timeline(emit, result);
	write_generator(emit, result);
	kernel_write(emit, &result->kernel);
	resources_write(emit, &result->resources);
	write_validity(emit, &result->validity);
	stability_block_write(emit, &result->stability);
	write_thresholds(emit, result);
	emit_record_texts(emit, "notes", result->notes, result->note_count);
	emit_object_end(emit);
}

void result_write(const struct result *result, struct buf *out)
{
	struct emit emit = {.out = out};

	write_all(&emit, result);
}

void result_write_member(struct emit *emit, const char *key, const struct result *result)
{
	struct emit nested = emit_nested(emit, key);

	write_all(&nested, result);
}
