/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const latency_keys[RESULT_LATENCY_COUNT] = {
	[RESULT_TOTAL] = "total",
	[RESULT_SERVICE] = "service",
	[RESULT_CONNECTION_WAIT] = "connection_wait",
	[RESULT_SEND_LAG] = "send_lag",
	[RESULT_FAILURE] = "failure",
	[RESULT_UNTIL_ARRIVAL] = "until_arrival",
	[RESULT_CLIENT_QUEUE] = "client_queue",
	[RESULT_CONNECT] = "connect",
};

static const struct {
	const char *key;
	double share;
} quantiles[RESULT_QUANTILE_COUNT] = {
	[RESULT_P50] = {"p50", 0.50},
	[RESULT_P75] = {"p75", 0.75},
	[RESULT_P90] = {"p90", 0.90},
	[RESULT_P95] = {"p95", 0.95},
	[RESULT_P98] = {"p98", 0.98},
	[RESULT_P99] = {"p99", 0.99},
	[RESULT_P999] = {"p999", 0.999},
	[RESULT_P9999] = {"p9999", 0.9999},
};

static const char *const phase_keys[RESULT_PHASE_COUNT] = {
	[RESULT_WARMUP] = "warmup",
	[RESULT_MEASURED] = "measured",
	[RESULT_DRAIN] = "drain",
};

static const char *const verdict_keys[RESULT_VERDICT_COUNT] = {
	[RESULT_VALID] = "valid",
	[RESULT_GENERATOR_LIMITED] = "generator_limited",
	[RESULT_TOO_SHORT] = "too_short",
	[RESULT_INTERRUPTED] = "interrupted",
	[RESULT_INTERNAL_ERROR] = "internal_error",
};

static const char *const reason_keys[RESULT_REASON_COUNT] = {
	[RESULT_REASON_IDENTITY] = "identity",
	[RESULT_REASON_WORKER_FAILED] = "worker_failed",
	[RESULT_REASON_INTERRUPTED] = "interrupted",
	[RESULT_REASON_SEND_LAG] = "send_lag",
	[RESULT_REASON_BUSY] = "busy",
	[RESULT_REASON_CQ_OVERFLOW] = "cq_overflow",
	[RESULT_REASON_NO_PORT] = "no_port",
	[RESULT_REASON_NO_FD] = "no_fd",
	[RESULT_REASON_CPU_LOST] = "cpu_lost",
	[RESULT_REASON_FEW_SAMPLES] = "few_samples",
	[RESULT_REASON_SHORT_WINDOW] = "short_window",
	[RESULT_REASON_THROUGHPUT_IS_LOWER_BOUND] = "throughput_is_lower_bound",
	[RESULT_REASON_SHARED_CPU] = "shared_cpu",
};

static const char *const state_keys[RESULT_STATE_COUNT] = {
	[RESULT_PASS] = "pass",
	[RESULT_FAIL] = "fail",
	[RESULT_WARN] = "warn",
	[RESULT_NOT_EVALUATED] = "not_evaluated",
};

static const char *const unit_keys[RESULT_UNIT_COUNT] = {
	[RESULT_NS] = "ns",
	[RESULT_RPS] = "rps",
	[RESULT_SHARE] = "share",
	[RESULT_REQUESTS] = "requests",
	[RESULT_COUNT] = "count",
	[RESULT_BYTES] = "bytes",
	[RESULT_BYTES_PER_HOUR] = "bytes_per_hour",
};

static const char *const sign_keys[RESULT_SIGN_COUNT] = {
	[RESULT_SIGN_REFUSED] = "refused",
	[RESULT_SIGN_RESETS] = "resets",
	[RESULT_SIGN_TIMEOUTS] = "timeouts",
	[RESULT_SIGN_ERRORS] = "errors",
	[RESULT_SIGN_SILENCE] = "silence",
	[RESULT_SIGN_LATENCY] = "latency",
	[RESULT_SIGN_THRESHOLD] = "threshold",
};

const char *result_latency_key(enum result_latency_kind kind)
{
	return kind < RESULT_LATENCY_COUNT ? latency_keys[kind] : NULL;
}

const char *result_quantile_key(enum result_quantile_kind kind)
{
	return kind < RESULT_QUANTILE_COUNT ? quantiles[kind].key : NULL;
}

double result_quantile_share(enum result_quantile_kind kind)
{
	return quantiles[kind].share;
}

const char *result_phase_key(enum result_phase phase)
{
	return phase < RESULT_PHASE_COUNT ? phase_keys[phase] : NULL;
}

const char *result_verdict_key(enum result_verdict verdict)
{
	return verdict < RESULT_VERDICT_COUNT ? verdict_keys[verdict] : NULL;
}

const char *result_reason_key(enum result_reason_key key)
{
	return key < RESULT_REASON_COUNT ? reason_keys[key] : NULL;
}

const char *result_state_key(enum result_state state)
{
	return state < RESULT_STATE_COUNT ? state_keys[state] : NULL;
}

const char *result_unit_key(enum result_unit unit)
{
	return unit < RESULT_UNIT_COUNT ? unit_keys[unit] : NULL;
}

const char *result_sign_key(enum result_sign sign)
{
	return sign < RESULT_SIGN_COUNT ? sign_keys[sign] : NULL;
}

