/* SPDX-License-Identifier: MIT */
#include "tests/unit/search_sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/doubling.h"
#include "analysis/usl_advice.h"
#include "base/clock.h"
#include "tests/unit/sample.h"

#define PAUSE_S 0.5

static char *copy(const char *text)
{
	char *copied = strdup(text);

	assert(copied);
	return copied;
}

static char **copy_texts(const char *const *texts, size_t count)
{
	char **copies = malloc(count * sizeof(*copies));

	assert(copies);
	for (size_t i = 0; i < count; i++)
		copies[i] = copy(texts[i]);
	return copies;
}

void search_sample_init(struct search_record *record)
{
	static const char *const command[] = {
		"ringload", "breakpoint", "http://127.0.0.1:8080/hello"};
	static const char *const slo[] = {
		"p95<200ms", "p99<500ms", "completed_rate>=90%", "error_rate<1%"};

	memset(record, 0, sizeof(*record));
	record->complete = true;
	record->tool_version = copy("0.1.0");
	record->started_at = copy("2024-01-31T12:00:00Z");
	record->command = copy_texts(command, 3);
	record->command_count = 3;
	record->url = copy("http://127.0.0.1:8080/hello");
	record->goal.thresholds = copy_texts(slo, 4);
	record->goal.threshold_count = 4;
	record->goal.slo = true;
	record->goal.precision = 0.02;
	record->goal.budget_s = 300;
	record->answer.kind = SEARCH_UNDECIDED;
}

/* The latency of the request at this share of the trial, from 0 to 1. */
static uint64_t latency_ns(const struct search_sample_trial *trial, double share)
{
	double load = trial->rps / SEARCH_SAMPLE_CAPACITY_RPS;
	double room = load < 0.99 ? 1 - load : 0.01;
	double behind_s = load > 1 ? (load - 1) * trial->duration_s : 0;
	/* Golden ratio: evenly spread, and in no order. */
	double chance = fmod(share * 1e6 * 0.6180339887, 1);
	double waiting_ns = -log(1 - 0.9999 * chance) * SEARCH_SAMPLE_SERVICE_NS * load / room;

	return (uint64_t)(SEARCH_SAMPLE_SERVICE_NS + waiting_ns / 4 + behind_s * share * 1e9);
}

static void fill(struct sample *sample, const struct search_sample_trial *trial)
{
	sample->plan.rate_mrps = (uint64_t)(trial->rps * 1000);
	sample->plan.warmup_ns = NS_PER_S / 2;
	sample->plan.duration_ns = (uint64_t)(trial->duration_s * (double)NS_PER_S);
	for (size_t i = 0; i < SAMPLE_WORKERS; i++)
		sample->workers[i].info.window_end_ns = SAMPLE_START_NS + sample->plan.warmup_ns +
							sample->plan.duration_ns;
	for (unsigned int i = 0; i < trial->requests; i++)
		sample_request(sample, COUNTER_OUTCOME_OK, 200,
			latency_ns(trial, (i + 0.5) / trial->requests));
	for (unsigned int i = 0; i < trial->timed_out; i++)
		sample_request(sample, COUNTER_TIMED_OUT, 0, 10 * NS_PER_S);
}

/* The server holds what is on the connections; the rest of the time a request waited for one. */
static void hold_on_connections(struct result *result)
{
	struct result_latency *service = &result->run.latency[RESULT_SERVICE];
	double connections = 0;

	for (size_t i = 0; i < result->generator.worker_count; i++)
		connections += (double)result->generator.workers[i].connections;
	if (service->count)
		service->mean_ns = fmin(
			service->mean_ns, 1e9 * connections / result->run.completed_rps);
}

void search_sample_add(struct search_record *record, const struct search_sample_trial *trial)
{
	const struct search_trial *last = record->trial_count
						  ? &record->trials[record->trial_count - 1]
						  : NULL;
	struct search_trial made = {.stage = trial->stage,
		.t_s = last ? last->t_s + last->warmup_s + last->duration_s + PAUSE_S : 0,
		.rps = trial->rps,
		.warmup_s = 0.5,
		.duration_s = trial->duration_s,
		.verdict = trial->verdict,
		.has_backlog_growth = trial->duration_s >= 1};
	double over = trial->rps / SEARCH_SAMPLE_CAPACITY_RPS - 1;
	struct sample sample;
	struct result result;
	int status;

	made.backlog_growth = over > 0 ? over / (1 + over) : 0;
	sample_init(&sample);
	fill(&sample, trial);
	sample_build(&sample, &result);
	sample_release(&sample);
	/* As if all requests of that rate had been made. */
	result.run.asked_rps = result.run.sent_rps = trial->rps;
	result.run.completed_rps = fmin(trial->rps, SEARCH_SAMPLE_CAPACITY_RPS);
	hold_on_connections(&result);
	status = search_record_add_trial(record, &made, &result, trial->reason);
	assert(!status);
	(void)status;
	record->elapsed_s = made.t_s + made.warmup_s + made.duration_s + PAUSE_S;
}

