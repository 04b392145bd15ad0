/* SPDX-License-Identifier: MIT */
#include "report/calibration.h"

#include <inttypes.h>

#include "base/units.h"
#include "report/layout.h"

static void write_headline(
	const struct calibration_record *record, const char *obstacle, struct buf *out)
{
	struct buf text = {0};

	if (!record->embedded) {
		layout_entry(out, "calibrated",
			"against the null server: what answers is the kernel, so all figures are "
			"of this machine and of ringload");
		return;
	}
	buf_text(&text, "against the embedded target on a CPU of this machine, as the null server "
			"could not be used");
	if (obstacle && *obstacle)
		buf_printf(&text, ": %s", obstacle);
	layout_entry(out, "calibrated", buf_string(&text));
	layout_entry(out, "",
		"both sides shared the machine: the rate is a lower bound, cost and latency are "
		"upper bounds");
	out->failed |= text.failed;
	buf_release(&text);
}

static void write_rate(const struct calibration_record *record, struct buf *out)
{
	char rate[UNITS_TEXT_BYTES], cost[UNITS_TEXT_BYTES];
	double cpu_ns = record->cpu_ns_per_request;

	layout_entryf(out, "highest rate",
		"%s requests a second, by %" PRIu64 " worker%s over %" PRIu64 " connections",
		units_format_rate(rate, record->highest_rps), record->workers,
		record->workers == 1 ? "" : "s", record->connections);
	layout_entry(out, "",
		"the highest rate of an open loop that was valid; run warns when more is asked");
	layout_entryf(out, "cost", "%s of CPU a request, at that rate",
		units_format_duration(cost, cpu_ns < 1e15 ? (uint64_t)(cpu_ns + 0.5) : 0));
	layout_entry(out, "",
		record->embedded
			? "of the workers and the kernel below them; some of the target's side is "
			  "in it"
			: "of the workers and the kernel below them; the null server's part is in "
			  "it");
}

static void write_pair(
	struct buf *out, const char *label, uint64_t p50_ns, uint64_t p99_ns, const char *meaning)
{
	char p50[UNITS_TEXT_BYTES], p99[UNITS_TEXT_BYTES];

	layout_entryf(out, label, "p50 %s, p99 %s, at a tenth of that rate",
		units_format_duration(p50, p50_ns), units_format_duration(p99, p99_ns));
	layout_entry(out, "", meaning);
}

static void write_floor(const struct calibration_record *record, struct buf *out)
{
	write_pair(out, "floor", record->floor_p50_ns, record->floor_p99_ns,
		"latency that is this machine's own: no server can look faster from here");
	write_pair(out, "send lag", record->send_lag_p50_ns, record->send_lag_p99_ns,
		"the error of the pacing: how late requests leave after they were due");
}

static void write_machine(const struct calibration_record *record, struct buf *out)
{
	char steal[UNITS_TEXT_BYTES];

	layout_entryf(out, "machine", "%s, Linux %s, %" PRIu64 " CPU%s, steal %s, %s",
		record->machine, record->kernel, record->cpus, record->cpus == 1 ? "" : "s",
		record->has_steal ? units_format_share(steal, record->steal) : "unknown",
		record->measured_at);
}

static void write_place(const struct calibration_remarks *remarks, struct buf *out)
{
	if (!*remarks->path)
		layout_entry(out, "kept", "nowhere");
	else if (remarks->kept)
		layout_entry(out, "kept", remarks->path);
	else
		layout_entryf(out, "kept",
			"not this one: a better one, against the null server, stays in %s",
			remarks->path);
}

void calibration_report(const struct calibration_record *record,
	const struct calibration_remarks *remarks, struct buf *out)
{
	write_headline(record, remarks->obstacle, out);
	buf_text(out, "\n");
	write_rate(record, out);
	if (record->has_floor)
		write_floor(record, out);
	else
		layout_entryf(out, "floor", "not measured, the machine was too busy: %s",
			remarks->reason);
	buf_text(out, "\n");
	write_machine(record, out);
	write_place(remarks, out);
}
