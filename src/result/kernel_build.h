/* SPDX-License-Identifier: MIT */
/*
 * From what the probe and the host's counters say to the kernel block of a record.
 *
 * Owner: all of the input is borrowed for the call; the block holds copies. Threads: one. Errors:
 * memory, as a sentence, with the block released.
 */
#ifndef RINGLOAD_RESULT_KERNEL_BUILD_H
#define RINGLOAD_RESULT_KERNEL_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/slowest.h"
#include "observe/host.h"
#include "probe/probe.h"
#include "result/result_kernel.h"

/* What the client knows of the same requests. */
struct kernel_client {
	uint64_t requests;           /* completed, of the window */
	double service_mean_ns;      /* of these */
	bool service_is_lower_bound; /* some never answered: there is no residual then */
	/* Of each worker: the slowest requests it kept. */
	const struct slowest *const *slowest;
	size_t worker_count;
};

struct kernel_input {
	const struct probe *probe;          /* after probe_end; NULL: not measured */
	const char *reason;                 /* why not */
	const struct probe_options *asked;  /* what the probe let pass: its ports and filters */
	uint64_t start_ns;                  /* at_s counts from here (clock.h) */
	const struct host *host;            /* of the window */
	const struct kernel_client *client; /* NULL: something else drove the load */
};

/*
 * Fills *kernel, which needs no initialisation. A probe that saw no request and no connection gives
 * "not measured", with the reason that nothing on this machine took connections on the port.
 */
int kernel_build(struct result_kernel *kernel, const struct kernel_input *input, struct err *err);

#endif
