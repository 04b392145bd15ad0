/* SPDX-License-Identifier: MIT */
#include "probe/symbols.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/utf8.h"
#include "probe/image_cache.h"
#include "probe/kallsyms.h"
#include "probe/mappings.h"
#include "probe/perf_map.h"

#define NAME_BYTES       64
#define FILE_LIMIT_BYTES 65536

struct process {
	uint32_t pid;
	uint32_t inner_pid;      /* as the process itself sees it, in its namespace */
	uint64_t started;        /* with pid, which process it is */
	uid_t owner;             /* of its files below /tmp */
	char name[NAME_BYTES];   /* "" when it had ended already */
	struct mappings first;   /* when it was added */
	struct mappings latest;  /* at the last update */
	struct symbol_table jit; /* its perf map */
	bool jit_read;
};

struct symbols {
	struct process *processes;
	size_t count, capacity;
	size_t asked; /* index of the process that was asked about last */
	struct image_cache images;
	struct symbol_table kernel;
	int kernel_code; /* of reading it */
	bool kernel_read;
};

/* --- processes --- */

/* A file of /proc/PID, cut to the storage; "" when there is none. */
static void read_status_file(uint32_t pid, const char *name, char *text, size_t text_bytes)
{
	char path[64];
	struct buf content = {0};

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	text[0] = '\0';
	if (file_read(path, FILE_LIMIT_BYTES, &content, NULL) == 0)
		snprintf(text, text_bytes, "%s", buf_string(&content));
	buf_release(&content);
}

/* Field 22 of /proc/PID/stat: when the process started; 0: there is none. The name, field 2, may
 * hold anything but is in brackets. */
static uint64_t start_time(uint32_t pid)
{
	char text[1024];
	const char *at;

	read_status_file(pid, "stat", text, sizeof(text));
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* The last number of "NSpid:\t4711\t12" is the innermost namespace's. */
static uint32_t inner_pid(uint32_t pid)
{
	char text[4096];
	const char *line, *number;

	read_status_file(pid, "status", text, sizeof(text));
	line = strstr(text, "\nNSpid:");
	if (!line)
		return pid;
	line++;
	number = line + strcspn(line, "\n");
	while (number > line && number[-1] != '\t')
		number--;
	return (uint32_t)strtoul(number, NULL, 10);
}

static uid_t owner_of(uint32_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRIu32, pid);
	return stat(path, &status) ? 0 : status.st_uid;
}

/* Its mappings as they are now, with the images behind them. */
static void look(struct symbols *symbols, struct process *process, struct mappings *mappings)
{
	struct mappings found = {0};

	if (mappings_read(&found, process->pid) || found.count == 0) {
		mappings_release(&found);
		return;
	}
	for (size_t i = 0; i < found.count; i++)
		found.items[i].image = image_cache_get(
			&symbols->images, process->pid, &found.items[i]);
	mappings_release(mappings);
	*mappings = found;
	read_status_file(process->pid, "comm", process->name, sizeof(process->name));
	process->name[strcspn(process->name, "\n")] = '\0';
}

static struct process *find_process(struct symbols *symbols, uint32_t pid)
{
	if (symbols->asked < symbols->count && symbols->processes[symbols->asked].pid == pid)
		return &symbols->processes[symbols->asked];
	for (size_t i = 0; i < symbols->count; i++) {
		if (symbols->processes[i].pid != pid)
			continue;
		symbols->asked = i;
		return &symbols->processes[i];
	}
	return NULL;
}

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->count; i++) {
		mappings_release(&symbols->processes[i].first);
		mappings_release(&symbols->processes[i].latest);
		symbol_table_release(&symbols->processes[i].jit);
	}
	free(symbols->processes);
	image_cache_release(&symbols->images);
	symbol_table_release(&symbols->kernel);
	free(symbols);
}

void symbols_add(struct symbols *symbols, uint32_t pid)
{
	struct process *process;

	if (find_process(symbols, pid))
		return;
	if (symbols->count == symbols->capacity) {
		size_t capacity = symbols->capacity ? symbols->capacity * 2 : 8;

		process = realloc(symbols->processes, capacity * sizeof(*process));
		if (!process)
			return;
		symbols->processes = process;
		symbols->capacity = capacity;
	}
	process = &symbols->processes[symbols->count++];
	*process = (struct process){
		.pid = pid,
		.inner_pid = inner_pid(pid),
		.started = start_time(pid),
		.owner = owner_of(pid),
	};
	look(symbols, process, &process->first);
}

