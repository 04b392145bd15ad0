/* SPDX-License-Identifier: MIT */
#include "observe/observer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/interfaces.h"

/* Limits and groups may be changed while a server runs; looked for again after so many samples. */
#define GROUP_SAMPLES 10

/* "0-3,8": how many; 0 for anything else. */
static unsigned int count_list(const char *text)
{
	unsigned int count = 0;
	char *end;

	while (isdigit((unsigned char)*text)) {
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= first)
			count += (unsigned int)(last - first + 1);
		text = end + (*end == ',');
	}
	return count;
}

void observer_open(struct observer *observer, const char *root, uint64_t since_ticks, uint32_t self)
{
	memset(observer, 0, sizeof(*observer));
	reading_init(&observer->reading, root);
	members_init(&observer->members, &observer->reading, since_ticks, self);
	observer->ns_per_tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	observer->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	if (reading_file(&observer->reading, "/sys/devices/system/cpu/online"))
		observer->online_cpus = count_list(observer->reading.text);
	observer->has_delay = reading_file(&observer->reading, "/proc/sys/kernel/task_delayacct") &&
			      observer->reading.text[0] == '1';
}

void observer_close(struct observer *observer)
{
	members_release(&observer->members);
}

int observer_adopt(struct observer *observer, const uint32_t *pids, size_t count)
{
	return members_add_roots(&observer->members, pids, count);
}

/* --- counters that may begin anew ----------------------------------------------------------- */

static void forget(
	struct observer *observer, enum resources_counter first, enum resources_counter last)
{
	for (int i = (int)first; i <= (int)last; i++)
		observer->gains[i].valid = false;
}

static void set(struct resources_sample *sample, enum resources_counter counter, uint64_t value)
{
	sample->counter[counter] = value;
	sample->counters |= RESOURCES_BIT(counter);
}

static void set_level(struct resources_sample *sample, enum resources_level level, double value)
{
	sample->level[level] = value;
	sample->levels |= RESOURCES_BIT(level);
}

static void gain(struct observer *observer, struct resources_sample *sample,
	enum resources_counter counter, uint64_t now)
{
	struct observer_gain *gain = &observer->gains[counter];

	if (gain->valid && now > gain->last)
		gain->total += now - gain->last;
	gain->last = now;
	gain->valid = true;
	set(sample, counter, gain->total);
}

/* --- processes ------------------------------------------------------------------------------ */

/* What all running processes together know. */
struct known {
	bool swap, disk, files, switches;
};

static struct known find_known(const struct members *members)
{
	struct known known = {true, true, true, true};

	for (size_t i = 0; i < members->count; i++) {
		const struct process *process = &members->list[i].process;

		if (members->list[i].zombie || !members->list[i].more)
			continue;
		known.swap &= process->has_swap;
		known.disk &= process->has_disk;
		known.files &= process->has_files;
		known.switches &= process->has_switches;
	}
	return known;
}

static void sample_counters(
	const struct observer *observer, struct known known, struct resources_sample *sample)
{
	const struct members *members = &observer->members;
	const uint64_t *total = members->total;
	uint64_t tick = observer->ns_per_tick;

	set(sample, RESOURCES_CPU_USER_NS, total[PROCESS_USER_TICKS] * tick);
	set(sample, RESOURCES_CPU_SYSTEM_NS, total[PROCESS_SYSTEM_TICKS] * tick);
	set(sample, RESOURCES_CPU_NS,
		(total[PROCESS_USER_TICKS] + total[PROCESS_SYSTEM_TICKS]) * tick);
	set(sample, RESOURCES_MINOR_FAULTS, total[PROCESS_MINOR_FAULTS]);
	set(sample, RESOURCES_MAJOR_FAULTS, total[PROCESS_MAJOR_FAULTS]);
	set(sample, RESOURCES_STARTED, members->started);
	set(sample, RESOURCES_EXITED, members->exited);
	set(sample, RESOURCES_RESTARTS, members->restarts);
	if (known.switches) {
		set(sample, RESOURCES_VOLUNTARY_SWITCHES, total[PROCESS_VOLUNTARY]);
		set(sample, RESOURCES_INVOLUNTARY_SWITCHES, total[PROCESS_INVOLUNTARY]);
	}
	if (known.disk) {
		set(sample, RESOURCES_DISK_READ_BYTES, total[PROCESS_DISK_READ_BYTES]);
		set(sample, RESOURCES_DISK_WRITTEN_BYTES, total[PROCESS_DISK_WRITTEN_BYTES]);
	}
	if (observer->has_delay)
		set(sample, RESOURCES_DISK_DELAY_NS, total[PROCESS_DISK_DELAY_TICKS] * tick);
}

