/* SPDX-License-Identifier: MIT */
#include "observe/cgroup.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#define LIMIT_BYTES (1U << 20)

/* The figure behind a key at the start of a line. */
static bool figure(const char *text, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ') {
			*value = strtoull(line + length, NULL, 10);
			return true;
		}
	}
	return false;
}

/* Adds what one group tells; false when it has no CPU controller. */
static bool add_group(
	struct cgroup_throttling *sum, const char *root, const char *mount, const char *path)
{
	struct buf text = {0};
	char file[2 * PATH_MAX];
	uint64_t time = 0, periods = 0, unit_ns = NS_PER_US;
	bool known = false;

	snprintf(file, sizeof(file), "%s/sys/fs/cgroup%s%s/cpu.stat", root, mount, path);
	if (file_read(file, LIMIT_BYTES, &text, NULL) >= 0) {
		known = figure(buf_string(&text), "throttled_usec", &time);
		if (!known) {
			unit_ns = 1;
			known = figure(buf_string(&text), "throttled_time", &time);
		}
		figure(buf_string(&text), "nr_throttled", &periods);
	}
	buf_release(&text);
	if (known) {
		sum->throttled_ns += time * unit_ns;
		sum->periods += periods;
	}
	return known;
}

/* The group and all above it: "/a/b", "/a", "". */
static bool add_groups(
	struct cgroup_throttling *sum, const char *root, const char *mount, char path[PATH_MAX])
{
	bool known = false;
	char *slash;

	if (!strcmp(path, "/"))
		path[0] = '\0';
	for (;;) {
		known |= add_group(sum, root, mount, path);
		slash = strrchr(path, '/');
		if (!slash)
			return known;
		*slash = '\0';
	}
}

static bool names_cpu(const char *controllers)
{
	size_t length;

	for (;; controllers += length + 1) {
		length = strcspn(controllers, ",");
		if (length == 3 && !memcmp(controllers, "cpu", 3))
			return true;
		if (!controllers[length])
			return false;
	}
}

/*
 * Lines are "ID:CONTROLLERS:PATH", without controllers for version 2. A hierarchy of version 1 is
 * mounted in a folder named like its controllers.
 */
static bool add_hierarchies(struct cgroup_throttling *sum, const char *root, const char *text)
{
	char path[PATH_MAX], mount[PATH_MAX], controllers[512];
	bool known = false;

	for (const char *line = text; line && *line && !known; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "0::%4095[^\n]", path) == 1) {
			known = add_groups(sum, root, "", path);
		} else if (sscanf(line, "%*u:%511[^:\n]:%4095[^\n]", controllers, path) == 2 &&
			   names_cpu(controllers)) {
			snprintf(mount, sizeof(mount), "/%s", controllers);
			known = add_groups(sum, root, mount, path);
		}
	}
	return known;
}

/* What a group is called in /proc/PID/cgroup, from its first name on; NULL: it is mounted
 * elsewhere. */
static const char *name_of(const char *group)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

	for (size_t i = 0; *group == '/' && i < sizeof(mounts) / sizeof(*mounts); i++) {
		size_t length = strlen(mounts[i]);

		if (!strncmp(group, mounts[i], length) && (!group[length] || group[length] == '/'))
			group += length + strspn(group + length, "/");
	}
	return *group == '/' ? NULL : group;
}

bool cgroup_holds(const char *root, const char *group, uint32_t pid)
{
	const char *name = name_of(group), *line = NULL;
	char path[PATH_MAX];
	struct buf text = {0};
	bool is = true;
	size_t length, its;

	if (!name)
		return true;
	for (length = strlen(name); length && name[length - 1] == '/';)
		length--;
	snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/cgroup", root, pid);
	if (file_read(path, LIMIT_BYTES, &text, NULL) >= 0)
		line = buf_string(&text);
	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4))
			continue;
		line += 4;
		its = strcspn(line, "\n");
		is = !length || (its >= length && !strncmp(line, name, length) &&
					(its == length || line[length] == '/'));
		break;
	}
	buf_release(&text);
	return is;
}

bool cgroup_throttling(
	struct cgroup_throttling *throttling, const char *root, uint32_t pid, const char **reason)
{
	struct buf text = {0};
	char path[PATH_MAX];
	bool known = false;

	*throttling = (struct cgroup_throttling){0};
	if (pid)
		snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/cgroup", root, pid);
	else
		snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	if (file_read(path, LIMIT_BYTES, &text, NULL) < 0)
		*reason = "the control group of the process cannot be read";
	else if (!(known = add_hierarchies(throttling, root, buf_string(&text))))
		*reason = "the control group of the process has no CPU controller";
	buf_release(&text);
	return known;
}