void symbols_update(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->count; i++) {
		struct process *process = &symbols->processes[i];

		/* Its number may be another's by now. */
		if (process->started && start_time(process->pid) == process->started)
			look(symbols, process, &process->latest);
	}
}

/* --- names --- */

/* ';' separates the frames of a stack. */
static void append_name(struct buf *out, const char *name)
{
	while (*name) {
		size_t bytes = utf8_bytes(name);

		if (bytes > 1)
			buf_append(out, name, bytes);
		else if (*name == ';')
			buf_text(out, ":");
		else if (bytes == 0 || (unsigned char)*name < 0x20 || *name == 0x7f)
			buf_text(out, "?");
		else
			buf_append(out, name, 1);
		name += bytes ? bytes : 1;
	}
}

void symbols_process(struct symbols *symbols, uint32_t pid, struct buf *out)
{
	const struct process *process = find_process(symbols, pid);

	if (process && process->name[0])
		append_name(out, process->name);
	else
		buf_printf(out, "[pid %" PRIu32 "]", pid);
}

/* Read once, when first needed; from the process's own /tmp, or from here when it has ended. */
static const char *find_jit(struct process *process, uint64_t address)
{
	char path[128];

	if (!process->jit_read) {
		process->jit_read = true;
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root/tmp/perf-%" PRIu32 ".map",
			process->pid, process->inner_pid);
		if (perf_map_read(&process->jit, path, process->owner)) {
			snprintf(path, sizeof(path), "/tmp/perf-%" PRIu32 ".map", process->pid);
			perf_map_read(&process->jit, path, process->owner);
		}
	}
	return symbol_table_find(&process->jit, address);
}

/* "nginx+0x4a2c0", "[anon]+0x40" */
static void append_place(struct buf *out, const struct mapping *mapping, uint64_t place)
{
	const char *name = strrchr(mapping->path, '/');

	if (mapping->path[0] == '[')
		name = mapping->path;
	else if (!mappings_is_file(mapping) || !name)
		name = "[anon]";
	else
		name++;
	append_name(out, name);
	buf_printf(out, "+0x%" PRIx64, place);
}

static const struct mapping *find_mapping(const struct process *process, uint64_t address)
{
	const struct mapping *mapping = mappings_find(&process->latest, address);

	return mapping ? mapping : mappings_find(&process->first, address);
}

size_t symbols_depth(struct symbols *symbols, uint32_t pid, const uint64_t *addresses, size_t count)
{
	struct process *process = find_process(symbols, pid);

	for (size_t i = 0; i < count; i++) {
		uint64_t address = addresses[i] - (i > 0);

		if (!process || (!find_mapping(process, address) && !find_jit(process, address)))
			return i;
	}
	return count;
}

void symbols_user(
	struct symbols *symbols, uint32_t pid, uint64_t address, bool returns, struct buf *out)
{
	struct process *process = find_process(symbols, pid);
	const struct mapping *mapping = process ? find_mapping(process, address - returns) : NULL;
	const char *name = NULL;
	uint64_t place = 0;

	if (mapping)
		place = address - mapping->start;
	if (mapping && mapping->image) {
		place += mapping->offset_bytes - returns;
		place = image_address(mapping->image, place);
		name = image_find(mapping->image, place);
		place += returns;
	}
	if (process && !name)
		name = find_jit(process, address - returns);
	if (name)
		append_name(out, name);
	else if (mapping)
		append_place(out, mapping, place);
	else
		buf_text(out, "[unknown]");
}

void symbols_kernel(struct symbols *symbols, uint64_t address, bool returns, struct buf *out)
{
	const char *name;

	if (!symbols->kernel_read) {
		symbols->kernel_read = true;
		symbols->kernel_code = kallsyms_read(&symbols->kernel, KALLSYMS_PATH);
	}
	name = symbol_table_find(&symbols->kernel, address - returns);
	if (name)
		append_name(out, name);
	else if (symbols->kernel_code)
		buf_text(out, "[kernel, names hidden by kernel.kptr_restrict]");
	else
		buf_text(out, "[kernel]");
}
