/* SPDX-License-Identifier: MIT */
#include "probe/image_cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VDSO "[vdso]"
/* It has two to four pages on all architectures. */
#define VDSO_LIMIT_BYTES ((size_t)64 << 10)

/* Only a regular file is opened: opening a device can do things. inode 0: any. */
static int open_regular(const char *path, uint64_t inode)
{
	struct stat status;

	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return -1;
	if (inode && status.st_ino != inode)
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int open_file(uint32_t pid, const struct mapping *mapping)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64, pid,
		mapping->start, mapping->end);
	fd = open_regular(path, 0);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root%s", pid, mapping->path);
	return open_regular(path, mapping->inode);
}

/* The vdso is a complete ELF file, but only in memory. */
static int open_vdso(uint32_t pid, const struct mapping *mapping)
{
	size_t size_bytes = mapping->end - mapping->start;
	char path[64];
	char *bytes;
	int memory, fd = -1;

	if (size_bytes > VDSO_LIMIT_BYTES)
		return -1;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/mem", pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	if (memory < 0)
		return -1;
	bytes = malloc(size_bytes);
	if (bytes && pread(memory, bytes, size_bytes, (off_t)mapping->start) == (ssize_t)size_bytes)
		fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, bytes, size_bytes) != (ssize_t)size_bytes) {
		close(fd);
		fd = -1;
	}
	free(bytes);
	close(memory);
	return fd;
}

struct image *image_cache_get(
	struct image_cache *cache, uint32_t pid, const struct mapping *mapping)
{
	bool vdso = strcmp(mapping->path, VDSO) == 0;
	/* One for each size: programs of another word length have another. */
	uint64_t inode = vdso ? mapping->end - mapping->start : mapping->inode;
	struct image *image;
	int fd;

	if (!vdso && !mappings_is_file(mapping))
		return NULL;
	for (size_t i = 0; i < cache->count; i++) {
		if (cache->entries[i].device == mapping->device && cache->entries[i].inode == inode)
			return cache->entries[i].image;
	}
	if (cache->count == IMAGE_CACHE_LIMIT)
		return NULL;
	fd = vdso ? open_vdso(pid, mapping) : open_file(pid, mapping);
	image = fd >= 0 ? image_new(mapping->path, fd) : NULL;
	if (image)
		cache->entries[cache->count++] = (struct image_cache_entry){
			mapping->device, inode, image};
	return image;
}

void image_cache_release(struct image_cache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		image_free(cache->entries[i].image);
	memset(cache, 0, sizeof(*cache));
}