static size_t *decided(
	const struct search_record *record, enum search_verdict verdict, double rps, size_t *count)
{
	size_t *indices = malloc((record->trial_count + 1) * sizeof(*indices));

	assert(indices);
	*count = 0;
	for (size_t i = 0; i < record->trial_count; i++)
		if (record->trials[i].verdict == verdict && record->trials[i].rps == rps)
			indices[(*count)++] = i;
	return indices;
}

void search_sample_answer(struct search_record *record, enum search_answer_kind kind,
	double lower_rps, double upper_rps)
{
	free(record->answer.lower_trials);
	free(record->answer.upper_trials);
	record->answer.kind = kind;
	record->answer.has_lower = lower_rps > 0;
	record->answer.has_upper = upper_rps > 0;
	record->answer.lower_rps = lower_rps;
	record->answer.upper_rps = upper_rps;
	record->answer.lower_trials = decided(
		record, SEARCH_PASS, lower_rps, &record->answer.lower_trial_count);
	record->answer.upper_trials = decided(
		record, SEARCH_FAIL, upper_rps, &record->answer.upper_trial_count);
}

static void explain(struct search_record *record)
{
	static const struct search_cause causes[] = {
		{(char *)"cpu_bound", false, 0.95,
			(char *)"server CPU-bound: thread 1 of nginx was on a CPU for 99 % of the "
				"time at 12,080/s, and queue_busy grew from 4 to 81 % of residence",
			(char *)"give the server more workers than the one that did the work, or "
				"find out with the profile where that one spends its time"},
		{(char *)"accept_overflow", false, 0.4,
			(char *)"the accept queue of port 8080 overflowed 1,204 times: its limit "
				"is 128 connections",
			(char *)"raise the listen backlog and net.core.somaxconn"},
		{(char *)"latency", true, 0.8,
			(char *)"p99 was 412 ms at 12,080/s, 180 times the 2.29 ms at 1,000/s",
			NULL},
		{(char *)"timeouts", true, 0.2,
			(char *)"0.25 % of the requests timed out at 24,000/s", NULL},
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (search_record_add_cause(record, &causes[i]))
			assert(0);
	if (search_record_add_unknown(
		    record, "CPU quota: the server's control group is not readable without root") ||
		search_record_add_note(record, "the target shares this machine"))
		assert(0);
}

void search_sample_found(struct search_record *record, unsigned int requests)
{
	static const struct search_sample_trial trials[] = {
		{SEARCH_RANGE, 1500, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_RANGE, 3000, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_RANGE, 6000, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_RANGE, 12000, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_RANGE, 24000, 2, SEARCH_FAIL, 0, 5,
			"p95 was 1.94 s, p95<200ms was asked; it fell behind by 50 % of the rate"},
		{SEARCH_NARROW, 12400, 2, SEARCH_GENERATOR, 0, 0,
			"the generator was too late: send_lag p99 is 5.00 ms, allowed is 100 µs"},
		{SEARCH_NARROW, 12400, 2, SEARCH_FAIL, 0, 0,
			"it fell behind by 3.23 % of the rate"},
		{SEARCH_NARROW, 11890, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_NARROW, 12080, 2, SEARCH_FAIL, 0, 0,
			"it fell behind by 0.66 % of the rate"},
		{SEARCH_NARROW, 11890, 2, SEARCH_PASS, 0, 0, NULL},
		{SEARCH_CONFIRM, 12080, 20, SEARCH_FAIL, 0, 0,
			"it fell behind by 0.66 % of the rate"},
		{SEARCH_CONFIRM, 11890, 20, SEARCH_PASS, 0, 0, NULL},
	};

	search_sample_init(record);
	for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++) {
		struct search_sample_trial trial = trials[i];

		trial.requests = requests;
		search_sample_add(record, &trial);
	}
	search_sample_answer(record, SEARCH_FOUND, 11890, 12080);
	record->answer.precise = true;
	record->answer.lower_confirmed = record->answer.upper_confirmed = true;
	record->answer.sentence = copy("between 11,890 and 12,080 requests/s");
	record->calibration.known = true;
	record->calibration.highest_rps = 180000;
	record->calibration.measured_at = copy("2024-01-30T08:00:00Z");
	explain(record);
	if (doubling_judge(record) < 0 || usl_advise(record) < 0)
		assert(0);
}
