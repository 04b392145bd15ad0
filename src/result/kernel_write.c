/* SPDX-License-Identifier: MIT */
#include "result/kernel_write.h"

#include "result/emit_record.h"

static void write_hooks(struct emit *emit, const struct result_kernel *kernel)
{
	emit_array(emit, "hooks");
	for (size_t i = 0; i < kernel->hook_count; i++) {
		emit_object(emit, NULL);
		emit_text(emit, "stage", kernel->hooks[i].stage);
		emit_bool(emit, "core", kernel->hooks[i].core);
		emit_text(emit, "hook", kernel->hooks[i].hook);
		emit_text(emit, "missing", kernel->hooks[i].missing);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_requests(struct emit *emit, const struct result_kernel *kernel)
{
	emit_array(emit, "ports");
	for (size_t i = 0; i < kernel->port_count; i++)
		emit_count(emit, NULL, kernel->ports[i]);
	emit_array_end(emit);
	emit_count(emit, "sample", kernel->sample);
	emit_real(emit, "looked_share", kernel->looked_share);
	emit_record_real(
		emit, "sampled_fraction", kernel->has_sampled_fraction, kernel->sampled_fraction);
	emit_count(emit, "requests", kernel->requests);
	emit_count(emit, "attributed", kernel->attributed);
	emit_real(emit, "handoff_share", kernel->handoff_share);
	emit_real(emit, "offloaded_share", kernel->offloaded_share);
	emit_real(emit, "unattributed_share", kernel->unattributed_share);
	emit_record_real(emit, "error_share", kernel->has_error, kernel->error_share);
	emit_record_real(emit, "overhead_ns_per_request", kernel->has_overhead,
		kernel->overhead_ns_per_request);
}

/* --- stages --------------------------------------------------------------------------------- */

static void write_figures(struct emit *emit, const struct result_kernel_stage *stage)
{
	emit_count(emit, "count", stage->count);
	emit_record_real(emit, "mean_ns", stage->count, stage->mean_ns);
	emit_record_count(emit, "p50", stage->count, stage->p50_ns);
	emit_record_count(emit, "p95", stage->count, stage->p95_ns);
	emit_record_count(emit, "p99", stage->count, stage->p99_ns);
}

static void write_marks(struct emit *emit, const struct result_kernel_stage *stage)
{
	emit_array(emit, "few_samples");
	if (stage->count && stage->few_p50)
		emit_text(emit, NULL, "p50");
	if (stage->count && stage->few_p95)
		emit_text(emit, NULL, "p95");
	if (stage->count && stage->few_p99)
		emit_text(emit, NULL, "p99");
	emit_array_end(emit);
}

static void write_histogram(struct emit *emit, const struct result_kernel_stage *stage)
{
	const struct result_histogram histogram = {
		.precision_bits = PROBE_ABI_PRECISION_BITS,
		.layout_cells = PROBE_ABI_CELLS,
		.cells = stage->cells,
		.cell_count = stage->cell_count,
	};

	emit_record_histogram(emit, &histogram);
}

static void write_residence(struct emit *emit, const struct result_kernel *kernel)
{
	const struct result_kernel_stage *stage = &kernel->stages[PROBE_ABI_RESIDENCE];

	emit_object(emit, "residence");
	write_figures(emit, stage);
	emit_record_count(emit, "max", stage->count, kernel->residence_max_ns);
	write_marks(emit, stage);
	write_histogram(emit, stage);
	emit_object_end(emit);
}

static void write_stages(struct emit *emit, const struct result_kernel *kernel)
{
	emit_array(emit, "stages");
	for (unsigned int i = 0; i < PROBE_ABI_STAGE_COUNT; i++) {
		const struct result_kernel_stage *stage = &kernel->stages[i];

		if (i == PROBE_ABI_RESIDENCE)
			continue;
		emit_object(emit, NULL);
		emit_text(emit, "name", stages_key(i));
		emit_bool(emit, "in_residence", i < PROBE_ABI_PARTS);
		write_figures(emit, stage);
		write_marks(emit, stage);
		emit_record_real(emit, "share", stage->has_share, stage->share);
		emit_record_real(emit, "share_of_slowest_1pct",
			stage->has_share && kernel->slowest_1pct.attributed,
			stage->share_of_slowest);
		write_histogram(emit, stage);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_parts(struct emit *emit, const uint64_t *part_ns)
{
	emit_object(emit, "parts_ns");
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		emit_count(emit, stages_key(part), part_ns[part]);
	emit_object_end(emit);
}

static void write_mix(struct emit *emit, const struct result_kernel *kernel)
{
	emit_object(emit, "slowest_1pct");
	emit_count(emit, "requests", kernel->slowest_1pct.requests);
	emit_count(emit, "attributed", kernel->slowest_1pct.attributed);
	emit_real(emit, "share", kernel->slowest_1pct.share);
	emit_count(emit, "from_ns", kernel->slowest_1pct.from_ns);
	emit_record_real(emit, "residence_mean_ns", kernel->slowest_1pct.attributed,
		kernel->slowest_1pct.residence_mean_ns);
	emit_object_end(emit);
	emit_array(emit, "mix");
	for (size_t i = 0; i < kernel->mix_count; i++) {
		emit_object(emit, NULL);
		emit_count(emit, "from_ns", kernel->mix[i].from_ns);
		emit_count(emit, "requests", kernel->mix[i].requests);
		emit_count(emit, "attributed", kernel->mix[i].attributed);
		emit_count(emit, "residence_ns", kernel->mix[i].residence_ns);
		write_parts(emit, kernel->mix[i].part_ns);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

/* --- beside the stages ---------------------------------------------------------------------- */

static void write_counters(struct emit *emit, const struct result_kernel *kernel)
{
	emit_object(emit, "counters");
	for (unsigned int i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++)
		emit_record_count(emit, result_kernel_counter_key(i), kernel->counters[i].has_value,
			kernel->counters[i].value);
	emit_record_real(emit, "softirq_share", kernel->has_softirq, kernel->softirq_share);
	emit_object(emit, "not_measured");
	for (unsigned int i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++)
		if (!kernel->counters[i].has_value)
			emit_text(emit, result_kernel_counter_key(i), kernel->counters[i].reason);
	if (!kernel->has_softirq)
		emit_text(emit, "softirq_share", kernel->softirq_reason);
	emit_object_end(emit);
	emit_object_end(emit);
}

static void write_workers(struct emit *emit, const struct result_kernel *kernel)
{
	emit_array(emit, "workers");
	for (size_t i = 0; i < kernel->worker_count; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];

		emit_object(emit, NULL);
		emit_count(emit, "tid", worker->tid);
		emit_count(emit, "pid", worker->pid);
		emit_text(emit, "name", worker->name);
		emit_bool(emit, "exited", worker->exited);
		emit_bool(emit, "offloaded", worker->offloaded);
		emit_count(emit, "requests", worker->requests);
		emit_real(emit, "wall_s", worker->wall_s);
		emit_real(emit, "cpu", worker->cpu);
		emit_real(emit, "runq", worker->runq);
		emit_real(emit, "sleep", worker->sleep);
		emit_real(emit, "disk", worker->disk);
		emit_real(emit, "stopped", worker->stopped);
		emit_real(emit, "in_request", worker->in_request);
		emit_count(emit, "switches", worker->switches);
		emit_count(emit, "preempted", worker->preempted);
		emit_object_end(emit);
	}
	emit_array_end(emit);
	emit_real(emit, "imbalance", kernel->imbalance);
	emit_object(emit, "open");
	emit_count(emit, "waiting", kernel->open.waiting);
	emit_count(emit, "reading", kernel->open.reading);
	emit_count(emit, "oldest_ns", kernel->open.oldest_ns);
	emit_object_end(emit);
}

static void write_at_client(struct emit *emit, const struct result_kernel_slow *slow)
{
	if (!slow->has_client) {
		emit_null(emit, "at_client");
		return;
	}
	emit_object(emit, "at_client");
	emit_count(emit, "total_ns", slow->total_ns);
	emit_count(emit, "service_ns", slow->service_ns);
	emit_count(emit, "send_lag_ns", slow->send_lag_ns);
	emit_count(emit, "to_server_ns", slow->to_server_ns);
	emit_count(emit, "from_server_ns", slow->from_server_ns);
	emit_object_end(emit);
}

static void write_slowest(struct emit *emit, const struct result_kernel *kernel)
{
	emit_array(emit, "slowest");
	for (size_t i = 0; i < kernel->slowest_count; i++) {
		const struct result_kernel_slow *slow = &kernel->slowest[i];

		emit_object(emit, NULL);
		emit_text(emit, "client", slow->client);
		emit_count(emit, "server_port", slow->server_port);
		emit_count(emit, "offset_bytes", slow->offset_bytes);
		emit_count(emit, "tid", slow->tid);
		emit_count(emit, "pid", slow->pid);
		emit_real(emit, "at_s", slow->at_s);
		emit_count(emit, "residence_ns", slow->residence_ns);
		emit_record_count(emit, "rx_path_ns", slow->rx_path_ns, slow->rx_path_ns);
		emit_bool(emit, "attributed", slow->attributed);
		write_parts(emit, slow->part_ns);
		write_at_client(emit, slow);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_profile(struct emit *emit, const struct result_kernel_profile *profile)
{
	emit_object(emit, "profile");
	emit_record_status(emit, profile->measured, profile->reason);
	if (profile->measured) {
		emit_count(emit, "hz", profile->hz);
		emit_count(emit, "samples", profile->samples);
		emit_count(emit, "lost", profile->lost);
		emit_count(emit, "truncated", profile->truncated);
		emit_array(emit, "stacks");
		for (size_t i = 0; i < profile->stack_count; i++) {
			emit_object(emit, NULL);
			emit_text(emit, "frames", profile->stacks[i].frames);
			emit_count(emit, "samples", profile->stacks[i].samples);
			emit_object_end(emit);
		}
		emit_array_end(emit);
	}
	emit_object_end(emit);
}

static void write_absences(struct emit *emit, const struct result_kernel *kernel)
{
	emit_object(emit, "not_measured");
	if (!kernel->has_sampled_fraction)
		emit_text(emit, "sampled_fraction", "no client counted all requests");
	if (!kernel->has_error)
		emit_text(emit, "error_share",
			kernel->looked_share < 1
				? "fewer than two looks at the server, or groups of "
				  "connections, had requests"
				: "fewer than two groups of connections had requests");
	if (!kernel->has_overhead)
		emit_text(emit, "overhead_ns_per_request", kernel->overhead_reason);
	if (!kernel->has_residual)
		emit_text(emit, "residual_ns", kernel->residual_reason);
	emit_object_end(emit);
}

static void write_measured(struct emit *emit, const struct result_kernel *kernel)
{
	write_requests(emit, kernel);
	write_residence(emit, kernel);
	write_stages(emit, kernel);
	write_mix(emit, kernel);
	emit_record_real(emit, "residual_ns", kernel->has_residual, kernel->residual_ns);
	write_counters(emit, kernel);
	write_workers(emit, kernel);
	write_slowest(emit, kernel);
	write_profile(emit, &kernel->profile);
	write_absences(emit, kernel);
}

void kernel_write(struct emit *emit, const struct result_kernel *kernel)
{
	emit_object(emit, "kernel");
	emit_record_status(emit, kernel->measured, kernel->reason);
	write_hooks(emit, kernel);
	if (kernel->measured)
		write_measured(emit, kernel);
	emit_object_end(emit);
}
