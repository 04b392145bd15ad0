/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Recording into the histograms of ringload/probe_abi.h.
 *
 * Threads: a CPU records into its own; two programs on one CPU record into different ones, or one
 * cannot interrupt the other.
 */
#ifndef RINGLOAD_BPF_HIST_H
#define RINGLOAD_BPF_HIST_H

#include "ringload/probe_abi.h"

static __attribute__((always_inline)) inline void hist_add(
	struct probe_abi_hist *hist, __u64 value_ns)
{
	__u32 index = hist_layout_index(PROBE_ABI_PRECISION_BITS, value_ns);

	if (index >= PROBE_ABI_CELLS)
		index = PROBE_ABI_CELLS - 1;
	hist->cells[index]++;
	hist->sum_ns += value_ns;
}

#endif
