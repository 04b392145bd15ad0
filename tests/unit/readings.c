/* SPDX-License-Identifier: MIT */
#include "tests/unit/readings.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#define US 1000ULL
#define MS 1000000ULL

void readings_record(struct readings *readings, enum probe_abi_stage stage, uint64_t value_ns)
{
	struct probe_abi_hist *hist = &readings->stages.hist[stage];

	hist->sum_ns += value_ns;
	hist->cells[hist_layout_index(PROBE_ABI_PRECISION_BITS, value_ns)]++;
}

static uint64_t sum(const uint64_t *part_ns, unsigned int from, unsigned int behind)
{
	uint64_t sum_ns = 0;

	while (from < behind)
		sum_ns += part_ns[from++];
	return sum_ns;
}

void readings_answer(struct readings *readings, const uint64_t part_ns[PROBE_ABI_PARTS])
{
	uint64_t residence_ns = sum(part_ns, 0, PROBE_ABI_PARTS);
	struct probe_abi_mix
		*mix = &readings->stages.mix[hist_layout_index(PROBE_ABI_MIX_BITS, residence_ns)];
	uint64_t requests = readings->stages.count[PROBE_ABI_REQUESTS]++;
	struct probe_abi_group *group = &readings->stages.group[requests % PROBE_ABI_GROUPS];

	mix->requests++;
	mix->attributed++;
	mix->residence_ns += residence_ns;
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		mix->part_ns[part] += part_ns[part];
		readings_record(readings, part, part_ns[part]);
	}
	readings_record(readings, PROBE_ABI_RESIDENCE, residence_ns);
	readings_record(readings, PROBE_ABI_QUEUE, sum(part_ns, 0, PROBE_ABI_APP_CPU));
	readings_record(readings, PROBE_ABI_APP, sum(part_ns, PROBE_ABI_APP_CPU, PROBE_ABI_PARTS));
	readings_record(readings, PROBE_ABI_APP_BLOCKED,
		sum(part_ns, PROBE_ABI_APP_SLEEP, PROBE_ABI_PARTS));
	group->requests++;
	group->residence_ns += residence_ns;
}

static void serve(struct readings *readings)
{
	const uint64_t usual[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY] = 5 * US,
		[PROBE_ABI_QUEUE_RUNQ] = 10 * US,
		[PROBE_ABI_QUEUE_WAKEUP] = 5 * US,
		[PROBE_ABI_APP_CPU] = 60 * US,
		[PROBE_ABI_APP_RUNQ] = 20 * US,
	};
	const uint64_t slow[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY_BLOCKED] = 1 * MS,
		[PROBE_ABI_QUEUE_UNKNOWN] = 1 * MS,
		[PROBE_ABI_APP_CPU] = 2 * MS,
		[PROBE_ABI_APP_SLEEP] = 3 * MS,
		[PROBE_ABI_APP_DISK] = 2 * MS,
		[PROBE_ABI_APP_STOPPED] = 1 * MS,
	};

	for (unsigned int i = 0; i < 1000; i++) {
		readings_answer(readings, usual);
		readings_record(readings, PROBE_ABI_RX_PATH, 700 + i);
		readings_record(readings, PROBE_ABI_TX, 3000 + i);
		readings_record(readings, PROBE_ABI_SRTT, 40 * US);
	}
	for (unsigned int i = 0; i < 20; i++)
		readings_answer(readings, slow);
	readings_record(readings, PROBE_ABI_RESPONSE_SPAN, 9 * US);
	for (unsigned int i = PROBE_ABI_HANDOFFS; i < PROBE_ABI_COUNT; i++)
		readings->stages.count[i] = 100 + i;
}

/* A row that the kernel and the client both have. */
static void add_slow(struct readings *readings, size_t index, uint64_t residence_ns)
{
	struct probe_abi_slow *row = &readings->slowest[index];
	struct slowest_row *client = &readings->client_rows[index];

	*row = (struct probe_abi_slow){
		.residence_ns = residence_ns,
		.arrived_ns = READINGS_START_NS + (index + 1) * 250 * MS,
		.part_ns = {[PROBE_ABI_QUEUE_BUSY] = 1 * MS,
			[PROBE_ABI_APP_DISK] = residence_ns - 1 * MS},
		.rx_path_ns = 800,
		.offset_bytes = 4000 + index,
		.client_address = {0, 0, htonl(0xffff), htonl(0x7f000001)},
		.client_port = 40000,
		.server_port = 8080,
		.tid = 501,
		.tgid = 500,
		.attributed = 1,
	};
	*client = (struct slowest_row){
		.intended_ns = row->arrived_ns - 30 * US,
		.sent_ns = row->arrived_ns - 20 * US,
		.done_ns = row->arrived_ns + residence_ns + 15 * US,
		.service_ns = residence_ns + 35 * US,
		.offset_bytes = row->offset_bytes,
		.local_port = row->client_port,
	};
}

