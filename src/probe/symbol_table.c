/* SPDX-License-Identifier: MIT */
#include "probe/symbol_table.h"

#include <stdlib.h>
#include <string.h>

/* Symbols may lie inside others; how many are looked through for one that contains an address. */
#define NESTED_LIMIT 16

#define FIRST_CAPACITY ((size_t)256)

void symbol_table_release(struct symbol_table *table)
{
	free(table->symbols);
	buf_release(&table->names);
	memset(table, 0, sizeof(*table));
}

static int make_room(struct symbol_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
	struct symbol *symbols;

	if (table->count < table->capacity)
		return 0;
	symbols = realloc(table->symbols, capacity * sizeof(*symbols));
	if (!symbols)
		return -1;
	table->symbols = symbols;
	table->capacity = capacity;
	return 0;
}

void symbol_table_add(struct symbol_table *table, const struct symbol *symbol, const char *name)
{
	size_t name_offset = table->names.length_bytes;

	if (name_offset > UINT32_MAX || make_room(table))
		return;
	buf_append(&table->names, name, strlen(name) + 1);
	if (table->names.failed)
		return;
	table->symbols[table->count] = *symbol;
	table->symbols[table->count++].name_offset = (uint32_t)name_offset;
}

static int compare_names(const char *a, const char *b)
{
	size_t underscores_a = strspn(a, "_"), underscores_b = strspn(b, "_");
	size_t length_a = strlen(a), length_b = strlen(b);

	if (underscores_a != underscores_b)
		return underscores_a < underscores_b ? -1 : 1;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a, b);
}

static int compare(const void *left, const void *right, void *names)
{
	const struct symbol *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->preference != b->preference)
		return a->preference > b->preference ? -1 : 1;
	return compare_names(
		(const char *)names + a->name_offset, (const char *)names + b->name_offset);
}

void symbol_table_sort(struct symbol_table *table)
{
	struct symbol *symbols = table->symbols;
	size_t kept = 0;

	if (table->count == 0)
		return;
	qsort_r(symbols, table->count, sizeof(*symbols), compare, table->names.data);
	for (size_t i = 1; i < table->count; i++)
		if (symbols[i].start != symbols[kept].start)
			symbols[++kept] = symbols[i];
	table->count = kept + 1;
	for (size_t i = 0; i < table->count; i++) {
		uint64_t reach = SYMBOL_TABLE_REACH;

		if (symbols[i].size_bytes)
			continue;
		if (i + 1 < table->count && symbols[i + 1].start - symbols[i].start < reach)
			reach = symbols[i + 1].start - symbols[i].start;
		symbols[i].size_bytes = reach;
	}
}

const char *symbol_table_find(const struct symbol_table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < NESTED_LIMIT && low > i; i++) {
		const struct symbol *symbol = &table->symbols[low - i - 1];

		if (address - symbol->start < symbol->size_bytes)
			return table->names.data + symbol->name_offset;
	}
	return NULL;
}
