/* SPDX-License-Identifier: MIT */
#include "observe/control_group.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Version 1 writes "no limit" as the largest multiple of a page that fits. */
#define NO_LIMIT_BYTES (UINT64_C(1) << 62)

/* --- where the files are -------------------------------------------------------------------- */

static bool names(const char *controllers, const char *controller)
{
	size_t bytes = strlen(controller), length;

	for (;; controllers += length + 1) {
		length = strcspn(controllers, ",");
		if (length == bytes && !memcmp(controllers, controller, bytes))
			return true;
		if (!controllers[length])
			return false;
	}
}

/* A container may see its own group as the root, while its path is told as from outside. */
static void set_place(struct control_group_place *place, struct reading *reading, const char *mount,
	const char *path, bool version_2)
{
	char folder[CONTROL_GROUP_PATH_BYTES];

	if (!strncmp(path, "/..", 3))
		return; /* outside of what is seen from here */
	if ((size_t)snprintf(folder, sizeof(folder), "/sys/fs/cgroup%s%s", mount,
		    strcmp(path, "/") ? path : "") >= sizeof(folder))
		return;
	if (!reading_exists(reading, "%s", folder))
		snprintf(folder, sizeof(folder), "/sys/fs/cgroup%.256s", mount);
	strcpy(place->folder, folder);
	place->version_2 = version_2;
}

/* Lines of /proc/PID/cgroup: "ID:CONTROLLERS:PATH", without controllers for version 2. */
struct hierarchies {
	struct control_group_place cpu, memory, pids, unified;
};

static void find_line(struct hierarchies *found, struct reading *reading, const char *controllers,
	const char *path, bool is_hybrid)
{
	char mount[300];

	if (!*controllers) {
		set_place(&found->unified, reading, is_hybrid ? "/unified" : "", path, true);
		return;
	}
	snprintf(mount, sizeof(mount), "/%.290s", controllers);
	if (names(controllers, "cpu"))
		set_place(&found->cpu, reading, mount, path, false);
	if (names(controllers, "memory"))
		set_place(&found->memory, reading, mount, path, false);
	if (names(controllers, "pids"))
		set_place(&found->pids, reading, mount, path, false);
}

