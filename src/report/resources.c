/* SPDX-License-Identifier: MIT */
#include "report/resources.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/layout.h"

#define NAME_COLUMNS 22
#define CELL_COLUMNS 14

/* Shares of a limit that are worth a warning. */
#define CPU_NEAR    0.90
#define MEMORY_NEAR 0.90
#define FILES_NEAR  0.80
/* Of all CPU time: then a thread is the server. */
#define ALONE 0.95

/* --- figures -------------------------------------------------------------------------------- */

enum kind {
	KIND_CPUS,
	KIND_BYTES,
	KIND_COUNT,
	KIND_RATE,
	KIND_BYTE_RATE,
	KIND_TIME_SHARE,
	KIND_STALL_SHARE
};

static uint64_t whole(double value)
{
	return value > 0 ? (value < 0x1p62 ? (uint64_t)(value + 0.5) : (uint64_t)1 << 62) : 0;
}

static char *format(char text[UNITS_TEXT_BYTES], enum kind kind, double value)
{
	size_t length;

	switch (kind) {
	case KIND_CPUS:
		snprintf(text, UNITS_TEXT_BYTES, "%.2f", value < 1e6 ? value : 1e6);
		return text;
	case KIND_BYTES:
		return units_format_size(text, whole(value));
	case KIND_COUNT:
		return units_format_count(text, whole(value));
	case KIND_STALL_SHARE: /* the kernel sums it up now and then: a second may get more */
		return units_format_share(
			text, value < (double)NS_PER_S ? value / (double)NS_PER_S : 1);
	case KIND_TIME_SHARE:
		return units_format_share(text, value / (double)NS_PER_S);
	case KIND_RATE:
		units_format_count(text, whole(value));
		break;
	default:
		units_format_size(text, whole(value));
		break;
	}
	length = strlen(text);
	snprintf(text + length, UNITS_TEXT_BYTES - length, "/s");
	return text;
}

static void write_row(
	struct buf *out, const char *name, enum kind kind, double mean, double max, double limit)
{
	char text[UNITS_TEXT_BYTES];

	buf_fill(out, ' ', LAYOUT_INDENT);
	layout_left(out, name, NAME_COLUMNS);
	layout_right(out, format(text, kind, mean), CELL_COLUMNS);
	layout_right(out, format(text, kind, max), CELL_COLUMNS);
	if (limit > 0)
		layout_right(out, format(text, kind, limit), CELL_COLUMNS);
	layout_end(out);
}

static void write_level(struct buf *out, const char *name, enum kind kind,
	const struct result_resources_level *level, double limit)
{
	if (level->known)
		write_row(out, name, kind, level->mean, level->max, limit);
}

/* A rate, where there was anything at all. */
static void write_rate(struct buf *out, const char *name, enum kind kind,
	const struct result_resources_counter *counter)
{
	if (counter->known && counter->count)
		write_row(out, name, kind, counter->per_s, counter->max_per_s, 0);
}

/* --- the table ------------------------------------------------------------------------------ */

static void write_header(struct buf *out)
{
	buf_fill(out, ' ', LAYOUT_INDENT);
	layout_left(out, "", NAME_COLUMNS);
	layout_right(out, "mean", CELL_COLUMNS);
	layout_right(out, "max", CELL_COLUMNS);
	layout_right(out, "limit", CELL_COLUMNS);
	layout_end(out);
}

static void write_cpu(struct buf *out, const struct result_resources *resources)
{
	const struct result_resources_counter *counters = resources->counters;
	double user = counters[RESOURCES_CPU_USER_NS].per_s;
	double system = counters[RESOURCES_CPU_SYSTEM_NS].per_s;

	write_row(out, "CPUs", KIND_CPUS, resources->cpu.mean, resources->cpu.max,
		resources->limits.cpus);
	write_row(out, "  user", KIND_CPUS, user / (double)NS_PER_S,
		counters[RESOURCES_CPU_USER_NS].max_per_s / (double)NS_PER_S, 0);
	write_row(out, "  system", KIND_CPUS, system / (double)NS_PER_S,
		counters[RESOURCES_CPU_SYSTEM_NS].max_per_s / (double)NS_PER_S, 0);
}

