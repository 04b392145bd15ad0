/* SPDX-License-Identifier: MIT */
#include "run/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

void notes_add(struct notes *notes, const char *format, ...)
{
	char **lines, *line = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	log_note("%s", line);
	lines = realloc(notes->lines, (notes->count + 1) * sizeof(*lines));
	if (!lines) {
		free(line);
		return;
	}
	notes->lines = lines;
	notes->lines[notes->count++] = line;
}

void notes_release(struct notes *notes)
{
	size_t i;

	for (i = 0; i < notes->count; i++)
		free(notes->lines[i]);
	free(notes->lines);
	*notes = (struct notes){0};
}
