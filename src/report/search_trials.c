/* SPDX-License-Identifier: MIT */
#include "report/search_trials.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "report/layout.h"
#include "report/seconds.h"

static const enum result_quantile_kind quantiles[] = {RESULT_P50, RESULT_P95, RESULT_P99};

#define QUANTILES (sizeof(quantiles) / sizeof(*quantiles))

enum column_widths {
	RATE_COLUMNS = 10,
	GAP_COLUMNS = 2,
	STAGE_COLUMNS = 9,
	VERDICT_COLUMNS = 10,
	LENGTH_COLUMNS = 7,
	COMPLETED_COLUMNS = 11,
	LATENCY_COLUMNS = 12,
	ERRORS_COLUMNS = 9,
	INDEX_COLUMNS = 6
};

/* The marks that were used in a table, to be explained below it. */
struct marks {
	bool few, bound;
};

/* By rate; trials are in the order in which they were made. */
static int compare(const void *left, const void *right)
{
	const struct search_trial *a = *(const struct search_trial *const *)left;
	const struct search_trial *b = *(const struct search_trial *const *)right;

	if (a->rps != b->rps)
		return a->rps < b->rps ? -1 : 1;
	return a < b ? -1 : a > b;
}

const struct search_trial **search_trials_sorted(const struct search_record *record)
{
	const struct search_trial **sorted = calloc(record->trial_count + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < record->trial_count; i++)
		sorted[i] = &record->trials[i];
	qsort(sorted, record->trial_count, sizeof(*sorted), compare);
	return sorted;
}

static const char *verdict_word(enum search_verdict verdict)
{
	/* What failed shall be seen. */
	return verdict == SEARCH_FAIL ? "FAIL" : search_verdict_key(verdict);
}

static void write_header(struct buf *out)
{
	buf_text(out, "\n");
	layout_right(out, "requests/s", RATE_COLUMNS);
	buf_fill(out, ' ', GAP_COLUMNS);
	layout_left(out, "stage", STAGE_COLUMNS);
	layout_left(out, "verdict", VERDICT_COLUMNS);
	layout_right(out, "for", LENGTH_COLUMNS);
	layout_right(out, "completed", COMPLETED_COLUMNS);
	for (size_t i = 0; i < QUANTILES; i++) {
		layout_right(out, result_quantile_key(quantiles[i]), LATENCY_COLUMNS - 1);
		buf_text(out, " "); /* where a mark may stand below */
	}
	layout_right(out, "errors", ERRORS_COLUMNS);
	layout_right(out, "trial", INDEX_COLUMNS);
	layout_end(out);
}

static void write_latency(
	const struct result_latency *latency, struct marks *marks, struct buf *out)
{
	for (size_t i = 0; i < QUANTILES; i++) {
		const struct result_quantile *quantile = &latency->quantile[quantiles[i]];
		char value[UNITS_TEXT_BYTES], text[UNITS_TEXT_BYTES + 8] = "-";
		bool few = latency->count && quantile->few_samples;
		bool bound = latency->count && quantile->lower_bound;

		if (latency->count)
			snprintf(text, sizeof(text), "%s%s", bound ? "≥ " : "",
				units_format_duration(value, quantile->value_ns));
		layout_right(out, text, LATENCY_COLUMNS - 1);
		buf_text(out, few ? "*" : " ");
		marks->few |= few;
		marks->bound |= bound;
	}
}

static void write_trial(const struct search_record *record, const struct search_trial *trial,
	struct marks *marks, struct buf *out)
{
	const struct result_block *run = &trial->result.run;
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_rate(text, trial->rps), RATE_COLUMNS);
	buf_fill(out, ' ', GAP_COLUMNS);
	layout_left(out, search_stage_key(trial->stage), STAGE_COLUMNS);
	layout_left(out, verdict_word(trial->verdict), VERDICT_COLUMNS);
	layout_right(out, seconds_asked(text, trial->duration_s), LENGTH_COLUMNS);
	layout_right(out, units_format_rate(text, run->completed_rps), COMPLETED_COLUMNS);
	write_latency(&run->latency[RESULT_TOTAL], marks, out);
	layout_right(out, units_format_share(text, run->error_rate), ERRORS_COLUMNS);
	/* People count from 1, as the lines did that told of each trial. */
	snprintf(text, sizeof(text), "%zu", (size_t)(trial - record->trials) + 1);
	layout_right(out, text, INDEX_COLUMNS);
	layout_end(out);
	if (trial->reason)
		layout_item(out, "", trial->reason);
}

void search_trials_table(const struct search_record *record, struct buf *out)
{
	const struct search_trial **sorted = search_trials_sorted(record);
	struct marks marks = {false, false};

	if (!sorted) {
		out->failed = true;
		return;
	}
	if (record->trial_count)
		write_header(out);
	for (size_t i = 0; i < record->trial_count; i++)
		write_trial(record, sorted[i], &marks, out);
	free(sorted);
	if (!record->trial_count)
		return;
	layout_entry(out, "", "latency: total, since a request was due");
	if (marks.bound)
		layout_entry(out, "",
			"≥ requests that never got their answer lie there: the true value is at "
			"least this");
	if (marks.few)
		layout_entry(out, "", "* fewer than 100 samples lie beyond");
}

/* ", 3 narrow" for each stage there was. */
static void write_stages(const struct search_record *record, struct buf *line)
{
	size_t counts[SEARCH_STAGE_COUNT] = {0};
	const char *before = ": ";

	for (size_t i = 0; i < record->trial_count; i++)
		counts[record->trials[i].stage]++;
	for (unsigned int i = 0; i < SEARCH_STAGE_COUNT; i++) {
		if (!counts[i])
			continue;
		buf_printf(line, "%s%zu %s", before, counts[i], search_stage_key(i));
		before = ", ";
	}
}

static void write_verdicts(const struct search_record *record, struct buf *line)
{
	static const char *const words[SEARCH_VERDICT_COUNT] = {
		[SEARCH_PASS] = "passed",
		[SEARCH_FAIL] = "failed",
		[SEARCH_GENERATOR] = "not driven by the generator",
		[SEARCH_VOID] = "without a verdict",
	};
	size_t counts[SEARCH_VERDICT_COUNT] = {0};
	const char *before = "; ";

	for (size_t i = 0; i < record->trial_count; i++)
		counts[record->trials[i].verdict]++;
	for (unsigned int i = 0; i < SEARCH_VERDICT_COUNT; i++) {
		if (!counts[i])
			continue;
		buf_printf(line, "%s%zu %s", before, counts[i], words[i]);
		before = ", ";
	}
}

void search_trials_course(const struct search_record *record, struct buf *out)
{
	char elapsed[UNITS_TEXT_BYTES];
	struct buf line = {0};

	buf_printf(&line, "%zu trial%s in %s", record->trial_count,
		record->trial_count == 1 ? "" : "s", seconds_rounded(elapsed, record->elapsed_s));
	write_stages(record, &line);
	write_verdicts(record, &line);
	if (record->interrupted)
		buf_text(&line, "; interrupted");
	buf_text(out, "\n");
	layout_entry(out, "search", buf_string(&line));
	out->failed |= line.failed;
	buf_release(&line);
}
