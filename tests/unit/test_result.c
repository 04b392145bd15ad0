/* SPDX-License-Identifier: MIT */
/* What a run measured, its record, the JSON, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/threshold.h"
#include "base/clock.h"
#include "report/text.h"
#include "tests/unit/damage.h"
#include "tests/unit/golden.h"
#include "tests/unit/readings.h"
#include "tests/unit/sample.h"

/* Something in every place a record has. */
static void build_full(struct sample *sample, struct result *result)
{
	static const char *const expressions[] = {
		"p99<200ms", "warn: p50<1us", "p99.9<1s", "failure.p98<1s", "completed_rate>=200%"};
	static const struct result_abort aborted = {
		.happened = true,
		.after_s = 3.25,
		.lasted_s = 5,
		.sign = RESULT_SIGN_THRESHOLD,
		.expression = "rate>1k",
		.unit = RESULT_RPS,
		.value = 512.5,
		.bound = 1000,
		.lower_bound = true,
	};
	struct stats *stats = sample->stats[0];
	struct threshold_list list = {0};

	sample_serve(sample);
	for (int phase = 0; phase < STATS_PHASE_COUNT; phase++)
		for (unsigned int i = 0; i < COUNTER_COUNT; i++)
			COUNT_BY(&stats->phase[phase].counters, i, 1000 + 10 * i + (unsigned)phase);
	for (unsigned int i = 0; i < CONNECTION_COUNTER_COUNT; i++)
		COUNT_BY(&stats->connections, i, 20 + i);
	for (unsigned int i = 0; i < HEALTH_COUNT; i++)
		COUNT_BY(&stats->health, i, 60 - i); /* sends, and fewer of each kind */
	stats->phase[STATS_MEASURED].counters.status[999] = 3;
	stats->phase[STATS_MEASURED].counters.status[100] = 4;
	hist_record(&stats->phase[STATS_MEASURED].total, 2 * SAMPLE_LONGEST_NS);
	hist_record_censored(&stats->phase[STATS_MEASURED].total, NS_PER_S);
	hist_record(&stats->phase[STATS_MEASURED].failure, 12345);
	memcpy(sample->workers[1].info.odd_bytes, "\"\\\n\xff\001", 5);
	sample->workers[1].info.odd_byte_count = 5;
	sample->workers[1].info.odd_reason = "not HTTP/1.1";
	sample->workers[1].has_throttled = true;
	sample->workers[1].throttled_ns = 77;
	sample->plan_workers[0].shared_cpu = true;
	sample->plan.address_count = 2;
	sample->address_counts[1] = 7;
	for (unsigned int i = 0; i < ADDRESS_COUNTER_COUNT; i++)
		sample->address_stats[1].value[i] = 40 + i;
	sample->input.governor = "performance";
	sample->input.fault = "worker 0: gave up";
	sample->input.interrupted = true;
	sample->input.aborted = &aborted;
	sample->input.kernel_reason = "--probe off";
	sample->command[2] = "-H\tX: \"q\\\xc3\xa4\xff\x80\xed\xa0\x80\xf4\x90\x80\x80\x7f";
	sample->notes[0] = "first";
	sample->notes[1] = "second";
	sample->input.notes = sample->notes;
	sample->input.note_count = 2;
	sample_build(sample, result);
	for (size_t i = 0; i < sizeof(expressions) / sizeof(*expressions); i++)
		assert_int_equal(threshold_list_add(&list, expressions[i], NULL), 0);
	assert_int_equal(threshold_list_judge(&list, result, NULL), 0);
	threshold_list_release(&list);
}

static void write(const struct result *result, struct buf *out)
{
	result_write(result, out);
	assert_false(out->failed);
}

