/* SPDX-License-Identifier: MIT */
#include "plan/cpulist.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

void cpulist_add(struct cpulist *list, unsigned int cpu)
{
	assert(cpu < CPULIST_LIMIT);
	list->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

bool cpulist_has(const struct cpulist *list, unsigned int cpu)
{
	return cpu < CPULIST_LIMIT && (list->words[cpu / 64] >> (cpu % 64) & 1);
}

unsigned int cpulist_count(const struct cpulist *list)
{
	unsigned int count = 0;

	for (size_t i = 0; i < CPULIST_WORDS; i++)
		count += (unsigned int)__builtin_popcountll(list->words[i]);
	return count;
}

unsigned int cpulist_next(const struct cpulist *list, unsigned int from)
{
	for (unsigned int cpu = from; cpu < CPULIST_LIMIT; cpu++) {
		if (list->words[cpu / 64] >> (cpu % 64) & 1)
			return cpu;
		if (list->words[cpu / 64] == 0)
			cpu |= 63; /* the rest of an empty word at once */
	}
	return CPULIST_LIMIT;
}

void cpulist_unite(struct cpulist *list, const struct cpulist *other)
{
	for (size_t i = 0; i < CPULIST_WORDS; i++)
		list->words[i] |= other->words[i];
}

void cpulist_intersect(struct cpulist *list, const struct cpulist *other)
{
	for (size_t i = 0; i < CPULIST_WORDS; i++)
		list->words[i] &= other->words[i];
}

bool cpulist_contains(const struct cpulist *list, const struct cpulist *part)
{
	for (size_t i = 0; i < CPULIST_WORDS; i++) {
		if (part->words[i] & ~list->words[i])
			return false;
	}
	return true;
}

/* Reads a number and moves *text behind it. */
static int parse_cpu(const char **text, unsigned int *cpu)
{
	unsigned int value = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	while (isdigit((unsigned char)**text)) {
		value = value * 10 + (unsigned int)(**text - '0');
		if (value >= CPULIST_LIMIT)
			return -ERANGE;
		(*text)++;
	}
	*cpu = value;
	return 0;
}

static int parse_range(const char **text, struct cpulist *list)
{
	unsigned int first, last;
	int rc = parse_cpu(text, &first);

	if (rc)
		return rc;
	last = first;
	if (**text == '-') {
		(*text)++;
		rc = parse_cpu(text, &last);
		if (rc)
			return rc;
	}
	if (last < first)
		return -EINVAL;
	for (unsigned int cpu = first; cpu <= last; cpu++)
		cpulist_add(list, cpu);
	return 0;
}

int cpulist_parse(struct cpulist *list, const char *text)
{
	memset(list, 0, sizeof(*list));
	if (text[strspn(text, " \t\n")] == '\0')
		return 0;
	for (;;) {
		int rc = parse_range(&text, list);

		if (rc)
			return rc;
		if (*text != ',')
			break;
		text++;
	}
	return text[strspn(text, " \t\n")] == '\0' ? 0 : -EINVAL;
}

char *cpulist_format(char *out, size_t out_bytes, const struct cpulist *list)
{
	size_t used = 0;

	assert(out_bytes >= 4);
	out[0] = '\0';
	for (unsigned int cpu = cpulist_next(list, 0); cpu < CPULIST_LIMIT;) {
		unsigned int last = cpu;
		char piece[32];
		int length;

		while (cpulist_has(list, last + 1))
			last++;
		length = last == cpu ? snprintf(piece, sizeof(piece), "%s%u", used ? "," : "", cpu)
				     : snprintf(piece, sizeof(piece), "%s%u-%u", used ? "," : "",
					       cpu, last);
		if (used + (size_t)length + sizeof("...") > out_bytes) {
			strcpy(out + used, "...");
			break;
		}
		memcpy(out + used, piece, (size_t)length + 1);
		used += (size_t)length;
		cpu = cpulist_next(list, last + 1);
	}
	return out;
}