static void write_memory(struct buf *out, const struct result_resources *resources)
{
	const struct result_resources_level *levels = resources->levels;

	write_level(out, "memory (RSS)", KIND_BYTES, &levels[RESOURCES_RSS_BYTES], 0);
	if (levels[RESOURCES_SWAP_BYTES].max > 0)
		write_level(out, "swap", KIND_BYTES, &levels[RESOURCES_SWAP_BYTES], 0);
	if (resources->limits.memory_bytes)
		write_level(out, "memory of its group", KIND_BYTES,
			&levels[RESOURCES_GROUP_MEMORY_BYTES],
			(double)resources->limits.memory_bytes);
	write_rate(out, "minor faults", KIND_RATE, &resources->counters[RESOURCES_MINOR_FAULTS]);
	write_rate(out, "major faults", KIND_RATE, &resources->counters[RESOURCES_MAJOR_FAULTS]);
}

static void write_rest(struct buf *out, const struct result_resources *resources)
{
	const struct result_resources_counter *counters = resources->counters;
	const struct result_resources_level *levels = resources->levels;

	write_level(out, "open files", KIND_COUNT, &levels[RESOURCES_OPEN_FILES],
		levels[RESOURCES_PROCESSES].max > 1 ? 0 : (double)resources->limits.open_files);
	write_level(out, "threads", KIND_COUNT, &levels[RESOURCES_THREADS], 0);
	if (resources->limits.pids)
		write_level(out, "tasks of its group", KIND_COUNT, &levels[RESOURCES_GROUP_PIDS],
			(double)resources->limits.pids);
	write_rate(out, "switches, voluntary", KIND_RATE, &counters[RESOURCES_VOLUNTARY_SWITCHES]);
	write_rate(
		out, "switches, preempted", KIND_RATE, &counters[RESOURCES_INVOLUNTARY_SWITCHES]);
	write_rate(out, "disk read", KIND_BYTE_RATE, &counters[RESOURCES_DISK_READ_BYTES]);
	write_rate(out, "disk written", KIND_BYTE_RATE, &counters[RESOURCES_DISK_WRITTEN_BYTES]);
	write_rate(out, "waiting for disk", KIND_TIME_SHARE, &counters[RESOURCES_DISK_DELAY_NS]);
	write_rate(out, "network received", KIND_BYTE_RATE,
		&counters[RESOURCES_NETWORK_RECEIVED_BYTES]);
	write_rate(out, "network sent", KIND_BYTE_RATE, &counters[RESOURCES_NETWORK_SENT_BYTES]);
	write_rate(out, "loopback", KIND_BYTE_RATE, &counters[RESOURCES_LOOPBACK_BYTES]);
	write_rate(out, "throttled", KIND_TIME_SHARE, &counters[RESOURCES_THROTTLED_NS]);
	write_rate(out, resources->pressure_is_own ? "stalled for CPU" : "machine: CPU stall",
		KIND_STALL_SHARE, &counters[RESOURCES_CPU_STALL_NS]);
	write_rate(out, resources->pressure_is_own ? "stalled for memory" : "machine: memory stall",
		KIND_STALL_SHARE, &counters[RESOURCES_MEMORY_STALL_NS]);
	write_rate(out, resources->pressure_is_own ? "stalled for disk" : "machine: disk stall",
		KIND_STALL_SHARE, &counters[RESOURCES_IO_STALL_NS]);
}

/* "nginx: 3 processes, 3 threads (process 812 and others)". */
static void write_headline(struct buf *out, const struct result_resources *resources)
{
	const struct result_resources_process *first = resources->processes;
	uint64_t processes = whole(resources->levels[RESOURCES_PROCESSES].max);
	uint64_t threads = whole(resources->levels[RESOURCES_THREADS].max);
	char count[UNITS_TEXT_BYTES], thread_count[UNITS_TEXT_BYTES];

	if (!resources->process_count) {
		layout_entry(out, "resources", "the server had no process left");
		return;
	}
	units_format_count(count, processes);
	units_format_count(thread_count, threads);
	layout_entryf(out, "resources", "%s (process %" PRIu32 "%s): %s process%s, %s thread%s",
		first->name, first->pid, resources->process_count > 1 ? " and others" : "", count,
		processes == 1 ? "" : "es", thread_count, threads == 1 ? "" : "s");
}

