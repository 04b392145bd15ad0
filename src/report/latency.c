/* SPDX-License-Identifier: MIT */
#include "report/latency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/layout.h"

#define LABEL_COLUMNS 10
#define CELL_COLUMNS  13
#define BAR_COLUMNS   60
/* Fewer intervals than this show no course. */
#define MIN_INTERVALS 3

/* Which distributions stand in the table, and the marks that were used in it. */
struct table {
	const struct result *result;
	struct buf *out;
	enum result_latency_kind columns[RESULT_REQUEST_LATENCY_COUNT];
	size_t column_count;
	bool marked_few, marked_bound;
};

static const struct result_latency *column(const struct table *table, size_t index)
{
	return &table->result->run.latency[table->columns[index]];
}

/* Nanoseconds of a mean; a stored file may hold anything. */
static uint64_t whole(double value_ns)
{
	if (!(value_ns > 0))
		return 0;
	return value_ns < 0x1p62 ? (uint64_t)(value_ns + 0.5) : (uint64_t)1 << 62;
}

static void choose_columns(struct table *table)
{
	const struct result *result = table->result;

	table->columns[table->column_count++] = RESULT_TOTAL;
	table->columns[table->column_count++] = RESULT_SERVICE;
	/* In closed loop a request becomes possible when its connection is free, unless it has to
	 * be made. */
	if (result->scenarios[0].open_loop || result->scenarios[0].no_keepalive)
		table->columns[table->column_count++] = RESULT_CONNECTION_WAIT;
	table->columns[table->column_count++] = RESULT_SEND_LAG;
	if (result->run.latency[RESULT_FAILURE].count)
		table->columns[table->column_count++] = RESULT_FAILURE;
}

static void write_header(struct table *table)
{
	static const char *const names[RESULT_REQUEST_LATENCY_COUNT] = {
		[RESULT_TOTAL] = "total",
		[RESULT_SERVICE] = "service",
		[RESULT_CONNECTION_WAIT] = "waiting",
		[RESULT_SEND_LAG] = "send lag",
		[RESULT_FAILURE] = "until failure",
	};

	buf_text(table->out, "\n");
	layout_left(table->out, "latency", LABEL_COLUMNS);
	for (size_t i = 0; i < table->column_count; i++) {
		layout_right(table->out, names[table->columns[i]], CELL_COLUMNS);
		buf_text(table->out, " "); /* where a mark may stand below */
	}
	layout_end(table->out);
}

static void write_cell(struct table *table, uint64_t value_ns, bool bound, bool few)
{
	char value[UNITS_TEXT_BYTES], text[UNITS_TEXT_BYTES + 8];

	snprintf(text, sizeof(text), "%s%s", bound ? "≥ " : "",
		units_format_duration(value, value_ns));
	layout_right(table->out, text, CELL_COLUMNS);
	buf_text(table->out, few ? "*" : " ");
	table->marked_few |= few;
	table->marked_bound |= bound;
}

static void write_empty_cell(struct table *table)
{
	layout_right(table->out, "-", CELL_COLUMNS);
	buf_text(table->out, " ");
}

/* The figures that are no percentiles; a censored sample makes mean and max lower bounds. */
enum figure { MEAN, STDDEV, MIN, MAX };

static void write_figures(struct table *table, const char *label, enum figure figure)
{
	layout_left(table->out, label, LABEL_COLUMNS);
	for (size_t i = 0; i < table->column_count; i++) {
		const struct result_latency *latency = column(table, i);
		bool bound = latency->censored;

		if (!latency->count)
			write_empty_cell(table);
		else if (figure == MEAN)
			write_cell(table, whole(latency->mean_ns), bound, false);
		else if (figure == STDDEV)
			write_cell(table, whole(latency->stddev_ns), false, false);
		else if (figure == MIN)
			write_cell(table, latency->min_ns,
				bound && latency->censored_min_ns <= latency->min_ns, false);
		else
			write_cell(table, latency->max_ns, bound, false);
	}
	layout_end(table->out);
}

static void write_percentile(struct table *table, const char *label, enum result_quantile_kind kind)
{
	layout_left(table->out, label, LABEL_COLUMNS);
	for (size_t i = 0; i < table->column_count; i++) {
		const struct result_latency *latency = column(table, i);
		const struct result_quantile *quantile = &latency->quantile[kind];

		if (latency->count)
			write_cell(table, quantile->value_ns, quantile->lower_bound,
				quantile->few_samples);
		else
			write_empty_cell(table);
	}
	layout_end(table->out);
}

static void write_samples(struct table *table)
{
	char text[UNITS_TEXT_BYTES];

	layout_left(table->out, "samples", LABEL_COLUMNS);
	for (size_t i = 0; i < table->column_count; i++) {
		layout_right(table->out, units_format_count(text, column(table, i)->count),
			CELL_COLUMNS);
		buf_text(table->out, " ");
	}
	layout_end(table->out);
}

static void write_legend(const struct table *table)
{
	buf_text(table->out,
		"          total: since the request was due; service: since it was sent\n");
	if (table->marked_bound)
		buf_text(table->out, "          ≥ requests that never got their answer lie there: "
				     "the true value is at least this\n");
	if (table->marked_few)
		buf_printf(table->out, "          * fewer than %d samples lie beyond\n",
			RESULT_SAMPLES_BEYOND);
}

