/* SPDX-License-Identifier: MIT */
#include "probe/slow.h"

#include <string.h>

#define SLOW_ATTEMPTS 4

static void slow_copy(struct probe_abi_slow *copy, const struct probe_abi_slow *row)
{
	for (int i = 0; i < SLOW_ATTEMPTS; i++) {
		memcpy(copy, row, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (memcmp(copy, row, sizeof(*copy)) == 0)
			return;
	}
}

/* Keeps the rows sorted; the fastest falls out when there is no room. */
static size_t slow_insert(
	struct probe_abi_slow *rows, size_t count, const struct probe_abi_slow *row)
{
	size_t place = count;

	while (place > 0 && rows[place - 1].residence_ns < row->residence_ns)
		place--;
	if (place == PROBE_ABI_SLOWEST)
		return count;
	if (count < PROBE_ABI_SLOWEST)
		count++;
	memmove(rows + place + 1, rows + place, (count - place - 1) * sizeof(*rows));
	rows[place] = *row;
	return count;
}

size_t slow_merge(struct probe_abi_slow rows[PROBE_ABI_SLOWEST], const struct probe_abi_cpu *cpus,
	size_t cpu_count, uint32_t window)
{
	size_t count = 0;

	for (size_t cpu = 0; cpu < cpu_count; cpu++) {
		if (cpus[cpu].slow_window != window)
			continue;
		for (size_t i = 0; i < PROBE_ABI_SLOWEST; i++) {
			struct probe_abi_slow row;

			slow_copy(&row, &cpus[cpu].slowest[i]);
			if (row.residence_ns)
				count = slow_insert(rows, count, &row);
		}
	}
	return count;
}
