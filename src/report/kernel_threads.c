/* SPDX-License-Identifier: MIT */
#include "report/kernel_threads.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "report/kernel_cell.h"
#include "report/layout.h"

#define NAME_COLUMNS       16
#define TID_COLUMNS        8
#define REQUESTS_COLUMNS   11
#define SHARE_COLUMNS      9
#define RUNQ_COLUMNS       10
#define IN_REQUEST_COLUMNS 13
/* Less than this in all threads, and a way to be off the CPU has no column. */
#define SEEN 0.0005
/* A thread this far above the mean is worth a sentence... */
#define UNEVEN 0.20
/* ...when chance would not do it: so many standard deviations of a Poisson count. */
#define CHANCE 4.0

struct table {
	const struct result_kernel *kernel;
	struct buf *out;
	bool disk, stopped, in_request; /* columns that are 0 as a rule */
};

static void write_header(const struct table *table)
{
	struct buf *out = table->out;

	buf_text(out, "\n");
	layout_left(out, "threads", LAYOUT_INDENT);
	layout_left(out, "name", NAME_COLUMNS);
	layout_right(out, "tid", TID_COLUMNS);
	layout_right(out, "requests", REQUESTS_COLUMNS);
	layout_right(out, "on CPU", SHARE_COLUMNS);
	layout_right(out, "run queue", RUNQ_COLUMNS);
	layout_right(out, "asleep", SHARE_COLUMNS);
	if (table->disk)
		layout_right(out, "disk", SHARE_COLUMNS);
	if (table->stopped)
		layout_right(out, "stopped", SHARE_COLUMNS);
	if (table->in_request)
		layout_right(out, "in requests", IN_REQUEST_COLUMNS);
	layout_end(out);
}

static void write_row(const struct table *table, const struct result_kernel_worker *worker)
{
	struct buf *out = table->out;
	char tid[16];

	buf_fill(out, ' ', LAYOUT_INDENT);
	kernel_cell_name(out, worker->name, NAME_COLUMNS);
	snprintf(tid, sizeof(tid), "%" PRIu32, worker->tid);
	layout_right(out, tid, TID_COLUMNS);
	kernel_cell_count(out, worker->requests, REQUESTS_COLUMNS);
	kernel_cell_share(out, worker->cpu, SHARE_COLUMNS);
	kernel_cell_share(out, worker->runq, RUNQ_COLUMNS);
	kernel_cell_share(out, worker->sleep, SHARE_COLUMNS);
	if (table->disk)
		kernel_cell_share(out, worker->disk, SHARE_COLUMNS);
	if (table->stopped)
		kernel_cell_share(out, worker->stopped, SHARE_COLUMNS);
	if (table->in_request)
		kernel_cell_share(out, worker->in_request, IN_REQUEST_COLUMNS);
	buf_text(out, worker->offloaded ? " kernel\n" : worker->exited ? " exited\n" : "\n");
}

static void write_rest(const struct result_kernel *kernel, struct buf *out)
{
	size_t rest = kernel->worker_count - KERNEL_THREADS_ROWS;
	char count[UNITS_TEXT_BYTES];
	uint64_t requests = 0;

	for (size_t i = KERNEL_THREADS_ROWS; i < kernel->worker_count; i++)
		requests += kernel->workers[i].requests;
	layout_entryf(out, "", "and %zu more with %s requests, in the JSON", rest,
		units_format_count(count, requests));
}

/* The counts are of followed requests: a few more may be chance. */
static void write_imbalance(const struct result_kernel *kernel, struct buf *out)
{
	const struct result_kernel_worker *busiest = kernel->workers;
	size_t threads = kernel->worker_count;
	double mean;

	/* What ended without a row of its own shares the one of thread 0, which mostly is the
	 * first. */
	for (size_t i = 0; i < kernel->worker_count; i++)
		threads -= !kernel->workers[i].tid;
	if (threads < 2 || !(kernel->imbalance > UNEVEN))
		return;
	if (!busiest->tid)
		busiest++;
	mean = (double)busiest->requests / (1 + kernel->imbalance);
	if (!((double)busiest->requests - mean > CHANCE * sqrt(mean)))
		return;
	layout_entryf(out, "",
		"uneven: thread %" PRIu32 " has %.3g times the mean of the %zu threads",
		busiest->tid, 1 + kernel->imbalance, threads);
}

void kernel_threads_table(const struct result_kernel *kernel, struct buf *out)
{
	struct table table = {.kernel = kernel, .out = out};
	size_t count = kernel->worker_count;

	if (!count)
		return;
	if (count > KERNEL_THREADS_ROWS)
		count = KERNEL_THREADS_ROWS;
	for (size_t i = 0; i < count; i++) {
		table.disk |= kernel->workers[i].disk >= SEEN;
		table.stopped |= kernel->workers[i].stopped >= SEEN;
		table.in_request |= kernel->workers[i].in_request >= SEEN;
	}
	write_header(&table);
	for (size_t i = 0; i < count; i++)
		write_row(&table, &kernel->workers[i]);
	if (kernel->worker_count > count)
		write_rest(kernel, out);
	write_imbalance(kernel, out);
}