static void sample_levels(
	struct observer *observer, struct known known, struct resources_sample *sample)
{
	const struct members *members = &observer->members;
	uint64_t pages = 0, swap = 0, files = 0, threads;
	unsigned int cpus = 0;
	double share = 0;

	for (size_t i = 0; i < members->count; i++) {
		const struct process *process = &members->list[i].process;
		double own_share = 0;

		if (members->list[i].zombie)
			continue;
		pages += process->stat.rss_pages;
		swap += process->swap_bytes;
		files += process->open_files;
		if (process->has_files_limit && process->files_limit)
			own_share = (double)process->open_files / (double)process->files_limit;
		if (process->has_files_limit && process->files_limit != UINT64_MAX &&
			(own_share > share || !observer->limits.open_files))
			observer->limits.open_files = process->files_limit;
		share = own_share > share ? own_share : share;
		cpus = process->cpus_allowed > cpus ? process->cpus_allowed : cpus;
	}
	set_level(sample, RESOURCES_RSS_BYTES, (double)(pages * observer->page_bytes));
	set_level(sample, RESOURCES_PROCESSES, (double)members_running(members, &threads));
	set_level(sample, RESOURCES_THREADS, (double)threads);
	if (known.swap)
		set_level(sample, RESOURCES_SWAP_BYTES, (double)swap);
	if (known.files)
		set_level(sample, RESOURCES_OPEN_FILES, (double)files);
	if (known.files && observer->limits.open_files)
		set_level(sample, RESOURCES_OPEN_FILES_SHARE, share);
	if (cpus && observer->online_cpus && observer->online_cpus < cpus)
		cpus = observer->online_cpus;
	if (cpus)
		observer->limits.cpus = cpus;
}

/* --- group and namespace -------------------------------------------------------------------- */

static uint32_t find_leader(const struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		if (!members->list[i].zombie)
			return members->list[i].process.stat.pid;
	return 0;
}

static void find_group(struct observer *observer, uint32_t leader)
{
	struct control_group *before = &observer->group;
	struct control_group after;
	bool same;

	if (leader == observer->leader && observer->samples % GROUP_SAMPLES)
		return;
	control_group_find(&after, &observer->reading, leader);
	same = !memcmp(before->cpu, after.cpu, sizeof(after.cpu)) &&
	       !memcmp(&before->memory, &after.memory, sizeof(after.memory)) &&
	       !memcmp(&before->pid_count, &after.pid_count, sizeof(after.pid_count)) &&
	       !memcmp(&before->unified, &after.unified, sizeof(after.unified));
	if (!same)
		forget(observer, RESOURCES_THROTTLED_NS, RESOURCES_IO_STALL_NS);
	if (leader != observer->leader)
		forget(observer, RESOURCES_NETWORK_RECEIVED_BYTES, RESOURCES_LOOPBACK_PACKETS);
	*before = after;
	observer->leader = leader;
}

