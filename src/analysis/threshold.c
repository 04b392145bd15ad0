/* SPDX-License-Identifier: MIT */
#include "analysis/threshold.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/percent.h"
#include "base/units.h"

static const char *const operators[THRESHOLD_OPERATOR_COUNT] = {
	[THRESHOLD_LESS] = "<",
	[THRESHOLD_LESS_OR_EQUAL] = "<=",
	[THRESHOLD_GREATER] = ">",
	[THRESHOLD_GREATER_OR_EQUAL] = ">=",
	[THRESHOLD_EQUAL] = "==",
	[THRESHOLD_NOT_EQUAL] = "!=",
};

static const char *const slo[] = {"p95<200ms", "p99<500ms", "completed_rate>=90%", "error_rate<1%"};

/* An expression while it is read. */
struct parse {
	struct threshold *threshold;
	const char *expression;
	const char *at;
	struct err *err;
};

/* A piece of the expression. */
struct piece {
	const char *text;
	size_t bytes;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct parse *parse, const char *at, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return err_set(parse->err, ERR_USAGE, -EINVAL, "column %zu of \"%s\": %s",
		(size_t)(at - parse->expression) + 1, parse->expression, text);
}

static void skip_space(struct parse *parse)
{
	while (*parse->at == ' ' || *parse->at == '\t')
		parse->at++;
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '.';
}

static struct piece take_name(struct parse *parse)
{
	struct piece name = {parse->at, 0};

	while (is_name_byte(name.text[name.bytes]))
		name.bytes++;
	parse->at += name.bytes;
	return name;
}

static bool equals(struct piece piece, const char *text)
{
	return strlen(text) == piece.bytes && !memcmp(piece.text, text, piece.bytes);
}

static int parse_metric(struct parse *parse)
{
	struct threshold *threshold = parse->threshold;
	struct piece name = take_name(parse);
	struct err err = {ERR_NONE, ""};

	if (!name.bytes)
		return refuse(parse, name.text,
			"expected a metric, as in p99<200ms, error_rate<1%% or failed==0");
	if (metric_find(&threshold->metric, name.text, name.bytes, &err))
		return refuse(parse, name.text, "%s", err.text);
	snprintf(threshold->name, sizeof(threshold->name), "%.*s", (int)name.bytes, name.text);
	return 0;
}

static int parse_operator(struct parse *parse)
{
	size_t bytes = strspn(parse->at, "<>=!");
	struct piece piece = {parse->at, bytes};

	for (unsigned int i = 0; i < THRESHOLD_OPERATOR_COUNT; i++) {
		if (!equals(piece, operators[i]))
			continue;
		parse->threshold->operator= i;
		parse->at += bytes;
		return 0;
	}
	if (!*parse->at)
		return refuse(parse, parse->at,
			"expected a comparison (<, <=, >, >=, ==, !=) and a value");
	return refuse(parse, parse->at,
		"\"%.*s\" is no comparison, expected <, <=, >, >=, == or !=",
		bytes ? (int)bytes : 1, parse->at);
}

static int read_value(struct threshold *threshold, const char *text, struct err *err)
{
	uint64_t number = 0;
	int status;

	switch (metric_unit(&threshold->metric)) {
	case RESULT_NS:
		status = units_parse_duration(text, &number, err);
		break;
	case RESULT_RPS:
		status = units_parse_rate(text, &number, err);
		threshold->value = (double)number / 1000;
		return status;
	case RESULT_SHARE:
		return percent_parse(text, &threshold->value, err);
	case RESULT_BYTES:
	case RESULT_BYTES_PER_HOUR:
		status = units_parse_size(text, &number, err);
		break;
	default:
		status = units_parse_count(text, 0, INT64_MAX, &number, err);
		break;
	}
	threshold->value = (double)number;
	return status;
}

static int parse_value(struct parse *parse)
{
	struct threshold *threshold = parse->threshold;
	size_t bytes = strlen(parse->at);
	struct err err = {ERR_NONE, ""};

	while (bytes && (parse->at[bytes - 1] == ' ' || parse->at[bytes - 1] == '\t'))
		bytes--;
	if (!bytes)
		return refuse(parse, parse->at, "expected a value");
	snprintf(threshold->bound, sizeof(threshold->bound), "%.*s", (int)bytes, parse->at);
	if (read_value(threshold, threshold->bound, &err))
		return refuse(parse, parse->at, "%s", err.text);
	return 0;
}

/* Over "warn:", if the expression begins with it. */
static int parse_level(struct parse *parse)
{
	const char *at = parse->at;
	struct piece name = take_name(parse);

	skip_space(parse);
	if (*parse->at != ':') {
		parse->at = at;
		return 0;
	}
	if (!equals(name, "warn"))
		return refuse(parse, at, "\"%.*s\" is no level, expected \"warn:\" or none",
			(int)name.bytes, name.text);
	parse->threshold->warn = true;
	parse->at++;
	skip_space(parse);
	return 0;
}

int threshold_parse(struct threshold *threshold, const char *expression, struct err *err)
{
	struct parse parse = {threshold, expression, expression, err};
	int status;

	memset(threshold, 0, sizeof(*threshold));
	if (strlen(expression) >= sizeof(threshold->expression))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.30s...\" is too long for a threshold, expected fewer than %zu bytes",
			expression, sizeof(threshold->expression));
	strcpy(threshold->expression, expression);
	skip_space(&parse);
	status = parse_level(&parse);
	if (!status)
		status = parse_metric(&parse);
	skip_space(&parse);
	if (!status)
		status = parse_operator(&parse);
	skip_space(&parse);
	if (!status)
		status = parse_value(&parse);
	return status;
}

