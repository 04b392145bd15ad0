/* SPDX-License-Identifier: MIT */
/* The option parser: every form it takes, every sentence it refuses with, and that the defaults the
 * help of each command names are the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/option.h"
#include "scenario/scenario.h"

struct values {
	bool quiet, verbose;
	const char *text, *body;
	struct scenario_list headers;
	enum scenario_pacing pacing;
	uint32_t connections, sample;
	uint64_t requests, duration_ns, rate_mrps, memory_bytes, wait_ns;
};

#define VALUE(member) offsetof(struct values, member)

static const char *const pacings[] = {"auto", "spin", "sleep", NULL};

static const struct option options[] = {
	{.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = VALUE(quiet)},
	{.name = "verbose", .kind = OPTION_FLAG, .offset = VALUE(verbose)},
	{.name = "text",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.lowest = 1,
		.highest = 8,
		.offset = VALUE(text)},
	{.name = "body",
		.letter = 'b',
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.highest = 100,
		.offset = VALUE(body)},
	{.name = "header",
		.letter = 'H',
		.kind = OPTION_LIST,
		.value = "LINE",
		.lowest = 1,
		.highest = 100,
		.offset = VALUE(headers)},
	{.name = "pacing",
		.kind = OPTION_CHOICE,
		.value = "auto|spin|sleep",
		.words = pacings,
		.offset = VALUE(pacing)},
	{.name = "connections",
		.letter = 'c',
		.kind = OPTION_U32,
		.value = "N",
		.lowest = 1,
		.highest = 1000,
		.offset = VALUE(connections)},
	{.name = "requests",
		.letter = 'n',
		.kind = OPTION_U64,
		.value = "N",
		.lowest = 1,
		.highest = UINT64_MAX,
		.offset = VALUE(requests)},
	{.name = "duration",
		.letter = 'd',
		.kind = OPTION_DURATION,
		.value = "TIME",
		.lowest = 1000000,
		.highest = 3600000000000,
		.offset = VALUE(duration_ns)},
	{.name = "rate",
		.letter = 'r',
		.kind = OPTION_RATE,
		.value = "RATE",
		.lowest = 1,
		.highest = 1000000000,
		.offset = VALUE(rate_mrps)},
	{.name = "memory",
		.kind = OPTION_SIZE,
		.value = "SIZE",
		.lowest = 1024,
		.highest = 1 << 20,
		.offset = VALUE(memory_bytes)},
	{.name = "wait",
		.letter = 'w',
		.kind = OPTION_DURATION,
		.value = "[TIME]",
		.otherwise = "5s",
		.lowest = 1000000,
		.highest = 3600000000000,
		.offset = VALUE(wait_ns)},
	{.name = "sample",
		.kind = OPTION_ONE_IN,
		.value = "1/N",
		.lowest = 1,
		.highest = 64,
		.offset = VALUE(sample)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP},
};

static const struct option_habit habits[] = {
	{"--latency", "it is always printed"},
	{"-R", "the rate is -r"},
	{NULL, NULL},
};

static const struct option_table table = {
	.options = options, .count = sizeof(options) / sizeof(*options), .habits = habits};

struct fixture {
	struct values values;
	struct option_parse parse;
	struct err err;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	option_parse_release(&fixture->parse);
	free(fixture->values.headers.items);
	free(fixture);
	return 0;
}

/* Parses words up to NULL. */
static int parse(struct fixture *fixture, const char *const *words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	return option_parse(
		&table, argc, (char **)words, &fixture->values, &fixture->parse, &fixture->err);
}

#define PARSE(...) parse(fixture, (const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *sentence, const char *const *words)
{
	struct fixture fixture = {0};

	assert_true(parse(&fixture, words) < 0);
	assert_int_equal(fixture.err.kind, ERR_USAGE);
	assert_string_equal(fixture.err.text, sentence);
	option_parse_release(&fixture.parse);
	free(fixture.values.headers.items);
}

/* A command line that must be refused with this sentence. */
#define REFUSED(sentence, ...) refused(sentence, (const char *const[]){__VA_ARGS__, NULL})

static void all_forms_of_a_value(void **state)
{
	static const char *const forms[][3] = {{"--connections", "7", NULL},
		{"--connections=7", NULL, NULL}, {"-c", "7", NULL}, {"-c7", NULL, NULL},
		{"-qc7", NULL, NULL}, {"-qc", "7", NULL}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct fixture *fixture = calloc(1, sizeof(*fixture));
		void *its_state = fixture;

		assert_int_equal(parse(fixture, forms[i]), 0);
		assert_int_equal(fixture->values.connections, 7);
		assert_true(option_given(&fixture->parse, "connections"));
		assert_false(option_given(&fixture->parse, "requests"));
		teardown(&its_state);
	}
}

