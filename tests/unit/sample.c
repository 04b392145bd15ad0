/* SPDX-License-Identifier: MIT */
#include "tests/unit/sample.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stability.h"
#include "analysis/validity.h"
#include "base/clock.h"

#define WARMUP_S   1
#define DURATION_S 10
#define RATE       1000

static struct stats *new_stats(void)
{
	size_t bytes = (stats_bytes(SAMPLE_LONGEST_NS) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes);

	assert(memory);
	memset(memory, 0, bytes);
	return stats_init(memory, SAMPLE_LONGEST_NS);
}

static void init_plan(struct sample *sample)
{
	struct plan *plan = &sample->plan;

	plan->url = (char *)"http://127.0.0.1:8080/hello";
	plan->host = (char *)"127.0.0.1:8080";
	plan->addresses = sample->addresses;
	plan->address_count = 1;
	strcpy(sample->addresses[0].text, "127.0.0.1:8080");
	strcpy(sample->addresses[1].text, "[::1]:8080");
	plan->request.name = "GET /hello";
	plan->open_loop = true;
	plan->rate_mrps = RATE * 1000;
	plan->seed = 0xfedcba9876543210;
	plan->connections = 64;
	plan->pipeline = 1;
	plan->warmup_ns = WARMUP_S * NS_PER_S;
	plan->duration_ns = DURATION_S * NS_PER_S;
	plan->timeout_ns = 10 * NS_PER_S;
	plan->drain_ns = 10 * NS_PER_S;
	plan->longest_ns = SAMPLE_LONGEST_NS;
	plan->workers = sample->plan_workers;
	plan->worker_count = SAMPLE_WORKERS;
	for (unsigned int i = 0; i < SAMPLE_WORKERS; i++) {
		sample->plan_workers[i].cpu = 2 * i;
		sample->plan_workers[i].numa_node = i ? -1 : 0;
		sample->plan_workers[i].connections = 32;
	}
}

static void init_input(struct sample *sample)
{
	struct result_input *input = &sample->input;

	sample->command[0] = "ringload";
	sample->command[1] = "run";
	sample->command[2] = "-r1000";
	sample->command[3] = "http://127.0.0.1:8080/hello";
	sample->address_counts[0] = 64;
	sample->address_stats[0] = (struct address_counters){
		.value = {[ADDRESS_ATTEMPTED] = 64, [ADDRESS_ESTABLISHED] = 64}};
	*input = (struct result_input){
		.tool_version = "0.1.0",
		.command = sample->command,
		.command_count = 4,
		.started_wall_ns = 1706702400 * NS_PER_S,
		.plan = &sample->plan,
		.kernel_release = "6.18.0",
		.cpus = 8,
		.numa_nodes = 1,
		.governor_reason = "there is no cpufreq here",
		.ring_features = {.single_issuer = true,
			.defer_taskrun = true,
			.kernel_features = 0x3fff},
		.start_ns = SAMPLE_START_NS,
		.address_counts = sample->address_counts,
		.address_stats = sample->address_stats,
		.merged = sample->merged,
		.workers = sample->workers,
		.timeline = &sample->timeline,
	};
}

static void init_worker(struct sample *sample, size_t index)
{
	struct result_input_worker *worker = &sample->workers[index];
	struct stats *stats = sample->stats[index];

	worker->stats = stats;
	worker->info = (struct engine_worker_info){
		.tid = 100 + (int)index,
		.cpu_ns = 11000000,
		.voluntary = 5000,
		.involuntary = 12,
		.window_end_ns = SAMPLE_START_NS + (WARMUP_S + DURATION_S) * NS_PER_S - NS_PER_MS,
		.end_ns = SAMPLE_START_NS + (WARMUP_S + DURATION_S) * NS_PER_S + NS_PER_MS,
		.send_path = "send",
	};
	worker->run_delay_ns = 3000000;
	worker->has_steal = index == 0;
	worker->steal_ns = 1000000;
	for (unsigned int i = 0; i < 32; i++) {
		COUNT(&stats->connections, CONNECTION_ATTEMPTED);
		COUNT(&stats->connections, CONNECTION_ESTABLISHED);
		hist_record(&stats->connect, 100000 + i * 1000);
	}
	for (unsigned int i = 0; i < 2000; i++)
		hist_record(&stats->loop, 2000 + i);
}

void sample_init(struct sample *sample)
{
	struct err err = {ERR_NONE, ""};
	int status;

	memset(sample, 0, sizeof(*sample));
	init_plan(sample);
	sample->merged = new_stats();
	init_input(sample);
	for (size_t i = 0; i < SAMPLE_WORKERS; i++) {
		sample->stats[i] = new_stats();
		init_worker(sample, i);
	}
	status = timeline_init(&sample->timeline, SAMPLE_LONGEST_NS, SAMPLE_WORKERS, &err);
	assert(!status);
	(void)status;
}

void sample_release(struct sample *sample)
{
	for (size_t i = 0; i < SAMPLE_WORKERS; i++)
		free(sample->stats[i]);
	free(sample->merged);
	timeline_release(&sample->timeline);
}

void sample_close_loop(struct sample *sample)
{
	sample->plan.open_loop = false;
	sample->plan.rate_mrps = 0;
}

void sample_stamp(struct sample *sample)
{
	sample->plan.rx_timestamps = true;
}

static void stamp_one(const struct sample *sample, struct stats_request *phase, uint64_t service_ns)
{
	if (!sample->plan.rx_timestamps)
		return;
	if (phase->counters.value[COUNTER_COMPLETED] % 100 == 0) {
		COUNT(&phase->counters, COUNTER_UNSTAMPED);
		return;
	}
	hist_record(&phase->until_arrival, service_ns - service_ns / 50);
	hist_record(&phase->client_queue, service_ns / 50);
}

