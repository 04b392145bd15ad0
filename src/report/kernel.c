/* SPDX-License-Identifier: MIT */
#include "report/kernel.h"

#include <inttypes.h>

#include "analysis/kernel_dominant.h"
#include "base/clock.h"
#include "base/units.h"
#include "report/kernel_cell.h"
#include "report/kernel_evidence.h"
#include "report/kernel_profile.h"
#include "report/kernel_slowest.h"
#include "report/kernel_stages.h"
#include "report/kernel_threads.h"
#include "report/layout.h"
#include "report/resources.h"

/* Sampling that leaves more in doubt than this is worth a word. */
#define LARGE_ERROR 0.10

/* What the figures rest on. */
static void write_basis(const struct result_kernel *kernel, struct buf *out)
{
	const char *remedy = kernel->looked_share < 1
				     ? ", which is large: --probe-budget off looks all the time"
				     : ", which is large: --probe-sample 1/1 follows every request";
	bool sampled = kernel->sample > 1 || kernel->looked_share < 1;
	char text[UNITS_TEXT_BYTES];
	struct buf basis = {0};

	buf_printf(&basis, "%s request%s followed", units_format_count(text, kernel->requests),
		kernel->requests == 1 ? "" : "s");
	if (kernel->sample > 1)
		buf_printf(&basis, ", 1/%" PRIu32 " sampled", kernel->sample);
	else
		buf_text(&basis, ", not sampled");
	if (kernel->looked_share < 1)
		buf_printf(&basis, " in %s of the time",
			units_format_share(text, kernel->looked_share));
	if (kernel->has_sampled_fraction)
		buf_printf(&basis, " (%s of the client's)",
			units_format_share(text, kernel->sampled_fraction));
	if (sampled && kernel->has_error)
		buf_printf(&basis, "; standard error of the mean %s%s",
			units_format_share(text, kernel->error_share),
			kernel->error_share > LARGE_ERROR ? remedy : "");
	else if (sampled && kernel->requests)
		buf_printf(&basis, "; standard error of the mean unknown: too few %s",
			kernel->looked_share < 1 ? "looks" : "connections");
	layout_entry(out, "kernel", buf_string(&basis));
	out->failed |= basis.failed;
	buf_release(&basis);
}

static void write_connections(const struct result_kernel *kernel, struct buf *out)
{
	const struct result_kernel_counter *counters = kernel->counters;
	char seeded[UNITS_TEXT_BYTES], opened[UNITS_TEXT_BYTES], closed[UNITS_TEXT_BYTES];

	if (!counters[RESULT_KERNEL_OPENED].has_value ||
		!counters[RESULT_KERNEL_SEEDED].has_value ||
		!counters[RESULT_KERNEL_CLOSED].has_value)
		return;
	layout_entryf(out, "", "connections: %s there before, %s opened, %s closed",
		units_format_count(seeded, counters[RESULT_KERNEL_SEEDED].value),
		units_format_count(opened, counters[RESULT_KERNEL_OPENED].value),
		units_format_count(closed, counters[RESULT_KERNEL_CLOSED].value));
}

/* Requests that are in residence and in no stage. */
static void write_undivided(const struct result_kernel *kernel, struct buf *out)
{
	const struct {
		double share;
		const char *what;
	} rows[] = {
		{kernel->handoff_share, "were answered by another thread than read them (handoff)"},
		{kernel->offloaded_share, "were read by a kernel thread for io_uring (offloaded)"},
		{kernel->unattributed_share, "were read by a thread the probe had no room for"},
	};
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].share > 0)
			layout_entryf(out, "", "%s %s: in residence, in no stage",
				units_format_share(text, rows[i].share), rows[i].what);
}

static void write_sentence(const struct result_kernel *kernel, struct buf *out)
{
	struct buf sentence = {0};

	kernel_dominant_sentence(kernel, &sentence);
	layout_entry(out, "in short", buf_string(&sentence));
	out->failed |= sentence.failed;
	buf_release(&sentence);
}

static void write_kernel(const struct result_kernel *kernel, bool client, struct buf *out)
{
	if (!kernel->measured) {
		layout_entryf(out, "kernel", "not measured: %s",
			kernel->reason ? kernel->reason : "no reason is known");
		return;
	}
	buf_text(out, "\nwhere the time went, in the server\n");
	write_sentence(kernel, out);
	write_basis(kernel, out);
	write_connections(kernel, out);
	write_undivided(kernel, out);
	if (kernel->requests)
		kernel_stages_table(kernel, out);
	kernel_threads_table(kernel, out);
	kernel_evidence_counters(kernel, out);
	kernel_slowest_table(kernel, out);
	kernel_profile_table(&kernel->profile, out);
	kernel_evidence_limits(kernel, client, out);
}

void kernel_table(const struct result_kernel *kernel, struct buf *out)
{
	write_kernel(kernel, true, out);
}

static void write_ports(const struct result_kernel *kernel, struct buf *out)
{
	struct buf text = {0};

	for (size_t i = 0; i < kernel->port_count; i++)
		buf_printf(&text, "%s%u", i ? ", " : "", kernel->ports[i]);
	if (kernel->port_count)
		layout_entry(out, kernel->port_count == 1 ? "port" : "ports", buf_string(&text));
	out->failed |= text.failed;
	buf_release(&text);
}

static void write_duration(const struct probe_record *record, struct buf *out)
{
	char measured[UNITS_TEXT_BYTES], planned[UNITS_TEXT_BYTES];

	kernel_cell_format_ns(measured, record->duration_s * (double)NS_PER_S);
	if (record->interrupted && record->planned_s > 0)
		layout_entryf(out, "measured", "%s of %s: interrupted", measured,
			kernel_cell_format_ns(planned, record->planned_s * (double)NS_PER_S));
	else
		layout_entryf(out, "measured", "%s%s", measured,
			record->interrupted ? ", until interrupted" : "");
}

void kernel_report(const struct probe_record *record, struct buf *out)
{
	layout_entryf(out, "ringload", "%s, %s", record->tool_version, record->started_at);
	write_ports(&record->kernel, out);
	write_duration(record, out);
	layout_entryf(out, "host", "Linux %s, %" PRIu64 " CPU%s", record->kernel_release,
		record->cpus, record->cpus == 1 ? "" : "s");
	write_kernel(&record->kernel, false, out);
	resources_table(&record->resources, out);
	for (size_t i = 0; i < record->note_count; i++)
		layout_item(out, i ? "" : "notes", record->notes[i]);
}
