/* SPDX-License-Identifier: MIT */
#include "tests/unit/cause_sample.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/cause.h"
#include "base/clock.h"

/* Of a healthy request; the server reads and works, and nothing waits. */
static const double healthy_us[PROBE_ABI_PARTS] = {[PROBE_ABI_QUEUE_BUSY] = 4,
	[PROBE_ABI_QUEUE_WAKEUP] = 20,
	[PROBE_ABI_APP_CPU] = 80,
	[PROBE_ABI_APP_RUNQ] = 4};

static void fill_requests(struct result *result, double rps)
{
	uint64_t requests = (uint64_t)(rps * CAUSE_SAMPLE_SECONDS);
	uint64_t *value = result->run.counters.value;

	value[COUNTER_SCHEDULED] = value[COUNTER_SENT] = value[COUNTER_COMPLETED] =
		value[COUNTER_OUTCOME_OK] = requests;
	result->run.counters.status[200] = requests;
	result->run.asked_rps = result->run.sent_rps = result->run.completed_rps = rps;
	result->window.duration_s = result->window.planned_s = CAUSE_SAMPLE_SECONDS;
	result->connections.value[CONNECTION_ATTEMPTED] = 64;
	result->connections.value[CONNECTION_ESTABLISHED] = 64;
	result->connect.count = 64;
	result->connect.quantile[RESULT_P99].value_ns = 200000;
	for (int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		result->run.latency[i].count = requests;
	result->run.latency[RESULT_UNTIL_ARRIVAL].not_measured = true;
	result->run.latency[RESULT_CLIENT_QUEUE].not_measured = true;
}

static void fill_resources(struct result *result, double rps)
{
	struct result_resources *resources = &result->resources;

	resources->measured = true;
	resources->seconds = CAUSE_SAMPLE_SECONDS;
	resources->cpu.mean = resources->cpu.max = rps * 100e-6;
	resources->cpu.has_share = true;
	resources->cpu.mean_share = resources->cpu.max_share = rps * 50e-6;
	resources->limits.cpus = 2;
	resources->limits.open_files = 1024;
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		resources->counters[i].known = true;
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		resources->levels[i].known = true;
	resources->levels[RESOURCES_OPEN_FILES].max = 80;
	resources->levels[RESOURCES_OPEN_FILES_SHARE].max = 80.0 / 1024;
}

static void fill_kernel(struct result *result, double rps)
{
	kernel_sample(&result->kernel, (uint64_t)(rps * CAUSE_SAMPLE_SECONDS / 8));
	kernel_sample_parts(&result->kernel, healthy_us, healthy_us);
	kernel_sample_worker(&result->kernel, "server", (uint64_t)(rps * CAUSE_SAMPLE_SECONDS),
		rps * 100e-6, 0.01);
	result->kernel.has_residual = true;
	result->kernel.residual_ns = 50000;
}

static void fill_timeline(struct cause_sample *sample, size_t index)
{
	struct result_interval *intervals = sample->intervals[index];
	struct search_trial *trial = &sample->trials[index];

	trial->result.timeline = intervals;
	trial->result.interval_count = CAUSE_SAMPLE_INTERVALS + 1;
	for (size_t i = 0; i <= CAUSE_SAMPLE_INTERVALS; i++) {
		struct result_interval *interval = &intervals[i];

		interval->phase = i ? RESULT_MEASURED : RESULT_WARMUP;
		interval->seconds = CAUSE_SAMPLE_SECONDS / CAUSE_SAMPLE_INTERVALS;
		interval->t_s = interval->seconds * (double)(i + 1);
		interval->scheduled = interval->sent = interval->completed =
			(uint64_t)(trial->rps * interval->seconds);
		interval->in_flight = 2 + i % 3;
		interval->resources.measured = true;
		interval->resources.levels = RESOURCES_BIT(RESOURCES_RSS_BYTES);
	}
	cause_sample_memory(sample, (int)index, 50 << 20, 0);
}

struct search_trial *cause_sample_add(
	struct cause_sample *sample, double rps, enum search_verdict verdict)
{
	size_t index = sample->record.trial_count++;
	struct search_trial *trial = &sample->trials[index];

	assert(index < CAUSE_SAMPLE_TRIALS);
	trial->rps = rps;
	trial->verdict = verdict;
	trial->duration_s = CAUSE_SAMPLE_SECONDS;
	trial->t_s = 6 * (double)index;
	trial->has_backlog_growth = true;
	fill_requests(&trial->result, rps);
	cause_sample_slow(&trial->result, 2);
	fill_resources(&trial->result, rps);
	fill_kernel(&trial->result, rps);
	fill_timeline(sample, index);
	return trial;
}

void cause_sample_init(struct cause_sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->record.trials = sample->trials;
	sample->base = &cause_sample_add(sample, 1000, SEARCH_PASS)->result;
	sample->lower = &cause_sample_add(sample, 4000, SEARCH_PASS)->result;
	sample->broken = &cause_sample_add(sample, 5000, SEARCH_FAIL)->result;
	sample->record.answer.kind = SEARCH_FOUND;
	sample->record.answer.has_lower = sample->record.answer.has_upper = true;
	sample->record.answer.lower_rps = 4000;
	sample->record.answer.upper_rps = 5000;
}

/* What it found is the record's own, the trials are not. */
static void forget(struct cause_sample *sample)
{
	struct search_record found = {.causes = sample->record.causes,
		.cause_count = sample->record.cause_count,
		.unknown = sample->record.unknown,
		.unknown_count = sample->record.unknown_count};

	search_record_release(&found);
	sample->record.causes = NULL;
	sample->record.unknown = NULL;
	sample->record.cause_count = sample->record.unknown_count = 0;
}

void cause_sample_release(struct cause_sample *sample)
{
	forget(sample);
	for (size_t i = 0; i < sample->record.trial_count; i++)
		result_kernel_release(&sample->trials[i].result.kernel);
}

void cause_sample_fail(
	struct result *result, enum counter outcome, unsigned int status, uint64_t requests)
{
	uint64_t *value = result->run.counters.value;

	value[outcome] += requests;
	value[COUNTER_OUTCOME_OK] -= requests;
	result->run.counters.status[200] -= requests;
	if (status)
		result->run.counters.status[status] += requests;
	else
		value[COUNTER_COMPLETED] -= requests;
	result->run.error_rate = counters_error_rate(&result->run.counters);
}

void cause_sample_slow(struct result *result, double p99_ms)
{
	struct result_latency *latency = result->run.latency;

	latency[RESULT_TOTAL].quantile[RESULT_P99].value_ns = (uint64_t)(p99_ms * 1e6);
	latency[RESULT_TOTAL].quantile[RESULT_P50].value_ns = (uint64_t)(p99_ms * 0.5e6);
	latency[RESULT_SERVICE].mean_ns = p99_ms * 0.5e6;
}

void cause_sample_parts(struct result *result, const double parts_us[PROBE_ABI_PARTS])
{
	/* They are added to what is there. */
	for (enum probe_abi_stage i = PROBE_ABI_RESIDENCE; i <= PROBE_ABI_APP_BLOCKED; i++)
		result->kernel.stages[i] = (struct result_kernel_stage){.stage = i};
	kernel_sample_parts(&result->kernel, parts_us, parts_us);
}

void cause_sample_hide_kernel(struct cause_sample *sample)
{
	for (size_t i = 0; i < sample->record.trial_count; i++) {
		struct result_kernel *kernel = &sample->trials[i].result.kernel;

		result_kernel_release(kernel);
		*kernel = (struct result_kernel){.reason = strdup("no rights")};
	}
}

void cause_sample_hide_resources(struct cause_sample *sample)
{
	for (size_t i = 0; i < sample->record.trial_count; i++)
		sample->trials[i].result.resources = (struct result_resources){
			.reason = (char *)"another machine"};
}

void cause_sample_memory(
	struct cause_sample *sample, int trial, double begin_bytes, double grown_bytes)
{
	struct result_resources_level
		*level = &sample->trials[trial].result.resources.levels[RESOURCES_RSS_BYTES];

	for (size_t i = 0; i <= CAUSE_SAMPLE_INTERVALS; i++) {
		double part = i ? (double)(i - 1) / (CAUSE_SAMPLE_INTERVALS - 1) : 0;

		sample->intervals[trial][i].resources.level[RESOURCES_RSS_BYTES] = begin_bytes +
										   grown_bytes *
											   part;
	}
	level->mean = begin_bytes + grown_bytes / 2;
	level->max = begin_bytes + grown_bytes;
}

void cause_sample_behind(struct cause_sample *sample, int trial, double from_s, double share)
{
	struct search_trial *it = &sample->trials[trial];
	uint64_t waiting = 0, answered = 0;

	for (size_t i = 1; i <= CAUSE_SAMPLE_INTERVALS; i++) {
		struct result_interval *interval = &sample->intervals[trial][i];

		if (interval->t_s - 2 * interval->seconds + 1e-9 >= from_s)
			interval->completed = (uint64_t)(share * (double)interval->scheduled + 0.5);
		waiting += interval->scheduled - interval->completed;
		interval->waiting = waiting;
		answered += interval->completed;
	}
	it->result.run.completed_rps = (double)answered / CAUSE_SAMPLE_SECONDS;
	it->backlog_growth = 1 - share;
}

void cause_sample_explain(struct cause_sample *sample)
{
	struct err err = {ERR_NONE, ""};

	forget(sample);
	assert_int_equal(cause_explain(&sample->record, &err), 0);
}

const struct search_cause *cause_sample_find(const struct cause_sample *sample, const char *key)
{
	for (size_t i = 0; i < sample->record.cause_count; i++)
		if (!strcmp(sample->record.causes[i].key, key))
			return &sample->record.causes[i];
	return NULL;
}

static void show(const struct cause_sample *sample)
{
	for (size_t i = 0; i < sample->record.cause_count; i++)
		print_message("%s%s %.2f: %s\n", sample->record.causes[i].sign ? "sign " : "",
			sample->record.causes[i].key, sample->record.causes[i].strength,
			sample->record.causes[i].sentence);
}

void cause_sample_expect(struct cause_sample *sample, const char *key, const char *sentence)
{
	const struct search_cause *cause;

	cause_sample_explain(sample);
	cause = cause_sample_find(sample, key);
	if (!cause || cause != sample->record.causes || strcmp(cause->sentence, sentence) != 0)
		show(sample);
	assert_non_null(cause);
	assert_string_equal(cause->sentence, sentence);
	assert_ptr_equal(cause, sample->record.causes);
	assert_true(cause->strength > 0 && cause->strength <= 1);
	assert_int_equal(cause->sign, !cause->advice);
}

void cause_sample_expect_none(struct cause_sample *sample, const char *key)
{
	cause_sample_explain(sample);
	if (cause_sample_find(sample, key))
		show(sample);
	assert_null(cause_sample_find(sample, key));
}
