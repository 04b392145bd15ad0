/* SPDX-License-Identifier: MIT */
/*
 * The kernel block of a record, from readings: all of the arithmetic, and none of the probe. It is
 * apart from kernel_build.h so that every figure can be checked without a kernel.
 *
 * Owner: the input and the readings are borrowed for the call; the block holds copies. Threads:
 * one. Errors: memory, as a sentence, with the block released.
 */
#ifndef RINGLOAD_RESULT_KERNEL_BLOCK_H
#define RINGLOAD_RESULT_KERNEL_BLOCK_H

#include "base/err.h"
#include "result/kernel_build.h"

/* What a probe says at the end of its window; each as probe.h documents it. */
struct kernel_readings {
	const struct probe_hook *hooks;
	size_t hook_count;
	const struct stages *stages;
	uint32_t sample;
	bool takes_turns;
	uint64_t missed;
	double looked_share, looks_error;
	uint32_t pid;
	const struct stages_thread *threads;
	size_t thread_count;
	const struct probe_abi_slow *slowest;
	size_t slowest_count;
	struct probe_open_requests open;
	bool has_overhead;
	double overhead_ns;
	const char *overhead_reason;
	struct probe_profile profile;
};

/* As kernel_build; without readings (NULL) the reason is the input's. */
int kernel_block_fill(struct result_kernel *kernel, const struct kernel_input *input,
	const struct kernel_readings *readings, struct err *err);

#endif
