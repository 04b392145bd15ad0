/* SPDX-License-Identifier: MIT */
#include "report/kernel_stages.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "report/kernel_cell.h"
#include "report/layout.h"
#include "result/result.h"

#define NAME_COLUMNS    16
#define CELL_COLUMNS    9
#define BAR_COLUMNS     8
#define SLOWEST_COLUMNS 12
/* Of a rule: up to where the last figure ends. */
#define RULE_COLUMNS 76

struct table {
	const struct result_kernel *kernel;
	struct buf *out;
	bool marked_few;
};

/* What a row is called, how deep it stands, and what it means. */
struct row {
	enum probe_abi_stage stage;
	unsigned int depth;
	const char *meaning;
};

static const struct row queue_rows[] = {
	{PROBE_ABI_QUEUE, 0, "from arrival to read"},
	{PROBE_ABI_QUEUE_BUSY, 1, "its thread was running"},
	{PROBE_ABI_QUEUE_RUNQ, 1, "its thread had no CPU"},
	{PROBE_ABI_QUEUE_BUSY_BLOCKED, 1, "its thread was blocked"},
	{PROBE_ABI_QUEUE_WAKEUP, 1, "its thread was idle"},
	{PROBE_ABI_QUEUE_UNKNOWN, 1, "its thread was new"},
};

static const struct row app_rows[] = {
	{PROBE_ABI_APP, 0, "from read to send"},
	{PROBE_ABI_APP_CPU, 1, "on the CPU"},
	{PROBE_ABI_APP_RUNQ, 1, "runnable, without CPU"},
};

static const struct row blocked_rows[] = {
	{PROBE_ABI_APP_SLEEP, 1, "lock, timer, socket"},
	{PROBE_ABI_APP_DISK, 1, "uninterruptible"},
	{PROBE_ABI_APP_STOPPED, 1, "signal, tracer"},
};

static const struct row blocked_row = {PROBE_ABI_APP_BLOCKED, 1, "these together"};
static const struct row residence_row = {PROBE_ABI_RESIDENCE, 0, "from arrival to send"};

