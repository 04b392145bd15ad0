/* SPDX-License-Identifier: MIT */
#include "probe/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entering a namespace takes a right that most probes need for nothing else, even entering one's
 * own. */
static bool walk_is_there(int netns_fd)
{
	struct stat here, there;

	return stat("/proc/thread-self/ns/net", &here) == 0 && fstat(netns_fd, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* Changes into the namespace; *home is where to return to, negative when there is nothing to do. */
static int walk_enter(int netns_fd, int *home, struct err *err)
{
	int code;

	*home = -1;
	if (netns_fd < 0 || walk_is_there(netns_fd))
		return 0;
	*home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*home < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot open this thread's network namespace");
	if (setns(netns_fd, CLONE_NEWNET) == 0)
		return 0;
	code = err_set_errno(err, ERR_ENVIRONMENT, -errno,
		"cannot enter the server's network namespace (needs CAP_SYS_ADMIN)");
	close(*home);
	return code;
}

static int walk_leave(int home, struct err *err)
{
	int code = 0;

	if (home < 0)
		return 0;
	if (setns(home, CLONE_NEWNET))
		code = err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot return to the former network namespace");
	close(home);
	return code;
}

int walk_init(struct walk *walk, const struct probe_options *options, struct err *err)
{
	const char *const *paths = options->netns ? &options->netns : options->look_netns;
	size_t count = options->netns ? 1 : options->look_count;

	*walk = (struct walk){.only = options->netns != NULL};
	walk->netns_fds = calloc(count + 1, sizeof(*walk->netns_fds));
	if (!walk->netns_fds)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot open the kernel probe");
	for (size_t i = 0; i < count; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd >= 0)
			walk->netns_fds[walk->count++] = fd;
		else if (walk->only)
			return err_set_errno(err, ERR_USAGE, -errno,
				"cannot open the network namespace \"%s\"", paths[i]);
	}
	return 0;
}

void walk_release(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		close(walk->netns_fds[i]);
	free(walk->netns_fds);
	*walk = (struct walk){0};
}

/* In one namespace; the caller's own if netns_fd is negative. */
static int walk_one(int netns_fd, struct loader *loader, struct buf *written, struct err *err)
{
	int home, code, left;

	code = walk_enter(netns_fd, &home, err);
	if (code)
		return code;
	code = loader_walk(loader, "walk_tcp", written, err);
	left = walk_leave(home, code ? NULL : err);
	return code ? code : left;
}

/* In all of them, also after one that failed; the first failure is told. */
static int walk_run(const struct walk *walk, struct loader *loader,
	struct probe_abi_control *control, enum probe_abi_mode mode, struct buf *written,
	struct err *err)
{
	int code = 0;

	__atomic_store_n(&control->mode, mode, __ATOMIC_RELEASE);
	if (!walk->only)
		code = walk_one(-1, loader, written, err);
	for (size_t i = 0; i < walk->count; i++) {
		int failed = walk_one(walk->netns_fds[i], loader, written, code ? NULL : err);

		code = code ? code : failed;
	}
	return code;
}

int walk_seed(const struct walk *walk, struct loader *loader, struct probe_abi_control *control,
	struct err *err)
{
	struct buf written = {0};
	int code = walk_run(walk, loader, control, PROBE_ABI_WALK_SEED, &written, err);

	buf_release(&written);
	return code;
}

int walk_open_requests(const struct walk *walk, struct loader *loader,
	struct probe_abi_control *control, uint64_t now_ns, struct probe_open_requests *open,
	struct err *err)
{
	struct buf written = {0};
	struct probe_abi_open row;
	int code = walk_run(walk, loader, control, PROBE_ABI_WALK_OPEN, &written, err);

	memset(open, 0, sizeof(*open));
	for (size_t at = 0; at + sizeof(row) <= written.length_bytes; at += sizeof(row)) {
		memcpy(&row, written.data + at, sizeof(row));
		if (row.read)
			open->reading++;
		else
			open->waiting++;
		if (now_ns > row.arrived_ns && now_ns - row.arrived_ns > open->oldest_ns)
			open->oldest_ns = now_ns - row.arrived_ns;
	}
	buf_release(&written);
	return code;
}
