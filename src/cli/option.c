/* SPDX-License-Identifier: MIT */
#include "cli/option.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "scenario/scenario.h"

_Static_assert(sizeof(enum scenario_arrival) == sizeof(unsigned int), "a choice is stored as one");

/* Where the parser stands. */
struct cursor {
	const struct option_table *table;
	char **argv;
	int argc;
	int next; /* index of the next argument to look at */
	void *values;
	struct option_parse *parse;
};

static bool has_value(const struct option *option)
{
	return option->kind != OPTION_FLAG && option->kind != OPTION_HELP;
}

static const struct option *find_name(
	const struct option_table *table, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		if (strlen(table->options[i].name) == length &&
			!memcmp(table->options[i].name, name, length))
			return &table->options[i];
	return NULL;
}

static const struct option *find_letter(const struct option_table *table, char letter)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		if (table->options[i].letter == letter)
			return &table->options[i];
	return NULL;
}

static const char *habit_advice(const struct option_table *table, const char *typed)
{
	const struct option_habit *habit;

	for (habit = table->habits; habit && habit->typed; habit++)
		if (!strcmp(habit->typed, typed))
			return habit->advice;
	return NULL;
}

/* Whether the argument is, letter for letter, an option of this command. */
static bool is_option(const struct option_table *table, const char *argument)
{
	if (!strncmp(argument, "--", 2))
		return !argument[2] || find_name(table, argument + 2, strcspn(argument + 2, "="));
	return argument[0] == '-' && argument[1] && !argument[2] && find_letter(table, argument[1]);
}

static int unknown_name(
	const struct option_table *table, const char *name, size_t length, struct err *err)
{
	char typed[80], word[80];
	const char *advice;
	struct nearest nearest;
	size_t i;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	snprintf(typed, sizeof(typed), "--%.*s", (int)length, name);
	advice = habit_advice(table, typed);
	if (advice)
		return err_set(err, ERR_USAGE, -EINVAL, "unknown option \"%s\": %s", typed, advice);
	nearest_init(&nearest, word, strlen(word));
	for (i = 0; i < table->count; i++)
		nearest_offer(&nearest, table->options[i].name);
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL, "unknown option \"%s\": did you mean --%s?",
			typed, nearest.best);
	return err_set(
		err, ERR_USAGE, -EINVAL, "unknown option \"%s\": --help lists them all", typed);
}

static int unknown_letter(const struct option_table *table, char letter, struct err *err)
{
	char typed[3] = {'-', letter, 0};
	const char *advice = habit_advice(table, typed);
	const struct option *other;
	char swapped = (char)(islower((unsigned char)letter) ? toupper((unsigned char)letter)
							     : tolower((unsigned char)letter));

	if (advice)
		return err_set(err, ERR_USAGE, -EINVAL, "unknown option \"%s\": %s", typed, advice);
	other = letter == swapped ? NULL : find_letter(table, swapped);
	if (other)
		return err_set(err, ERR_USAGE, -EINVAL,
			"unknown option \"%s\": did you mean -%c (--%s)?", typed, swapped,
			other->name);
	return err_set(
		err, ERR_USAGE, -EINVAL, "unknown option \"%s\": --help lists them all", typed);
}

static int out_of_range(const struct option *option, const char *text, bool small, struct err *err)
{
	char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];

	switch (option->kind) {
	case OPTION_DURATION:
		units_format_duration_exact(low, option->lowest);
		units_format_duration_exact(high, option->highest);
		break;
	case OPTION_RATE:
		units_format_rate(low, (double)option->lowest / 1e3);
		units_format_rate(high, (double)option->highest / 1e3);
		break;
	default:
		units_format_size(low, option->lowest);
		units_format_size(high, option->highest);
		break;
	}
	return err_set(err, ERR_USAGE, -ERANGE, "\"%s\" is too %s: expected %s to %s", text,
		small ? "small" : "large", low, high);
}