static void find_hierarchies(struct hierarchies *found, struct reading *reading, uint32_t pid)
{
	bool is_hybrid = reading_exists(reading, "/sys/fs/cgroup/unified");
	char *text, *rest, *line, *controllers, *path;

	if (!reading_file(reading, "/proc/%" PRIu32 "/cgroup", pid))
		return;
	/* What is looked for below is read into the same buffer. */
	rest = text = strdup(reading->text);
	while ((line = strsep(&rest, "\n"))) {
		controllers = strchr(line, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path = '\0';
		find_line(found, reading, controllers + 1, path + 1, is_hybrid);
	}
	free(text);
	if (!found->cpu.folder[0])
		found->cpu = found->unified;
	if (!found->memory.folder[0])
		found->memory = found->unified;
	if (!found->pids.folder[0])
		found->pids = found->unified;
}

/* The group above; false at the mount. */
static bool go_up(struct control_group_place *place)
{
	static const char top[] = "/sys/fs/cgroup";
	char *slash = strrchr(place->folder, '/');
	size_t least = strlen(top);

	/* Version 1 and a hybrid's version 2 are mounted one folder below. */
	if (!place->version_2 || !strncmp(place->folder + least, "/unified", 8))
		least += 1 + strcspn(place->folder + least + 1, "/");
	if (!slash || (size_t)(slash - place->folder) < least)
		return false;
	*slash = '\0';
	return true;
}

/* --- limits --------------------------------------------------------------------------------- */

/* A file of one number; false: there is none, or it says "max". */
static bool read_number(struct reading *reading, const struct control_group_place *place,
	const char *file, uint64_t *value)
{
	if (!reading_file(reading, "%s/%s", place->folder, file) ||
		!isdigit((unsigned char)reading->text[0]))
		return false;
	*value = strtoull(reading->text, NULL, 10);
	return true;
}

static bool read_quota(
	struct reading *reading, const struct control_group_place *place, double *cpus)
{
	uint64_t quota, period = 0;

	if (place->version_2) {
		if (!reading_file(reading, "%s/cpu.max", place->folder) ||
			sscanf(reading->text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2)
			return false;
	} else if (!read_number(reading, place, "cpu.cfs_quota_us", &quota) ||
		   !read_number(reading, place, "cpu.cfs_period_us", &period)) {
		return false; /* no quota is -1 */
	}
	*cpus = period ? (double)quota / (double)period : 0;
	return period > 0;
}

static void find_cpu(
	struct control_group *group, struct reading *reading, struct control_group_place place)
{
	struct control_group_place own = place;
	double cpus;

	if (!place.folder[0])
		return;
	do {
		if (!read_quota(reading, &place, &cpus))
			continue;
		if (group->cpu_count < CONTROL_GROUP_LEVELS)
			group->cpu[group->cpu_count++] = place;
		if (!group->has_quota || cpus < group->quota_cpus)
			group->quota_cpus = cpus;
		group->has_quota = true;
	} while (go_up(&place));
	if (!group->cpu_count)
		group->cpu[group->cpu_count++] = own;
}

/* The tightest limit on the way up, and the group that has it; without one the group itself. */
static bool find_limit(struct reading *reading, struct control_group_place place, const char *file,
	struct control_group_place *at, uint64_t *limit)
{
	bool found = false;
	uint64_t value;

	*at = place;
	if (!place.folder[0])
		return false;
	do {
		if (!read_number(reading, &place, file, &value) || value >= NO_LIMIT_BYTES ||
			(found && value >= *limit))
			continue;
		*limit = value;
		*at = place;
		found = true;
	} while (go_up(&place));
	return found;
}

/* The root of a machine: it has no file of a limit in version 2, none that limits in version 1. */
static bool is_root(const struct control_group_place *place)
{
	struct control_group_place copy = *place;

	return !go_up(&copy);
}

void control_group_find(struct control_group *group, struct reading *reading, uint32_t pid)
{
	struct hierarchies found = {0};

	*group = (struct control_group){0};
	find_hierarchies(&found, reading, pid);
	find_cpu(group, reading, found.cpu);
	group->has_memory_limit = find_limit(reading, found.memory,
		found.memory.version_2 ? "memory.max" : "memory.limit_in_bytes", &group->memory,
		&group->memory_limit_bytes);
	group->has_pids_limit = find_limit(
		reading, found.pids, "pids.max", &group->pid_count, &group->pids_limit);
	if (!group->has_memory_limit && !group->memory.version_2 && is_root(&group->memory))
		group->memory.folder[0] = '\0';
	group->unified = found.unified;
}

/* --- usage ---------------------------------------------------------------------------------- */

static void read_throttling(struct control_group *group, struct reading *reading)
{
	uint64_t time, periods;

	group->has_throttled = false;
	group->throttled_ns = group->throttled_periods = 0;
	for (unsigned int i = 0; i < group->cpu_count; i++) {
		uint64_t unit_ns = NS_PER_US;

		if (!reading_file(reading, "%s/cpu.stat", group->cpu[i].folder))
			continue;
		if (!reading_figure(reading->text, "throttled_usec", &time)) {
			unit_ns = 1;
			if (!reading_figure(reading->text, "throttled_time", &time))
				continue;
		}
		group->has_throttled = true;
		group->throttled_ns += time * unit_ns;
		if (reading_figure(reading->text, "nr_throttled", &periods))
			group->throttled_periods += periods;
	}
}

/* Less the file cache that nobody uses: it is given back before the limit hurts. */
static void take_off_cache(struct control_group *group, struct reading *reading)
{
	uint64_t cache = 0;

	if (!reading_file(reading, "%s/memory.stat", group->memory.folder))
		return;
	reading_figure(reading->text,
		group->memory.version_2 ? "inactive_file" : "total_inactive_file", &cache);
	group->memory_bytes -= cache < group->memory_bytes ? cache : group->memory_bytes;
}

static void read_memory(struct control_group *group, struct reading *reading)
{
	const struct control_group_place *place = &group->memory;
	const char *text = reading->text;

	group->has_memory = group->has_high = group->has_limit_events = false;
	group->has_oom = group->has_oom_kills = false;
	if (!place->folder[0])
		return;
	group->has_memory = read_number(reading, place,
		place->version_2 ? "memory.current" : "memory.usage_in_bytes",
		&group->memory_bytes);
	if (group->has_memory)
		take_off_cache(group, reading);
	if (place->version_2) {
		if (!reading_file(reading, "%s/memory.events", place->folder))
			return;
		group->has_high = reading_figure(text, "high", &group->high_events);
		group->has_limit_events = reading_figure(text, "max", &group->limit_events);
		group->has_oom = reading_figure(text, "oom", &group->oom_events);
		group->has_oom_kills = reading_figure(text, "oom_kill", &group->oom_kills);
		return;
	}
	group->has_limit_events = read_number(
		reading, place, "memory.failcnt", &group->limit_events);
	if (reading_file(reading, "%s/memory.oom_control", place->folder))
		group->has_oom_kills = reading_figure(text, "oom_kill", &group->oom_kills);
}

static void read_pids(struct control_group *group, struct reading *reading)
{
	const struct control_group_place *place = &group->pid_count;

	group->has_pids = group->has_pids_events = false;
	if (!place->folder[0])
		return;
	group->has_pids = read_number(reading, place, "pids.current", &group->pids);
	if (reading_file(reading, "%s/pids.events", place->folder))
		group->has_pids_events = reading_figure(reading->text, "max", &group->pids_events);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234": microseconds. */
static bool read_stall(struct reading *reading, const char *folder, const char *file, uint64_t *ns)
{
	const char *total;

	if (!reading_file(reading, "%s/%s", folder, file) ||
		strncmp(reading->text, "some ", 5) != 0)
		return false;
	total = strstr(reading->text, "total=");
	if (!total)
		return false;
	*ns = strtoull(total + strlen("total="), NULL, 10) * NS_PER_US;
	return true;
}

static void read_pressure(struct control_group *group, struct reading *reading)
{
	const char *own = group->unified.folder;

	group->pressure_is_own = own[0] && !is_root(&group->unified) &&
				 read_stall(reading, own, "cpu.pressure", &group->cpu_stall_ns) &&
				 read_stall(reading, own, "memory.pressure",
					 &group->memory_stall_ns) &&
				 read_stall(reading, own, "io.pressure", &group->io_stall_ns);
	group->has_pressure = group->pressure_is_own ||
			      (read_stall(reading, "/proc/pressure", "cpu", &group->cpu_stall_ns) &&
				      read_stall(reading, "/proc/pressure", "memory",
					      &group->memory_stall_ns) &&
				      read_stall(reading, "/proc/pressure", "io",
					      &group->io_stall_ns));
}

void control_group_read(struct control_group *group, struct reading *reading)
{
	read_throttling(group, reading);
	read_memory(group, reading);
	read_pids(group, reading);
	read_pressure(group, reading);
}