static void a_value_may_be_left_out(void **state)
{
	static const struct {
		const char *words[4];
		uint64_t wait_s;
		size_t operands;
	} rows[] = {
		{{"--wait", NULL}, 5, 0},
		{{"--wait", "http://host/", NULL}, 5, 1},
		{{"--wait", "-q", "http://host/", NULL}, 5, 1},
		{{"--wait", "7s", "http://host/", NULL}, 7, 1},
		{{"--wait=7s", "http://host/", NULL}, 7, 1},
		{{"-w", NULL}, 5, 0},
		{{"-w", "http://host/", NULL}, 5, 1},
		{{"-w7s", "http://host/", NULL}, 7, 1},
		{{"-qw", "7s", NULL}, 7, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture *fixture = calloc(1, sizeof(*fixture));
		void *its_state = fixture;

		assert_int_equal(parse(fixture, rows[i].words), 0);
		assert_true(fixture->values.wait_ns == rows[i].wait_s * 1000000000);
		assert_int_equal(fixture->parse.operand_count, rows[i].operands);
		assert_true(option_given(&fixture->parse, "wait"));
		teardown(&its_state);
	}
	REFUSED("--wait: \"5\" has no unit: write 30s, 2m or 250ms", "--wait", "5");
}

static void as_typed_for_wrk(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-c400", "-d30s", "-H", "A: b", "http://host/", "-HC: d"), 0);
	assert_int_equal(fixture->values.connections, 400);
	assert_true(fixture->values.duration_ns == 30000000000);
	assert_int_equal(fixture->values.headers.count, 2);
	assert_string_equal(fixture->values.headers.items[0], "A: b");
	assert_string_equal(fixture->values.headers.items[1], "C: d");
	assert_int_equal(fixture->parse.operand_count, 1);
	assert_string_equal(fixture->parse.operands[0], "http://host/");
}

static void every_kind_is_stored(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-q", "--verbose", "--text", "-", "--pacing=sleep", "-n",
				 "18446744073709551615", "-r2.5k", "--memory", "64K"),
		0);
	assert_true(fixture->values.quiet);
	assert_true(fixture->values.verbose);
	assert_string_equal(fixture->values.text, "-");
	assert_int_equal(fixture->values.pacing, SCENARIO_PACING_SLEEP);
	assert_true(fixture->values.requests == UINT64_MAX);
	assert_true(fixture->values.rate_mrps == 2500000);
	assert_true(fixture->values.memory_bytes == 65536);
}

static void text_may_look_like_anything_after_its_equals_sign(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("--body=--quiet", "--text=a=b"), 0);
	assert_string_equal(fixture->values.body, "--quiet");
	assert_string_equal(fixture->values.text, "a=b");
	assert_false(fixture->values.quiet);
}

static void a_body_may_be_empty_or_begin_with_a_dash(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-b", "", "-H", "-X"), 0);
	assert_string_equal(fixture->values.body, "");
	assert_string_equal(fixture->values.headers.items[0], "-X");
}

static void two_dashes_end_the_options(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-q", "a", "--", "-c7", "--", "b"), 0);
	assert_int_equal(fixture->parse.operand_count, 4);
	assert_string_equal(fixture->parse.operands[1], "-c7");
	assert_string_equal(fixture->parse.operands[2], "--");
	assert_false(option_given(&fixture->parse, "connections"));
}

static void one_dash_is_an_operand(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-"), 0);
	assert_string_equal(fixture->parse.operands[0], "-");
}

static void operands_can_end_the_options(void **state)
{
	static const struct option_table command = {
		.options = options, .count = 3, .operands_end_options = true};
	const char *words[] = {"-q", "ls", "-l", "--all"};
	struct fixture *fixture = *state;

	assert_int_equal(option_parse(&command, 4, (char **)words, &fixture->values,
				 &fixture->parse, &fixture->err),
		0);
	assert_int_equal(fixture->parse.operand_count, 3);
	assert_string_equal(fixture->parse.operands[1], "-l");
}

static void help_ends_everything(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(PARSE("-qh", "--nonsense"), 0);
	assert_true(fixture->parse.help);
}

