/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/kernel_read.h"
#include "result/read_block.h"
#include "result/read_generator.h"
#include "result/reader.h"
#include "result/resources_read.h"
#include "result/result_read.h"
#include "result/stability_block.h"

static const char *model_key(unsigned int open_loop)
{
	static const char *const keys[] = {"closed", "open", NULL};

	return keys[open_loop];
}

static const char *arrival_key(unsigned int arrival)
{
	static const char *const keys[] = {"constant", "poisson", NULL};

	return keys[arrival];
}

static const char *schema_key(unsigned int version)
{
	return version ? NULL : RESULT_SCHEMA;
}

static void read_environment(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *object = reader_object(reader, root, "environment");
	size_t back = reader_enter(reader, "environment");

	result->environment.kernel = reader_text(reader, object, "kernel");
	result->environment.cpus = reader_count(reader, object, "cpus");
	result->environment.numa_nodes = reader_count(reader, object, "numa_nodes");
	result->environment.governor = reader_text_or_null(reader, object, "governor");
	result->environment.ring_features = reader_texts(
		reader, object, "ring_features", &result->environment.ring_feature_count);
	result->environment.send_path = reader_text(reader, object, "send_path");
	result->environment.pacing = reader_text(reader, object, "pacing");
	result->environment.absent = reader_absences(
		reader, object, &result->environment.absent_count);
	reader_leave(reader, back);
}

static void read_target(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *object = reader_object(reader, root, "target"), *array;
	size_t back = reader_enter(reader, "target");

	result->target.url = reader_text(reader, object, "url");
	result->target.addresses = reader_elements(reader, object, "addresses",
		sizeof(*result->target.addresses), &array, &result->target.address_count);
	for (size_t i = 0; i < result->target.address_count; i++) {
		size_t inner = reader_enter_element(reader, "addresses", i);
		json_t *element = reader_object(reader, json_array_get(array, i), NULL);

		result->target.addresses[i].address = reader_text(reader, element, "address");
		result->target.addresses[i].connections = reader_count(
			reader, element, "connections");
		read_block_counts(reader, element, schema_address,
			result->target.addresses[i].counters.value);
		reader_leave(reader, inner);
	}
	reader_leave(reader, back);
}

static void read_abort(struct reader *reader, const json_t *parent, struct result_abort *aborted)
{
	json_t *object;
	size_t back;

	if (!json_object_get(parent, "aborted"))
		return;
	object = reader_object(reader, parent, "aborted");
	back = reader_enter(reader, "aborted");
	aborted->happened = true;
	aborted->after_s = reader_real(reader, object, "after_s");
	aborted->lasted_s = reader_real(reader, object, "lasted_s");
	aborted->sign = reader_choice(reader, object, "sign", result_sign_key);
	aborted->expression = reader_text_or_null(reader, object, "expression");
	if (!aborted->expression && aborted->sign == RESULT_SIGN_THRESHOLD)
		reader_refuse(reader, "expression", "expected a threshold");
	aborted->unit = reader_choice(reader, object, "unit", result_unit_key);
	aborted->value = reader_real(reader, object, "value");
	aborted->bound = reader_real(reader, object, "bound");
	aborted->lower_bound = reader_bool(reader, object, "lower_bound");
	reader_leave(reader, back);
}

static void read_window(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *object = reader_object(reader, root, "window");
	size_t back = reader_enter(reader, "window");

	result->window.warmup_s = reader_real(reader, object, "warmup_s");
	result->window.duration_s = reader_real(reader, object, "duration_s");
	result->window.drain_s = reader_real(reader, object, "drain_s");
	result->window.planned_s = reader_real_or_null(reader, object, "planned_s");
	result->window.interrupted = reader_bool(reader, object, "interrupted");
	read_abort(reader, object, &result->window.aborted);
	reader_leave(reader, back);
}

static void read_load(struct reader *reader, const json_t *parent, struct result_scenario *scenario)
{
	json_t *load = reader_object(reader, parent, "load");
	size_t back = reader_enter(reader, "load");

	scenario->open_loop = reader_choice(reader, load, "model", model_key);
	if (scenario->open_loop) {
		reader_choice(reader, load, "arrival", arrival_key);
		scenario->arrival = reader_text(reader, load, "arrival");
		scenario->asked_rps = reader_real(reader, load, "asked_rps");
	} else {
		scenario->sessions = reader_count(reader, load, "sessions");
	}
	if (json_object_get(load, "no_keepalive"))
		scenario->no_keepalive = reader_bool(reader, load, "no_keepalive");
	reader_leave(reader, back);
}

