/* SPDX-License-Identifier: MIT */
/*
 * The slowest requests as the kernel saw them, each laid beside what the client knows of the same
 * one. Both sides know the connection (the client's port), the offset of the request in it, and
 * the clock: the client sent it before it arrived and had the answer after the first send. The time
 * decides between requests of one port that was used again, or to several addresses.
 *
 * Owner, threads, errors: as builder.h.
 */
#ifndef RINGLOAD_RESULT_KERNEL_JOIN_H
#define RINGLOAD_RESULT_KERNEL_JOIN_H

#include "result/builder.h"
#include "result/kernel_build.h"

/* Fills kernel->slowest with at most RESULT_KERNEL_SLOWEST of the rows, which come slowest first.
 * A row that the programs were writing while it was read is left out. */
void kernel_join_slowest(struct builder *builder, struct result_kernel *kernel,
	const struct probe_abi_slow *rows, size_t count, const struct kernel_input *input);

#endif