static void unknown_options_name_the_nearest(void **state)
{
	(void)state;
	REFUSED("unknown option \"--conections\": did you mean --connections?", "--conections=5");
	REFUSED("unknown option \"--dur\": did you mean --duration?", "--dur", "5s");
	REFUSED("unknown option \"--elephant\": --help lists them all", "--elephant");
	REFUSED("unknown option \"-C\": did you mean -c (--connections)?", "-C5");
	REFUSED("unknown option \"-y\": --help lists them all", "-qy");
	REFUSED("unknown option \"-5\": --help lists them all", "-5");
	REFUSED("unknown option \"--latency\": it is always printed", "--latency");
	REFUSED("unknown option \"-R\": the rate is -r", "-R5000");
}

static void missing_values(void **state)
{
	(void)state;
	REFUSED("--connections: the value is missing: expected N", "-c");
	REFUSED("--duration: the value is missing, \"-q\" follows: expected TIME", "-d", "-q");
	REFUSED("--connections: the value is missing, \"--rate=5\" follows: expected N",
		"--connections", "--rate=5");
	REFUSED("--body: the value is missing, \"-q\" follows: expected TEXT", "-b", "-q");
	REFUSED("--body: the value is missing, \"--\" follows: expected TEXT", "-b", "--");
	REFUSED("--text: the value is empty: expected FILE", "--text=");
	REFUSED("--header: the value is empty: expected LINE", "-H", "");
}

static void values_where_none_belongs(void **state)
{
	(void)state;
	REFUSED("--quiet: takes no value, but has \"yes\"", "--quiet=yes");
	REFUSED("--help: takes no value, but has \"\"", "--help=");
}

static void repeated_options(void **state)
{
	struct fixture *fixture = *state;

	REFUSED("--connections: given twice, \"1\" and \"2\": give it once", "-c1", "-c2");
	REFUSED("--connections: given twice, \"1\" and \"1\": give it once", "--connections=1",
		"-c", "1");
	assert_int_equal(PARSE("-q", "--quiet"), 0);
}

static void numbers_that_make_no_sense(void **state)
{
	(void)state;
	REFUSED("--connections: \"64x\" is not a whole number: write 1 to 1000", "-c64x");
	REFUSED("--connections: \"0\" is too small: write 1 to 1000", "-c", "0");
	REFUSED("--connections: \"-5\" is negative: write 1 to 1000", "-c", "-5");
	REFUSED("--connections: \"1001\" is too large: write 1 to 1000", "-c", "1001");
	REFUSED("--connections: \"\" is not a whole number: write 1 to 1000", "--connections=");
	REFUSED("--requests: \"99999999999999999999\" is too large: write 1 or more, as in 10k",
		"-n99999999999999999999");
}

static void quantities_that_make_no_sense(void **state)
{
	(void)state;
	REFUSED("--duration: \"30\" has no unit: write 30s, 2m or 250ms", "-d30");
	REFUSED("--duration: \"0\" is too small: expected 1ms to 1h", "-d0");
	REFUSED("--duration: \"10us\" is too small: expected 1ms to 1h", "-d10us");
	REFUSED("--duration: \"2h\" is too large: expected 1ms to 1h", "-d2h");
	REFUSED("--duration: \"-3s\" is negative: write 30s, 2m or 250ms", "-d", "-3s");
	REFUSED("--rate: \"0\" is too small: expected 0.001 to 1,000,000", "-r0");
	REFUSED("--rate: \"fast\" is not a rate in requests a second: write 500, 10k or 30/m", "-r",
		"fast");
	REFUSED("--memory: \"1K2\" has the unknown unit \"K2\": write 4096, 64K or 10MB",
		"--memory", "1K2");
	REFUSED("--memory: \"1G\" is too large: expected 1.00 KiB to 1.00 MiB", "--memory=1G");
	REFUSED("--text: the value has 9 bytes: expected at most 8", "--text=123456789");
}

static void one_in_a_number(void **state)
{
	static const char *const bad[] = {"0", "1/0", "65", "1/65", "1/", "2/8", "1/8x", "", "1/ 8",
		"-8", "1/-8", "0.125", "1/1/8"};
	const struct option *option = &options[sizeof(options) / sizeof(*options) - 2];
	struct values values = {0};
	struct err err = {0};
	char expected[128];
	size_t i;

	(void)state;
	assert_string_equal(option->name, "sample");
	assert_int_equal(option_store(option, "1/8", &values, &err), 0);
	assert_int_equal(values.sample, 8);
	assert_int_equal(option_store(option, "64", &values, &err), 0);
	assert_int_equal(values.sample, 64);
	assert_int_equal(option_store(option, "1/1", &values, &err), 0);
	assert_int_equal(values.sample, 1);
	assert_int_equal(option_store(option, "1", &values, &err), 0);
	assert_int_equal(values.sample, 1);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_true(option_store(option, bad[i], &values, &err) < 0);
		assert_int_equal(err.kind, ERR_USAGE);
		snprintf(expected, sizeof(expected),
			"--sample: \"%s\" is not one in a number: write 1/1 to 1/64, as in 1/8",
			bad[i]);
		assert_string_equal(err.text, expected);
	}
	assert_int_equal(values.sample, 1);
}

