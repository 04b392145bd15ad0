/* SPDX-License-Identifier: MIT */
/*
 * Where a process has code, from /proc/PID/maps.
 *
 * Owner: the caller's storage; mappings_release frees what it holds, images excepted; a zeroed
 * struct has none. Threads: one at a time. Errors: -errno; what was read before is kept.
 * Source: proc(5); show_map_vma in fs/proc/task_mmu.c (newlines in paths are written "\012").
 */
#ifndef RINGLOAD_PROBE_MAPPINGS_H
#define RINGLOAD_PROBE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

struct mapping {
	uint64_t start, end;
	uint64_t offset_bytes;  /* of start in the file */
	uint64_t device, inode; /* of the file; 0, 0: none */
	char *path;          /* as in the file: "/usr/bin/node", "[vdso]", ""; " (deleted)" cut */
	struct image *image; /* for who reads them to fill in; borrowed */
};

struct mappings {
	struct mapping *items; /* ascending, only executable ones */
	size_t count, capacity;
};

/* Appends the mappings in text, the content of such a file. */
int mappings_parse(struct mappings *mappings, const char *text);

/* Reads them of a process. */
int mappings_read(struct mappings *mappings, uint32_t pid);

void mappings_release(struct mappings *mappings);

/* NULL: nothing is mapped there. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

/* Whether it is of a file, in a file system. */
bool mappings_is_file(const struct mapping *mapping);

#endif