/* As in hist.c: the rank of the decimal that was meant, in spite of binary fractions. */
static uint64_t rank_of(double quantile, uint64_t count)
{
	double rank = ceil(quantile * (double)count * (1 - 4 * DBL_EPSILON));

	if (rank < 1)
		return 1;
	return rank < (double)count ? (uint64_t)rank : count;
}

struct result_quantile result_percentile(const struct result_latency *latency, double quantile)
{
	const struct result_histogram *histogram = &latency->histogram;
	struct result_quantile found = {0, false, false};
	uint64_t rank, edge_ns, seen = 0;
	size_t i = 0;

	if (!latency->count || !histogram->cell_count)
		return found;
	rank = rank_of(quantile, latency->count);
	while (i < histogram->cell_count - 1 && seen + histogram->cells[i].count < rank)
		seen += histogram->cells[i++].count;
	edge_ns = hist_layout_highest(histogram->precision_bits, histogram->cells[i].index);
	/* What was clipped lies in the last cell of the layout and may be larger than its edge. */
	if (latency->clipped && histogram->cells[i].index == histogram->layout_cells - 1 &&
		edge_ns < latency->max_ns)
		edge_ns = latency->max_ns;
	found.value_ns = edge_ns < latency->max_ns ? edge_ns : latency->max_ns;
	found.few_samples = latency->count - rank < RESULT_SAMPLES_BEYOND;
	found.lower_bound = latency->censored && latency->censored_min_ns <= edge_ns;
	return found;
}

const char *result_block_lacks(const struct result_block *block, enum result_latency_kind kind)
{
	if (!block->latency[kind].not_measured)
		return NULL;
	for (size_t i = 0; i < block->absent_count; i++)
		if (!strcmp(block->absent[i].key, latency_keys[kind]))
			return block->absent[i].reason;
	return "no reason is known";
}

void result_texts_release(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void release_latency(struct result_latency *latency)
{
	free(latency->histogram.cells);
}

static void release_absent(struct result_absence *absent, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(absent[i].key);
		free(absent[i].reason);
	}
	free(absent);
}

static void release_block(struct result_block *block)
{
	for (int i = 0; i < RESULT_REQUEST_LATENCY_COUNT; i++)
		release_latency(&block->latency[i]);
	release_absent(block->absent, block->absent_count);
}

static void release_named_blocks(struct result_named_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(blocks[i].name);
		release_block(&blocks[i].block);
	}
	free(blocks);
}

static void release_scenarios(struct result *result)
{
	for (size_t i = 0; i < result->scenario_count; i++) {
		struct result_scenario *scenario = &result->scenarios[i];

		free(scenario->name);
		free(scenario->arrival);
		release_named_blocks(scenario->requests, scenario->request_count);
		release_named_blocks(scenario->phases, scenario->phase_count);
	}
	free(result->scenarios);
}

static void release_reasons(struct result_reason *reasons, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(reasons[i].text);
	free(reasons);
}

void result_validity_release(struct result_validity *validity)
{
	release_reasons(validity->reasons, validity->reason_count);
	release_reasons(validity->notes, validity->note_count);
	memset(validity, 0, sizeof(*validity));
}

static void release_environment(struct result *result)
{
	free(result->environment.kernel);
	free(result->environment.governor);
	result_texts_release(
		result->environment.ring_features, result->environment.ring_feature_count);
	free(result->environment.send_path);
	free(result->environment.pacing);
	release_absent(result->environment.absent, result->environment.absent_count);
}

static void release_connections(struct result *result)
{
	free(result->target.url);
	for (size_t i = 0; i < result->target.address_count; i++)
		free(result->target.addresses[i].address);
	free(result->target.addresses);
	for (size_t i = 0; i < result->odd_byte_count; i++) {
		free(result->odd_bytes[i].reason);
		free(result->odd_bytes[i].bytes);
	}
	free(result->odd_bytes);
	release_latency(&result->connect);
}

static void release_timeline(struct result *result)
{
	for (size_t i = 0; i < result->interval_count; i++)
		free(result->timeline[i].histogram.cells);
	free(result->timeline);
	for (size_t i = 0; i < result->generator.worker_count; i++)
		free(result->generator.workers[i].busy_by_interval);
	free(result->generator.workers);
	free(result->generator.fault);
	release_absent(result->generator.absent, result->generator.absent_count);
}

static void release_thresholds(struct result *result)
{
	for (size_t i = 0; i < result->threshold_count; i++) {
		free(result->thresholds[i].expression);
		free(result->thresholds[i].scope);
		free(result->thresholds[i].reason);
	}
	free(result->thresholds);
}

void result_release(struct result *result)
{
	free(result->tool_version);
	free(result->started_at);
	result_texts_release(result->command, result->command_count);
	release_environment(result);
	free((void *)result->window.aborted.expression);
	release_connections(result);
	release_block(&result->run);
	release_block(&result->warmup);
	release_scenarios(result);
	release_timeline(result);
	result_kernel_release(&result->kernel);
	result_resources_release(&result->resources);
	result_texts_release(result->notes, result->note_count);
	result_validity_release(&result->validity);
	result_stability_release(&result->stability);
	release_thresholds(result);
	memset(result, 0, sizeof(*result));
}