static int store_choice(const struct option *option, const char *text, void *place, struct err *err)
{
	struct nearest nearest;
	unsigned int i;

	nearest_init(&nearest, text, strlen(text));
	for (i = 0; option->words[i]; i++) {
		if (!strcmp(option->words[i], text)) {
			memcpy(place, &i, sizeof(i));
			return 0;
		}
		nearest_offer(&nearest, option->words[i]);
	}
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" is not one of %s: did you mean %s?",
			text, option->value, nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" is not one of %s", text, option->value);
}

static int store_text(const struct option *option, const char *text, void *place, struct err *err)
{
	size_t length = strlen(text);

	if (length < option->lowest)
		return err_set(
			err, ERR_USAGE, -EINVAL, "the value is empty: expected %s", option->value);
	if (length > option->highest)
		return err_set(err, ERR_USAGE, -ERANGE,
			"the value has %zu bytes: expected at most %llu", length,
			(unsigned long long)option->highest);
	if (option->kind == OPTION_LIST)
		return scenario_list_add(place, text, err);
	memcpy(place, &text, sizeof(text));
	return 0;
}

static int store_quantity(
	const struct option *option, const char *text, void *place, struct err *err)
{
	uint64_t value = 0;
	int code;

	if (option->kind == OPTION_DURATION)
		code = units_parse_duration(text, &value, err);
	else if (option->kind == OPTION_RATE)
		code = units_parse_rate(text, &value, err);
	else
		code = units_parse_size(text, &value, err);
	if (code < 0)
		return code;
	if (value < option->lowest || value > option->highest)
		return out_of_range(option, text, value < option->lowest, err);
	memcpy(place, &value, sizeof(value));
	return 0;
}

static int store_count(const struct option *option, const char *text, void *place, struct err *err)
{
	uint64_t wide;
	uint32_t narrow;
	int code = units_parse_count(text, option->lowest, option->highest, &wide, err);

	if (code < 0)
		return code;
	if (option->kind == OPTION_U64) {
		memcpy(place, &wide, sizeof(wide));
		return 0;
	}
	assert(option->highest <= UINT32_MAX);
	narrow = (uint32_t)wide;
	memcpy(place, &narrow, sizeof(narrow));
	return 0;
}

static int store_one_in(const struct option *option, const char *text, void *place, struct err *err)
{
	const char *number = strncmp(text, "1/", 2) ? text : text + 2;
	uint64_t wide;
	uint32_t narrow;

	if (units_parse_count(number, option->lowest, option->highest, &wide, NULL) < 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not one in a number: write 1/%ju to 1/%ju, as in 1/8", text,
			(uintmax_t)option->lowest, (uintmax_t)option->highest);
	narrow = (uint32_t)wide;
	memcpy(place, &narrow, sizeof(narrow));
	return 0;
}

int option_store(const struct option *option, const char *text, void *values, struct err *err)
{
	void *place = (char *)values + option->offset;
	bool yes = true;
	int code = 0;

	switch (option->kind) {
	case OPTION_HELP:
	case OPTION_KIND_COUNT:
		break;
	case OPTION_FLAG:
		memcpy(place, &yes, sizeof(yes));
		break;
	case OPTION_TEXT:
	case OPTION_LIST:
		code = store_text(option, text, place, err);
		break;
	case OPTION_CHOICE:
		code = store_choice(option, text, place, err);
		break;
	case OPTION_U32:
	case OPTION_U64:
		code = store_count(option, text, place, err);
		break;
	case OPTION_ONE_IN:
		code = store_one_in(option, text, place, err);
		break;
	case OPTION_DURATION:
	case OPTION_RATE:
	case OPTION_SIZE:
		code = store_quantity(option, text, place, err);
		break;
	}
	if (code < 0)
		err_prefix(err, "--%s: ", option->name);
	return code;
}

static int take(
	struct cursor *cursor, const struct option *option, const char *text, struct err *err)
{
	size_t index = (size_t)(option - cursor->table->options);
	const char **given = &cursor->parse->given[index];

	if (*given && has_value(option) && option->kind != OPTION_LIST)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--%s: given twice, \"%s\" and \"%s\": give it once", option->name, *given,
			text);
	*given = text;
	if (option->kind == OPTION_HELP)
		cursor->parse->help = true;
	return option_store(option, text, cursor->values, err);
}

