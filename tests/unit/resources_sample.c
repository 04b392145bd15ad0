/* SPDX-License-Identifier: MIT */
#include "tests/unit/resources_sample.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

/* Gained in each second, by RESOURCES_… */
static const uint64_t a_second[RESOURCES_COUNTER_COUNT] = {
	[RESOURCES_CPU_NS] = 1500 * NS_PER_MS,
	[RESOURCES_CPU_USER_NS] = 1200 * NS_PER_MS,
	[RESOURCES_CPU_SYSTEM_NS] = 300 * NS_PER_MS,
	[RESOURCES_MINOR_FAULTS] = 40,
	[RESOURCES_VOLUNTARY_SWITCHES] = 1000,
	[RESOURCES_INVOLUNTARY_SWITCHES] = 7,
	[RESOURCES_DISK_WRITTEN_BYTES] = 1 << 20,
	[RESOURCES_NETWORK_RECEIVED_BYTES] = 5000,
	[RESOURCES_NETWORK_SENT_BYTES] = 123456,
	[RESOURCES_NETWORK_RECEIVED_PACKETS] = 50,
	[RESOURCES_NETWORK_SENT_PACKETS] = 90,
	[RESOURCES_LOOPBACK_BYTES] = 777,
	[RESOURCES_LOOPBACK_PACKETS] = 7,
	[RESOURCES_CPU_STALL_NS] = 20 * NS_PER_MS,
};

static void add_second(struct resources_sample_input *sample, unsigned int second)
{
	struct resources_sample now = {
		.at_ns = second * NS_PER_S,
		.read_ns = 99 * NS_PER_S + second * NS_PER_S,
		.counters = RESOURCES_BIT(RESOURCES_COUNTER_COUNT) - 1,
		.levels = RESOURCES_BIT(RESOURCES_LEVEL_COUNT) - 1,
	};
	int status;

	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		now.counter[i] = second * a_second[i];
	/* One second is busier than the others. */
	if (second >= 3)
		now.counter[RESOURCES_CPU_NS] += 200 * NS_PER_MS;
	now.level[RESOURCES_RSS_BYTES] = 10 * 1048576 + second * 65536;
	now.level[RESOURCES_OPEN_FILES] = 64 + second % 2;
	now.level[RESOURCES_OPEN_FILES_SHARE] = now.level[RESOURCES_OPEN_FILES] / 1024;
	now.level[RESOURCES_THREADS] = 5;
	now.level[RESOURCES_PROCESSES] = 2;
	now.level[RESOURCES_GROUP_MEMORY_BYTES] = 12 * 1048576;
	now.level[RESOURCES_GROUP_PIDS] = 6;
	status = resources_add(&sample->resources, &now);
	assert(!status);
	(void)status;
}

void resources_sample_init(struct resources_sample_input *sample, unsigned int seconds)
{
	*sample = (struct resources_sample_input){0};
	for (unsigned int i = 0; i <= seconds; i++)
		add_second(sample, i);
	sample->processes[0] = (struct observer_process){.pid = 812,
		.threads = 4,
		.name = "worker (odd) \"name\"",
		.cpu_ns = 14 * NS_PER_S,
		.first = true};
	sample->processes[1] = (struct observer_process){
		.pid = 811, .threads = 1, .name = "server", .cpu_ns = NS_PER_S, .first = true};
	sample->input = (struct resources_input){
		.resources = &sample->resources,
		.limits = {.cpus = 2, .memory_bytes = 64 << 20, .open_files = 1024, .pids = 100},
		.pressure_is_own = true,
		.has_pss = true,
		.pss_bytes = 9 << 20,
		.processes = sample->processes,
		.process_count = 2,
	};
}

void resources_sample_hide(struct resources_sample_input *sample)
{
	const uint64_t counters = RESOURCES_BIT(RESOURCES_CPU_NS) |
				  RESOURCES_BIT(RESOURCES_CPU_USER_NS) |
				  RESOURCES_BIT(RESOURCES_CPU_SYSTEM_NS);
	const uint64_t levels = RESOURCES_BIT(RESOURCES_RSS_BYTES) |
				RESOURCES_BIT(RESOURCES_PROCESSES) |
				RESOURCES_BIT(RESOURCES_THREADS);

	for (size_t i = 0; i < sample->resources.interval_count; i++) {
		struct resources_interval *interval = &sample->resources.intervals[i];

		interval->counters &= counters;
		interval->levels &= levels;
		for (int j = 0; j < RESOURCES_COUNTER_COUNT; j++)
			if (!RESOURCES_HAS(counters, j))
				interval->count[j] = 0;
	}
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		sample->input.counter_reasons[i] = "it may not be read";
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		sample->input.level_reasons[i] = "nor this";
	sample->input.limits = (struct observer_limits){0};
	sample->input.has_pss = false;
	sample->input.pss_reason = "it is too large";
	sample->input.pressure_is_own = false;
}

void resources_sample_release(struct resources_sample_input *sample)
{
	resources_release(&sample->resources);
}
