/* SPDX-License-Identifier: MIT */
#include "tests/unit/kernel_sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One more zeroed element at the end of an array. */
static void *extend(void *array, size_t *count, size_t element_bytes)
{
	char *larger = realloc(array, (*count + 1) * element_bytes);

	assert(larger);
	memset(larger + *count * element_bytes, 0, element_bytes);
	++*count;
	return larger;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void fill(struct result_kernel_stage *stage, uint64_t count, double mean_us)
{
	stage->count = count;
	stage->mean_ns = mean_us * 1000;
	stage->p50_ns = (uint64_t)(stage->mean_ns * 0.9);
	stage->p95_ns = (uint64_t)(stage->mean_ns * 2);
	stage->p99_ns = (uint64_t)(stage->mean_ns * 3);
	stage->few_p50 = count / 2 < 100;
	stage->few_p95 = count / 20 < 100;
	stage->few_p99 = count / 100 < 100;
}

void kernel_sample(struct result_kernel *kernel, uint64_t requests)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->measured = true;
	kernel->ports = extend(NULL, &kernel->port_count, sizeof(*kernel->ports));
	kernel->ports[0] = 8080;
	kernel->sample = 8;
	kernel->looked_share = 1;
	kernel->has_sampled_fraction = true;
	kernel->sampled_fraction = 0.1249;
	kernel->requests = kernel->attributed = requests;
	kernel->has_error = true;
	kernel->error_share = 0.0083;
	kernel->has_overhead = true;
	kernel->overhead_ns_per_request = 243;
	kernel->has_softirq = true;
	for (int i = 0; i < RESULT_KERNEL_COUNTER_COUNT; i++)
		kernel->counters[i].has_value = true;
	kernel->counters[RESULT_KERNEL_SEEDED].value = 64;
	for (enum probe_abi_stage i = 0; i < PROBE_ABI_STAGE_COUNT; i++)
		kernel->stages[i].stage = i;
}

void kernel_sample_parts(struct result_kernel *kernel, const double all_us[PROBE_ABI_PARTS],
	const double slowest_us[PROBE_ABI_PARTS])
{
	static const struct {
		enum probe_abi_stage sum, from, to;
	} sums[] = {
		{PROBE_ABI_QUEUE, PROBE_ABI_QUEUE_BUSY, PROBE_ABI_QUEUE_UNKNOWN},
		{PROBE_ABI_APP, PROBE_ABI_APP_CPU, PROBE_ABI_APP_STOPPED},
		{PROBE_ABI_APP_BLOCKED, PROBE_ABI_APP_SLEEP, PROBE_ABI_APP_STOPPED},
		{PROBE_ABI_RESIDENCE, 0, PROBE_ABI_PARTS - 1},
	};
	double all = 0, slowest = 0;

	for (int i = 0; i < PROBE_ABI_PARTS; i++) {
		all += all_us[i];
		slowest += slowest_us[i];
	}
	for (int i = 0; i < PROBE_ABI_PARTS; i++) {
		fill(&kernel->stages[i], kernel->attributed, all_us[i]);
		kernel->stages[i].has_share = true;
		kernel->stages[i].share = all > 0 ? all_us[i] / all : 0;
		kernel->stages[i].share_of_slowest = slowest > 0 ? slowest_us[i] / slowest : 0;
	}
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		struct result_kernel_stage *sum = &kernel->stages[sums[i].sum];

		for (enum probe_abi_stage part = sums[i].from; part <= sums[i].to; part++) {
			sum->mean_ns += all_us[part] * 1000;
			sum->share += kernel->stages[part].share;
			sum->share_of_slowest += kernel->stages[part].share_of_slowest;
		}
		fill(sum, kernel->attributed, sum->mean_ns / 1000);
		sum->has_share = true;
	}
	/* Nothing but rounding keeps them from it. */
	kernel->stages[PROBE_ABI_RESIDENCE].count = kernel->requests;
	kernel->stages[PROBE_ABI_RESIDENCE].share = all > 0;
	kernel->stages[PROBE_ABI_RESIDENCE].share_of_slowest = slowest > 0;
	kernel->residence_max_ns = (uint64_t)(slowest * 2000);
	kernel->slowest_1pct.requests = kernel->requests / 97;
	kernel->slowest_1pct.share = kernel->requests / 97 / (double)kernel->requests;
	kernel->slowest_1pct.from_ns = (uint64_t)(slowest * 800);
	kernel->slowest_1pct.residence_mean_ns = slowest * 1000;
}

