/* SPDX-License-Identifier: MIT */
#include "result/resources_write.h"

#include "result/emit_record.h"

static void write_cpu(struct emit *emit, const struct result_resources *resources)
{
	bool has = resources->cpu.has_share;

	emit_object(emit, "cpu");
	emit_real(emit, "mean", resources->cpu.mean);
	emit_real(emit, "max", resources->cpu.max);
	emit_record_real(emit, "mean_share", has, resources->cpu.mean_share);
	emit_record_real(emit, "max_share", has, resources->cpu.max_share);
	emit_object_end(emit);
	emit_object(emit, "limits");
	emit_record_positive(emit, "cpus", resources->limits.cpus);
	emit_record_positive(emit, "quota_cpus", resources->limits.quota_cpus);
	emit_record_count(emit, "memory_bytes", resources->limits.memory_bytes,
		resources->limits.memory_bytes);
	emit_record_count(
		emit, "open_files", resources->limits.open_files, resources->limits.open_files);
	emit_record_count(emit, "pids", resources->limits.pids, resources->limits.pids);
	emit_object_end(emit);
}

static void write_counters(struct emit *emit, const struct result_resources *resources)
{
	emit_object(emit, "counters");
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		const struct result_resources_counter *counter = &resources->counters[i];

		if (!counter->known) {
			emit_null(emit, resources_counter_key(i));
			continue;
		}
		emit_object(emit, resources_counter_key(i));
		emit_count(emit, "count", counter->count);
		emit_real(emit, "per_s", counter->per_s);
		emit_real(emit, "max_per_s", counter->max_per_s);
		emit_object_end(emit);
	}
	emit_object_end(emit);
}

static void write_levels(struct emit *emit, const struct result_resources *resources)
{
	emit_object(emit, "levels");
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		const struct result_resources_level *level = &resources->levels[i];

		if (!level->known) {
			emit_null(emit, resources_level_key(i));
			continue;
		}
		emit_object(emit, resources_level_key(i));
		emit_real(emit, "mean", level->mean);
		emit_real(emit, "max", level->max);
		emit_object_end(emit);
	}
	emit_object_end(emit);
	emit_record_count(emit, "pss_bytes", resources->has_pss, resources->pss_bytes);
}

static void write_growth(struct emit *emit, const struct result_resources *resources)
{
	if (!resources->growth.known) {
		emit_null(emit, "memory_growth");
		return;
	}
	emit_object(emit, "memory_growth");
	emit_real(emit, "bytes_per_hour", resources->growth.bytes_per_hour);
	emit_real(emit, "error_bytes_per_hour", resources->growth.error_bytes_per_hour);
	emit_real(emit, "r_squared", resources->growth.r_squared);
	emit_real(emit, "seconds", resources->growth.seconds);
	emit_count(emit, "samples", resources->growth.samples);
	if (resources->growth.tested) {
		emit_real(emit, "share", resources->growth.share);
		emit_real(emit, "p", resources->growth.p);
		emit_real(emit, "robust_bytes_per_hour", resources->growth.robust_bytes_per_hour);
		emit_real(emit, "robust_p", resources->growth.robust_p);
	}
	emit_object_end(emit);
}

static void write_processes(struct emit *emit, const struct result_resources *resources)
{
	emit_text(emit, "pressure_of", resources->pressure_is_own ? "group" : "machine");
	emit_array(emit, "processes");
	for (size_t i = 0; i < resources->process_count; i++) {
		const struct result_resources_process *process = &resources->processes[i];

		emit_object(emit, NULL);
		emit_count(emit, "pid", process->pid);
		emit_text(emit, "name", process->name);
		emit_count(emit, "threads", process->threads);
		emit_bool(emit, "began", process->began);
		emit_bool(emit, "ended", process->ended);
		emit_count(emit, "cpu_ns", process->cpu_ns);
		emit_object_end(emit);
	}
	emit_array_end(emit);
}

static void write_absences(struct emit *emit, const struct result_resources *resources)
{
	emit_object(emit, "not_measured");
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		if (!resources->counters[i].known)
			emit_text(emit, resources_counter_key(i), resources->counters[i].reason);
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		if (!resources->levels[i].known)
			emit_text(emit, resources_level_key(i), resources->levels[i].reason);
	if (!resources->has_pss)
		emit_text(emit, "pss_bytes", resources->pss_reason);
	if (!resources->growth.known)
		emit_text(emit, "memory_growth", resources->growth.reason);
	emit_object_end(emit);
}

void resources_write(struct emit *emit, const struct result_resources *resources)
{
	emit_object(emit, "resources");
	emit_record_status(emit, resources->measured, resources->reason);
	if (resources->measured) {
		emit_real(emit, "seconds", resources->seconds);
		write_cpu(emit, resources);
		write_counters(emit, resources);
		write_levels(emit, resources);
		write_growth(emit, resources);
		write_processes(emit, resources);
		write_absences(emit, resources);
	}
	emit_object_end(emit);
}

void resources_write_interval(struct emit *emit, const struct result_interval_resources *resources)
{
	if (!resources->measured) {
		emit_null(emit, "resources");
		return;
	}
	emit_object(emit, "resources");
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		emit_record_count(emit, resources_counter_key(i),
			RESOURCES_HAS(resources->counters, i), resources->count[i]);
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		emit_record_real(emit, resources_level_key(i), RESOURCES_HAS(resources->levels, i),
			resources->level[i]);
	emit_object_end(emit);
}