static void choices(void **state)
{
	(void)state;
	REFUSED("--pacing: \"slepe\" is not one of auto|spin|sleep: did you mean sleep?",
		"--pacing=slepe");
	REFUSED("--pacing: \"x\" is not one of auto|spin|sleep", "--pacing=x");
	REFUSED("--pacing: \"\" is not one of auto|spin|sleep", "--pacing", "");
}

/* ---- the tables of the commands themselves ---- */

static void tables_are_sound(void **state)
{
	const struct command *const *command;
	size_t i, j;

	(void)state;
	for (command = command_all(); *command; command++) {
		const struct option_table *its = &(*command)->table;

		assert_true(its->count <= OPTION_LIMIT);
		assert_non_null(its->options[0].group);
		for (i = 0; i < its->count; i++) {
			const struct option *option = &its->options[i];
			bool valued = option->kind != OPTION_FLAG && option->kind != OPTION_HELP;

			assert_int_equal(valued, option->value != NULL);
			assert_int_equal(option->kind == OPTION_CHOICE, option->words != NULL);
			assert_non_null(option->help);
			assert_true(option->highest >= option->lowest);
			for (j = 0; j < i; j++) {
				assert_string_not_equal(option->name, its->options[j].name);
				assert_true(!option->letter ||
					    option->letter != its->options[j].letter);
			}
		}
	}
}

static bool is_stored_plainly(const struct option *option)
{
	return option->kind == OPTION_U32 || option->kind == OPTION_U64 ||
	       option->kind == OPTION_DURATION || option->kind == OPTION_RATE ||
	       option->kind == OPTION_SIZE || option->kind == OPTION_CHOICE;
}

/* "as --timeout" tells, where another default can be typed. */
static bool is_in_words(const struct option *option)
{
	return option->kind != OPTION_CHOICE &&
	       (!strcmp(option->initial, "auto") || !strcmp(option->initial, "random") ||
		       !strcmp(option->initial, "any") || !strncmp(option->initial, "as ", 3));
}

/* Where the default is written as a value, storing it must change nothing. */
static void documented_defaults_are_the_real_ones(void **state)
{
	/* The values of `run` begin with the scenario. */
	struct {
		struct scenario scenario;
		char rest[16384];
	} before, after;
	const struct option_table *its = &run_command.table;
	struct err err = {0};
	size_t i, compared = 0;

	(void)state;
	memset(&before, 0, sizeof(before));
	scenario_init(&before.scenario);
	for (i = 0; i < its->count; i++) {
		const struct option *option = &its->options[i];

		if (!is_stored_plainly(option) || !option->initial || is_in_words(option))
			continue;
		memcpy(&after, &before, sizeof(after));
		assert_int_equal(option_store(option, option->initial, &after, &err), 0);
		assert_memory_equal(&after, &before, sizeof(after));
		compared++;
	}
	assert_true(compared >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_of_a_value),
		cmocka_unit_test(a_value_may_be_left_out),
		cmocka_unit_test_setup_teardown(as_typed_for_wrk, setup, teardown),
		cmocka_unit_test_setup_teardown(every_kind_is_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			text_may_look_like_anything_after_its_equals_sign, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_body_may_be_empty_or_begin_with_a_dash, setup, teardown),
		cmocka_unit_test_setup_teardown(two_dashes_end_the_options, setup, teardown),
		cmocka_unit_test_setup_teardown(one_dash_is_an_operand, setup, teardown),
		cmocka_unit_test_setup_teardown(operands_can_end_the_options, setup, teardown),
		cmocka_unit_test_setup_teardown(help_ends_everything, setup, teardown),
		cmocka_unit_test(unknown_options_name_the_nearest),
		cmocka_unit_test(missing_values),
		cmocka_unit_test(values_where_none_belongs),
		cmocka_unit_test_setup_teardown(repeated_options, setup, teardown),
		cmocka_unit_test(numbers_that_make_no_sense),
		cmocka_unit_test(quantities_that_make_no_sense),
		cmocka_unit_test(one_in_a_number),
		cmocka_unit_test(choices),
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(documented_defaults_are_the_real_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