/* "-4.77 MiB" */
static char *rate_text(char text[UNITS_TEXT_BYTES + 1], double bytes_per_hour)
{
	*text = '-';
	units_format_size(text + (bytes_per_hour < 0), whole(fabs(bytes_per_hour)));
	return text;
}

/* Less likely than this, a trend is more than noise. */
#define SURE 0.05

/* Two questions: is the line through the readings more than its error, and do most pairs of
 * readings point the same way? A step or a few readings far off make the answers differ. */
static void write_growth(struct buf *out, const struct result_resources *resources)
{
	char per_hour[UNITS_TEXT_BYTES + 1], error[UNITS_TEXT_BYTES + 1];
	char robust[UNITS_TEXT_BYTES + 1], share[UNITS_TEXT_BYTES];
	double slope = resources->growth.bytes_per_hour;
	double steady = resources->growth.robust_bytes_per_hour;
	bool tested = resources->growth.tested;
	bool line = fabs(slope) > resources->growth.error_bytes_per_hour;
	bool pairs = tested && resources->growth.robust_p < SURE && steady != 0;

	if (!resources->growth.known)
		return;
	rate_text(error, resources->growth.error_bytes_per_hour);
	rate_text(robust, line ? steady : fabs(steady));
	if (!line && pairs)
		return layout_entryf(out, "",
			"memory %s by %s an hour, in the median: readings far off hide it from the "
			"line",
			steady < 0 ? "shrinks" : "grows", robust);
	if (!line)
		return layout_entryf(out, "",
			"memory does not grow: the trend, %s an hour, is within its error of %s",
			rate_text(per_hour, slope), error);
	rate_text(per_hour, fabs(slope));
	if (!tested)
		layout_entryf(out, "", "memory %s by %s an hour (give or take %s)",
			slope < 0 ? "shrinks" : "grows", per_hour, error);
	else if (pairs && steady > 0 && slope > 0 && resources->growth.share >= UNITS_GROWTH_TIMES)
		layout_entryf(out, "",
			"memory grows by %s an hour (give or take %s), to %s times as much in the "
			"window",
			per_hour, error, units_format_times(share, 1 + resources->growth.share));
	else if (pairs && (steady < 0) == (slope < 0))
		layout_entryf(out, "",
			"memory %s by %s an hour (give or take %s), by %s in the window",
			slope < 0 ? "shrinks" : "grows", per_hour, error,
			units_format_share(share, fabs(resources->growth.share)));
	else
		layout_entryf(out, "",
			"memory %s by %s an hour (give or take %s), but not steadily: in the "
			"median "
			"by %s",
			slope < 0 ? "shrinks" : "grows", per_hour, error, robust);
}

/* --- warnings ------------------------------------------------------------------------------- */

struct warnings {
	struct buf *out;
	size_t count;
};

static void __attribute__((format(printf, 2, 3)))
attend(struct warnings *warnings, const char *sentence, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, sentence);
	vsnprintf(text, sizeof(text), sentence, arguments);
	va_end(arguments);
	layout_item(warnings->out, warnings->count++ ? "" : "attention", text);
}

/* Whether the busiest process has one thread, and did nearly all that was done. */
static bool is_one_thread(const struct result_resources *resources)
{
	double all = 0;

	for (size_t i = 0; i < resources->process_count; i++)
		all += (double)resources->processes[i].cpu_ns;
	return resources->process_count && resources->processes->threads == 1 &&
	       (double)resources->processes->cpu_ns > ALONE * all;
}