/* "-5" is a bad number and "-" is standard output, but "-q" where a value belongs is a value
 * forgotten. */
static bool could_be_value(
	const struct cursor *cursor, const struct option *option, const char *argument)
{
	if (argument[0] != '-' || !argument[1])
		return true;
	if (option->kind == OPTION_TEXT || option->kind == OPTION_LIST)
		return !is_option(cursor->table, argument);
	return isdigit((unsigned char)argument[1]) || argument[1] == '.';
}

/* The value of an option whose own argument held none. */
static int take_next(struct cursor *cursor, const struct option *option, struct err *err)
{
	const char *argument = cursor->next < cursor->argc ? cursor->argv[cursor->next] : NULL;

	if (option->otherwise && !(argument && isdigit((unsigned char)argument[0])))
		return take(cursor, option, option->otherwise, err);
	if (!argument)
		return err_set(err, ERR_USAGE, -EINVAL, "--%s: the value is missing: expected %s",
			option->name, option->value);
	if (!could_be_value(cursor, option, argument))
		return err_set(err, ERR_USAGE, -EINVAL,
			"--%s: the value is missing, \"%s\" follows: expected %s", option->name,
			argument, option->value);
	cursor->next++;
	return take(cursor, option, argument, err);
}

static int parse_long(struct cursor *cursor, const char *name, struct err *err)
{
	size_t length = strcspn(name, "=");
	const struct option *option = find_name(cursor->table, name, length);
	const char *value = name[length] ? name + length + 1 : NULL;

	if (!option)
		return unknown_name(cursor->table, name, length, err);
	if (!has_value(option) && value)
		return err_set(err, ERR_USAGE, -EINVAL, "--%s: takes no value, but has \"%s\"",
			option->name, value);
	if (!has_value(option))
		return take(cursor, option, "", err);
	return value ? take(cursor, option, value, err) : take_next(cursor, option, err);
}

static int parse_letters(struct cursor *cursor, const char *letters, struct err *err)
{
	const struct option *option;
	int code;

	for (; *letters; letters++) {
		option = find_letter(cursor->table, *letters);
		if (!option)
			return unknown_letter(cursor->table, *letters, err);
		if (has_value(option) && letters[1])
			return take(cursor, option, letters + 1, err);
		if (has_value(option))
			return take_next(cursor, option, err);
		code = take(cursor, option, "", err);
		if (code < 0 || cursor->parse->help)
			return code;
	}
	return 0;
}

static void take_operands(struct cursor *cursor, int count)
{
	for (; count; count--)
		cursor->parse
			->operands[cursor->parse->operand_count++] = cursor->argv[cursor->next++];
}

int option_parse(const struct option_table *table, int argc, char **argv, void *values,
	struct option_parse *parse, struct err *err)
{
	struct cursor cursor = {
		.table = table, .argv = argv, .argc = argc, .values = values, .parse = parse};
	const char *argument;
	int code = 0;

	assert(table->count <= OPTION_LIMIT);
	*parse = (struct option_parse){.table = table};
	parse->operands = calloc((size_t)argc + 1, sizeof(*parse->operands));
	if (!parse->operands)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot read the command line");
	while (!code && !parse->help && cursor.next < argc) {
		argument = argv[cursor.next];
		if (argument[0] != '-' || !argument[1]) {
			take_operands(
				&cursor, table->operands_end_options ? argc - cursor.next : 1);
			continue;
		}
		cursor.next++;
		if (!strcmp(argument, "--"))
			take_operands(&cursor, argc - cursor.next);
		else if (argument[1] == '-')
			code = parse_long(&cursor, argument + 2, err);
		else
			code = parse_letters(&cursor, argument + 1, err);
	}
	return code;
}

void option_parse_release(struct option_parse *parse)
{
	free(parse->operands);
	parse->operands = NULL;
	parse->operand_count = 0;
}

bool option_given(const struct option_parse *parse, const char *name)
{
	const struct option *option = find_name(parse->table, name, strlen(name));

	assert(option);
	return parse->given[option - parse->table->options];
}
