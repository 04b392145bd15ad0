/* SPDX-License-Identifier: MIT */
#include "doctor/judge_limits.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>

#include "base/units.h"

/* Below, not even the default of 64 connections fits beside what a run has open itself. */
#define FILES_LEAST 256
/* Connections of one worker that nobody needs more of. */
#define FILES_ENOUGH 65536

#define LOCKED_ENOUGH_BYTES (UINT64_C(8) << 20)

#define MEMORY_LEAST_BYTES  (UINT64_C(64) << 20)
#define MEMORY_ENOUGH_BYTES (UINT64_C(1) << 30)

static void say_limit(struct finding *finding, enum finding_state state, uint64_t limit)
{
	char count[UNITS_TEXT_BYTES];

	if (limit == SIGHT_UNLIMITED)
		finding_say(finding, state, "unlimited");
	else
		finding_say(finding, state, "%s", units_format_count(count, limit));
}

/* The soft limit is raised to the hard one before each run. */
void judge_limits_files(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct sight_limit *files = &sight->files;

	(void)check;
	if (!files->known)
		finding_say(finding, FINDING_UNKNOWN, "/proc/self/limits cannot be read");
	else
		say_limit(finding,
			files->hard < FILES_LEAST    ? FINDING_MISSING
			: files->hard < FILES_ENOUGH ? FINDING_LIMITED
						     : FINDING_OK,
			files->hard);
}

void judge_limits_locked(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct sight_limit *locked = &sight->locked_bytes;
	char size[UNITS_TEXT_BYTES];

	(void)check;
	if (!locked->known)
		finding_say(finding, FINDING_UNKNOWN, "/proc/self/limits cannot be read");
	else if (locked->soft == SIGHT_UNLIMITED)
		finding_say(finding, FINDING_OK, "unlimited");
	else if (sight_can(sight, CAP_IPC_LOCK))
		finding_say(finding, FINDING_OK, "%s, which CAP_IPC_LOCK lifts",
			units_format_size(size, locked->soft));
	else
		finding_say(finding,
			locked->soft < LOCKED_ENOUGH_BYTES ? FINDING_LIMITED : FINDING_OK, "%s",
			units_format_size(size, locked->soft));
}

static bool has_quota_file(struct sight *sight, const struct control_group_place *place)
{
	return reading_file(&sight->reading, "%s/%s", place->folder,
		       place->version_2 ? "cpu.max" : "cpu.cfs_quota_us") &&
	       strncmp(sight->reading.text, place->version_2 ? "max" : "-1", 2) != 0;
}

void judge_limits_quota(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct control_group *group = &sight->group;
	unsigned int cpus = cpulist_count(&sight->topology.allowed);
	char time[UNITS_TEXT_BYTES];

	(void)check;
	if (!sight_exists(sight, "/sys/fs/cgroup"))
		return finding_say(finding, FINDING_UNKNOWN, "/sys/fs/cgroup is not there");
	if (!group->has_quota)
		return finding_say(finding, FINDING_OK, "none");
	finding_say(finding, group->quota_cpus < cpus ? FINDING_LIMITED : FINDING_OK,
		"%.3g CPUs of the %u this process may use", group->quota_cpus, cpus);
	if (group->throttled_ns)
		finding_add(finding, finding->state, "stopped by it for %s so far",
			units_format_duration(time, group->throttled_ns));
	for (unsigned int i = 0; i < group->cpu_count && finding->state != FINDING_OK; i++)
		if (has_quota_file(sight, &group->cpu[i]))
			finding_mend(finding, "echo %s | sudo tee '%s/%s'",
				group->cpu[i].version_2 ? "max" : "-1", group->cpu[i].folder,
				group->cpu[i].version_2 ? "cpu.max" : "cpu.cfs_quota_us");
}

void judge_limits_cpus(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct topology *topology = &sight->topology;
	struct cpulist isolated = {0}, usual = topology->online;
	unsigned int allowed = cpulist_count(&topology->allowed);
	char list[128];

	(void)check;
	/* Isolated ones are nobody's by default; they have a check of their own. */
	sight_cpus(sight, &isolated, "/sys/devices/system/cpu/isolated");
	for (size_t i = 0; i < CPULIST_WORDS; i++)
		usual.words[i] &= ~isolated.words[i];
	finding_say(finding, FINDING_OK, "%u of %u online: %s", allowed,
		cpulist_count(&topology->online),
		cpulist_format(list, sizeof(list), &topology->allowed));
	if (!cpulist_contains(&topology->allowed, &usual)) {
		finding->state = FINDING_LIMITED;
		finding_mend(finding, "taskset -c %s '%s' COMMAND",
			cpulist_format(list, sizeof(list), &usual), sight->live->program);
	} else if (allowed == 1) {
		finding->state = FINDING_LIMITED;
		finding_add(finding, FINDING_LIMITED, "there is no second one");
		finding->no_mend = true;
	}
}

void judge_limits_memory(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct control_group *group = &sight->group;
	const char *text = sight_text(sight, "/proc/meminfo");
	char size[UNITS_TEXT_BYTES];
	const char *of = "";
	uint64_t bytes, left;

	(void)check;
	if (!text || !reading_figure(text, "MemAvailable", &bytes))
		return finding_say(finding, FINDING_UNKNOWN, "/proc/meminfo does not tell");
	bytes *= 1024;
	if (group->has_memory_limit && group->has_memory) {
		left = group->memory_limit_bytes > group->memory_bytes
			       ? group->memory_limit_bytes - group->memory_bytes
			       : 0;
		of = left < bytes ? ", left by the control group's limit" : "";
		bytes = left < bytes ? left : bytes;
	}
	finding_say(finding,
		bytes < MEMORY_LEAST_BYTES    ? FINDING_MISSING
		: bytes < MEMORY_ENOUGH_BYTES ? FINDING_LIMITED
					      : FINDING_OK,
		"%s%s", units_format_size(size, bytes), of);
}
