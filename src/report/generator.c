/* SPDX-License-Identifier: MIT */
#include "report/generator.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/units.h"
#include "report/layout.h"

#define CELL_COLUMNS 10
/* More workers than this are left to the JSON. */
#define MAX_ROWS 16

static void write_headline(const struct result *result, struct buf *out)
{
	double cpu_ns = result->generator.cpu_ns_per_request;
	char cost[UNITS_TEXT_BYTES], first[UNITS_TEXT_BYTES + 32] = "";
	const char *governor = result->environment.governor;

	if (cpu_ns > 0 && cpu_ns < 1e15)
		snprintf(first, sizeof(first), "%s of CPU a request; ",
			units_format_duration(cost, (uint64_t)(cpu_ns + 0.5)));
	layout_entryf(out, "generator", "%spacing %s, send path %s; Linux %s, %" PRIu64 " CPUs%s%s",
		first, result->environment.pacing, result->environment.send_path,
		result->environment.kernel, result->environment.cpus, governor ? ", governor " : "",
		governor ? governor : "");
	if (result->generator.max_send_lag_ns > 0 && result->generator.max_send_lag_ns < 1e18)
		layout_entryf(out, "", "send_lag p99 up to %s was allowed",
			units_format_duration(cost, (uint64_t)result->generator.max_send_lag_ns));
	if (result->generator.fault)
		layout_entryf(out, "", "a worker gave up: %s", result->generator.fault);
}

static void write_header(struct buf *out)
{
	static const char *const names[] = {
		"busy", "spin", "loop p50", "loop p99", "lag p99", "run queue", "steal"};

	buf_fill(out, ' ', LAYOUT_INDENT);
	layout_left(out, "worker", 12);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		layout_right(out, names[i], CELL_COLUMNS);
	layout_end(out);
}

static void write_duration(struct buf *out, uint64_t duration_ns)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_duration(text, duration_ns), CELL_COLUMNS);
}

static void write_share(struct buf *out, double share)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_share(text, share), CELL_COLUMNS);
}

static void write_row(size_t index, const struct result_worker *worker, struct buf *out)
{
	char name[48];

	snprintf(name, sizeof(name), "%zu, CPU %u", index, worker->cpu);
	buf_fill(out, ' ', LAYOUT_INDENT);
	layout_left(out, name, 12);
	write_share(out, worker->busy);
	write_share(out, worker->spin);
	write_duration(out, worker->loop.p50_ns);
	write_duration(out, worker->loop.p99_ns);
	write_duration(out, worker->send_lag_p99_ns);
	write_duration(out, worker->run_delay_ns);
	if (worker->has_steal)
		write_share(out, worker->steal);
	else
		layout_right(out, "-", CELL_COLUMNS);
	layout_end(out);
}

static void write_sends(const struct result_sends *sends, struct buf *out)
{
	char text[4][UNITS_TEXT_BYTES];

	if (!sends->zero_copy)
		return;
	units_format_count(text[0], sends->zero_copy);
	units_format_count(text[1], sends->plain + sends->zero_copy);
	units_format_count(text[2], sends->copied);
	units_format_count(text[3], sends->unreported);
	layout_entryf(out, "", "%s of %s sends zero-copy, of which the kernel copied %s%s%s%s",
		text[0], text[1], text[2], sends->unreported ? " and did not tell of " : "",
		sends->unreported ? text[3] : "", sends->plain ? "; the others plain" : "");
}

/* What should be 0 and is not, summed over workers. */
static void write_oddities(const struct result *result, struct buf *out)
{
	uint64_t enobufs = 0, overflow = 0, throttled = 0;
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < result->generator.worker_count; i++) {
		enobufs += result->generator.workers[i].enobufs;
		overflow += result->generator.workers[i].cq_overflow;
		throttled += result->generator.workers[i].throttled_ns;
	}
	if (enobufs)
		layout_entryf(out, "", "%s receives found no free buffer and were armed again",
			units_format_count(text, enobufs));
	if (overflow)
		layout_entryf(out, "", "the completion queue overflowed %s times",
			units_format_count(text, overflow));
	if (throttled)
		layout_entryf(out, "", "throttled by its CPU quota for %s",
			units_format_duration(text, throttled));
}

void generator_table(const struct result *result, struct buf *out)
{
	size_t count = result->generator.worker_count;

	buf_text(out, "\n");
	write_headline(result, out);
	if (count)
		write_header(out);
	for (size_t i = 0; i < count && i < MAX_ROWS; i++)
		write_row(i, &result->generator.workers[i], out);
	if (count > MAX_ROWS)
		layout_entryf(out, "", "and %zu more workers, in the JSON", count - MAX_ROWS);
	write_sends(&result->generator.sends, out);
	write_oddities(result, out);
}
