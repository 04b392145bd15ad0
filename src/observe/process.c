/* SPDX-License-Identifier: MIT */
#include "observe/process.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Fields of /proc/PID/stat, counted from 1 as in the manual. */
enum field {
	FIELD_STATE = 3,
	FIELD_PPID = 4,
	FIELD_MINFLT = 10,
	FIELD_CMINFLT,
	FIELD_MAJFLT,
	FIELD_CMAJFLT,
	FIELD_UTIME,
	FIELD_STIME,
	FIELD_CUTIME,
	FIELD_CSTIME,
	FIELD_NUM_THREADS = 20,
	FIELD_STARTTIME = 22,
	FIELD_RSS = 24,
	FIELD_PROCESSOR = 39,
	FIELD_DELAYACCT = 42,
	FIELD_LIMIT
};

/* The name is in parentheses and may have some itself, and spaces: it ends at the last one. */
static const char *take_name(struct process_stat *stat, const char *text)
{
	const char *begin = strchr(text, '('), *end = strrchr(text, ')');
	size_t bytes;

	if (!begin || !end || end < begin)
		return NULL;
	bytes = (size_t)(end - begin - 1);
	if (bytes >= sizeof(stat->name))
		bytes = sizeof(stat->name) - 1;
	memcpy(stat->name, begin + 1, bytes);
	stat->name[bytes] = '\0';
	return end + 1;
}

bool process_stat_parse(struct process_stat *stat, const char *text)
{
	uint64_t value[FIELD_LIMIT] = {0};
	int field = FIELD_STATE;
	const char *at;
	char *end;

	memset(stat, 0, sizeof(*stat));
	stat->pid = (uint32_t)strtoul(text, NULL, 10);
	at = take_name(stat, text);
	if (!at || !stat->pid)
		return false;
	at += strspn(at, " ");
	stat->state = *at;
	while (field < FIELD_LIMIT - 1) {
		at += strcspn(at, " \n");
		at += strspn(at, " ");
		if (!isdigit((unsigned char)*at) && *at != '-')
			break;
		value[++field] = strtoull(at, &end, 10);
		at = end;
	}
	stat->ppid = (uint32_t)value[FIELD_PPID];
	stat->threads = (uint32_t)value[FIELD_NUM_THREADS];
	stat->start_ticks = value[FIELD_STARTTIME];
	stat->own[PROCESS_USER_TICKS] = value[FIELD_UTIME];
	stat->own[PROCESS_SYSTEM_TICKS] = value[FIELD_STIME];
	stat->own[PROCESS_MINOR_FAULTS] = value[FIELD_MINFLT];
	stat->own[PROCESS_MAJOR_FAULTS] = value[FIELD_MAJFLT];
	stat->children[PROCESS_USER_TICKS] = value[FIELD_CUTIME];
	stat->children[PROCESS_SYSTEM_TICKS] = value[FIELD_CSTIME];
	stat->children[PROCESS_MINOR_FAULTS] = value[FIELD_CMINFLT];
	stat->children[PROCESS_MAJOR_FAULTS] = value[FIELD_CMAJFLT];
	stat->rss_pages = value[FIELD_RSS];
	stat->has_cpu = field >= FIELD_PROCESSOR;
	stat->cpu = (unsigned int)value[FIELD_PROCESSOR];
	stat->disk_delay_ticks = value[FIELD_DELAYACCT];
	return field >= FIELD_RSS;
}

void process_init(struct process *process, uint32_t pid)
{
	*process = (struct process){.stat_file = -1, .status_file = -1, .io_file = -1};
	process->stat.pid = pid;
}

bool process_read(struct process *process, struct reading *reading, bool keep)
{
	struct process_stat stat;

	if (!reading_kept(reading, &process->stat_file, keep, "/proc/%u/stat", process->stat.pid) ||
		!process_stat_parse(&stat, reading->text))
		return false;
	if (process->stat.start_ticks && stat.start_ticks != process->stat.start_ticks)
		return false;
	process->stat = stat;
	return true;
}

/* "Cpus_allowed: ff,00000003": as many bits. */
static unsigned int count_cpus(const char *text)
{
	const char *at = strstr(text, "\nCpus_allowed:");
	unsigned int count = 0;

	if (!at)
		return 0;
	for (at += strcspn(at, ":") + 1; *at && *at != '\n'; at++) {
		char digit[2] = {*at, '\0'};

		if (isxdigit((unsigned char)*at))
			count += (unsigned int)__builtin_popcountl(strtoul(digit, NULL, 16));
	}
	return count;
}

