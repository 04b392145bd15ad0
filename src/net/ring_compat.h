/* SPDX-License-Identifier: MIT */
/*
 * What newer kernels know of io_uring and liburing 2.3 does not: constants, and questions to the
 * kernel at hand.
 */
#ifndef RINGLOAD_NET_RING_COMPAT_H
#define RINGLOAD_NET_RING_COMPAT_H

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/io_uring.h. Kernel 6.13: */
#define RING_COMPAT_REGISTER_RESIZE_RINGS 33
/* 6.12: a flag of a buffer ring, and of the completions of its receives. */
#define RING_COMPAT_BUFFERS_INCREMENTAL 2U
#define RING_COMPAT_CQE_BUFFER_MORE     16U
/* 6.2: a flag of SEND_ZC, and what its notification then has for a result. */
#define RING_COMPAT_SEND_REPORT_USAGE 8U
#define RING_COMPAT_USAGE_COPIED      (1U << 31)

/*
 * Whether one enter runs only a bounded number of task work items (kernel commit f46b9cdb22f7,
 * 6.13). Nothing tells that directly; resizable rings came with the same release, and a kernel that
 * knows them faults on the bad address, while an older one finds the request invalid.
 */
static inline bool ring_compat_bounds_task_work(int ring_fd)
{
	/* -1 is no address: the kernel reads nothing and changes nothing. */
	long code = syscall(
		__NR_io_uring_register, ring_fd, RING_COMPAT_REGISTER_RESIZE_RINGS, (void *)-1L, 1);

	return code < 0 && errno == EFAULT;
}

#endif