void kernel_sample_beside(
	struct result_kernel *kernel, enum probe_abi_stage stage, uint64_t count, double mean_us)
{
	fill(&kernel->stages[stage], count, mean_us);
}

void kernel_sample_hook(
	struct result_kernel *kernel, const char *stage, const char *hook, const char *missing)
{
	kernel->hooks = extend(kernel->hooks, &kernel->hook_count, sizeof(*kernel->hooks));
	kernel->hooks[kernel->hook_count - 1] = (struct result_kernel_hook){
		.stage = copy(stage), .hook = copy(hook), .missing = copy(missing)};
}

struct result_kernel_worker *kernel_sample_worker(
	struct result_kernel *kernel, const char *name, uint64_t requests, double cpu, double runq)
{
	struct result_kernel_worker *worker;
	uint64_t all = 0, most = 0;

	kernel->workers = extend(kernel->workers, &kernel->worker_count, sizeof(*kernel->workers));
	worker = &kernel->workers[kernel->worker_count - 1];
	*worker = (struct result_kernel_worker){.tid = 4200 + (uint32_t)kernel->worker_count,
		.pid = 4200,
		.name = copy(name),
		.requests = requests,
		.wall_s = 10,
		.cpu = cpu,
		.runq = runq,
		.sleep = 1 - cpu - runq};
	for (size_t i = 0; i < kernel->worker_count; i++) {
		all += kernel->workers[i].requests;
		if (kernel->workers[i].requests > most)
			most = kernel->workers[i].requests;
	}
	kernel->imbalance = all ? (double)most * (double)kernel->worker_count / (double)all - 1 : 0;
	return worker;
}

struct result_kernel_slow *kernel_sample_slow(
	struct result_kernel *kernel, const double part_us[PROBE_ABI_PARTS])
{
	struct result_kernel_slow *slow;
	size_t index = kernel->slowest_count;

	kernel->slowest = extend(kernel->slowest, &kernel->slowest_count, sizeof(*slow));
	slow = &kernel->slowest[index];
	*slow = (struct result_kernel_slow){.client = copy("127.0.0.1:40016"),
		.server_port = 8080,
		.offset_bytes = 45 * 7919 * index,
		.tid = 4201,
		.pid = 4200,
		.at_s = 0.7310 + 0.9137 * (double)index,
		.rx_path_ns = 2100,
		.attributed = true,
		.has_client = true,
		.send_lag_ns = 700,
		.to_server_ns = 9300,
		.from_server_ns = 21400};
	for (int i = 0; i < PROBE_ABI_PARTS; i++) {
		slow->part_ns[i] = (uint64_t)(part_us[i] * 1000);
		slow->residence_ns += slow->part_ns[i];
	}
	slow->service_ns = slow->to_server_ns + slow->residence_ns + slow->from_server_ns;
	slow->total_ns = slow->send_lag_ns + slow->service_ns;
	return slow;
}

void kernel_sample_stack(struct result_kernel *kernel, const char *frames, uint64_t samples)
{
	struct result_kernel_profile *profile = &kernel->profile;

	profile->measured = true;
	profile->hz = 199;
	profile->samples += samples;
	profile->stacks = extend(profile->stacks, &profile->stack_count, sizeof(*profile->stacks));
	profile->stacks[profile->stack_count - 1].frames = copy(frames);
	profile->stacks[profile->stack_count - 1].samples = samples;
}

void kernel_sample_absent(
	struct result_kernel *kernel, enum result_kernel_counter_kind counter, const char *reason)
{
	kernel->counters[counter].has_value = false;
	kernel->counters[counter].reason = copy(reason);
}
