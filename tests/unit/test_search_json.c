/* SPDX-License-Identifier: MIT */
/* A search as JSON, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/doubling.h"
#include "tests/unit/damage.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample.h"
#include "tests/unit/search_sample.h"

static void write(const struct search_record *record, struct buf *out)
{
	search_record_write(record, out);
	assert_false(out->failed);
}

static void read(struct search_record *record, const struct buf *json)
{
	struct err err = {ERR_NONE, ""};

	if (search_record_read(record, "s.json", json->data, json->length_bytes, &err))
		fail_msg("%s", err.text);
}

/* Written, read and written: the same bytes. */
static void assert_round_trip(const struct search_record *record)
{
	struct buf first = {0}, second = {0};
	struct search_record again;

	write(record, &first);
	read(&again, &first);
	write(&again, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	search_record_release(&again);
	buf_release(&first);
	buf_release(&second);
}

/* Two trials, and something in every other place a record has. */
static void build_small(struct search_record *record)
{
	static const struct search_sample_trial trials[] = {
		{SEARCH_LADDER, 1000, 1.5, SEARCH_PASS, 8, 0, NULL},
		{SEARCH_LADDER, 20000, 0.5, SEARCH_FAIL, 4, 1, "p99 \"was\" 10 s"},
	};
	const struct search_cause cause = {
		(char *)"timeouts", true, 0.25, (char *)"20 % timed out", (char *)"wait longer"};

	search_sample_init(record);
	for (size_t i = 0; i < 2; i++)
		search_sample_add(record, &trials[i]);
	search_sample_answer(record, SEARCH_FOUND, 1000, 20000);
	record->goal.ladder_rps = calloc(2, sizeof(double));
	record->goal.ladder_rps[0] = 1000;
	record->goal.ladder_rps[1] = 20000;
	record->goal.rung_count = 2;
	record->goal.precision = 0;
	record->goal.budget_s = 0;
	record->answer.lower_confirmed = true;
	record->answer.sentence = strdup("between 1,000 and 20,000 requests/s");
	record->calibration.known = record->calibration.bound = true;
	record->calibration.highest_rps = 15000;
	record->calibration.measured_at = strdup("2024-01-30T08:00:00Z");
	record->usl = (struct search_usl){.status = SEARCH_USL_FITTED,
		.limit = SEARCH_USL_COHERENCY,
		.levels = calloc(2, sizeof(*record->usl.levels)),
		.level_count = 2,
		.sentence = strdup("coherency limits it"),
		.lambda_rps = 1250,
		.sigma = 0.125,
		.kappa = 0.0625,
		.error = 0.03125,
		.has_peak = true,
		.has_doubled = true,
		.peak_concurrency = 3.5,
		.peak_rps = 2250,
		.base_concurrency = 1.5,
		.base_rps = 1100,
		.doubled_rps = 2200};
	record->usl.levels[0] = (struct search_usl_level){1.5, 1100};
	record->usl.levels[1] = (struct search_usl_level){64, 300};
	record->interrupted = true;
	assert_int_equal(search_record_add_cause(record, &cause), 0);
	assert_int_equal(search_record_add_unknown(record, "kernel: not permitted"), 0);
	assert_int_equal(search_record_add_note(record, "first"), 0);
	assert_int_equal(doubling_judge(record), 0);
}

static void the_text_is_as_it_was(void **state)
{
	struct search_record record;
	struct buf out = {0};

	(void)state;
	build_small(&record);
	write(&record, &out);
	golden_compare("search/ladder.json", buf_string(&out));
	assert_round_trip(&record);
	buf_release(&out);
	search_record_release(&record);
}

static void a_whole_search_survives(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_found(&record, 300);
	/* Numbers with more digits than are written: what is made of them must not differ. */
	record.answer.lower_rps = 11890.0 + 1.0 / 3;
	record.answer.upper_rps = 12080.0 + 2.0 / 7;
	assert_round_trip(&record);
	search_record_release(&record);
}

static void what_is_not_there_is_null(void **state)
{
	struct search_record record, again;
	struct buf out = {0};

	(void)state;
	search_sample_init(&record);
	record.goal.budget_s = 0;
	assert_round_trip(&record);
	write(&record, &out);
	assert_non_null(strstr(buf_string(&out), "\"lower_rps\": null, \"upper_rps\": null, "
						 "\"width\": null"));
	assert_non_null(strstr(buf_string(&out), "\"safe_rps\": null, \"sentence\": null"));
	assert_non_null(strstr(buf_string(&out), "\"budget_s\": null"));
	assert_non_null(strstr(buf_string(&out), "\"calibration\": null"));
	assert_null(strstr(buf_string(&out), "\"usl\""));
	read(&again, &out);
	assert_false(again.answer.has_lower);
	assert_false(again.answer.has_upper);
	assert_false(again.calibration.known);
	assert_true(again.goal.budget_s == 0);
	assert_null(again.answer.sentence);
	assert_int_equal(again.usl.status, SEARCH_USL_FEW_LEVELS);
	assert_null(again.usl.sentence);
	search_record_release(&again);
	buf_release(&out);
	search_record_release(&record);
}

static void assert_figures_of_the_law(json_t *usl)
{
	static const struct {
		const char *key;
		double value;
	} rows[] = {
		{"lambda_rps", 1250},
		{"sigma", 0.125},
		{"kappa", 0.0625},
		{"peak_concurrency", 3.5},
		{"peak_rps", 2250},
		{"base_concurrency", 1.5},
		{"base_rps", 1100},
		{"doubled_rps", 2200},
		{"error", 0.03125},
	};
	const json_t *level = json_array_get(json_object_get(usl, "levels"), 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_float_equal(
			json_number_value(json_object_get(usl, rows[i].key)), rows[i].value, 1e-12);
	assert_float_equal(json_number_value(json_object_get(level, "concurrency")), 64, 1e-12);
	assert_float_equal(json_number_value(json_object_get(level, "rps")), 300, 1e-12);
}

/* By name: what is exchanged in writer and reader alike would survive all else. */
static void figures_have_their_places(void **state)
{
	struct search_record record;
	struct buf out = {0};
	double width, safe_rps, duration_s, warmup_s, t_s;
	int lower_confirmed, upper_confirmed;
	json_t *root, *trial;

	(void)state;
	build_small(&record);
	write(&record, &out);
	root = json_loads(buf_string(&out), 0, NULL);
	assert_int_equal(json_unpack(root, "{s:{s:F, s:F, s:b, s:b}}", "answer", "width", &width,
				 "safe_rps", &safe_rps, "lower_confirmed", &lower_confirmed,
				 "upper_confirmed", &upper_confirmed),
		0);
	assert_float_equal(width, 0.95, 1e-12);
	assert_float_equal(safe_rps, 750, 1e-12);
	assert_true(lower_confirmed);
	assert_false(upper_confirmed);
	assert_figures_of_the_law(json_object_get(root, "usl"));
	trial = json_array_get(json_object_get(root, "trials"), 1);
	assert_int_equal(json_unpack(trial, "{s:F, s:F, s:F}", "t_s", &t_s, "warmup_s", &warmup_s,
				 "duration_s", &duration_s),
		0);
	assert_float_equal(t_s, 2.5, 1e-12);
	assert_float_equal(warmup_s, 0.5, 1e-12);
	assert_float_equal(duration_s, 0.5, 1e-12);
	json_decref(root);
	buf_release(&out);
	search_record_release(&record);
}

/* The result of a trial is the whole one, byte for byte, and can be cut out. */
static void a_trials_result_is_a_result(void **state)
{
	struct buf whole = {0}, alone = {0};
	struct search_record record, again;
	struct result result;

	(void)state;
	build_small(&record);
	write(&record, &whole);
	result_write(&record.trials[1].result, &alone);
	alone.data[--alone.length_bytes] = '\0'; /* the newline at its end */
	assert_non_null(strstr(buf_string(&whole), buf_string(&alone)));
	assert_int_equal(result_read(&result, "r.json", alone.data, alone.length_bytes, NULL), 0);
	result_release(&result);
	read(&again, &whole);
	assert_int_equal(again.trials[1].result.run.counters.value[COUNTER_TIMED_OUT], 1);
	assert_int_equal(again.trials[0].result.run.counters.value[COUNTER_COMPLETED], 8);
	search_record_release(&again);
	buf_release(&whole);
	buf_release(&alone);
	search_record_release(&record);
}

/* Every way a file may be wrong, in tests/golden/search/messages.txt. */
static const struct {
	const char *from, *to;
} damages[] = {
	{"ringload.search/1", "ringload.result/1"},
	{"\"complete\": true", "\"complete\": false"},
	{"\"url\": ", "\"url\": 5, \"x\": "},
	{"\"slo\": true", "\"slo\": \"true\""},
	{"\"precision\": null", "\"precision\": -1"},
	{"\"budget_s\": null", "\"budget_s\": 0"},
	{"\"ladder\": [1000", "\"ladder\": [0"},
	{"\"ladder\": [1000", "\"ladder\": [\"1k\""},
	{"\"kind\": \"found\"", "\"kind\": \"lost\""},
	{"\"lower_rps\": 1000", "\"lower_rps\": null"},
	{"\"lower_rps\": 1000", "\"lower_rps\": 30000"},
	{"\"lower_rps\": 1000", "\"lower_rps\": -1000"},
	{"\"upper_confirmed\": false, ", ""},
	{"\"lower_trials\": [0]", "\"lower_trials\": [2]"},
	{"\"upper_trials\": [1]", "\"upper_trials\": [0.5]"},
	{"\"doubling\": {\"verdict\": \"unknown\"", "\"doubling\": {\"verdict\": \"fine\""},
	{"\"doubling\": {\"verdict\": \"unknown\"", "\"doubling\": {\"verdict\": \"stable\""},
	{"\"from_rps\": null", "\"from_rps\": -5"},
	{"\"strength\": 0.25", "\"strength\": 1.25"},
	{"\"advice\": \"wait longer\"", "\"advice\": 1"},
	{"\"unknown\": [", "\"unknown\": [1, "},
	{"\"status\": \"fitted\"", "\"status\": \"fit\""},
	{"\"limit\": \"coherency\"", "\"limit\": null"},
	{"\"lambda_rps\": 1250", "\"lambda_rps\": 0"},
	{"\"sigma\": 0.125", "\"sigma\": 1.125"},
	{"\"kappa\": 0.0625", "\"kappa\": -1"},
	{"\"peak_concurrency\": 3.5", "\"peak_concurrency\": 0"},
	{"\"peak_rps\": 2250, ", ""},
	{"\"base_rps\": 1100", "\"base_rps\": null"},
	{"\"doubled_rps\": 2200", "\"doubled_rps\": null"},
	{"\"error\": 0.03125", "\"error\": null"},
	{"\"concurrency\": 64", "\"concurrency\": 0"},
	{"\"rps\": 300}", "\"rps\": \"300\"}"},
	{"\"sentence\": \"coherency limits it\"", "\"sentence\": null"},
	{"\"usl\": {", "\"usl\": 1, \"x\": {"},
	{"\"index\": 1", "\"index\": 0"},
	{"\"stage\": \"ladder\"", "\"stage\": \"step\""},
	{"\"t_s\": 0", "\"t_s\": -1"},
	{"\"rps\": 20000", "\"rps\": 0"},
	{"\"verdict\": \"fail\"", "\"verdict\": \"failed\""},
	{"\"backlog_growth\": null", "\"backlog_growth\": \"none\""},
	{"\"result\": {", "\"result\": null, \"x\": {"},
	{"ringload.result/1", "ringload.result/2"},
	{"\"unsent\": ", "\"unsend\": "},
	{"\"highest_rps\": 15000", "\"highest_rps\": 0"},
	{"\"elapsed_s\": ", "\"elapsed_s\": -"},
	{"\"interrupted\": true,\n\"notes\"", "\"interrupted\": 1,\n\"notes\""},
	{"\"trials\": [", "\"trials\": {}, \"x\": ["},
	{"{", "["},
	{"{", ""},
};

static void damage_is_located(void **state)
{
	struct search_record record, again;
	struct buf whole = {0}, messages = {0};

	(void)state;
	build_small(&record);
	write(&record, &whole);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct err err = {ERR_NONE, ""};
		struct buf json = {0};

		damage_replace(&json, &whole, damages[i].from, damages[i].to);
		if (!search_record_read(&again, "s.json", json.data, json.length_bytes, &err))
			fail_msg("accepted: %s -> %s", damages[i].from, damages[i].to);
		assert_int_equal(err.kind, ERR_USAGE);
		buf_printf(&messages, "%s\n", err.text);
		buf_release(&json);
	}
	golden_compare("search/messages.txt", buf_string(&messages));
	buf_release(&messages);
	buf_release(&whole);
	search_record_release(&record);
}

/* A file that was cut off anywhere is refused, and nothing leaks or is read beyond its end. */
static void a_cut_file_is_refused(void **state)
{
	struct search_record record, again;
	struct buf json = {0};
	size_t bytes;

	(void)state;
	build_small(&record);
	write(&record, &json);
	bytes = json.length_bytes - 1; /* without the newline it is still whole */
	for (size_t i = 0; i < bytes; i += i < 400 || bytes - i < 100 ? 1 : 197) {
		char *cut = malloc(i ? i : 1);
		struct err err = {ERR_NONE, ""};

		memcpy(cut, json.data, i);
		assert_true(search_record_read(&again, "cut.json", cut, i, &err) < 0);
		assert_non_null(strstr(err.text, "cut.json:"));
		free(cut);
	}
	buf_release(&json);
	search_record_release(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_as_it_was),
		cmocka_unit_test(a_whole_search_survives),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(figures_have_their_places),
		cmocka_unit_test(a_trials_result_is_a_result),
		cmocka_unit_test(damage_is_located),
		cmocka_unit_test(a_cut_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
