/* SPDX-License-Identifier: MIT */
/*
 * The slowest requests of a window, from the rows that each CPU keeps of its own.
 *
 * Owner: the caller's. Threads: the programs change rows meanwhile; one that does not keep still
 * is copied as it is at last. Errors: none.
 */
#ifndef RINGLOAD_PROBE_SLOW_H
#define RINGLOAD_PROBE_SLOW_H

#include <stddef.h>
#include <stdint.h>

#include "ringload/probe_abi.h"

/* Fills rows, slowest first; returns how many there are. */
size_t slow_merge(struct probe_abi_slow rows[PROBE_ABI_SLOWEST], const struct probe_abi_cpu *cpus,
	size_t cpu_count, uint32_t window);

#endif