/* Written, read and written: the same bytes, and the same report. */
static void assert_round_trip(const struct result *result)
{
	struct buf first = {0}, second = {0}, report = {0}, again = {0};
	struct err err = {ERR_NONE, ""};
	struct result read;

	write(result, &first);
	if (result_read(&read, "first.json", first.data, first.length_bytes, &err))
		fail_msg("%s", err.text);
	write(&read, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	text_report(result, &report);
	text_report(&read, &again);
	assert_string_equal(buf_string(&report), buf_string(&again));
	result_release(&read);
	buf_release(&first);
	buf_release(&second);
	buf_release(&report);
	buf_release(&again);
}

static void a_full_record_survives(void **state)
{
	struct result result;

	build_full(*state, &result);
	assert_round_trip(&result);
	result_release(&result);
	result_release(&result); /* of an empty one does nothing */
}

/* Connections are kept unless a record says otherwise. */
static void a_connection_for_each_request_survives(void **state)
{
	struct sample *sample = *state;
	struct buf out = {0};
	struct result result;

	build_full(sample, &result);
	write(&result, &out);
	assert_null(strstr(buf_string(&out), "no_keepalive"));
	result.scenarios[0].no_keepalive = true;
	buf_release(&out);
	write(&result, &out);
	assert_non_null(strstr(buf_string(&out), "\"no_keepalive\": true"));
	assert_round_trip(&result);
	buf_release(&out);
	result_release(&result);
}

/* Phases that a scenario names; a run of one URL has none. */
static void phases_survive(void **state)
{
	struct result_scenario *scenario;
	struct result result;

	build_full(*state, &result);
	scenario = &result.scenarios[0];
	assert_int_equal(scenario->phase_count, 0);
	/* Its request serves as its phase. */
	free(scenario->phases);
	scenario->phases = scenario->requests;
	scenario->phase_count = scenario->request_count;
	scenario->requests = NULL;
	scenario->request_count = 0;
	assert_round_trip(&result);
	result_release(&result);
}

/* With the kernel's side, which has tests of its own (test_result_kernel). */
static void a_record_with_the_kernels_side_survives(void **state)
{
	struct readings readings;
	struct result result;

	build_full(*state, &result);
	readings_init(&readings);
	result_kernel_release(&result.kernel);
	assert_int_equal(
		kernel_block_fill(&result.kernel, &readings.input, &readings.readings, NULL), 0);
	assert_round_trip(&result);
	readings_release(&readings);
	result_release(&result);
}

/* Why it was not measured, from the input of the kernel's side or without one. */
static void the_kernels_side_has_a_reason(void **state)
{
	const struct kernel_input input = {.reason = "not permitted"};
	struct sample *sample = *state;
	struct result result;

	sample->input.kernel_reason = "--probe off";
	sample_build(sample, &result);
	assert_string_equal(result.kernel.reason, "--probe off");
	result_release(&result);
	sample->input.kernel = &input;
	sample_build(sample, &result);
	assert_string_equal(result.kernel.reason, "not permitted");
	assert_false(result.kernel.measured);
	result_release(&result);
}

static void an_empty_record_survives(void **state)
{
	struct result result;

	sample_build(*state, &result);
	assert_round_trip(&result);
	result_release(&result);
}

static void a_closed_loop_survives(void **state)
{
	struct result result;

	sample_close_loop(*state);
	sample_serve(*state);
	sample_build(*state, &result);
	assert_round_trip(&result);
	result_release(&result);
}

static json_t *at(json_t *root, const char *path)
{
	char key[64];

	while (root && *path) {
		size_t bytes = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)bytes, path);
		root = *key >= '0' && *key <= '9' && json_is_array(root)
			       ? json_array_get(root, strtoul(key, NULL, 10))
			       : json_object_get(root, key);
		path += bytes + (path[bytes] == '.');
	}
	return root;
}

static void assert_number(json_t *root, const char *path, double expected)
{
	json_t *value = at(root, path);

	if (!json_is_number(value))
		fail_msg("%s is no number", path);
	if (json_number_value(value) != expected)
		fail_msg("%s is %.12g, expected %.12g", path, json_number_value(value), expected);
}

