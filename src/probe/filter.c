/* SPDX-License-Identifier: MIT */
#include "probe/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int filter_ports(
	struct probe_abi_config *config, const struct probe_options *options, struct err *err)
{
	if (options->port_count < 1 || options->port_count > PROBE_ABI_PORT_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL, "%zu ports to probe: expected 1 to %d",
			options->port_count, PROBE_ABI_PORT_LIMIT);
	for (size_t i = 0; i < options->port_count; i++) {
		if (options->ports[i] == 0)
			return err_set(err, ERR_USAGE, -EINVAL,
				"port \"0\" cannot be probed: expected 1 to 65535");
		config->ports[i] = options->ports[i];
	}
	config->port_count = (uint32_t)options->port_count;
	return 0;
}

static int filter_netns(uint32_t *inode, const char *path, struct err *err)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code = 0;

	if (fd < 0)
		return err_set_errno(
			err, ERR_USAGE, -errno, "cannot open the network namespace \"%s\"", path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		code = err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is no network namespace: expected a path as /proc/PID/ns/net or "
			"/run/netns/NAME",
			path);
	else if (fstat(fd, &status))
		code = err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot tell the inode of the network namespace \"%s\"", path);
	else
		*inode = (uint32_t)status.st_ino;
	close(fd);
	return code;
}

static bool filter_is_cgroup(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

/* A name below the place where control groups of version 2 are mounted, or a path; resolved. */
static int filter_find_cgroup(const char *name, char path[PATH_MAX], struct err *err)
{
	static const char *const places[] = {"", "/sys/fs/cgroup/", "/sys/fs/cgroup/unified/"};
	char candidate[PATH_MAX];
	bool exists = false;

	for (size_t i = name[0] != '/'; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(candidate, sizeof(candidate), "%s%s", places[i], name) >= PATH_MAX ||
			!realpath(candidate, path))
			continue;
		exists = true;
		if (filter_is_cgroup(path))
			return 0;
	}
	if (exists)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is no control group of version 2: expected a folder of a cgroup2 "
			"file system",
			name);
	return err_set(err, ERR_USAGE, -ENOENT,
		"there is no control group \"%s\": expected a path below /sys/fs/cgroup, as in "
		"system.slice/nginx.service",
		name);
}

/* The handle of a folder in cgroupfs is its id (kernfs_encode_fh). */
static int filter_cgroup_id(const char *path, uint64_t *id, struct err *err)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} at = {.handle = {.handle_bytes = sizeof(*id)}};
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &at.handle, &mount, 0))
		return err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot tell the id of the control group \"%s\"", path);
	memcpy(id, at.handle.f_handle, sizeof(*id));
	return 0;
}

static int filter_cgroup(struct probe_abi_config *config, const char *name, struct err *err)
{
	char path[PATH_MAX], *end;
	uint64_t id = 0;
	int code;

	code = filter_find_cgroup(name, path, err);
	if (code == 0)
		code = filter_cgroup_id(path, &id, err);
	if (code)
		return code;
	config->cgroup = id;
	/* Up to where the parent is of another file system: that is the root. */
	while ((end = strrchr(path, '/')) && end != path) {
		*end = '\0';
		if (!filter_is_cgroup(path))
			break;
		config->cgroup_level++;
	}
	return 0;
}

static int filter_pid(struct probe_abi_config *config, uint32_t pid, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	if (access(path, F_OK))
		return err_set(err, ERR_USAGE, -ESRCH, "there is no process \"%u\"", pid);
	config->pid = pid;
	return 0;
}

int filter_resolve(
	struct probe_abi_config *config, const struct probe_options *options, struct err *err)
{
	int code;

	memset(config, 0, sizeof(*config));
	config->sample = options->sample ? options->sample : PROBE_DEFAULT_SAMPLE;
	if (config->sample > PROBE_ABI_SAMPLE_LIMIT)
		return err_set(err, ERR_USAGE, -ERANGE,
			"sampling \"1/%u\" is too fine: expected 1/1 to 1/%d", config->sample,
			PROBE_ABI_SAMPLE_LIMIT);
	code = filter_ports(config, options, err);
	if (code == 0 && options->netns)
		code = filter_netns(&config->netns, options->netns, err);
	if (code == 0 && options->cgroup)
		code = filter_cgroup(config, options->cgroup, err);
	if (code == 0 && options->pid)
		code = filter_pid(config, options->pid, err);
	return code;
}