static void read_scenarios(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *array;

	result->scenarios = reader_elements(reader, root, "scenarios", sizeof(*result->scenarios),
		&array, &result->scenario_count);
	if (result->scenarios && !result->scenario_count)
		reader_refuse(reader, "scenarios", "expected at least one");
	for (size_t i = 0; i < result->scenario_count; i++) {
		struct result_scenario *scenario = &result->scenarios[i];
		size_t back = reader_enter_element(reader, "scenarios", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		scenario->name = reader_text(reader, object, "name");
		read_load(reader, object, scenario);
		scenario->requests = read_block_list(
			reader, object, "requests", &scenario->request_count);
		scenario->phases = read_block_list(
			reader, object, "phases", &scenario->phase_count);
		reader_leave(reader, back);
	}
}

static void read_odd_bytes(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *array;

	result->odd_bytes = reader_elements(reader, root, "odd_bytes", sizeof(*result->odd_bytes),
		&array, &result->odd_byte_count);
	for (size_t i = 0; i < result->odd_byte_count; i++) {
		size_t back = reader_enter_element(reader, "odd_bytes", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		result->odd_bytes[i].worker = reader_count(reader, object, "worker");
		result->odd_bytes[i].reason = reader_text(reader, object, "reason");
		result->odd_bytes[i].bytes = reader_text(reader, object, "bytes");
		reader_leave(reader, back);
	}
}

static struct result_reason *read_reasons(
	struct reader *reader, const json_t *parent, const char *key, size_t *count)
{
	json_t *array;
	struct result_reason *reasons = reader_elements(
		reader, parent, key, sizeof(*reasons), &array, count);

	for (size_t i = 0; i < *count; i++) {
		size_t back = reader_enter_element(reader, key, i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);
		uint64_t worker = 0;

		reasons[i].key = reader_choice(reader, object, "key", result_reason_key);
		reasons[i].worker = -1;
		if (!reader_null(reader, object, "worker")) {
			worker = reader_count(reader, object, "worker");
			if (worker > INT32_MAX)
				reader_refuse(reader, "worker", "expected the index of a worker");
			reasons[i].worker = (int)worker;
		}
		reasons[i].text = reader_text(reader, object, "text");
		reader_leave(reader, back);
	}
	return reasons;
}

static void read_validity(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *object = reader_object(reader, root, "validity");
	size_t back = reader_enter(reader, "validity");
	struct result_validity *validity = &result->validity;

	validity->verdict = reader_choice(reader, object, "verdict", result_verdict_key);
	validity->reasons = read_reasons(reader, object, "reasons", &validity->reason_count);
	validity->notes = read_reasons(reader, object, "notes", &validity->note_count);
	reader_leave(reader, back);
}

static void read_thresholds(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *array;

	result->thresholds = reader_elements(reader, root, "thresholds",
		sizeof(*result->thresholds), &array, &result->threshold_count);
	for (size_t i = 0; i < result->threshold_count; i++) {
		struct result_threshold *threshold = &result->thresholds[i];
		size_t back = reader_enter_element(reader, "thresholds", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		threshold->expression = reader_text(reader, object, "expression");
		threshold->scope = reader_text(reader, object, "scope");
		threshold->has_value = !reader_null(reader, object, "value");
		if (threshold->has_value)
			threshold->value = reader_real(reader, object, "value");
		threshold->unit = reader_choice(reader, object, "unit", result_unit_key);
		threshold->lower_bound = reader_bool(reader, object, "lower_bound");
		threshold->state = reader_choice(reader, object, "state", result_state_key);
		threshold->reason = reader_text_or_null(reader, object, "reason");
		reader_leave(reader, back);
	}
}

static void read_seed(struct reader *reader, const json_t *root, struct result *result)
{
	char *text = reader_text(reader, root, "seed"), *behind;

	if (!text)
		return;
	errno = 0;
	result->seed = strtoull(text, &behind, 10);
	if (errno || *behind || *text < '0' || *text > '9')
		reader_refuse(reader, "seed", "expected the digits of a 64-bit number");
	free(text);
}

static void read_head(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *tool;
	size_t back;

	if (!json_is_object(root))
		reader_refuse(reader, NULL, "expected an object, the record of a run");
	reader_choice(reader, root, "schema", schema_key);
	result->complete = reader_bool(reader, root, "complete");
	if (!result->complete)
		reader_refuse(reader, "complete", "is false: the run did not get to its end");
	tool = reader_object(reader, root, "tool");
	back = reader_enter(reader, "tool");
	result->tool_version = reader_text(reader, tool, "version");
	reader_leave(reader, back);
	result->started_at = reader_text(reader, root, "started_at");
	result->command = reader_texts(reader, root, "command", &result->command_count);
	read_seed(reader, root, result);
}

static void read_all(struct reader *reader, const json_t *root, struct result *result)
{
	read_head(reader, root, result);
	read_environment(reader, root, result);
	read_target(reader, root, result);
	read_window(reader, root, result);
	read_block(reader, root, &result->run, result);
	read_odd_bytes(reader, root, result);
	read_scenarios(reader, root, result);
	read_block_member(reader, root, "warmup", &result->warmup);
	read_generator_timeline(reader, root, result);
	read_generator(reader, root, result);
	kernel_read(reader, root, &result->kernel);
	resources_read(reader, root, &result->resources);
	read_validity(reader, root, result);
	stability_block_read(reader, root, &result->stability);
	read_thresholds(reader, root, result);
	result->notes = reader_texts(reader, root, "notes", &result->note_count);
}

int result_read(struct result *result, const char *name, const char *text, size_t text_bytes,
	struct err *err)
{
	struct reader reader = {.name = name, .text = text, .text_bytes = text_bytes, .err = err};
	json_t *root = reader_parse(&reader);

	memset(result, 0, sizeof(*result));
	if (!reader.status)
		read_all(&reader, root, result);
	json_decref(root);
	if (reader.status)
		result_release(result);
	return reader.status;
}

void result_read_member(
	struct reader *reader, const json_t *parent, const char *key, struct result *result)
{
	json_t *object = reader_object(reader, parent, key);
	size_t back = reader_enter(reader, key);

	read_all(reader, object, result);
	reader_leave(reader, back);
}
