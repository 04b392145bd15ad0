/* SPDX-License-Identifier: MIT */
#include "base/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIX_ACCEPTS 0x10000U /* __SO_ACCEPTCON in the column "Flags" */

void procfs_each(const char *folder, procfs_visit *visit, void *context)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			sizeof(path))
			continue;
		if (!visit(path, strtoull(entry->d_name, NULL, 10), context))
			break;
	}
	if (dir)
		closedir(dir);
}

bool procfs_link(const char *path, const char *kind, uint64_t *inode)
{
	size_t kind_bytes = strlen(kind);
	char link[64];
	ssize_t bytes = readlink(path, link, sizeof(link) - 1);

	if (bytes <= 0)
		return false;
	link[bytes] = '\0';
	return !strncmp(link, kind, kind_bytes) &&
	       sscanf(link + kind_bytes, ":[%" SCNu64 "]", inode) == 1;
}

bool procfs_listens_unix(const char *line, const char *name, uint64_t *inode)
{
	size_t bytes = strlen(name);
	unsigned int flags;
	int path = 0;

	return sscanf(line, " %*x: %*x %*x %x %*x %*x %" SCNu64 " %n", &flags, inode, &path) == 2 &&
	       (flags & UNIX_ACCEPTS) && path && strncmp(line + path, name, bytes) == 0 &&
	       (line[path + bytes] == '\n' || line[path + bytes] == '\0');
}