static void attend_to_cpu(struct warnings *warnings, const struct result_resources *resources)
{
	const struct result_resources_counter
		*throttled = &resources->counters[RESOURCES_THROTTLED_NS];
	char share[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES];

	if (resources->cpu.has_share && resources->cpu.mean_share > CPU_NEAR)
		attend(warnings, "the server used %s of the CPU time it may use (%.4g CPU%s)",
			units_format_share(share, resources->cpu.mean_share),
			resources->limits.cpus, resources->limits.cpus == 1 ? "" : "s");
	else if (resources->cpu.has_share && resources->cpu.max_share > CPU_NEAR)
		attend(warnings,
			"in its busiest second the server used %s of the CPU time it may use "
			"(%.4g CPU%s)",
			units_format_share(share, resources->cpu.max_share), resources->limits.cpus,
			resources->limits.cpus == 1 ? "" : "s");
	else if (is_one_thread(resources) && resources->cpu.mean > CPU_NEAR)
		attend(warnings,
			"one thread did nearly all, and used %s of a CPU (process %" PRIu32
			"): more CPUs cannot help it",
			units_format_share(share, resources->cpu.mean), resources->processes->pid);
	if (throttled->known && throttled->count)
		attend(warnings, "its CPU quota (%.4g CPUs) held tasks of the server for %s",
			resources->limits.quota_cpus,
			units_format_duration(time, throttled->count));
}

static void attend_to_memory(struct warnings *warnings, const struct result_resources *resources)
{
	const struct result_resources_level
		*group = &resources->levels[RESOURCES_GROUP_MEMORY_BYTES];
	const struct result_resources_counter *counters = resources->counters;
	double limit = (double)resources->limits.memory_bytes;
	char share[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];

	if (group->known && limit > 0 && group->max > MEMORY_NEAR * limit)
		attend(warnings, "the memory of its control group came to %s of the limit",
			units_format_share(share, group->max / limit));
	if (counters[RESOURCES_MEMORY_HIGH_EVENTS].count)
		attend(warnings,
			"memory.high of its control group was passed %s times: the kernel "
			"slowed it down",
			units_format_count(count, counters[RESOURCES_MEMORY_HIGH_EVENTS].count));
	if (counters[RESOURCES_OOM_KILLS].count)
		attend(warnings,
			"OOM: the kernel killed %s process%s of its control group for want of "
			"memory",
			units_format_count(count, counters[RESOURCES_OOM_KILLS].count),
			counters[RESOURCES_OOM_KILLS].count == 1 ? "" : "es");
	else if (counters[RESOURCES_OOM_EVENTS].count)
		attend(warnings, "OOM: its control group ran out of memory %s times",
			units_format_count(count, counters[RESOURCES_OOM_EVENTS].count));
}

static void attend_to_rest(struct warnings *warnings, const struct result_resources *resources)
{
	const struct result_resources_level *files = &resources->levels[RESOURCES_OPEN_FILES_SHARE];
	const struct result_resources_counter *counters = resources->counters;
	char share[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];

	if (files->known && files->max > FILES_NEAR)
		attend(warnings, "a process of the server had %s of its limit of %s files open",
			units_format_share(share, files->max),
			units_format_count(count, resources->limits.open_files));
	if (counters[RESOURCES_PIDS_LIMIT_EVENTS].count)
		attend(warnings, "its control group's limit of tasks refused %s forks",
			units_format_count(count, counters[RESOURCES_PIDS_LIMIT_EVENTS].count));
	if (counters[RESOURCES_RESTARTS].count)
		attend(warnings, "%s process%s of the server ended and %s replaced",
			units_format_count(count, counters[RESOURCES_RESTARTS].count),
			counters[RESOURCES_RESTARTS].count == 1 ? "" : "es",
			counters[RESOURCES_RESTARTS].count == 1 ? "was" : "were");
}

void resources_table(const struct result_resources *resources, struct buf *out)
{
	struct warnings warnings = {.out = out};

	if (!resources->measured) {
		layout_entryf(out, "resources", "not measured: %s",
			resources->reason ? resources->reason : "no reason is known");
		return;
	}
	buf_text(out, "\nthe server's resources\n");
	write_headline(out, resources);
	write_header(out);
	write_cpu(out, resources);
	write_memory(out, resources);
	write_rest(out, resources);
	write_growth(out, resources);
	attend_to_cpu(&warnings, resources);
	attend_to_memory(&warnings, resources);
	attend_to_rest(&warnings, resources);
}