static void sample_network(struct observer *observer, struct resources_sample *sample)
{
	struct interfaces interfaces;

	if (!reading_file(&observer->reading, "/proc/%u/net/dev", observer->leader) ||
		!interfaces_parse(&interfaces, observer->reading.text))
		return;
	gain(observer, sample, RESOURCES_NETWORK_RECEIVED_BYTES, interfaces.received_bytes);
	gain(observer, sample, RESOURCES_NETWORK_SENT_BYTES, interfaces.sent_bytes);
	gain(observer, sample, RESOURCES_NETWORK_RECEIVED_PACKETS, interfaces.received_packets);
	gain(observer, sample, RESOURCES_NETWORK_SENT_PACKETS, interfaces.sent_packets);
	gain(observer, sample, RESOURCES_LOOPBACK_BYTES, interfaces.loopback_bytes);
	gain(observer, sample, RESOURCES_LOOPBACK_PACKETS, interfaces.loopback_packets);
}

static void sample_group(struct observer *observer, struct resources_sample *sample)
{
	struct control_group *group = &observer->group;

	control_group_read(group, &observer->reading);
	if (group->has_throttled) {
		gain(observer, sample, RESOURCES_THROTTLED_NS, group->throttled_ns);
		gain(observer, sample, RESOURCES_THROTTLED_PERIODS, group->throttled_periods);
	}
	if (group->has_high)
		gain(observer, sample, RESOURCES_MEMORY_HIGH_EVENTS, group->high_events);
	if (group->has_limit_events)
		gain(observer, sample, RESOURCES_MEMORY_LIMIT_EVENTS, group->limit_events);
	if (group->has_oom)
		gain(observer, sample, RESOURCES_OOM_EVENTS, group->oom_events);
	if (group->has_oom_kills)
		gain(observer, sample, RESOURCES_OOM_KILLS, group->oom_kills);
	if (group->has_pids_events)
		gain(observer, sample, RESOURCES_PIDS_LIMIT_EVENTS, group->pids_events);
	if (group->has_pressure) {
		gain(observer, sample, RESOURCES_CPU_STALL_NS, group->cpu_stall_ns);
		gain(observer, sample, RESOURCES_MEMORY_STALL_NS, group->memory_stall_ns);
		gain(observer, sample, RESOURCES_IO_STALL_NS, group->io_stall_ns);
	}
	if (group->has_memory)
		set_level(sample, RESOURCES_GROUP_MEMORY_BYTES, (double)group->memory_bytes);
	if (group->has_pids)
		set_level(sample, RESOURCES_GROUP_PIDS, (double)group->pids);
	observer->pressure_is_own = group->pressure_is_own;
}

static void take_limits(struct observer *observer)
{
	const struct control_group *group = &observer->group;
	struct observer_limits *limits = &observer->limits;

	limits->quota_cpus = group->has_quota ? group->quota_cpus : 0;
	limits->memory_bytes = group->has_memory_limit ? group->memory_limit_bytes : 0;
	limits->pids = group->has_pids_limit ? group->pids_limit : 0;
	if (group->has_quota && (limits->cpus <= 0 || group->quota_cpus < limits->cpus))
		limits->cpus = group->quota_cpus;
}

int observer_sample(struct observer *observer, uint64_t at_ns, struct resources_sample *sample)
{
	int code = members_sample(&observer->members);
	struct known known = find_known(&observer->members);
	uint32_t leader = find_leader(&observer->members);

	*sample = (struct resources_sample){.at_ns = at_ns};
	if (code < 0)
		return code;
	sample_counters(observer, known, sample);
	sample_levels(observer, known, sample);
	/* While no process is there the group's figures are of nothing. */
	if (leader) {
		find_group(observer, leader);
		sample_network(observer, sample);
		sample_group(observer, sample);
		take_limits(observer);
	}
	observer->samples++;
	observer->counters = sample->counters;
	observer->levels = sample->levels;
	return 0;
}

/* --- afterwards ----------------------------------------------------------------------------- */

