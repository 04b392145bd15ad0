/* SPDX-License-Identifier: MIT */
#include "probe/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "7f3a2c001000 1c0 name with spaces", numbers in hexadecimal. */
static void add_line(struct symbol_table *table, char *line, uint32_t number)
{
	struct symbol symbol = {.preference = number};
	char *end;

	symbol.start = strtoull(line, &end, 16);
	if (end == line || *end != ' ')
		return;
	line = end;
	symbol.size_bytes = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || symbol.size_bytes == 0)
		return;
	line = end + 1;
	line[strcspn(line, "\n")] = '\0';
	if (*line)
		symbol_table_add(table, &symbol, line);
}

static FILE *open_owned(const char *path, uid_t owner)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		(status.st_uid == owner || status.st_uid == 0)) {
		file = fdopen(fd, "r");
		if (file)
			return file;
	} else {
		errno = EACCES;
	}
	close(fd);
	return NULL;
}

int perf_map_read(struct symbol_table *table, const char *path, uid_t owner)
{
	FILE *file = open_owned(path, owner);
	size_t line_bytes = 0, bytes = 0;
	uint32_t number = 0;
	char *line = NULL;
	ssize_t length;

	if (!file)
		return -errno;
	while (bytes < PERF_MAP_LIMIT_BYTES && (length = getline(&line, &line_bytes, file)) >= 0) {
		bytes += (size_t)length;
		add_line(table, line, number++);
	}
	free(line);
	fclose(file);
	symbol_table_sort(table);
	return 0;
}
