/* SPDX-License-Identifier: MIT */
/*
 * Names of ranges of addresses: which function does this instruction belong to? The same for the
 * kernel, for an ELF file and for a runtime's own map of what it compiled.
 *
 * Fill it with symbol_table_add, then symbol_table_sort once, then ask.
 *
 * Owner: the caller's storage; symbol_table_release frees what it holds, a zeroed struct is an
 * empty table. Threads: one at a time; pure once sorted. Errors: none; without memory for a symbol,
 * the table lacks it.
 */
#ifndef RINGLOAD_PROBE_SYMBOL_TABLE_H
#define RINGLOAD_PROBE_SYMBOL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* How far a symbol of unknown size reaches at most when no other follows. */
#define SYMBOL_TABLE_REACH ((uint64_t)256 << 10)

struct symbol {
	uint64_t start;
	uint64_t size_bytes;  /* 0: unknown, until the next one begins */
	uint32_t preference;  /* of several that begin at one address, the greatest stays */
	uint32_t name_offset; /* in the table's names; filled in by symbol_table_add */
};

struct symbol_table {
	struct symbol *symbols;
	size_t count, capacity;
	struct buf names;
};

void symbol_table_release(struct symbol_table *table);

/* Copies both. */
void symbol_table_add(struct symbol_table *table, const struct symbol *symbol, const char *name);

/* Of equal preference, the name with fewer leading underscores stays, then the shorter one. */
void symbol_table_sort(struct symbol_table *table);

/* The symbol around the address that begins nearest before it; NULL: none. The name is the
 * table's. */
const char *symbol_table_find(const struct symbol_table *table, uint64_t address);

#endif
