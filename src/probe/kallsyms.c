/* SPDX-License-Identifier: MIT */
#include "probe/kallsyms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "ffffffff81000000 T _text" and, for a module, "\t[name]"; types in capitals are global. Only text
 * and weak symbols: an instruction is in nothing else. */
static int add_line(struct symbol_table *table, const char *line)
{
	struct symbol symbol = {0};
	char name[512], type;
	unsigned long long start;

	if (sscanf(line, "%llx %c %511s", &start, &type, name) != 3 || !strchr("tTwW", type))
		return 0;
	symbol.start = start;
	symbol.preference = type == 'T';
	if (start)
		symbol_table_add(table, &symbol, name);
	return 1;
}

int kallsyms_read(struct symbol_table *table, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t lines = 0, line_bytes = 0;
	char *line = NULL;

	if (!file)
		return -errno;
	while (getline(&line, &line_bytes, file) >= 0)
		lines += (size_t)add_line(table, line);
	free(line);
	fclose(file);
	symbol_table_sort(table);
	return lines > 0 && table->count == 0 ? -EACCES : 0;
}
