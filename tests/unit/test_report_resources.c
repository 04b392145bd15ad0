/* SPDX-License-Identifier: MIT */
/* The server's resources for people, compared with tests/golden/text/resources_*.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "report/resources.h"
#include "result/result.h"
#include "tests/unit/golden.h"
#include "tests/unit/resources_sample.h"

/* The block of a window of some seconds, as a record would have it. */
static void build(struct result *result, struct resources_sample_input *read, unsigned int seconds)
{
	struct builder builder = {.result = result};

	*result = (struct result){0};
	resources_build(&builder, &result->resources, &read->input, 0, seconds * NS_PER_S);
	assert_false(builder.failed);
}

static void compare(const char *name, struct result *result)
{
	struct buf out = {0};

	resources_table(&result->resources, &out);
	golden_compare(name, buf_string(&out));
	buf_release(&out);
	result_release(result);
}

static void of_a_healthy_server(void **state)
{
	struct resources_sample_input read;
	struct result result;

	(void)state;
	resources_sample_init(&read, 10);
	build(&result, &read, 10);
	compare("text/resources_healthy.txt", &result);
	resources_sample_release(&read);
}

static void only_what_is_there(void **state)
{
	struct resources_sample_input read;
	struct result result;

	(void)state;
	resources_sample_init(&read, 10);
	resources_sample_hide(&read);
	build(&result, &read, 10);
	compare("text/resources_hidden.txt", &result);
	read.input.resources = NULL;
	read.input.reason = "the server is on another machine";
	build(&result, &read, 10);
	compare("text/resources_absent.txt", &result);
	resources_sample_release(&read);
}

static void count(struct result *result, enum resources_counter counter, uint64_t value)
{
	result->resources.counters[counter].count = value;
	result->resources.counters[counter].per_s = (double)value / 10;
	result->resources.counters[counter].max_per_s = (double)value / 5;
}

/* Each line of warning, and the other sentence where there are two. */
static void what_deserves_attention(void **state)
{
	struct resources_sample_input read;
	struct result result;

	(void)state;
	resources_sample_init(&read, 70);
	read.input.limits.cpus = read.input.limits.quota_cpus = 1.6;
	build(&result, &read, 70);
	count(&result, RESOURCES_THROTTLED_NS, 1230 * NS_PER_MS);
	count(&result, RESOURCES_MEMORY_HIGH_EVENTS, 12);
	count(&result, RESOURCES_OOM_KILLS, 1);
	count(&result, RESOURCES_PIDS_LIMIT_EVENTS, 3);
	count(&result, RESOURCES_RESTARTS, 2);
	result.resources.levels[RESOURCES_GROUP_MEMORY_BYTES].max = 0.95 * (64 << 20);
	result.resources.levels[RESOURCES_OPEN_FILES_SHARE].max = 0.81;
	result.resources.levels[RESOURCES_SWAP_BYTES].max = 4096;
	compare("text/resources_attention.txt", &result);

	read.input.limits.cpus = 1.8;
	read.input.process_count = 1;
	build(&result, &read, 70);
	count(&result, RESOURCES_OOM_EVENTS, 4);
	count(&result, RESOURCES_RESTARTS, 1);
	result.resources.growth.bytes_per_hour = -1000;
	result.resources.growth.error_bytes_per_hour = 2000;
	result.resources.growth.robust_p = 0.3;
	compare("text/resources_busiest_second.txt", &result);

	read.processes[0].threads = 1;
	read.processes[0].name = "a\nb\033[31m";
	read.input.limits.cpus = 64;
	build(&result, &read, 70);
	result.resources.growth.bytes_per_hour = result.resources.growth
							 .robust_bytes_per_hour = -5e6;
	result.resources.cpu.mean = 0.97;
	compare("text/resources_one_thread.txt", &result);
	resources_sample_release(&read);
}

/* Lines that a wrapped text goes on in, put together again. */
static char *unwrapped(struct buf *text)
{
	static const char wrap[] = "\n             ";
	char *at;

	while ((at = strstr(text->data, wrap))) {
		*at = ' ';
		memmove(at + 1, at + strlen(wrap), strlen(at + strlen(wrap)) + 1);
	}
	return text->data;
}

