/* SPDX-License-Identifier: MIT */
/*
 * Processes of a machine that is not there: their files of procfs, below a tree (tree.h).
 *
 * Owner, threads, errors: as tree.h.
 */
#ifndef TESTS_UNIT_MACHINE_TREE_H
#define TESTS_UNIT_MACHINE_TREE_H

#include <stdint.h>

#include "tests/unit/tree.h"

/* What differs from process to process; a zeroed one sleeps and has one thread. */
struct machine_process {
	uint32_t pid, ppid, threads;
	const char *name;
	char state;
	uint64_t start, user, system, minor, major;                          /* ticks, faults */
	uint64_t child_user, child_system, child_minor, child_major;         /* inherited */
	uint64_t rss_pages, swap_kib, voluntary, involuntary, read, written; /* bytes */
	unsigned int files;
};

/* In memory where that is possible: these trees have thousands of files that change all the time.
 */
struct tree *machine_tree_new(void);

/* Writes its stat, status, io, limits and fd. */
void machine_tree_write(const struct tree *tree, const struct machine_process *process);

/* Its stat alone, where many are needed. */
void machine_tree_write_stat(const struct tree *tree, const struct machine_process *process);

/* As when it ended and was waited for. */
void machine_tree_remove(const struct tree *tree, uint32_t pid);

#endif
