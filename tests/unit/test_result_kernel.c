/* SPDX-License-Identifier: MIT */
/* The kernel's side of a record as JSON, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "result/emit.h"
#include "result/kernel_read.h"
#include "result/kernel_write.h"
#include "result/probe_record.h"
#include "tests/unit/damage.h"
#include "tests/unit/golden.h"
#include "tests/unit/readings.h"

struct fixture {
	struct readings readings;
	struct result_kernel kernel; /* of the readings */
};

static void fill(struct fixture *fixture)
{
	struct readings *readings = &fixture->readings;

	result_kernel_release(&fixture->kernel);
	assert_int_equal(
		kernel_block_fill(&fixture->kernel, &readings->input, &readings->readings, NULL),
		0);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	readings_init(&fixture->readings);
	fill(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	result_kernel_release(&fixture->kernel);
	readings_release(&fixture->readings);
	free(fixture);
	return 0;
}

static void write(const struct result_kernel *kernel, struct buf *out)
{
	struct emit emit = {.out = out};

	emit_object(&emit, NULL);
	kernel_write(&emit, kernel);
	emit_object_end(&emit);
	assert_false(out->failed);
}

static int read(struct result_kernel *kernel, const struct buf *json, struct err *err)
{
	struct reader reader = {
		.name = "k.json", .text = json->data, .text_bytes = json->length_bytes, .err = err};
	json_t *root = json_loadb(json->data, json->length_bytes, JSON_REJECT_DUPLICATES, NULL);

	memset(kernel, 0, sizeof(*kernel));
	if (!root)
		fail_msg("not JSON: %s", buf_string(json));
	kernel_read(&reader, root, kernel);
	json_decref(root);
	return reader.status;
}

static void assert_round_trip(const struct result_kernel *kernel)
{
	struct buf first = {0}, second = {0};
	struct err err = {ERR_NONE, ""};
	struct result_kernel again;

	write(kernel, &first);
	if (read(&again, &first, &err))
		fail_msg("%s", err.text);
	write(&again, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	result_kernel_release(&again);
	buf_release(&first);
	buf_release(&second);
}

static void a_full_block_survives(void **state)
{
	struct fixture *fixture = *state;

	assert_round_trip(&fixture->kernel);
}

/* With as little as there can be, and all that may be missing missing. */
static void an_empty_block_survives(void **state)
{
	struct fixture *fixture = *state;
	struct readings *readings = &fixture->readings;

	readings_clear(readings);
	readings->readings.pid = 1;
	readings->readings.has_overhead = false;
	readings->readings.overhead_reason = "no";
	readings->readings.profile = (struct probe_profile){.reason = "not asked for"};
	readings->input.client = NULL;
	readings->input.host = NULL;
	fill(fixture);
	assert_true(fixture->kernel.measured);
	assert_round_trip(&fixture->kernel);
}

static void a_block_of_handoffs_survives(void **state)
{
	struct fixture *fixture = *state;
	struct readings *readings = &fixture->readings;

	readings_clear(readings);
	readings->stages.count[PROBE_ABI_REQUESTS] = 3;
	readings->stages.count[PROBE_ABI_HANDOFFS] = 3;
	readings->stages.mix[100].requests = 3;
	readings_record(readings, PROBE_ABI_RESIDENCE, 12345);
	readings->readings.slowest_count = 2;
	readings->slowest[0].attributed = 0;
	readings->slowest[0].rx_path_ns = 0;
	readings->slowest[0].arrived_ns = 1; /* before the start */
	fill(fixture);
	assert_true(fixture->kernel.slowest[0].at_s < 0);
	assert_round_trip(&fixture->kernel);
}

static void a_block_that_was_not_measured_survives(void **state)
{
	struct fixture *fixture = *state;
	struct result_kernel unmeasured = {0};

	readings_clear(&fixture->readings);
	fill(fixture);
	assert_false(fixture->kernel.measured);
	assert_round_trip(&fixture->kernel);
	unmeasured.reason = strdup("switched off by --probe off");
	assert_round_trip(&unmeasured);
	result_kernel_release(&unmeasured);
}

/* The whole record of `ringload probe`: every key, its place, and its value. */
static void a_probe_record(void **state)
{
	struct fixture *fixture = *state;
	struct probe_record record = {
		.complete = true,
		.tool_version = strdup("0.1.0"),
		.started_at = strdup("2024-01-31T12:00:00Z"),
		.command = calloc(2, sizeof(char *)),
		.command_count = 2,
		.kernel_release = strdup("6.18.0"),
		.cpus = 8,
		.duration_s = 10.5,
		.planned_s = 30,
		.interrupted = true,
		.kernel = fixture->kernel,
		.resources = {.reason = strdup("switched off by --observe off")},
		.notes = calloc(1, sizeof(char *)),
		.note_count = 1,
	};
	struct buf out = {0};

	memset(&fixture->kernel, 0, sizeof(fixture->kernel));
	record.command[0] = strdup("ringload");
	record.command[1] = strdup("probe");
	record.notes[0] = strdup("a note");
	probe_record_write(&record, &out);
	golden_compare("json/probe.json", buf_string(&out));
	buf_release(&out);
	probe_record_release(&record);
	probe_record_release(&record);
}

/* Every contradiction that is looked for. */
static const struct {
	const char *from, *to;
} contradictions[] = {
	{"\"status\": \"measured\"", "\"status\": \"guessed\""},
	{"\"status\": \"measured\", \"reason\": null", "\"status\": \"not_measured\""},
	{"\"stage\": \"arrival\"", "\"stage\": null"},
	{"\"hooks\"", "\"hook\""},
	{"[8080]", "[80800]"},
	{"\"sample\": 8", "\"sample\": 4294967296"},
	{"\"sampled_fraction\": ", "\"sampled_fraction\": -"},
	{"\"requests\": 1020", "\"requests\": 1019"},
	{"\"attributed\": 1020", "\"attributed\": 1019"},
	{"\"handoff_share\": ", "\"handoff_share\": 7"},
	{"\"error_share\": ", "\"error_share\": -"},
	{"\"count\": 1020", "\"count\": 1021"},
	{"\"p95\": ", "\"p95\": 9999999999"},
	{"\"precision_bits\": 5", "\"precision_bits\": 6"},
	{"\"cells\": 592", "\"cells\": 591"},
	{"\"few_samples\": [", "\"few_samples\": [\"p5\", "},
	{"\"name\": \"queue_busy\"", "\"name\": \"queue_lazy\""},
	{"\"name\": \"queue_busy\"", "\"name\": \"residence\""},
	{"\"name\": \"queue_runq\"", "\"name\": \"queue_busy\""},
	{"\"in_residence\": true", "\"in_residence\": false"},
	{"\"stages\": [", "\"stages\": [{}, "},
	{"\"share\": 0.", "\"share\": 1."},
	{"\"share\": 0.", "\"share\": 0.9"},
	{"\"share\": 0.", "\"share\": -0."},
	{"\"share_of_slowest_1pct\": 0,", "\"share_of_slowest_1pct\": 0.1,"},
	{"\"share\": null", "\"share\": 0.5"},
	{"\"slowest_1pct\": {\"requests\": 20", "\"slowest_1pct\": {\"requests\": 19"},
	{"\"mix\": [{\"from_ns\": ", "\"mix\": [{\"from_ns\": 1"},
	{"\"mix\": [{\"from_ns\": 98304", "\"mix\": [{\"from_ns\": 1099511627775"},
	{"\"mix\": [{\"from_ns\": 98304", "\"mix\": [{\"from_ns\": 16777216"},
	{"\"requests\": 1000", "\"requests\": 999"},
	{"\"requests\": 1000, \"attributed\": 1000", "\"requests\": 1000, \"attributed\": 1"},
	{"\"residence_ns\": 100000000", "\"residence_ns\": 99999999"},
	{"\"parts_ns\": {\"queue_busy\": ", "\"parts_ns\": {\"queue_busy\": 9"},
	{"\"parts_ns\": {\"queue_busy\"", "\"parts_ns\": {\"queue_lazy\""},
	{"\"residual_ns\": ", "\"residual_ns\": null, \"x\": "},
	{"\"overhead_ns_per_request\": ", "\"overhead_ns_per_request\": \"low\", \"x\": "},
	{"\"retransmits\": ", "\"retransmits\": null, \"x\": "},
	{"\"retransmits\": ", "\"retransmitted\": "},
	{"\"softirq_share\": ", "\"softirq_share\": 2"},
	{"\"tid\": 501", "\"tid\": -1"},
	{"\"cpu\": 0.5", "\"cpu\": 1.5"},
	{"\"imbalance\": ", "\"imbalance\": null, \"x\": "},
	{"\"open\": {", "\"open\": {}, \"x\": {"},
	{"\"slowest\": [", "\"slowest\": [null, "},
	{"\"server_port\": 8080", "\"server_port\": 65536"},
	{"\"residence_ns\": 12000000", "\"residence_ns\": 11999999"},
	{"\"residence_ns\": 11000000", "\"residence_ns\": 12000001"},
	{"\"attributed\": true", "\"attributed\": false"},
	{"\"service_ns\": ", "\"service_ns\": 9"},
	{"\"at_client\": {", "\"at_client\": {}, \"x\": {"},
	{"\"hz\": 199", "\"hz\": 4294967296"},
	{"\"samples\": 42", "\"samples\": 41"},
	{"\"frames\": ", "\"frames\": 1, \"x\": "},
};

/* The messages are in tests/golden/result/kernel_messages.txt. */
static void contradictions_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct buf whole = {0}, messages = {0};
	struct result_kernel again;

	write(&fixture->kernel, &whole);
	for (size_t i = 0; i < sizeof(contradictions) / sizeof(*contradictions); i++) {
		struct err err = {ERR_NONE, ""};
		struct buf json = {0};

		damage_replace(&json, &whole, contradictions[i].from, contradictions[i].to);
		if (!read(&again, &json, &err))
			fail_msg(
				"accepted: %s -> %s", contradictions[i].from, contradictions[i].to);
		assert_int_equal(err.kind, ERR_USAGE);
		buf_printf(&messages, "%s\n", err.text);
		result_kernel_release(&again);
		buf_release(&json);
	}
	golden_compare("result/kernel_messages.txt", buf_string(&messages));
	buf_release(&messages);
	buf_release(&whole);
}

#define WITH_BLOCK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BLOCK(a_full_block_survives),
		WITH_BLOCK(an_empty_block_survives),
		WITH_BLOCK(a_block_of_handoffs_survives),
		WITH_BLOCK(a_block_that_was_not_measured_survives),
		WITH_BLOCK(a_probe_record),
		WITH_BLOCK(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
