/* SPDX-License-Identifier: MIT */
/*
 * The files that the code of some processes comes from, each opened once. A file is taken as the
 * process has it mapped: also when it was replaced or deleted, and from its own mount namespace.
 *
 * Owner: the caller's storage, zeroed; image_cache_release closes all images, and what was got is
 * valid until then. Threads: one. Errors: none: NULL.
 * Needs: /proc/PID/map_files is for CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE; without them a file is
 * taken by its path if it is still the same file.
 */
#ifndef RINGLOAD_PROBE_IMAGE_CACHE_H
#define RINGLOAD_PROBE_IMAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "probe/image.h"
#include "probe/mappings.h"

/* Different files held open at most. */
#define IMAGE_CACHE_LIMIT 512

struct image_cache {
	struct image_cache_entry {
		uint64_t device, inode;
		struct image *image;
	} entries[IMAGE_CACHE_LIMIT];
	size_t count;
};

/* The image behind a mapping of a process, the vdso included; NULL: it has none, or none that can
 * be opened. */
struct image *image_cache_get(
	struct image_cache *cache, uint32_t pid, const struct mapping *mapping);

void image_cache_release(struct image_cache *cache);

#endif
