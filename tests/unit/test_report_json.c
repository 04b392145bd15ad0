/* SPDX-License-Identifier: MIT */
/* The JSON as a whole, compared with tests/golden/json/: a change of the schema shows here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/threshold.h"
#include "base/clock.h"
#include "report/json.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample.h"

static void compare(const char *name, struct result *result)
{
	struct buf out = {0}, again = {0};
	struct err err = {ERR_NONE, ""};
	struct result stored;

	json_report(result, &out);
	assert_false(out.failed);
	golden_compare(name, buf_string(&out));
	/* A report of what was stored is the report of what was measured. */
	if (result_read(&stored, name, out.data, out.length_bytes, &err))
		fail_msg("%s", err.text);
	json_report(&stored, &again);
	assert_string_equal(buf_string(&out), buf_string(&again));
	result_release(&stored);
	buf_release(&out);
	buf_release(&again);
	result_release(result);
}

static void open_loop(void **state)
{
	struct threshold_list list = {0};
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	sample.plan.warmup_ns = 0;
	sample.plan.duration_ns = 3 * NS_PER_S;
	for (int i = 0; i < 3; i++)
		sample_second(&sample, 60, 0.2);
	for (int i = 0; i < 3; i++)
		sample_request(&sample, COUNTER_TIMED_OUT, 0, NS_PER_S);
	sample_request(&sample, COUNTER_OUTCOME_4XX, 404, NS_PER_MS);
	sample_build(&sample, &result);
	assert_int_equal(threshold_list_add_slo(&list, NULL), 0);
	assert_int_equal(threshold_list_judge(&list, &result, NULL), 0);
	threshold_list_release(&list);
	compare("json/open_loop.json", &result);
	sample_release(&sample);
}

static void stamped(void **state)
{
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	sample_stamp(&sample);
	sample_close_loop(&sample);
	sample_second(&sample, 30, 0.2);
	sample_second(&sample, 60, 0.2);
	sample_build(&sample, &result);
	compare("json/stamped.json", &result);
	sample_release(&sample);
}

static void nothing(void **state)
{
	struct sample sample;
	struct result result;

	(void)state;
	sample_init(&sample);
	sample_close_loop(&sample);
	sample_build(&sample, &result);
	compare("json/nothing.json", &result);
	sample_release(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_loop),
		cmocka_unit_test(stamped),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