bool observer_pss(struct observer *observer, uint64_t *bytes, const char **reason)
{
	struct members *members = &observer->members;
	uint64_t threads, pages = 0, kib;

	*bytes = 0;
	for (size_t i = 0; i < members->count; i++)
		pages += members->list[i].process.stat.rss_pages;
	if (members_running(members, &threads) > OBSERVER_PSS_PROCESSES ||
		pages * observer->page_bytes > OBSERVER_PSS_BYTES) {
		*reason = "the kernel walks all pages for it: not done for more than 32 processes "
			  "or 1 GiB";
		return false;
	}
	for (size_t i = 0; i < members->count; i++) {
		if (members->list[i].zombie)
			continue;
		if (!reading_file(&observer->reading, "/proc/%u/smaps_rollup",
			    members->list[i].process.stat.pid) ||
			!reading_figure(observer->reading.text, "Pss", &kib)) {
			*reason = "/proc/PID/smaps_rollup of the server's processes cannot be "
				  "read: they have ended, or are another user's";
			return false;
		}
		*bytes += kib * 1024;
	}
	*reason = "no process of the server was left";
	return *bytes > 0;
}

static const char *group_reason(const struct observer *observer)
{
	return observer->leader ? "the server's control group does not tell"
				: "no process of the server was there";
}

const char *observer_counter_reason(const struct observer *observer, enum resources_counter counter)
{
	uint64_t threads;

	switch (counter) {
	case RESOURCES_VOLUNTARY_SWITCHES:
	case RESOURCES_INVOLUNTARY_SWITCHES:
		members_running(&observer->members, &threads);
		return threads > MEMBERS_THREADS
			       ? "the kernel counts them by thread: not read of a server of more "
				 "than 128 threads"
			       : "/proc/PID/task of the server's processes cannot be read";
	case RESOURCES_DISK_READ_BYTES:
	case RESOURCES_DISK_WRITTEN_BYTES:
		return "/proc/PID/io of the server's processes cannot be read: they are another "
		       "user's";
	case RESOURCES_DISK_DELAY_NS:
		return "the kernel does not count it: sysctl kernel.task_delayacct is 0";
	case RESOURCES_CPU_STALL_NS:
	case RESOURCES_MEMORY_STALL_NS:
	case RESOURCES_IO_STALL_NS:
		return "this kernel does not measure pressure";
	default:
		break;
	}
	if (counter >= RESOURCES_NETWORK_RECEIVED_BYTES && counter <= RESOURCES_LOOPBACK_PACKETS)
		return "/proc/PID/net/dev of the server cannot be read";
	return group_reason(observer);
}

const char *observer_level_reason(const struct observer *observer, enum resources_level level)
{
	switch (level) {
	case RESOURCES_SWAP_BYTES:
		return "/proc/PID/status of the server's processes does not tell";
	case RESOURCES_OPEN_FILES:
	case RESOURCES_OPEN_FILES_SHARE:
		return "/proc/PID/fd of the server's processes cannot be read: they are another "
		       "user's";
	default:
		return group_reason(observer);
	}
}

static int compare(const void *one, const void *other)
{
	const struct observer_process *a = one, *b = other;

	if (a->cpu_ns != b->cpu_ns)
		return a->cpu_ns < b->cpu_ns ? 1 : -1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

size_t observer_processes(
	const struct observer *observer, struct observer_process *processes, size_t limit)
{
	const struct members *members = &observer->members;
	struct observer_process *all = calloc(members->count + MEMBERS_PAST, sizeof(*all));
	size_t count = 0;

	if (!all)
		return 0;
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];

		if (member->zombie)
			continue; /* it is among the past ones */
		all[count++] = (struct observer_process){.pid = member->process.stat.pid,
			.threads = member->process.stat.threads,
			.name = member->process.stat.name,
			.first = member->first,
			.cpu_ns = member->cpu_ticks * observer->ns_per_tick};
	}
	for (size_t i = 0; i < members->past_count; i++)
		all[count++] = (struct observer_process){.pid = members->past[i].pid,
			.threads = members->past[i].threads,
			.name = members->past[i].name,
			.first = members->past[i].first,
			.ended = true,
			.cpu_ns = members->past[i].cpu_ticks * observer->ns_per_tick};
	qsort(all, count, sizeof(*all), compare);
	if (count > limit)
		count = limit;
	memcpy(processes, all, count * sizeof(*all));
	free(all);
	return count;
}
