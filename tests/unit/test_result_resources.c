/* SPDX-License-Identifier: MIT */
/* The block "resources": its arithmetic, its way into JSON and back, and what is refused of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/threshold.h"
#include "base/clock.h"
#include "report/json.h"
#include "tests/unit/golden.h"
#include "tests/unit/resources_sample.h"
#include "tests/unit/sample.h"

struct bench {
	struct sample sample;
	struct resources_sample_input read;
};

/* A run of three seconds after one of warm-up. */
static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	sample_init(&bench->sample);
	bench->sample.plan.duration_ns = 3 * NS_PER_S;
	for (int i = 0; i < 4; i++)
		sample_second(&bench->sample, 60, 0.2);
	resources_sample_init(&bench->read, 4);
	bench->sample.input.resources = &bench->read.input;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	resources_sample_release(&bench->read);
	sample_release(&bench->sample);
	free(bench);
	return 0;
}

static void build(struct bench *bench, struct result *result)
{
	sample_build(&bench->sample, result);
}

static void figures_are_of_the_window(void **state)
{
	struct bench *bench = *state;
	const struct result_resources *resources;
	struct result result;

	build(bench, &result);
	resources = &result.resources;
	assert_true(resources->measured);
	assert_float_equal(resources->seconds, 3, 1e-9);
	assert_int_equal(resources->counters[RESOURCES_CPU_USER_NS].count, 3600 * NS_PER_MS);
	assert_float_equal(resources->counters[RESOURCES_MINOR_FAULTS].per_s, 40, 1e-9);
	assert_float_equal(resources->cpu.mean, 4.7 / 3, 1e-9);
	assert_float_equal(resources->cpu.max, 1.7, 1e-9);
	assert_float_equal(resources->cpu.mean_share, 4.7 / 6, 1e-9);
	assert_float_equal(resources->cpu.max_share, 0.85, 1e-9);
	/* At the ends of seconds 2, 3 and 4. */
	assert_float_equal(
		resources->levels[RESOURCES_RSS_BYTES].mean, 10 * 1048576 + 3 * 65536, 1e-3);
	assert_float_equal(
		resources->levels[RESOURCES_RSS_BYTES].max, 10 * 1048576 + 4 * 65536, 1e-3);
	assert_false(resources->growth.known);
	assert_non_null(strstr(resources->growth.reason, "too short"));
	assert_int_equal(resources->process_count, 2);
	assert_false(resources->processes[0].began);
	/* Each interval of the timeline has its own; the last one, of the drain, was not read. */
	for (int i = 0; i < 4; i++) {
		assert_true(result.timeline[i].resources.measured);
		assert_int_equal(result.timeline[i].resources.count[RESOURCES_MINOR_FAULTS], 40);
	}
	assert_false(result.timeline[4].resources.measured);
	result_release(&result);
}