/* Each counter under its own key: the sample gives each a different value. */
static void counters_have_their_places(void **state)
{
	static const char *const paths[COUNTER_COUNT] = {
		[COUNTER_SCHEDULED] = "requests.scheduled",
		[COUNTER_SENT] = "requests.sent",
		[COUNTER_DROPPED_EXPIRED] = "requests.dropped.expired",
		[COUNTER_DROPPED_NO_CONNECTION] = "requests.dropped.no_connection",
		[COUNTER_DROPPED_LIMIT] = "requests.dropped.limit",
		[COUNTER_UNSENT] = "requests.unsent",
		[COUNTER_COMPLETED] = "requests.completed",
		[COUNTER_FAILED_RESET] = "requests.failed.reset",
		[COUNTER_FAILED_CLOSED] = "requests.failed.closed",
		[COUNTER_FAILED_SHORT] = "requests.failed.short",
		[COUNTER_FAILED_PARSE] = "requests.failed.parse",
		[COUNTER_FAILED_SEND] = "requests.failed.send",
		[COUNTER_FAILED_COLLATERAL] = "requests.failed.collateral",
		[COUNTER_TIMED_OUT] = "requests.timed_out",
		[COUNTER_IN_FLIGHT] = "requests.in_flight",
		[COUNTER_OUTCOME_OK] = "outcome.ok",
		[COUNTER_OUTCOME_4XX] = "outcome.status_4xx",
		[COUNTER_OUTCOME_5XX] = "outcome.status_5xx",
		[COUNTER_OUTCOME_CHECK] = "outcome.check",
		[COUNTER_BYTES_SENT] = "bytes.sent",
		[COUNTER_BYTES_RECEIVED] = "bytes.received",
	};
	static const char *const blocks[] = {"", "scenarios.0.requests.0.", "warmup."};
	static const char *const connections[CONNECTION_COUNTER_COUNT] = {"attempted",
		"established", "failed.refused", "failed.timeout", "failed.unreachable",
		"failed.no_port", "failed.no_fd", "closed_by_peer", "replaced", "unsolicited"};
	struct sample *sample = *state;
	struct result result;
	struct buf out = {0};
	char path[96];
	json_t *root;

	build_full(sample, &result);
	write(&result, &out);
	root = json_loads(buf_string(&out), 0, NULL);
	for (size_t block = 0; block < 3; block++)
		for (unsigned int i = 0; i < COUNTER_COUNT; i++) {
			enum stats_phase phase = block == 2 ? STATS_WARMUP : STATS_MEASURED;

			/* Rates are made of the others. */
			if (!paths[i])
				continue;
			snprintf(path, sizeof(path), "%s%s", blocks[block], paths[i]);
			assert_number(
				root, path, (double)sample->merged->phase[phase].counters.value[i]);
		}
	for (unsigned int i = 0; i < CONNECTION_COUNTER_COUNT; i++) {
		snprintf(path, sizeof(path), "connections.%s", connections[i]);
		assert_number(root, path, (double)sample->merged->connections.value[i]);
	}
	json_decref(root);
	buf_release(&out);
	result_release(&result);
}

/* What stands where design and documents say, by name. */
static void keys_are_those_of_the_schema(void **state)
{
	static const char *const keys[] = {"schema", "complete", "tool", "started_at", "command",
		"seed", "environment", "target", "window", "requests", "outcome", "error_rate",
		"status", "connections", "bytes", "rx_stamps", "rate", "latency_ns", "odd_bytes",
		"scenarios", "warmup", "timeline", "generator", "kernel", "resources", "validity",
		"stability", "thresholds", "notes"};
	struct result result;
	struct buf out = {0};
	const char *key;
	json_t *root, *value;
	size_t i = 0;

	build_full(*state, &result);
	write(&result, &out);
	root = json_loads(buf_string(&out), 0, NULL);
	json_object_foreach(root, key, value)
	{
		assert_true(i < sizeof(keys) / sizeof(*keys));
		assert_string_equal(key, keys[i++]);
	}
	assert_int_equal(i, sizeof(keys) / sizeof(*keys));
	assert_string_equal(json_string_value(at(root, "schema")), "ringload.result/1");
	assert_true(json_is_true(at(root, "complete")));
	assert_string_equal(json_string_value(at(root, "seed")), "18364758544493064720");
	assert_string_equal(json_string_value(at(root, "kernel.status")), "not_measured");
	assert_string_equal(json_string_value(at(root, "kernel.reason")), "--probe off");
	assert_string_equal(json_string_value(at(root, "scenarios.0.load.model")), "open");
	assert_number(root, "scenarios.0.load.asked_rps", 1000);
	assert_number(root, "window.warmup_s", 1);
	assert_number(root, "latency_ns.total.histogram.layout.precision_bits", 11);
	assert_number(root, "latency_ns.send_lag.histogram.layout.precision_bits", 8);
	assert_number(root, "timeline.3.t_s", 4);
	assert_number(root, "timeline.3.completed", 1000);
	assert_true(json_is_null(at(root, "generator.workers.1.numa_node")));
	assert_true(json_is_null(at(root, "generator.workers.1.steal")));
	assert_true(json_is_string(at(root, "generator.not_measured.steal")));
	assert_string_equal(
		json_string_value(at(root, "odd_bytes.0.bytes")), "\\\"\\\\\\n\\xff\\x01");
	json_decref(root);
	buf_release(&out);
	result_release(&result);
}