void latency_table(const struct result *result, struct buf *out)
{
	static const char *const labels[RESULT_QUANTILE_COUNT] = {
		[RESULT_P50] = "p50",
		[RESULT_P75] = "p75",
		[RESULT_P90] = "p90",
		[RESULT_P95] = "p95",
		[RESULT_P98] = "p98",
		[RESULT_P99] = "p99",
		[RESULT_P999] = "p99.9",
		[RESULT_P9999] = "p99.99",
	};
	struct table table = {.result = result, .out = out};

	choose_columns(&table);
	write_header(&table);
	write_figures(&table, "mean", MEAN);
	write_figures(&table, "stddev", STDDEV);
	write_figures(&table, "min", MIN);
	for (unsigned int i = 0; i < RESULT_QUANTILE_COUNT; i++)
		write_percentile(&table, labels[i], i);
	write_figures(&table, "max", MAX);
	write_samples(&table);
	write_legend(&table);
}

static void write_part(
	const struct result_latency *latency, const char *label, const char *what, struct buf *out)
{
	const struct result_quantile *p50 = &latency->quantile[RESULT_P50];
	const struct result_quantile *p99 = &latency->quantile[RESULT_P99];
	char mean[UNITS_TEXT_BYTES], half[UNITS_TEXT_BYTES], most[UNITS_TEXT_BYTES];
	char max[UNITS_TEXT_BYTES];

	layout_entryf(out, label, "%s: mean %s, p50 %s%s, p99 %s%s, max %s", what,
		units_format_duration(mean, whole(latency->mean_ns)),
		units_format_duration(half, p50->value_ns), p50->few_samples ? "*" : "",
		units_format_duration(most, p99->value_ns), p99->few_samples ? "*" : "",
		units_format_duration(max, latency->max_ns));
}

void latency_arrival(const struct result *result, struct buf *out)
{
	const struct result_latency *before = &result->run.latency[RESULT_UNTIL_ARRIVAL];
	const struct result_latency *after = &result->run.latency[RESULT_CLIENT_QUEUE];
	const uint64_t *value = result->run.counters.value;
	char unstamped[UNITS_TEXT_BYTES], completed[UNITS_TEXT_BYTES];

	if (before->not_measured || after->not_measured)
		return;
	units_format_count(unstamped, value[COUNTER_UNSTAMPED]);
	units_format_count(completed, value[COUNTER_COMPLETED]);
	buf_text(out, "\n");
	if (!before->count || !after->count) {
		layout_entryf(out, "arrival", "none of %s responses had a stamp", completed);
		return;
	}
	write_part(before, "arrival", "network and server until then", out);
	write_part(after, "", "queueing in the client after it", out);
	if (value[COUNTER_UNSTAMPED])
		layout_entryf(out, "", "%s of %s responses had no stamp and are in neither",
			unstamped, completed);
}

/* What is drawn over time: one value an interval. */
struct course {
	double *values;
	size_t count;
	double smallest, largest;
};

static void add(struct course *course, double value)
{
	if (!course->count || value < course->smallest)
		course->smallest = value;
	if (!course->count || value > course->largest)
		course->largest = value;
	course->values[course->count++] = value;
}

/* The last interval of the window may be a sliver of a tick: its rate says nothing. */
static bool is_whole(const struct result_interval *interval)
{
	return interval->phase == RESULT_MEASURED && interval->seconds >= 0.5;
}

/* The bars, and between which values they move. */
static void write_bars(const struct course *course, const char *label, const char *smallest,
	const char *largest, const char *unit, struct buf *out)
{
	layout_left(out, label, LAYOUT_INDENT);
	layout_bars(out, course->values, course->count, BAR_COLUMNS);
	if (strcmp(smallest, largest))
		buf_printf(out, " %s to %s%s\n", smallest, largest, unit);
	else
		buf_printf(out, " %s%s\n", largest, unit);
}

static void write_rates(const struct result *result, struct course *course, struct buf *out)
{
	char smallest[UNITS_TEXT_BYTES], largest[UNITS_TEXT_BYTES];

	course->count = 0;
	for (size_t i = 0; i < result->interval_count; i++)
		if (is_whole(&result->timeline[i]))
			add(course, (double)result->timeline[i].completed /
					    result->timeline[i].seconds);
	if (course->count < MIN_INTERVALS)
		return;
	buf_text(out, "\n");
	units_format_rate(smallest, course->smallest);
	units_format_rate(largest, course->largest);
	write_bars(course, "completed", smallest, largest, "/s", out);
}

static void write_p99(const struct result *result, struct course *course, struct buf *out)
{
	char smallest[UNITS_TEXT_BYTES], largest[UNITS_TEXT_BYTES];

	course->count = 0;
	for (size_t i = 0; i < result->interval_count; i++)
		if (is_whole(&result->timeline[i]))
			add(course, (double)result->timeline[i].p99.value_ns);
	if (course->count < MIN_INTERVALS)
		return;
	units_format_duration(smallest, whole(course->smallest));
	units_format_duration(largest, whole(course->largest));
	write_bars(course, "p99", smallest, largest, "", out);
}

void latency_course(const struct result *result, struct buf *out)
{
	struct course course = {0};

	course.values = calloc(result->interval_count + 1, sizeof(*course.values));
	if (!course.values) {
		out->failed = true;
		return;
	}
	write_rates(result, &course, out);
	write_p99(result, &course, out);
	free(course.values);
}