static void round_trip(struct bench *bench)
{
	struct buf first = {0}, second = {0};
	struct err err = {ERR_NONE, ""};
	struct result result, again;

	build(bench, &result);
	result_write(&result, &first);
	if (result_read(&again, "r.json", first.data, first.length_bytes, &err))
		fail_msg("%s", err.text);
	result_write(&again, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	result_release(&again);
	result_release(&result);
	buf_release(&first);
	buf_release(&second);
}

static void growth_needs_a_minute(void **state)
{
	struct bench *bench = *state;
	struct result result;

	resources_sample_release(&bench->read);
	resources_sample_init(&bench->read, 70);
	bench->sample.plan.duration_ns = 60 * NS_PER_S;
	for (int i = 0; i < 57; i++)
		sample_second(&bench->sample, 1, 0.2);
	build(bench, &result);
	assert_true(result.resources.growth.known);
	assert_int_equal(result.resources.growth.samples, 60);
	assert_float_equal(result.resources.growth.bytes_per_hour, 65536 * 3600.0, 10);
	assert_float_equal(result.resources.growth.r_squared, 1, 1e-6);
	assert_true(result.resources.growth.tested && result.resources.growth.p < 1e-6);
	assert_float_equal(result.resources.growth.robust_bytes_per_hour, 65536 * 3600.0, 10);
	assert_true(result.resources.growth.share > 0.3 && result.resources.growth.share < 0.5);
	assert_true(result.resources.growth.robust_p < 1e-6);
	result_release(&result);
	round_trip(bench);
}

static void what_is_read_is_what_was_written(void **state)
{
	struct bench *bench = *state;

	round_trip(bench);
	resources_sample_hide(&bench->read);
	round_trip(bench);
	bench->read.input.resources = NULL;
	bench->read.input.reason = "the server is on another machine";
	round_trip(bench);
}

/* The whole, compared with tests/golden/json/: a change of the schema shows here. */
static void the_schema(void **state)
{
	struct bench *bench = *state;
	struct buf out = {0};
	struct result result;

	build(bench, &result);
	json_report(&result, &out);
	golden_compare("json/resources.json", buf_string(&out));
	result_release(&result);
	buf_release(&out);
}

/* Reads the record with one text replaced by another; the sentence that refuses it. */
static void refused(const struct buf *text, const char *old, const char *new, struct buf *sentences)
{
	const char *at = strstr(strstr(text->data, "\"resources\": {\"status\""), old);
	struct buf damaged = {0};
	struct err err = {ERR_NONE, ""};
	struct result result;

	assert_non_null(at);
	buf_append(&damaged, text->data, (size_t)(at - text->data));
	buf_text(&damaged, new);
	buf_text(&damaged, at + strlen(old));
	assert_true(result_read(&result, "r.json", damaged.data, damaged.length_bytes, &err) < 0);
	buf_printf(sentences, "%s\n", err.text);
	buf_release(&damaged);
}

static void what_contradicts_itself_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"\"measured\"", "\"perhaps\""},
		{"\"seconds\": 3", "\"seconds\": -3"},
		{"\"mean\": 1.56666666667", "\"mean\": 1.71"},
		{"\"cpus\": 2", "\"cpus\": 0"},
		{"\"open_files\": 1024", "\"open_files\": 0"},
		{"\"cpu_ns\": {", "\"cpu_n\": {"},
		{"\"cpu_ns\": {\"count\": 4700000000", "\"cpu_ns\": {\"count\": 1.5"},
		{"\"max_per_s\": 40", "\"max_per_s\": 39"},
		{"\"swap_bytes\": {\"mean\": 0, \"max\": 0}", "\"swap_bytes\": null"},
		{"\"pss_bytes\": 9437184", "\"pss_bytes\": null"},
		{"\"memory_growth\": null", "\"memory_growth\": {}"},
		{"\"group\"", "\"nobody\""},
		{"\"pid\": 812", "\"pid\": 5000000000"},
		{"\"ended\": false", "\"ended\": 0"},
	};
	struct buf sentences = {0}, text = {0};
	struct result result;

	build(*state, &result);
	result_write(&result, &text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(&text, rows[i][0], rows[i][1], &sentences);
	result_release(&result);
	buf_release(&text);
	golden_compare("result/resources_messages.txt", buf_string(&sentences));
	buf_release(&sentences);
}

static void thresholds_judge_it(void **state)
{
	static const struct {
		const char *expression;
		enum result_state state;
		double value;
	} rows[] = {
		{"target_cpu<79%", RESULT_PASS, 4.7 / 6},
		{"target_cpu<78%", RESULT_FAIL, 4.7 / 6},
		{"target_cpu_max<86%", RESULT_PASS, 0.85},
		{"target_throttled==0%", RESULT_PASS, 0},
		{"target_memory_max<10500K", RESULT_PASS, 10 * 1048576 + 4 * 65536},
		{"target_memory_max<10M", RESULT_FAIL, 10 * 1048576 + 4 * 65536},
		{"warn: target_files_max<65", RESULT_WARN, 65},
		{"target_restarts==0", RESULT_PASS, 0},
		{"target_oom_kills==0", RESULT_PASS, 0},
		{"target_memory_growth<50M", RESULT_NOT_EVALUATED, 0},
	};
	struct bench *bench = *state;
	struct threshold_list list = {0};
	struct result result;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(threshold_list_add(&list, rows[i].expression, NULL), 0);
	build(bench, &result);
	assert_int_equal(threshold_list_judge(&list, &result, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (result.thresholds[i].state != rows[i].state)
			fail_msg("%s: %.12g, %s", rows[i].expression, result.thresholds[i].value,
				result.thresholds[i].reason ? result.thresholds[i].reason : "pass");
		assert_float_equal(result.thresholds[i].value, rows[i].value, 1e-6);
	}
	assert_string_equal(
		result.thresholds[5].reason, "target_memory_max is 10.3 MiB, wanted < 10M");
	result_release(&result);
	/* Not measured, with the reason. */
	bench->read.input.resources = NULL;
	bench->read.input.reason = "the server is on another machine";
	build(bench, &result);
	assert_int_equal(threshold_list_judge(&list, &result, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(result.thresholds[i].state, RESULT_NOT_EVALUATED);
		assert_non_null(strstr(result.thresholds[i].reason, "on another machine"));
	}
	result_release(&result);
	threshold_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(figures_are_of_the_window, set_up, tear_down),
		cmocka_unit_test_setup_teardown(growth_needs_a_minute, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_read_is_what_was_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_schema, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_contradicts_itself_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(thresholds_judge_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