static const struct row beside_rows[] = {
	{PROBE_ABI_RX_PATH, 0, "until in the socket"},
	{PROBE_ABI_REQUEST_SPAN, 0, "first to last segment"},
	{PROBE_ABI_RESPONSE_SPAN, 0, "first to last send"},
	{PROBE_ABI_TX, 0, "from send to device"},
	{PROBE_ABI_SRTT, 0, "round trip, by TCP"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A part that took no time has no row. */
static bool is_shown(const struct result_kernel *kernel, enum probe_abi_stage stage)
{
	const struct result_kernel_stage *figures = &kernel->stages[stage];

	if (!figures->count)
		return false;
	return stage >= PROBE_ABI_PARTS || figures->share > 0 || figures->share_of_slowest > 0;
}

/* Parts without the name of the sum they stand below. */
static const char *name_of(const struct row *row)
{
	const char *key = stages_key(row->stage);

	return row->depth ? strchr(key, '_') + 1 : key;
}

/* A bar that is full at 1, in eighths of a character. */
static void write_bar(struct buf *out, double share)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	unsigned int length = 0, used;

	if (isfinite(share) && share > 0)
		length = (unsigned int)((share < 1 ? share : 1) * BAR_COLUMNS * 8 + 0.5);
	for (unsigned int i = 0; i < length / 8; i++)
		buf_text(out, "█");
	buf_text(out, eighths[length % 8]);
	used = (length + 7) / 8;
	buf_fill(out, ' ', BAR_COLUMNS - used);
}

static void write_percentile(struct table *table, uint64_t value_ns, bool few)
{
	kernel_cell_ns(table->out, (double)value_ns, CELL_COLUMNS);
	buf_text(table->out, few ? "*" : " ");
	table->marked_few |= few;
}

/* The shares are of the attributed requests; residence as a row is that of all. */
static bool has_share(const struct result_kernel *kernel, const struct result_kernel_stage *stage)
{
	if (stage->stage == PROBE_ABI_RESIDENCE && kernel->attributed < kernel->requests)
		return false;
	return stage->has_share;
}

static void write_row(struct table *table, const struct row *row, unsigned int deeper)
{
	const struct result_kernel_stage *stage = &table->kernel->stages[row->stage];
	unsigned int depth = row->depth + deeper;
	struct buf *out = table->out;

	buf_fill(out, ' ', 2 * depth);
	layout_left(out, name_of(row), NAME_COLUMNS - 2 * depth);
	kernel_cell_ns(out, stage->mean_ns, CELL_COLUMNS);
	write_percentile(table, stage->p50_ns, stage->few_p50);
	write_percentile(table, stage->p99_ns, stage->few_p99);
	if (has_share(table->kernel, stage)) {
		kernel_cell_share(out, stage->share, CELL_COLUMNS);
		buf_text(out, "  ");
		write_bar(out, stage->share);
		kernel_cell_share(out,
			table->kernel->slowest_1pct.requests ? stage->share_of_slowest : NAN,
			SLOWEST_COLUMNS);
	} else {
		buf_fill(out, ' ', CELL_COLUMNS + 2 + BAR_COLUMNS + SLOWEST_COLUMNS);
	}
	buf_printf(out, "  %s\n", row->meaning);
}

static void write_rows(
	struct table *table, const struct row *rows, size_t count, unsigned int deeper)
{
	for (size_t i = 0; i < count; i++)
		if (is_shown(table->kernel, rows[i].stage))
			write_row(table, &rows[i], deeper);
}

static void write_header(struct buf *out)
{
	buf_text(out, "\n");
	layout_left(out, "stage", NAME_COLUMNS);
	layout_right(out, "mean", CELL_COLUMNS);
	layout_right(out, "p50", CELL_COLUMNS);
	layout_right(out, "p99", CELL_COLUMNS + 1); /* marks stand between */
	layout_right(out, "share", CELL_COLUMNS + 1);
	buf_fill(out, ' ', 2 + BAR_COLUMNS);
	layout_right(out, "slowest 1 %", SLOWEST_COLUMNS);
	layout_end(out);
}

/* The sum of the ways to be blocked says something where there are several. */
static void write_blocked(struct table *table)
{
	size_t shown = 0;

	for (size_t i = 0; i < COUNT_OF(blocked_rows); i++)
		shown += is_shown(table->kernel, blocked_rows[i].stage);
	if (shown > 1)
		write_rows(table, &blocked_row, 1, 0);
	write_rows(table, blocked_rows, COUNT_OF(blocked_rows), shown > 1);
}

static void write_rule(struct buf *out, const char *title)
{
	size_t used = layout_width(title);

	buf_text(out, title);
	for (size_t i = used; i < RULE_COLUMNS; i++)
		buf_text(out, "─");
	buf_text(out, "\n");
}

static void write_beside(struct table *table)
{
	const struct result_kernel *kernel = table->kernel;
	bool any = kernel->has_residual;

	for (size_t i = 0; i < COUNT_OF(beside_rows); i++)
		any |= is_shown(kernel, beside_rows[i].stage);
	if (!any)
		return;
	write_rule(table->out, "── beside residence ");
	write_rows(table, beside_rows, COUNT_OF(beside_rows), 0);
	if (!kernel->has_residual)
		return;
	layout_left(table->out, "residual", NAME_COLUMNS);
	kernel_cell_ns(table->out, kernel->residual_ns, CELL_COLUMNS);
	buf_fill(table->out, ' ', RULE_COLUMNS - NAME_COLUMNS - CELL_COLUMNS);
	buf_text(table->out, "  network and client\n");
}

/* The mean is that of the attributed, so it is told where they are all. */
static void write_slowest(const struct result_kernel *kernel, struct buf *out)
{
	char count[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES], from[UNITS_TEXT_BYTES];
	char max[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES], middle[UNITS_TEXT_BYTES + 8] = "";
	uint64_t requests = kernel->slowest_1pct.requests;

	if (!requests)
		return;
	if (kernel->attributed >= kernel->requests)
		snprintf(middle, sizeof(middle), ", mean %s",
			kernel_cell_format_ns(mean, kernel->slowest_1pct.residence_mean_ns));
	layout_entryf(out, "", "slowest 1 %%: %s request%s (%s) from %s on%s, max %s",
		units_format_count(count, requests), requests == 1 ? "" : "s",
		units_format_share(share, kernel->slowest_1pct.share),
		units_format_duration(from, kernel->slowest_1pct.from_ns), middle,
		units_format_duration(max, kernel->residence_max_ns));
}

static void write_legend(const struct table *table)
{
	const struct result_kernel *kernel = table->kernel;
	char count[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES];

	write_slowest(kernel, table->out);
	if (kernel->attributed && kernel->attributed < kernel->requests)
		layout_entryf(table->out, "",
			"queue, app and shares: of the %s requests that one thread read and "
			"answered, mean %s",
			units_format_count(count, kernel->attributed),
			kernel_cell_format_ns(mean, kernel->stages[PROBE_ABI_QUEUE].mean_ns +
							    kernel->stages[PROBE_ABI_APP].mean_ns));
	if (kernel->has_residual && kernel->residual_ns < 0)
		layout_entry(table->out, "",
			"residual below 0: it is smaller than the error of the sampled mean");
	if (table->marked_few)
		layout_entryf(table->out, "", "* fewer than %d samples lie beyond",
			RESULT_SAMPLES_BEYOND);
}

void kernel_stages_table(const struct result_kernel *kernel, struct buf *out)
{
	struct table table = {.kernel = kernel, .out = out};

	write_header(out);
	write_rows(&table, queue_rows, COUNT_OF(queue_rows), 0);
	write_rows(&table, app_rows, COUNT_OF(app_rows), 0);
	write_blocked(&table);
	write_rows(&table, &residence_row, 1, 0);
	write_beside(&table);
	write_legend(&table);
}