static void init_threads(struct readings *readings)
{
	readings->threads[0] = (struct stages_thread){
		.tid = 501,
		.tgid = 500,
		.name = "worker \"one\"",
		.requests = 765,
		.wall_ns = 10000 * MS,
		.cpu_ns = 5000 * MS,
		.runq_ns = 1000 * MS,
		.sleep_ns = 2000 * MS,
		.disk_ns = 1500 * MS,
		.stopped_ns = 500 * MS,
		.in_request_ns = 2500 * MS,
		.switches = 77,
		.preempted = 66,
	};
	readings->threads[1] = (struct stages_thread){
		.tid = 502,
		.tgid = 500,
		.name = "worker-2",
		.exited = true,
		.requests = 255,
		.wall_ns = 4000 * MS,
		.cpu_ns = 1000 * MS,
		.sleep_ns = 3000 * MS,
	};
}

static void init_client(struct readings *readings)
{
	add_slow(readings, 0, 12 * MS);
	add_slow(readings, 1, 11 * MS);
	readings->client_slowest[0] = (struct slowest){0};
	readings->client_slowest[1] = (struct slowest){
		.count = 2, .capacity = 8, .rows = readings->client_rows};
	readings->workers[0] = &readings->client_slowest[0];
	readings->workers[1] = &readings->client_slowest[1];
	readings->client = (struct kernel_client){
		.requests = 8000,
		.service_mean_ns = 350e3,
		.slowest = readings->workers,
		.worker_count = 2,
	};
}

static void init_host(struct readings *readings)
{
	readings->host = (struct host){
		.has_netstat = true,
		.netstat = {[HOST_LISTEN_OVERFLOWS] = 11,
			[HOST_LISTEN_DROPS] = 12,
			[HOST_SYN_COOKIES] = 13,
			[HOST_REQ_QFULL_DROP] = 14},
		.has_softirq = true,
		.softirq_ns = 250 * MS,
		.total_ns = 20000 * MS,
		.has_throttled = true,
		.throttled_ns = 15,
		.throttled_periods = 16,
	};
}

void readings_init(struct readings *readings)
{
	int status;

	memset(readings, 0, sizeof(*readings));
	status = stages_init(&readings->stages, NULL);
	assert(!status);
	(void)status;
	serve(readings);
	init_threads(readings);
	init_client(readings);
	init_host(readings);
	readings->hooks[0] = (struct probe_hook){"arrival", true, "tp_btf/tcp_probe", NULL};
	readings->hooks[1] = (struct probe_hook){"tx", false, NULL, "refused: not permitted"};
	readings->stacks[0] = (struct probe_stack){"start;main;write_[k]", 40};
	readings->stacks[1] = (struct probe_stack){"start;main", 2};
	readings->asked = (struct probe_options){.ports = {8080, 443, 65535}, .port_count = 1};
	readings->input = (struct kernel_input){
		.asked = &readings->asked,
		.start_ns = READINGS_START_NS,
		.host = &readings->host,
		.client = &readings->client,
	};
	readings->readings = (struct kernel_readings){
		.hooks = readings->hooks,
		.hook_count = 2,
		.stages = &readings->stages,
		.sample = 8,
		.takes_turns = true,
		.looked_share = 1,
		.pid = 500,
		.threads = readings->threads,
		.thread_count = 2,
		.slowest = readings->slowest,
		.slowest_count = 2,
		.open = {.waiting = 3, .reading = 4, .oldest_ns = 5 * MS},
		.has_overhead = true,
		.overhead_ns = 812.5,
		.profile = {.stacks = readings->stacks,
			.stack_count = 2,
			.samples = 42,
			.lost = 7,
			.truncated = 21,
			.hz = 199},
	};
}

void readings_release(struct readings *readings)
{
	stages_release(&readings->stages);
}

void readings_clear(struct readings *readings)
{
	stages_clear(&readings->stages);
	readings->readings.pid = 0;
	readings->readings.thread_count = 0;
	readings->readings.slowest_count = 0;
	readings->readings.open = (struct probe_open_requests){0};
}