static bool take_switches(const char *text, uint64_t *voluntary, uint64_t *involuntary)
{
	uint64_t own[2];

	if (!reading_figure(text, "voluntary_ctxt_switches", &own[0]) ||
		!reading_figure(text, "nonvoluntary_ctxt_switches", &own[1]))
		return false;
	*voluntary += own[0];
	*involuntary += own[1];
	return true;
}

/* Of each thread; those that end take their counts along. */
static void read_threads(struct process *process, struct reading *reading, uint32_t budget)
{
	uint64_t voluntary = 0, involuntary = 0;
	uint32_t threads[256];
	const uint32_t room = sizeof(threads) / sizeof(*threads);
	size_t count;

	process->has_switches = false;
	if (budget > room)
		budget = room;
	if (process->stat.threads > budget)
		return;
	count = reading_numbers(
		reading, threads, budget, budget, "/proc/%u/task", process->stat.pid);
	for (size_t i = 0; i < count; i++)
		if (reading_file(reading, "/proc/%u/task/%u/status", process->stat.pid, threads[i]))
			take_switches(reading->text, &voluntary, &involuntary);
	process->has_switches = count > 0;
	process->voluntary = voluntary;
	process->involuntary = involuntary;
}

static void read_status(
	struct process *process, struct reading *reading, bool keep, uint32_t thread_budget)
{
	uint64_t kib = 0, voluntary = 0, involuntary = 0;
	bool alone = process->stat.threads <= 1;

	if (!reading_kept(
		    reading, &process->status_file, keep, "/proc/%u/status", process->stat.pid)) {
		process->has_swap = process->has_switches = false;
		return;
	}
	process->has_swap = reading_figure(reading->text, "VmSwap", &kib);
	process->swap_bytes = kib * 1024;
	process->cpus_allowed = count_cpus(reading->text);
	process->has_switches = take_switches(reading->text, &voluntary, &involuntary);
	process->voluntary = voluntary;
	process->involuntary = involuntary;
	if (!alone)
		read_threads(process, reading, thread_budget);
}

static void read_io(struct process *process, struct reading *reading, bool keep)
{
	process->has_disk = reading_kept(reading, &process->io_file, keep, "/proc/%u/io",
				    process->stat.pid) &&
			    reading_figure(reading->text, "read_bytes", &process->read_bytes) &&
			    reading_figure(reading->text, "write_bytes", &process->written_bytes);
}

/*
 * Kernels before 6.2 give the folder no size; listing 10,000 connections takes them milliseconds,
 * so that they are counted the less often the more there are.
 */
static void read_files(struct process *process, struct reading *reading)
{
	if (process->files_in) {
		process->files_in--;
		return;
	}
	process->has_files = reading_size(
		reading, &process->open_files, "/proc/%u/fd", process->stat.pid);
	if (process->has_files)
		return;
	process->open_files = reading_numbers(
		reading, NULL, 0, SIZE_MAX, "/proc/%u/fd", process->stat.pid);
	process->has_files = process->open_files > 0;
	process->files_in = (uint32_t)(process->open_files / PROCESS_FILES_PER_SAMPLE);
}

static void read_limits(struct process *process, struct reading *reading)
{
	static const char title[] = "Max open files";
	const char *line;

	if (process->limits_read)
		return;
	process->limits_read = true;
	if (!reading_file(reading, "/proc/%u/limits", process->stat.pid))
		return;
	line = strstr(reading->text, title);
	if (!line)
		return;
	line += strlen(title) + strspn(line + strlen(title), " ");
	process->has_files_limit = true;
	process->files_limit = isdigit((unsigned char)*line) ? strtoull(line, NULL, 10)
							     : UINT64_MAX;
}

void process_read_more(
	struct process *process, struct reading *reading, bool keep, uint32_t thread_budget)
{
	read_status(process, reading, keep, thread_budget);
	read_io(process, reading, keep);
	read_files(process, reading);
	read_limits(process, reading);
}

void process_release(struct process *process, struct reading *reading)
{
	reading_close(reading, &process->stat_file);
	reading_close(reading, &process->status_file);
	reading_close(reading, &process->io_file);
}
