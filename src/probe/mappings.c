/* SPDX-License-Identifier: MIT */
#include "probe/mappings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

#define MAPS_LIMIT_BYTES ((size_t)64 << 20)
#define DELETED          " (deleted)"

static char *copy_path(const char *path, size_t length)
{
	size_t suffix = strlen(DELETED);

	if (length > suffix && strncmp(path + length - suffix, DELETED, suffix) == 0)
		length -= suffix;
	return strndup(path, length);
}

/* "7f00a000-7f00c000 r-xp 00002000 08:01 1234      /usr/lib/libc.so.6", of length characters. */
static int parse_line(struct mapping *mapping, const char *line, size_t length)
{
	unsigned int major, minor;
	char rights[5];
	int path_at = 0;

	memset(mapping, 0, sizeof(*mapping));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n",
		    &mapping->start, &mapping->end, rights, &mapping->offset_bytes, &major, &minor,
		    &mapping->inode, &path_at) != 7)
		return -EINVAL;
	if (rights[2] != 'x' || (size_t)path_at > length)
		return -ENOENT;
	mapping->device = (uint64_t)major << 32 | minor;
	while ((size_t)path_at < length && line[path_at] == ' ')
		path_at++;
	mapping->path = copy_path(line + path_at, length - (size_t)path_at);
	return mapping->path ? 0 : -ENOMEM;
}

static int append(struct mappings *mappings, const struct mapping *mapping)
{
	if (mappings->count == mappings->capacity) {
		size_t capacity = mappings->capacity ? mappings->capacity * 2 : 32;
		struct mapping *items = realloc(
			mappings->items, capacity * sizeof(*mappings->items));

		if (!items)
			return -ENOMEM;
		mappings->items = items;
		mappings->capacity = capacity;
	}
	mappings->items[mappings->count++] = *mapping;
	return 0;
}

int mappings_parse(struct mappings *mappings, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		struct mapping mapping;
		int code = parse_line(&mapping, text, length);

		if (code == 0)
			code = append(mappings, &mapping);
		if (code == -ENOMEM) {
			free(mapping.path);
			return code;
		}
		text += length + (text[length] == '\n');
	}
	return 0;
}

int mappings_read(struct mappings *mappings, uint32_t pid)
{
	struct buf text = {0};
	char path[64];
	int code;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", pid);
	code = file_read(path, MAPS_LIMIT_BYTES, &text, NULL);
	if (code == 0)
		code = mappings_parse(mappings, buf_string(&text));
	buf_release(&text);
	return code;
}

void mappings_release(struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++)
		free(mappings->items[i].path);
	free(mappings->items);
	memset(mappings, 0, sizeof(*mappings));
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == mappings->count || mappings->items[low].start > address)
		return NULL;
	return &mappings->items[low];
}

/* Shared memory without a file has a path too: "/dev/zero", "//anon". */
bool mappings_is_file(const struct mapping *mapping)
{
	return mapping->path[0] == '/' && mapping->path[1] != '/' && mapping->inode != 0 &&
	       strncmp(mapping->path, "/dev/zero", strlen("/dev/zero")) != 0;
}
