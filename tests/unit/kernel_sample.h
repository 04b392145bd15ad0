/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of a run that never took place, for tests of what is made of it: kernel_sample
 * gives a server in good health (one thread, nothing dropped, nothing missing), kernel_sample_parts
 * says how long its requests spent where, and a test changes what it is about.
 *
 * Owner: the record is the caller's, released with result_kernel_release. Errors: asserted.
 */
#ifndef TESTS_UNIT_KERNEL_SAMPLE_H
#define TESTS_UNIT_KERNEL_SAMPLE_H

#include "result/result_kernel.h"

/* Requests, all attributed, of a client that made eight times as many; without any stage yet. */
void kernel_sample(struct result_kernel *kernel, uint64_t requests);

/* Means of the parts, over all requests and over the slowest 1 %; sums and shares follow. */
void kernel_sample_parts(struct result_kernel *kernel, const double all_us[PROBE_ABI_PARTS],
	const double slowest_us[PROBE_ABI_PARTS]);

/* A stage beside residence. */
void kernel_sample_beside(
	struct result_kernel *kernel, enum probe_abi_stage stage, uint64_t count, double mean_us);

void kernel_sample_hook(
	struct result_kernel *kernel, const char *stage, const char *hook, const char *missing);

/* Another thread of the server, which slept when it did not run or want to. */
struct result_kernel_worker *kernel_sample_worker(
	struct result_kernel *kernel, const char *name, uint64_t requests, double cpu, double runq);

/* A slow request seen from both sides, with these parts. */
struct result_kernel_slow *kernel_sample_slow(
	struct result_kernel *kernel, const double part_us[PROBE_ABI_PARTS]);

void kernel_sample_stack(struct result_kernel *kernel, const char *frames, uint64_t samples);

/* A counter that was not measured. */
void kernel_sample_absent(
	struct result_kernel *kernel, enum result_kernel_counter_kind counter, const char *reason);

#endif