static void percentiles_are_those_of_the_histogram(void **state)
{
	struct sample *sample = *state;
	const struct result_latency *latency;
	struct result result;

	sample_serve(sample);
	for (int i = 0; i < 400; i++)
		sample_request(sample, COUNTER_TIMED_OUT, 0, NS_PER_S + (uint64_t)i * NS_PER_MS);
	hist_record(&sample->stats[0]->phase[STATS_MEASURED].total, 2 * SAMPLE_LONGEST_NS);
	sample_build(sample, &result);
	latency = &result.run.latency[RESULT_TOTAL];
	for (int i = 0; i <= 10000; i++) {
		double share = i / 10000.0;
		struct hist_quantile exact = hist_percentile(
			&sample->merged->phase[STATS_MEASURED].total, share);
		struct result_quantile stored = result_percentile(latency, share);

		assert_int_equal(stored.value_ns, exact.value_ns);
		assert_int_equal(stored.lower_bound, exact.lower_bound);
		assert_int_equal(stored.few_samples, exact.samples_beyond < 100);
	}
	for (unsigned int i = 0; i < RESULT_QUANTILE_COUNT; i++)
		assert_int_equal(latency->quantile[i].value_ns,
			result_percentile(latency, result_quantile_share(i)).value_ns);
	assert_true(latency->quantile[RESULT_P99].lower_bound);
	assert_true(latency->quantile[RESULT_P999].few_samples);
	assert_false(latency->quantile[RESULT_P50].lower_bound);
	assert_int_equal(latency->censored_min_ns, NS_PER_S);
	result_release(&result);
}

/* The window that rates divide by. */
static void windows(void **state)
{
	static const struct {
		bool open, has_requests, interrupted;
		enum scenario_arrival arrival;
		uint64_t requests, duration_ns, due_ns; /* due_ns: last due, after the warm-up */
		double duration_s, planned_s;
	} rows[] = {
		/* The schedule's whole duration, though its last request is due before the end. */
		{true, false, false, SCENARIO_CONSTANT, 0, 10 * NS_PER_S, 9999 * NS_PER_MS, 10, 10},
		{true, false, false, SCENARIO_POISSON, 0, 10 * NS_PER_S, 9990 * NS_PER_MS, 10, 10},
		{false, false, false, 0, 0, 10 * NS_PER_S, 9999 * NS_PER_MS, 10, 10},
		/* 500 requests of 1,000 a second. */
		{true, true, false, SCENARIO_CONSTANT, 500, UINT64_MAX, 499 * NS_PER_MS, 0.5, 0.5},
		{true, true, false, SCENARIO_POISSON, 500, UINT64_MAX, 520 * NS_PER_MS, 0.52, 0.5},
		{true, true, false, SCENARIO_CONSTANT, 5000, 2 * NS_PER_S, 1999 * NS_PER_MS, 2, 2},
		{false, true, false, 0, 500, UINT64_MAX, 70 * NS_PER_MS, 0.07, 0},
		{false, true, false, 0, 500, 2 * NS_PER_S, 70 * NS_PER_MS, 0.07, 2},
		/* Stopped early; stopped in the drain; stopped in the warm-up. */
		{true, false, true, SCENARIO_CONSTANT, 0, 10 * NS_PER_S, 4 * NS_PER_S, 4, 10},
		{true, false, true, SCENARIO_CONSTANT, 0, 10 * NS_PER_S, 10 * NS_PER_S + 1, 10, 10},
		{true, false, true, SCENARIO_CONSTANT, 0, 10 * NS_PER_S, 0, 0, 10},
	};
	struct sample *sample = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct result result;

		sample->plan.open_loop = rows[i].open;
		sample->plan.arrival = rows[i].arrival;
		sample->plan.has_requests = rows[i].has_requests;
		sample->plan.requests = rows[i].requests;
		sample->plan.duration_ns = rows[i].duration_ns;
		sample->input.interrupted = rows[i].interrupted;
		for (int w = 0; w < SAMPLE_WORKERS; w++) {
			uint64_t due_ns = SAMPLE_START_NS + NS_PER_S + rows[i].due_ns;

			/* The worker that ends last counts. */
			sample->workers[w].info.window_end_ns = w ? due_ns : due_ns - 1000;
			sample->workers[w].info.end_ns = due_ns + 250 * NS_PER_MS;
		}
		sample_build(sample, &result);
		if (result.window.duration_s != rows[i].duration_s ||
			result.window.planned_s != rows[i].planned_s)
			fail_msg("row %zu: %.12g of %.12g s", i, result.window.duration_s,
				result.window.planned_s);
		assert_float_equal(result.window.drain_s, 0.25, 1e-9);
		result_release(&result);
	}
}