/* Between 0 and bound, the same in every run of the tests. */
static uint64_t random_below(struct sample *sample, uint64_t bound)
{
	sample->random = sample->random * 6364136223846793005 + 1442695040888963407;
	return (sample->random >> 33) % bound;
}

static void serve_one(struct sample *sample, struct stats_request *phase)
{
	uint64_t lag_ns = 200 + random_below(sample, 800);
	uint64_t service_ns = 500000 + random_below(sample, 1000000);

	/* One in a thousand is a hundred times as slow. */
	if (!random_below(sample, 1000))
		service_ns *= 100;
	COUNT(&phase->counters, COUNTER_SCHEDULED);
	COUNT(&phase->counters, COUNTER_SENT);
	COUNT(&phase->counters, COUNTER_WINDOW_SENT);
	COUNT(&phase->counters, COUNTER_COMPLETED);
	COUNT(&phase->counters, COUNTER_WINDOW_COMPLETED);
	COUNT(&phase->counters, COUNTER_OUTCOME_OK);
	COUNT_STATUS(&phase->counters, 200);
	COUNT_BY(&phase->counters, COUNTER_BYTES_SENT, 40);
	COUNT_BY(&phase->counters, COUNTER_BYTES_RECEIVED, 160);
	hist_record(&phase->total, service_ns + lag_ns);
	hist_record(&phase->service, service_ns);
	hist_record(&phase->connection_wait, 0);
	hist_record(&phase->send_lag, lag_ns);
	stamp_one(sample, phase, service_ns);
}

static void merge(struct sample *sample)
{
	stats_copy(sample->merged, sample->stats[0]);
	for (size_t i = 1; i < SAMPLE_WORKERS; i++)
		stats_add(sample->merged, sample->stats[i]);
}

static void tick(struct sample *sample, uint64_t length_ns)
{
	struct health_counters health[SAMPLE_WORKERS];
	struct err err = {ERR_NONE, ""};
	int status;

	merge(sample);
	for (size_t i = 0; i < SAMPLE_WORKERS; i++)
		health[i] = sample->stats[i]->health;
	status = timeline_add(&sample->timeline, sample->timeline.latest.end_ns + length_ns,
		sample->merged, health, &err);
	assert(!status);
	(void)status;
}

void sample_second(struct sample *sample, uint64_t requests, double busy)
{
	bool warmup = sample->timeline.latest.end_ns < sample->plan.warmup_ns;
	enum stats_phase phase = warmup ? STATS_WARMUP : STATS_MEASURED;

	for (uint64_t i = 0; i < requests; i++)
		serve_one(sample, &sample->stats[i % SAMPLE_WORKERS]->phase[phase]);
	for (size_t i = 0; i < SAMPLE_WORKERS; i++) {
		struct health_counters *health = &sample->stats[i]->health;

		COUNT_BY(health, HEALTH_BUSY_NS, (uint64_t)(busy * 1e9));
		COUNT_BY(health, HEALTH_SPIN_NS, (uint64_t)((1 - busy) * 0.25e9));
		COUNT_BY(health, HEALTH_WAIT_NS, (uint64_t)((1 - busy) * 0.75e9));
	}
	tick(sample, NS_PER_S);
}

void sample_serve(struct sample *sample)
{
	for (unsigned int i = 0; i < WARMUP_S + DURATION_S; i++)
		sample_second(sample, RATE, 0.2);
}

void sample_request(
	struct sample *sample, enum counter outcome, unsigned int status, uint64_t age_ns)
{
	struct stats_request *phase = &sample->stats[0]->phase[STATS_MEASURED];
	bool dropped = outcome >= COUNTER_DROPPED_EXPIRED && outcome <= COUNTER_DROPPED_LIMIT;

	COUNT(&phase->counters, COUNTER_SCHEDULED);
	COUNT(&phase->counters, outcome);
	if (outcome == COUNTER_DROPPED_EXPIRED)
		hist_record_censored(&phase->total, age_ns);
	if (dropped || outcome == COUNTER_UNSENT)
		return;
	COUNT(&phase->counters, COUNTER_SENT);
	COUNT(&phase->counters, COUNTER_WINDOW_SENT);
	if (outcome >= COUNTER_OUTCOME_OK) {
		COUNT(&phase->counters, COUNTER_COMPLETED);
		COUNT(&phase->counters, COUNTER_WINDOW_COMPLETED);
		COUNT_STATUS(&phase->counters, status);
		hist_record(&phase->total, age_ns);
		hist_record(&phase->service, age_ns);
		stamp_one(sample, phase, age_ns);
	} else if (outcome == COUNTER_TIMED_OUT || outcome == COUNTER_IN_FLIGHT) {
		hist_record_censored(&phase->total, age_ns);
		hist_record_censored(&phase->service, age_ns);
	} else {
		hist_record(&phase->failure, age_ns);
	}
}

void sample_build(struct sample *sample, struct result *result)
{
	struct err err = {ERR_NONE, ""};
	int status;

	tick(sample, NS_PER_MS);
	status = result_build(result, &sample->input, &err);
	assert(!status);
	status = validity_judge(result, &result->validity, &err);
	assert(!status);
	status = stability_judge(result, &result->stability, &err);
	assert(!status);
	(void)status;
	result->complete = true;
}

int sample_setup(void **state)
{
	struct sample *sample = malloc(sizeof(*sample));

	assert(sample);
	sample_init(sample);
	*state = sample;
	return 0;
}

int sample_teardown(void **state)
{
	sample_release(*state);
	free(*state);
	return 0;
}
