/* SPDX-License-Identifier: MIT */
/*
 * A set of CPU numbers, and the notation of the kernel and of --cpus for it: "0-3,8,10-11".
 *
 * Owner: the caller's storage; zeroed is empty; nothing to release. Threads: one at a time.
 * Errors: parsing returns -EINVAL, or -ERANGE for a number that is not below CPULIST_LIMIT; the
 * caller writes the sentence, as it knows whether an option or a kernel file was read.
 * Source: Documentation/admin-guide/cputopology.rst and bitmap_parselist in the kernel; its stride
 * notation ("0-31:2/4") is never printed by it and not accepted here.
 */
#ifndef RINGLOAD_PLAN_CPULIST_H
#define RINGLOAD_PLAN_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest NR_CPUS any architecture allows (x86 with MAXSMP). */
#define CPULIST_LIMIT 8192U
#define CPULIST_WORDS (CPULIST_LIMIT / 64)

struct cpulist {
	uint64_t words[CPULIST_WORDS];
};

/* White space at the end, as kernel files have it, is passed over. Empty text is the empty set. */
int cpulist_parse(struct cpulist *list, const char *text);

void cpulist_add(struct cpulist *list, unsigned int cpu);
bool cpulist_has(const struct cpulist *list, unsigned int cpu);
unsigned int cpulist_count(const struct cpulist *list);

/* The smallest member that is at least `from`, or CPULIST_LIMIT. */
unsigned int cpulist_next(const struct cpulist *list, unsigned int from);

void cpulist_unite(struct cpulist *list, const struct cpulist *other);
void cpulist_intersect(struct cpulist *list, const struct cpulist *other);
bool cpulist_contains(const struct cpulist *list, const struct cpulist *part);

/* Writes the list in the same notation, cut with "..." where out is too small; returns out. */
char *cpulist_format(char *out, size_t out_bytes, const struct cpulist *list);

#endif
