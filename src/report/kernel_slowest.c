/* SPDX-License-Identifier: MIT */
#include "report/kernel_slowest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/kernel_cell.h"
#include "report/layout.h"

#define AT_COLUMNS   7
#define CELL_COLUMNS 8
#define NAME_COLUMNS 16
#define TID_COLUMNS  8
/* Of the server's time that is divided: queue, cpu, runq, blocked. */
#define PART_CELLS 4

struct table {
	const struct result_kernel *kernel;
	struct buf *out;
	bool client; /* some are known from both sides */
};

static void write_header(const struct table *table)
{
	static const char *const parts[PART_CELLS] = {"queue", "cpu", "runq", "blocked"};
	struct buf *out = table->out;

	buf_printf(out, "\nthe slowest of the requests followed, by their time in the server%s\n",
		table->client ? ", from both sides" : "");
	layout_right(out, "at (s)", AT_COLUMNS);
	if (table->client) {
		layout_right(out, "total", CELL_COLUMNS);
		layout_right(out, "unsent", CELL_COLUMNS);
		layout_right(out, "there", CELL_COLUMNS);
	} else {
		layout_right(out, "residence", CELL_COLUMNS + 2);
		layout_right(out, "rx_path", CELL_COLUMNS);
	}
	for (size_t i = 0; i < PART_CELLS; i++)
		layout_right(out, parts[i], CELL_COLUMNS);
	if (table->client)
		layout_right(out, "back", CELL_COLUMNS);
	buf_text(out, "  ");
	layout_left(out, "port+offset", NAME_COLUMNS);
	layout_right(out, "tid", TID_COLUMNS);
	layout_end(out);
}

/* With a space before it, whatever its width. */
static void write_ns(struct buf *out, double duration_ns, size_t columns)
{
	buf_text(out, " ");
	kernel_cell_ns(out, duration_ns, columns - 1);
}

static double sum_of(const struct result_kernel_slow *slow, unsigned int from, unsigned int to)
{
	double sum = 0;

	for (unsigned int i = from; i <= to; i++)
		sum += (double)slow->part_ns[i];
	return sum;
}

static void write_parts(const struct table *table, const struct result_kernel_slow *slow)
{
	char text[UNITS_TEXT_BYTES], undivided[UNITS_TEXT_BYTES + 16];
	struct buf *out = table->out;

	if (slow->attributed) {
		write_ns(out, sum_of(slow, PROBE_ABI_QUEUE_BUSY, PROBE_ABI_QUEUE_UNKNOWN),
			CELL_COLUMNS);
		write_ns(out, (double)slow->part_ns[PROBE_ABI_APP_CPU], CELL_COLUMNS);
		write_ns(out, (double)slow->part_ns[PROBE_ABI_APP_RUNQ], CELL_COLUMNS);
		write_ns(out, sum_of(slow, PROBE_ABI_APP_SLEEP, PROBE_ABI_APP_STOPPED),
			CELL_COLUMNS);
		return;
	}
	snprintf(undivided, sizeof(undivided), "%s undivided",
		kernel_cell_format_ns(text, (double)slow->residence_ns));
	layout_right(out, table->client ? undivided : "undivided", PART_CELLS * CELL_COLUMNS);
}

/* The port behind the last colon; an address that has none is shown as it is. */
static void write_identity(struct buf *out, const struct result_kernel_slow *slow)
{
	const char *client = slow->client ? slow->client : "?", *colon = strrchr(client, ':');
	char name[64], tid[16];

	snprintf(name, sizeof(name), "%.32s+%" PRIu64, colon ? colon + 1 : client,
		slow->offset_bytes);
	buf_text(out, "  ");
	kernel_cell_name(out, name, NAME_COLUMNS);
	snprintf(tid, sizeof(tid), "%" PRIu32, slow->tid);
	layout_right(out, tid, TID_COLUMNS);
}

static void write_legend(const struct table *table)
{
	static const char identity[] =
		"port+offset: the client's port, and where in its stream the request begins";

	if (table->client)
		layout_entryf(table->out, "",
			"total is the sum of unsent (due, not yet sent), there (client's send to "
			"server's socket), the server's time, and back (server's first send to "
			"client's last byte); %s",
			identity);
	else
		layout_entry(table->out, "", identity);
}

static void write_row(const struct table *table, const struct result_kernel_slow *slow)
{
	struct buf *out = table->out;
	char at[32];

	snprintf(at, sizeof(at), "%.3f", fabs(slow->at_s) < 1e6 ? slow->at_s : 0);
	layout_right(out, at, AT_COLUMNS);
	if (table->client && slow->has_client) {
		write_ns(out, (double)slow->total_ns, CELL_COLUMNS);
		write_ns(out, (double)slow->send_lag_ns, CELL_COLUMNS);
		write_ns(out, (double)slow->to_server_ns, CELL_COLUMNS);
	} else if (table->client) {
		layout_right(out, "-", CELL_COLUMNS);
		layout_right(out, "-", CELL_COLUMNS);
		layout_right(out, "-", CELL_COLUMNS);
	} else {
		write_ns(out, (double)slow->residence_ns, CELL_COLUMNS + 2);
		write_ns(out, (double)slow->rx_path_ns, CELL_COLUMNS);
	}
	write_parts(table, slow);
	if (table->client && slow->has_client)
		write_ns(out, (double)slow->from_server_ns, CELL_COLUMNS);
	else if (table->client)
		layout_right(out, "-", CELL_COLUMNS);
	write_identity(out, slow);
	layout_end(out);
}

void kernel_slowest_table(const struct result_kernel *kernel, struct buf *out)
{
	struct table table = {.kernel = kernel, .out = out};

	if (!kernel->slowest_count)
		return;
	for (size_t i = 0; i < kernel->slowest_count; i++)
		table.client |= kernel->slowest[i].has_client;
	write_header(&table);
	for (size_t i = 0; i < kernel->slowest_count; i++)
		write_row(&table, &kernel->slowest[i]);
	write_legend(&table);
}
