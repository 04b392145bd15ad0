/* SPDX-License-Identifier: MIT */
#include "doctor/sight.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Max open files            1024                 4096                 files". */
static struct sight_limit read_limit(const char *text, const char *name)
{
	struct sight_limit limit = {0};
	const char *line = text ? strstr(text, name) : NULL;
	char soft[32], hard[32];

	if (!line || sscanf(line + strlen(name), "%31s %31s", soft, hard) != 2)
		return limit;
	limit.known = true;
	limit.soft = isdigit((unsigned char)*soft) ? strtoull(soft, NULL, 10) : SIGHT_UNLIMITED;
	limit.hard = isdigit((unsigned char)*hard) ? strtoull(hard, NULL, 10) : SIGHT_UNLIMITED;
	return limit;
}

static void read_capabilities(struct sight *sight)
{
	const char *text = sight_text(sight, "/proc/self/status");
	const char *line = text ? strstr(text, "\nCapEff:") : NULL;

	sight->has_capabilities = line &&
				  sscanf(line, " CapEff: %" SCNx64, &sight->capabilities) == 1;
}

int sight_open(struct sight *sight, const char *root, uint32_t pid, const struct live *live,
	struct err *err)
{
	int code = topology_read(&sight->topology, root, err);
	const char *limits;

	if (code)
		return code;
	sight->live = live;
	reading_init(&sight->reading, root);
	ports_read(&sight->ports, root);
	control_group_find(&sight->group, &sight->reading, pid);
	control_group_read(&sight->group, &sight->reading);
	sight->capabilities = 0;
	read_capabilities(sight);
	limits = sight_text(sight, "/proc/self/limits");
	sight->files = read_limit(limits, "Max open files");
	sight->locked_bytes = read_limit(limits, "Max locked memory");
	return 0;
}

void sight_release(struct sight *sight)
{
	topology_release(&sight->topology);
}

bool sight_can(const struct sight *sight, unsigned int capability)
{
	return sight->capabilities >> capability & 1;
}

bool sight_can_trace(const struct sight *sight)
{
	return sight_can(sight, CAP_SYS_ADMIN) ||
	       (sight_can(sight, CAP_BPF) && sight_can(sight, CAP_PERFMON));
}

/* Makes the path of the file at hand. */
#define TAKE_PATH(sight, format)                                                    \
	do {                                                                        \
		va_list arguments;                                                  \
                                                                                    \
		va_start(arguments, format);                                        \
		vsnprintf((sight)->path, sizeof((sight)->path), format, arguments); \
		va_end(arguments);                                                  \
	} while (0)

/* The text of the file at hand, which may be cut up; NULL when it cannot be read. */
static char *text_at(struct sight *sight)
{
	return reading_file(&sight->reading, "%s", sight->path) ? sight->reading.text : NULL;
}

static char *word_at(struct sight *sight)
{
	char *text = text_at(sight);

	if (!text)
		return NULL;
	text += strspn(text, " \t\n");
	text[strcspn(text, " \t\n")] = '\0';
	return *text ? text : NULL;
}

const char *sight_text(struct sight *sight, const char *format, ...)
{
	TAKE_PATH(sight, format);
	return text_at(sight);
}

char *sight_word(struct sight *sight, const char *format, ...)
{
	TAKE_PATH(sight, format);
	return word_at(sight);
}

char *sight_choice(struct sight *sight, const char *format, ...)
{
	char *text;

	TAKE_PATH(sight, format);
	text = text_at(sight);
	text = text ? strchr(text, '[') : NULL;
	if (!text || !strchr(text, ']'))
		return NULL;
	*strchr(text, ']') = '\0';
	return text + 1;
}

bool sight_number(struct sight *sight, uint64_t *number, const char *format, ...)
{
	const char *word;
	char *end;

	TAKE_PATH(sight, format);
	word = word_at(sight);
	if (!word || !isdigit((unsigned char)*word))
		return false;
	*number = strtoull(word, &end, 10);
	return !*end;
}

bool sight_exists(struct sight *sight, const char *format, ...)
{
	TAKE_PATH(sight, format);
	return reading_exists(&sight->reading, "%s", sight->path);
}

bool sight_cpus(struct sight *sight, struct cpulist *cpus, const char *format, ...)
{
	const char *text;

	TAKE_PATH(sight, format);
	text = text_at(sight);
	return text && cpulist_parse(cpus, text) == 0;
}

/* The last digit is of CPUs 0 to 3. */
bool sight_cpu_mask(struct sight *sight, struct cpulist *cpus, const char *format, ...)
{
	unsigned int cpu = 0, digit;
	const char *text;

	TAKE_PATH(sight, format);
	text = word_at(sight);
	memset(cpus, 0, sizeof(*cpus));
	for (size_t i = text ? strlen(text) : 0; i-- > 0;) {
		if (text[i] == ',')
			continue;
		if (!isxdigit((unsigned char)text[i]) || cpu + 4 > CPULIST_LIMIT)
			return false;
		digit = (unsigned int)strtoul((char[]){text[i], '\0'}, NULL, 16);
		for (unsigned int bit = 0; bit < 4; bit++)
			if (digit >> bit & 1)
				cpulist_add(cpus, cpu + bit);
		cpu += 4;
	}
	return text;
}

size_t sight_names(struct sight *sight, const char *begin, char (*names)[SIGHT_NAME_BYTES],
	size_t limit, const char *format, ...)
{
	char folder[2 * READING_PATH_BYTES];
	struct dirent **entries = NULL;
	size_t found = 0;
	int count;

	TAKE_PATH(sight, format);
	snprintf(folder, sizeof(folder), "%s%s", sight->reading.root, sight->path);
	count = scandir(folder, &entries, NULL, versionsort);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (found < limit && name[0] != '.' && !strncmp(name, begin, strlen(begin)) &&
			strlen(name) < SIGHT_NAME_BYTES)
			strcpy(names[found++], name);
		free(entries[i]);
	}
	free(entries);
	return found;
}