/* As an interrupted one is. */
static void the_window_of_a_run_that_was_ended_early(void **state)
{
	static const struct result_abort aborted = {.happened = true, .after_s = 4};
	struct sample *sample = *state;
	struct result result;

	sample->input.aborted = &aborted;
	for (int w = 0; w < SAMPLE_WORKERS; w++)
		sample->workers[w].info.window_end_ns = SAMPLE_START_NS + 5001 * NS_PER_MS;
	sample_build(sample, &result);
	assert_float_equal(result.window.duration_s, 4.001, 1e-9);
	assert_float_equal(result.window.planned_s, 10, 1e-9);
	assert_false(result.window.interrupted);
	assert_true(result.window.aborted.happened);
	assert_null(result.window.aborted.expression);
	result_release(&result);
}

static void rates_divide_by_the_window(void **state)
{
	struct sample *sample = *state;
	struct result result;

	sample_serve(sample);
	sample_request(sample, COUNTER_FAILED_RESET, 0, NS_PER_MS);
	/* One more was sent in the drain. */
	COUNT(&sample->stats[1]->phase[STATS_MEASURED].counters, COUNTER_SENT);
	COUNT(&sample->stats[1]->phase[STATS_MEASURED].counters, COUNTER_IN_FLIGHT);
	COUNT(&sample->stats[1]->phase[STATS_MEASURED].counters, COUNTER_SCHEDULED);
	sample_build(sample, &result);
	assert_true(result.run.asked_rps == 1000);
	assert_true(result.run.sent_rps == 1000.1);
	assert_true(result.run.completed_rps == 1000);
	assert_true(result.warmup.completed_rps == 1000);
	assert_float_equal(result.run.error_rate, 1 / 10002.0, 1e-12);
	/* 22 ms of CPU for 11,002 sent, the warm-up's among them. */
	assert_float_equal(result.generator.cpu_ns_per_request, 22e6 / 11002, 1e-6);
	assert_float_equal(result.generator.workers[0].busy, 0.2, 1e-6);
	assert_float_equal(result.generator.spin_share, 0.2, 1e-6);
	assert_int_equal(result.interval_count, 12);
	assert_int_equal(result.timeline[0].phase, RESULT_WARMUP);
	assert_int_equal(result.timeline[1].phase, RESULT_MEASURED);
	assert_int_equal(result.timeline[10].phase, RESULT_MEASURED);
	assert_int_equal(result.timeline[11].phase, RESULT_DRAIN);
	result_release(&result);
}

static const struct {
	const char *from, *to;
} damages[] = {
	{"ringload.result/1", "ringload.result/2"},
	{"\"schema\"", "\"shema\""},
	{"\"complete\": true", "\"complete\": false"},
	{"\"complete\": true", "\"complete\": 1"},
	{"\"complete\": true,", ""},
	{"\"seed\": \"", "\"seed\": \"x"},
	{"\"seed\": \"", "\"seed\": \"9"},
	{"\"sent\": ", "\"sent\": -"},
	{"\"sent\": ", "\"sent\": 1.5e"},
	{"\"sent\": ", "\"sent\": 99999999999999999999"},
	{"\"unsent\": ", "\"unsend\": "},
	{"\"failed\": {", "\"failed\": [{"},
	{"\"failed\": {\"reset\"", "\"failed\": {\"refused\": 1, \"rest\""},
	{"\"status\": {", "\"status\": {\"2000\": 1, "},
	{"\"status\": {", "\"status\": {\"abc\": 1, "},
	{"\"error_rate\": ", "\"error_rate\": \"none\", \"x\": "},
	{"\"count\": ", "\"count\": 1"},
	{"\"censored\": ", "\"censored\": 99999"},
	{"\"few_samples\": [", "\"few_samples\": [\"p42\", "},
	{"\"kind\": \"log_linear\"", "\"kind\": \"linear\""},
	{"\"precision_bits\": 11", "\"precision_bits\": 15"},
	{"\"cells\": ", "\"cells\": 9"},
	{"\"counts\": [[", "\"counts\": [[1], ["},
	{"\"counts\": [[", "\"counts\": [[99999999, 1], ["},
	{"\"counts\": [[", "\"counts\": [[1, 0], ["},
	{"\"counts\": [[", "\"counts\": [[1, 1], [1, 1], ["},
	{"\"counts\": [[", "\"counts\": [[1, 9223372036854775807], [2, "
			   "9223372036854775807], [3, 9223372036854775807], ["},
	{"\"model\": \"open\"", "\"model\": \"half-open\""},
	{"\"arrival\": \"constant\"", "\"arrival\": 5"},
	{"\"phase\": \"measured\"", "\"phase\": \"cool-down\""},
	{"\"busy_by_interval\": [", "\"busy_by_interval\": [0.5, "},
	{"\"cpu\": ", "\"cpu\": 99999999999"},
	{"\"status\": \"not_measured\"", "\"status\": \"measured\""},
	{"\"verdict\": \"", "\"verdict\": \"in"},
	{"\"key\": \"", "\"key\": \"x"},
	{"\"state\": \"", "\"state\": \"x"},
	{"\"restarts\": {\"verdict\": \"unknown", "\"restarts\": {\"verdict\": \"steady"},
	{"\"restarts\": {\"verdict\": \"unknown", "\"restarts\": {\"verdict\": \"stable"},
	{"\"rate_variation\": {\"verdict\": \"unknown",
		"\"rate_variation\": {\"verdict\": \"stable"},
	{"\"error_variation\": {", "\"error_variation\": 0.5, \"x\": {"},
	{"\"bound\": 0.1", "\"bound\": -0.1"},
	{"\"unit\": \"ns\"", "\"unit\": null"},
	{"\"notes\": [\"first\"", "\"notes\": [{}"},
	{"\"timeline\": [", "\"timeline\": null, \"x\": ["},
	{"\"aborted\": {", "\"aborted\": [{"},
	{"\"sign\": \"threshold\"", "\"sign\": \"oracle\""},
	{"\"expression\": \"rate>1k\"", "\"expression\": null"},
	{"\"lower_bound\": true}", "\"lower_bound\": 1}"},
	{"\"window\": {", "\"window\": {\"window\": {}, \"window\": {}, "},
	{"\"warmup\": {", "\"warmup\": {,"},
	{"{", "["},
	{"{", ""},
};

