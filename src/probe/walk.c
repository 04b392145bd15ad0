/* SPDX-License-Identifier: MIT */
#include "probe/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
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

static int walk_run(struct loader *loader, struct probe_abi_control *control,
	enum probe_abi_mode mode, int netns_fd, struct buf *written, struct err *err)
{
	int home, code, left;

	code = walk_enter(netns_fd, &home, err);
	if (code)
		return code;
	__atomic_store_n(&control->mode, mode, __ATOMIC_RELEASE);
	code = loader_walk(loader, "walk_tcp", written, err);
	left = walk_leave(home, code ? NULL : err);
	return code ? code : left;
}

int walk_seed(
	struct loader *loader, struct probe_abi_control *control, int netns_fd, struct err *err)
{
	struct buf written = {0};
	int code = walk_run(loader, control, PROBE_ABI_WALK_SEED, netns_fd, &written, err);

	buf_release(&written);
	return code;
}

int walk_open_requests(struct loader *loader, struct probe_abi_control *control, int netns_fd,
	uint64_t now_ns, struct probe_open_requests *open, struct err *err)
{
	struct buf written = {0};
	struct probe_abi_open row;
	int code = walk_run(loader, control, PROBE_ABI_WALK_OPEN, netns_fd, &written, err);

	memset(open, 0, sizeof(*open));
	for (size_t at = 0; code == 0 && at + sizeof(row) <= written.length_bytes;
		at += sizeof(row)) {
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
