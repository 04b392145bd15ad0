/* SPDX-License-Identifier: MIT */
#include "observe/reading.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

void reading_init(struct reading *reading, const char *root)
{
	struct statfs status;

	reading->root = strcmp(root, "/") ? root : "";
	reading->text[0] = '\0';
	reading->calls = 0;
	snprintf(reading->path, sizeof(reading->path), "%s/proc", reading->root);
	reading->is_procfs = statfs(reading->path, &status) == 0 &&
			     status.f_type == PROC_SUPER_MAGIC;
}

static bool __attribute__((format(printf, 2, 0)))
make_path(struct reading *reading, const char *format, va_list arguments)
{
	size_t used = (size_t)snprintf(reading->path, sizeof(reading->path), "%s", reading->root);

	if (used >= sizeof(reading->path))
		return false;
	return (size_t)vsnprintf(reading->path + used, sizeof(reading->path) - used, format,
		       arguments) < sizeof(reading->path) - used;
}

static int open_path(struct reading *reading)
{
	reading->calls++;
	return open(reading->path, O_RDONLY | O_CLOEXEC);
}

/* From the beginning, until nothing comes or, with `once`, after the first piece. */
static bool read_text(struct reading *reading, int file, bool once)
{
	size_t used = 0;
	ssize_t bytes = 0;

	while (used < sizeof(reading->text) - 1) {
		reading->calls++;
		bytes = pread(
			file, reading->text + used, sizeof(reading->text) - 1 - used, (off_t)used);
		if (bytes <= 0)
			break;
		used += (size_t)bytes;
		if (once)
			break;
	}
	reading->text[used] = '\0';
	if (used == sizeof(reading->text) - 1 && strrchr(reading->text, '\n'))
		strrchr(reading->text, '\n')[1] = '\0';
	return used || !bytes;
}

bool reading_file(struct reading *reading, const char *format, ...)
{
	va_list arguments;
	bool fits, done;
	int file;

	va_start(arguments, format);
	fits = make_path(reading, format, arguments);
	va_end(arguments);
	reading->text[0] = '\0';
	file = fits ? open_path(reading) : -1;
	if (file < 0)
		return false;
	done = read_text(reading, file, false);
	reading->calls++;
	close(file);
	return done;
}

bool reading_kept(struct reading *reading, int *file, bool keep, const char *format, ...)
{
	va_list arguments;
	bool done;

	reading->text[0] = '\0';
	if (*file < 0) {
		va_start(arguments, format);
		if (make_path(reading, format, arguments))
			*file = open_path(reading);
		va_end(arguments);
	}
	if (*file < 0)
		return false;
	done = read_text(reading, *file, true) && reading->text[0];
	if (!keep)
		reading_close(reading, file);
	return done;
}

void reading_close(struct reading *reading, int *file)
{
	if (*file < 0)
		return;
	reading->calls++;
	close(*file);
	*file = -1;
}

size_t reading_numbers(struct reading *reading, uint32_t *numbers, size_t limit, size_t most,
	const char *format, ...)
{
	struct dirent *entry;
	va_list arguments;
	size_t count = 0;
	DIR *folder = NULL;

	va_start(arguments, format);
	if (make_path(reading, format, arguments)) {
		reading->calls++;
		folder = opendir(reading->path);
	}
	va_end(arguments);
	if (!folder)
		return 0;
	/* libc asks for 32 KiB at a time: about a thousand entries a call. */
	reading->calls += 2;
	while (count < most && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (count < limit)
			numbers[count] = (uint32_t)strtoul(entry->d_name, NULL, 10);
		count++;
	}
	reading->calls += count / 1000;
	closedir(folder);
	return count;
}

bool reading_size(struct reading *reading, uint64_t *size, const char *format, ...)
{
	struct stat status;
	va_list arguments;
	bool fits;

	va_start(arguments, format);
	fits = make_path(reading, format, arguments);
	va_end(arguments);
	if (!reading->is_procfs || !fits)
		return false;
	reading->calls++;
	if (stat(reading->path, &status) < 0 || !status.st_size)
		return false;
	*size = (uint64_t)status.st_size;
	return true;
}

bool reading_exists(struct reading *reading, const char *format, ...)
{
	va_list arguments;
	bool fits;

	va_start(arguments, format);
	fits = make_path(reading, format, arguments);
	va_end(arguments);
	reading->calls++;
	return fits && access(reading->path, F_OK) == 0;
}

bool reading_figure(const char *text, const char *key, uint64_t *value)
{
	size_t bytes = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, bytes) || !strchr(" \t:", line[bytes]) || !line[bytes])
			continue;
		line += bytes + strspn(line + bytes, " \t:");
		if (!isdigit((unsigned char)*line))
			continue;
		*value = strtoull(line, NULL, 10);
		return true;
	}
	return false;
}