/* Every way a file may be wrong, in tests/golden/result/messages.txt. */
static void damage_is_located(void **state)
{
	struct result result;
	struct buf whole = {0}, messages = {0};

	build_full(*state, &result);
	write(&result, &whole);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct err err = {ERR_NONE, ""};
		struct buf json = {0};
		struct result read;

		damage_replace(&json, &whole, damages[i].from, damages[i].to);
		if (!result_read(&read, "r.json", json.data, json.length_bytes, &err))
			fail_msg("accepted: %s -> %s", damages[i].from, damages[i].to);
		assert_int_equal(err.kind, ERR_USAGE);
		buf_printf(&messages, "%s\n", err.text);
		buf_release(&json);
	}
	golden_compare("result/messages.txt", buf_string(&messages));
	buf_release(&messages);
	buf_release(&whole);
	result_release(&result);
}

/* A file that was cut off anywhere is refused, and nothing leaks or is read beyond its end. */
static void a_cut_file_is_refused(void **state)
{
	struct result result, read;
	struct buf json = {0};
	size_t bytes;

	for (int i = 0; i < 100; i++)
		sample_request(*state, COUNTER_OUTCOME_OK, 200, NS_PER_MS);
	sample_build(*state, &result);
	write(&result, &json);
	bytes = json.length_bytes - 1; /* without the newline it is still whole */
	for (size_t i = 0; i < bytes; i += i < 400 || bytes - i < 100 ? 1 : 97) {
		char *cut = malloc(i ? i : 1);
		struct err err = {ERR_NONE, ""};

		memcpy(cut, json.data, i);
		assert_true(result_read(&read, "cut.json", cut, i, &err) < 0);
		assert_non_null(strstr(err.text, "cut.json:"));
		free(cut);
	}
	buf_release(&json);
	result_release(&result);
}

#define SAMPLED(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLED(a_full_record_survives),
		SAMPLED(a_record_with_the_kernels_side_survives),
		SAMPLED(the_kernels_side_has_a_reason),
		SAMPLED(a_connection_for_each_request_survives),
		SAMPLED(phases_survive),
		SAMPLED(an_empty_record_survives),
		SAMPLED(a_closed_loop_survives),
		SAMPLED(counters_have_their_places),
		SAMPLED(keys_are_those_of_the_schema),
		SAMPLED(percentiles_are_those_of_the_histogram),
		SAMPLED(windows),
		SAMPLED(the_window_of_a_run_that_was_ended_early),
		SAMPLED(rates_divide_by_the_window),
		SAMPLED(damage_is_located),
		SAMPLED(a_cut_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
