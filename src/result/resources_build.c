/* SPDX-License-Identifier: MIT */
#include "result/resources_build.h"

#include <stdio.h>

#include "base/clock.h"

#define NO_INTERVAL "nothing was read of the server's processes in the window"

static void build_counters(struct builder *builder, struct result_resources *to,
	const struct resources_input *input, const struct resources_interval *window)
{
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		to->counters[i].known = RESOURCES_HAS(window->counters, i);
		to->counters[i].count = window->count[i];
		to->counters[i].per_s = window->per_s[i];
		to->counters[i].max_per_s = window->peak_per_s[i];
		if (!to->counters[i].known)
			to->counters[i].reason = builder_text(builder, input->counter_reasons[i]);
	}
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++) {
		to->levels[i].known = RESOURCES_HAS(window->levels, i);
		to->levels[i].mean = window->mean[i];
		to->levels[i].max = window->max[i];
		if (!to->levels[i].known)
			to->levels[i].reason = builder_text(builder, input->level_reasons[i]);
	}
}

static void build_limits(struct result_resources *to, const struct resources_input *input)
{
	const struct result_resources_counter *cpu = &to->counters[RESOURCES_CPU_NS];

	to->limits.cpus = input->limits.cpus;
	to->limits.quota_cpus = input->limits.quota_cpus;
	to->limits.memory_bytes = input->limits.memory_bytes;
	to->limits.open_files = input->limits.open_files;
	to->limits.pids = input->limits.pids;
	to->cpu.mean = cpu->per_s / (double)NS_PER_S;
	to->cpu.max = cpu->max_per_s / (double)NS_PER_S;
	to->cpu.has_share = to->limits.cpus > 0;
	if (to->cpu.has_share) {
		to->cpu.mean_share = to->cpu.mean / to->limits.cpus;
		to->cpu.max_share = to->cpu.max / to->limits.cpus;
	}
}

static void build_growth(struct builder *builder, struct result_resources *to,
	const struct resources_input *input, uint64_t begin_ns, uint64_t end_ns)
{
	struct resources_trend trend = resources_trend(
		input->resources, RESOURCES_RSS_BYTES, begin_ns, end_ns);
	char reason[128];

	to->growth.seconds = (double)trend.span_ns / (double)NS_PER_S;
	to->growth.samples = trend.samples;
	to->growth.known = to->growth.seconds >= RESOURCES_BUILD_GROWTH_S - 2 &&
			   trend.samples >= RESOURCES_BUILD_GROWTH_SAMPLES;
	to->growth.bytes_per_hour = trend.per_hour;
	to->growth.error_bytes_per_hour = trend.error_per_hour;
	to->growth.r_squared = trend.r_squared;
	to->growth.tested = true;
	to->growth.share = trend.share;
	to->growth.p = trend.p;
	to->growth.robust_bytes_per_hour = trend.robust_per_hour;
	to->growth.robust_p = trend.robust_p;
	if (to->growth.known)
		return;
	snprintf(reason, sizeof(reason),
		"too short: growth is told of a window of at least %d s, with %d readings",
		RESOURCES_BUILD_GROWTH_S, RESOURCES_BUILD_GROWTH_SAMPLES);
	to->growth.reason = builder_text(builder, reason);
}

static void build_processes(
	struct builder *builder, struct result_resources *to, const struct resources_input *input)
{
	to->processes = builder_take(builder, input->process_count, sizeof(*to->processes));
	if (!to->processes)
		return;
	to->process_count = input->process_count;
	for (size_t i = 0; i < input->process_count; i++) {
		const struct observer_process *from = &input->processes[i];

		to->processes[i].pid = from->pid;
		to->processes[i].threads = from->threads;
		to->processes[i].name = builder_text(builder, from->name);
		to->processes[i].began = !from->first;
		to->processes[i].ended = from->ended;
		to->processes[i].cpu_ns = from->cpu_ns;
	}
}

void resources_build(struct builder *builder, struct result_resources *to,
	const struct resources_input *input, uint64_t begin_ns, uint64_t end_ns)
{
	struct resources_interval window;

	if (!input->resources) {
		to->reason = builder_text(builder, input->reason);
		return;
	}
	to->measured = resources_fold(input->resources, begin_ns, end_ns, &window);
	if (!to->measured) {
		to->reason = builder_text(builder, NO_INTERVAL);
		return;
	}
	to->seconds = (double)window.length_ns / (double)NS_PER_S;
	build_counters(builder, to, input, &window);
	build_limits(to, input);
	build_growth(builder, to, input, begin_ns, end_ns);
	build_processes(builder, to, input);
	to->pressure_is_own = input->pressure_is_own;
	to->has_pss = input->has_pss;
	to->pss_bytes = input->pss_bytes;
	if (!to->has_pss)
		to->pss_reason = builder_text(builder, input->pss_reason);
}

void resources_build_interval(struct result_interval_resources *to,
	const struct resources_input *input, uint64_t begin_ns, uint64_t end_ns)
{
	struct resources_interval sum;

	if (!input->resources || !resources_fold(input->resources, begin_ns, end_ns, &sum))
		return;
	to->measured = true;
	to->counters = sum.counters;
	to->levels = sum.levels;
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		to->count[i] = sum.count[i];
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		to->level[i] = sum.mean[i];
}
