/* SPDX-License-Identifier: MIT */
/*
 * What a probe might have read from a server that never ran, and what its client might know, for
 * tests of the record made of it. readings_init gives something to every figure, each of another
 * value; a test changes what it is about and calls kernel_block_fill.
 *
 * Owner: the struct is the caller's; readings_release frees what it holds. Errors: asserted.
 */
#ifndef TESTS_UNIT_READINGS_H
#define TESTS_UNIT_READINGS_H

#include "result/kernel_block.h"

#define READINGS_START_NS 1000000000000ULL

struct readings {
	struct stages stages;
	struct probe_hook hooks[2];
	struct stages_thread threads[2];
	struct probe_abi_slow slowest[PROBE_ABI_SLOWEST];
	struct probe_stack stacks[2];
	struct host host;
	struct slowest_row client_rows[8];
	struct slowest client_slowest[2];
	const struct slowest *workers[2];
	struct kernel_client client;
	struct probe_options asked;
	struct kernel_input input;
	struct kernel_readings readings;
};

/* 1,000 requests of 100 µs and 20 of 10 ms, of which the client made 8,000. */
void readings_init(struct readings *readings);
void readings_release(struct readings *readings);

/* An attributed request that spent this in each part. */
void readings_answer(struct readings *readings, const uint64_t part_ns[PROBE_ABI_PARTS]);

/* A sample of a stage beside residence. */
void readings_record(struct readings *readings, enum probe_abi_stage stage, uint64_t value_ns);

/* No request, no thread, no connection. */
void readings_clear(struct readings *readings);

#endif
