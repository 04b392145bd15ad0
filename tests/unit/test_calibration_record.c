/* SPDX-License-Identifier: MIT */
/* What a calibration is in JSON, and what is refused of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "result/calibration_record.h"
#include "tests/unit/damage.h"
#include "tests/unit/golden.h"

static const struct calibration_record sample = {
	.tool_version = "1.2.3",
	.measured_at = "2024-01-31T12:00:00Z",
	.machine = "0123456789abcdef",
	.kernel = "6.1.0-18-amd64",
	.cpus = 8,
	.workers = 7,
	.connections = 64,
	.highest_rps = 812345.5,
	.cpu_ns_per_request = 6012.25,
	.has_floor = true,
	.floor_p50_ns = 18432,
	.floor_p99_ns = 40960,
	.send_lag_p50_ns = 310,
	.send_lag_p99_ns = 5120,
	.has_steal = true,
	.steal = 0.0125,
};

static void assert_read(const struct buf *text, struct calibration_record *record)
{
	struct err err = {ERR_NONE, ""};

	if (calibration_record_read(record, "c.json", text->data, text->length_bytes, &err))
		fail_msg("%s", err.text);
}

static void it_is_written_as_documented(void **state)
{
	struct buf out = {0};

	(void)state;
	calibration_record_write(&sample, &out);
	assert_false(out.failed);
	golden_compare("json/calibration.json", buf_string(&out));
	buf_release(&out);
}

/* Padding aside, so member by member. */
static void what_was_read_is_what_was_written(void **state)
{
	struct calibration_record record;
	struct buf out = {0}, again = {0};

	(void)state;
	calibration_record_write(&sample, &out);
	assert_read(&out, &record);
	assert_string_equal(record.tool_version, sample.tool_version);
	assert_string_equal(record.measured_at, sample.measured_at);
	assert_string_equal(record.machine, sample.machine);
	assert_string_equal(record.kernel, sample.kernel);
	assert_int_equal(record.cpus, sample.cpus);
	assert_false(record.embedded);
	assert_int_equal(record.workers, sample.workers);
	assert_int_equal(record.connections, sample.connections);
	assert_true(record.highest_rps == sample.highest_rps);
	assert_true(record.cpu_ns_per_request == sample.cpu_ns_per_request);
	assert_int_equal(record.floor_p50_ns, sample.floor_p50_ns);
	assert_int_equal(record.floor_p99_ns, sample.floor_p99_ns);
	assert_int_equal(record.send_lag_p50_ns, sample.send_lag_p50_ns);
	assert_int_equal(record.send_lag_p99_ns, sample.send_lag_p99_ns);
	assert_true(record.has_steal && record.steal == sample.steal);
	calibration_record_write(&record, &again);
	assert_string_equal(buf_string(&again), buf_string(&out));
	buf_release(&again);
	buf_release(&out);
}

static void what_was_not_measured_is_null(void **state)
{
	struct calibration_record record = sample;
	struct buf out = {0};

	(void)state;
	record.embedded = true;
	record.has_steal = false;
	record.has_floor = false;
	calibration_record_write(&record, &out);
	assert_non_null(strstr(buf_string(&out), "\"server\": \"embedded\""));
	assert_non_null(strstr(buf_string(&out), "\"steal\": null"));
	assert_read(&out, &record);
	assert_true(record.embedded);
	assert_false(record.has_steal);
	assert_non_null(strstr(buf_string(&out), "\"latency_floor_ns\": null"));
	assert_non_null(strstr(buf_string(&out), "\"send_lag_ns\": null"));
	assert_false(record.has_floor);
	buf_release(&out);
}

/* Every way a file may be wrong, in tests/golden/result/calibration_messages.txt. */
static void damage_is_located(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"calibration/1", "calibration/2"},
		{"\"schema\"", "\"shema\""},
		{"\"version\": \"1.2.3\"", "\"version\": 1.2"},
		{"6.1.0", "6.1.0-123456789-123456789-123456789-123456789-123456789-123456789-"
			  "123456789-123456789-123456789"},
		{"\"null_server\"", "\"nginx\""},
		{"\"workers\": 7", "\"workers\": -7"},
		{"812345.5", "0"},
		{"812345.5", "\"many\""},
		{"6012.25", "-1"},
		{"\"p99\": 40960", "\"p99\": 40960.5"},
		{"\"send_lag_ns\": {", "\"send_lag_ns\": 5, \"x\": {"},
		{"0.0125", "1.25"},
		{"\"steal\"", "\"stele\""},
		{"{", "[{"},
		{"{", ""},
	};
	struct buf whole = {0}, messages = {0};

	(void)state;
	calibration_record_write(&sample, &whole);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = {ERR_NONE, ""};
		struct calibration_record record;
		struct buf json = {0};

		damage_replace(&json, &whole, rows[i].from, rows[i].to);
		if (!calibration_record_read(&record, "c.json", json.data, json.length_bytes, &err))
			fail_msg("accepted: %s -> %s", rows[i].from, rows[i].to);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_int_equal(record.machine[0], '\0');
		buf_printf(&messages, "%s\n", err.text);
		buf_release(&json);
	}
	golden_compare("result/calibration_messages.txt", buf_string(&messages));
	buf_release(&messages);
	buf_release(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_written_as_documented),
		cmocka_unit_test(what_was_read_is_what_was_written),
		cmocka_unit_test(what_was_not_measured_is_null),
		cmocka_unit_test(damage_is_located),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
