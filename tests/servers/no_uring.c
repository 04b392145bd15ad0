/* SPDX-License-Identifier: MIT */
/*
 * Runs a command on a machine that refuses io_uring: no_uring ERRNO COMMAND...
 *
 * ERRNO is what io_uring_setup(2) fails with: EPERM as under a container's seccomp filter or
 * kernel.io_uring_disabled, ENOSYS as on a kernel without it, EINVAL as on one too old. Everything
 * else stays as it was.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse_rings(unsigned int code)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(steps) / sizeof(*steps), .filter = steps};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* 0 for a name that is not one of them. */
static unsigned int code_of(const char *name)
{
	if (!strcmp(name, "EPERM"))
		return EPERM;
	if (!strcmp(name, "ENOSYS"))
		return ENOSYS;
	return strcmp(name, "EINVAL") ? 0 : EINVAL;
}

int main(int argc, char **argv)
{
	int code;

	if (argc < 3 || !code_of(argv[1])) {
		fprintf(stderr, "usage: no_uring EPERM|ENOSYS|EINVAL COMMAND...\n");
		return 2;
	}
	code = refuse_rings(code_of(argv[1]));
	if (code < 0) {
		fprintf(stderr, "no_uring: cannot filter system calls: %s\n", strerror(-code));
		return 125;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "no_uring: cannot run \"%s\": %s\n", argv[2], strerror(errno));
	return 127;
}