int threshold_list_add(struct threshold_list *list, const char *expression, struct err *err)
{
	struct threshold threshold, *larger;
	int status = threshold_parse(&threshold, expression, err);

	if (status)
		return status;
	larger = realloc(list->items, (list->count + 1) * sizeof(*larger));
	if (!larger)
		return err_set(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for thresholds");
	list->items = larger;
	larger[list->count++] = threshold;
	return 0;
}

int threshold_list_add_slo(struct threshold_list *list, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < sizeof(slo) / sizeof(*slo); i++)
		status = threshold_list_add(list, slo[i], err);
	return status;
}

void threshold_list_release(struct threshold_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

/* What the values at hand prove: with a lower bound, only what holds for anything above it too. */
static bool holds(const struct threshold *threshold, const struct metric_value *metric)
{
	double value = metric->value, bound = threshold->value;

	switch (threshold->operator) {
	case THRESHOLD_GREATER:
		return value > bound;
	case THRESHOLD_GREATER_OR_EQUAL:
		return value >= bound;
	case THRESHOLD_NOT_EQUAL:
		return metric->lower_bound ? value > bound : value != bound;
	case THRESHOLD_LESS:
		return !metric->lower_bound && value < bound;
	case THRESHOLD_LESS_OR_EQUAL:
		return !metric->lower_bound && value <= bound;
	default:
		return !metric->lower_bound && value == bound;
	}
}

/* Whether the lower bound alone shows the breach, whatever lies beyond. */
static bool surely_breached(const struct threshold *threshold, const struct metric_value *metric)
{
	switch (threshold->operator) {
	case THRESHOLD_LESS:
		return metric->value >= threshold->value;
	case THRESHOLD_LESS_OR_EQUAL:
	case THRESHOLD_EQUAL:
		return metric->value > threshold->value;
	default:
		return false;
	}
}

bool threshold_breached(const struct threshold *threshold, const struct metric_value *metric)
{
	return metric->known && !holds(threshold, metric) &&
	       (!metric->lower_bound || surely_breached(threshold, metric));
}

char *threshold_format(char text[UNITS_TEXT_BYTES], enum result_unit unit, double value)
{
	uint64_t number = value > 0 ? (value < 0x1p63 ? (uint64_t)(value + 0.5) : INT64_MAX) : 0;
	size_t length;

	switch (unit) {
	case RESULT_NS:
		return units_format_duration(text, number);
	case RESULT_RPS:
		units_format_rate(text, value);
		length = strlen(text);
		snprintf(text + length, UNITS_TEXT_BYTES - length, "/s");
		return text;
	case RESULT_SHARE:
		return units_format_share(text, value);
	case RESULT_BYTES:
		return units_format_size(text, number);
	case RESULT_BYTES_PER_HOUR:
		number = (uint64_t)fmin(fabs(value), 0x1p62);
		text[0] = '-';
		units_format_size(text + (value < 0), number);
		length = strlen(text);
		snprintf(text + length, UNITS_TEXT_BYTES - length, "/h");
		return text;
	default:
		return units_format_count(text, number);
	}
}

/* Why it was not passed, as a sentence. */
static char *explain(const struct threshold *threshold, const struct metric_value *metric)
{
	enum result_unit unit = metric_unit(&threshold->metric);
	char value[UNITS_TEXT_BYTES], *text;
	const char *beyond = "";
	int length;

	if (metric->lower_bound && !surely_breached(threshold, metric))
		beyond = ", unknown beyond";
	length = asprintf(&text, "%s is %s%s%s, wanted %s %s", threshold->name,
		metric->lower_bound ? "at least " : "",
		threshold_format(value, unit, metric->value), beyond,
		operators[threshold->operator], threshold->bound);
	return length < 0 ? NULL : text;
}

/* 0 or -ENOMEM; what was filled in is released with the result. */
static int judge(const struct threshold *threshold, const struct result *result,
	struct result_threshold *judged)
{
	struct metric_value metric = metric_read(&threshold->metric, result);

	judged->expression = strdup(threshold->expression);
	judged->scope = strdup("run");
	judged->unit = metric_unit(&threshold->metric);
	judged->has_value = metric.known;
	judged->lower_bound = metric.lower_bound;
	judged->value = metric.value;
	if (!metric.known) {
		judged->state = RESULT_NOT_EVALUATED;
		judged->reason = strdup(metric.reason);
	} else if (holds(threshold, &metric)) {
		judged->state = RESULT_PASS;
		return judged->expression && judged->scope ? 0 : -ENOMEM;
	} else {
		judged->state = threshold->warn ? RESULT_WARN : RESULT_FAIL;
		judged->reason = explain(threshold, &metric);
	}
	return judged->expression && judged->scope && judged->reason ? 0 : -ENOMEM;
}

int threshold_list_judge(const struct threshold_list *list, struct result *result, struct err *err)
{
	int status = 0;

	result->thresholds = calloc(list->count ? list->count : 1, sizeof(*result->thresholds));
	if (!result->thresholds)
		status = -ENOMEM;
	for (size_t i = 0; !status && i < list->count; i++) {
		result->threshold_count++;
		status = judge(&list->items[i], result, &result->thresholds[i]);
	}
	if (status)
		return err_set(err, ERR_ENVIRONMENT, status, "no memory for thresholds");
	return 0;
}

void threshold_help(struct buf *out)
{
	buf_text(out,
		"  [warn:] METRIC OP VALUE, with OP one of < <= > >= == !=\n"
		"  as in 'p99<200ms', 'warn: p95 <= 100ms', 'rate>=9.5k', 'error_rate<1%'\n\n");
	metric_help(out);
}