/* The line through the readings, and the pairs of them, may say different things. */
static void growth_is_told_by_two_tests(void **state)
{
	static const struct {
		double per_hour, robust, robust_p;
		bool tested;
		const char *words;
	} rows[] = {
		{50 << 20, 48 << 20, 0.001, true,
			"(give or take 1.00 MiB), to 24 times as much in the window"},
		{50 << 20, 48 << 20, 0.001, true,
			"memory grows by 50.0 MiB an hour (give or take 1.00 MiB), by 12.0 % in "
			"the "
			"window"},
		{-(50 << 20), -(48 << 20), 0.001, true, "memory shrinks by 50.0 MiB an hour (give"},
		{50 << 20, 0, 0.001, true, "but not steadily: in the median by 0 B"},
		{50 << 20, -(1 << 20), 0.001, true, "but not steadily: in the median by -1.00 MiB"},
		{50 << 20, 48 << 20, 0.06, true, "but not steadily: in the median by 48.0 MiB"},
		{1000, 48 << 20, 0.001, true,
			"memory grows by 48.0 MiB an hour, in the median: readings far off hide "
			"it"},
		{1000, -(48 << 20), 0.001, true, "memory shrinks by 48.0 MiB an hour, in the"},
		{-1024, -(48 << 20), 0.06, true,
			"memory does not grow: the trend, -1.00 KiB an hour, is within its error "
			"of "
			"1.00 MiB"},
		/* Of a record from before. */
		{50 << 20, 0, 0, false, "memory grows by 50.0 MiB an hour (give or take 1.00 MiB)"},
	};
	struct resources_sample_input read;

	(void)state;
	resources_sample_init(&read, 70);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};
		struct result result;

		build(&result, &read, 70);
		result.resources.growth.tested = rows[i].tested;
		result.resources.growth.bytes_per_hour = rows[i].per_hour;
		result.resources.growth.error_bytes_per_hour = 1 << 20;
		result.resources.growth.share = rows[i].per_hour < 0 ? -0.12 : 0.12;
		if (strstr(rows[i].words, " times as much"))
			result.resources.growth.share = 23.36;
		result.resources.growth.robust_bytes_per_hour = rows[i].robust;
		result.resources.growth.robust_p = rows[i].robust_p;
		resources_table(&result.resources, &out);
		if (!strstr(unwrapped(&out), rows[i].words))
			fail_msg("\"%s\" is not in %s", rows[i].words, out.data);
		assert_true(rows[i].tested || !strstr(out.data, " in the window"));
		buf_release(&out);
		result_release(&result);
	}
	resources_sample_release(&read);
}

/* A stored file may hold anything; lines stay within the terminal's. */
static void figures_out_of_range(void **state)
{
	struct resources_sample_input read;
	struct buf out = {0};
	struct result result;

	(void)state;
	resources_sample_init(&read, 10);
	build(&result, &read, 10);
	for (int i = 0; i < RESOURCES_COUNTER_COUNT; i++) {
		result.resources.counters[i].count = INT64_MAX;
		result.resources.counters[i].per_s = 1e300;
		result.resources.counters[i].max_per_s = 1e308;
	}
	for (int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		result.resources.levels[i].mean = result.resources.levels[i].max = 1e300;
	result.resources.cpu.mean = result.resources.cpu.max = 1e300;
	result.resources.cpu.mean_share = result.resources.cpu.max_share = 1e300;
	result.resources.growth.known = true;
	result.resources.growth.bytes_per_hour = -1e300;
	result.resources.growth.error_bytes_per_hour = 1e300;
	resources_table(&result.resources, &out);
	assert_false(out.failed);
	assert_non_null(strstr(buf_string(&out), "attention"));
	result_release(&result);
	/* A block without processes. */
	read.input.process_count = 0;
	build(&result, &read, 10);
	out.length_bytes = 0;
	resources_table(&result.resources, &out);
	assert_non_null(strstr(buf_string(&out), "the server had no process left"));
	result_release(&result);
	buf_release(&out);
	resources_sample_release(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_healthy_server),
		cmocka_unit_test(only_what_is_there),
		cmocka_unit_test(what_deserves_attention),
		cmocka_unit_test(growth_is_told_by_two_tests),
		cmocka_unit_test(figures_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
