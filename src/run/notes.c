/* SPDX-License-Identifier: MIT */
#include "run/notes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static bool is_among(char *const *lines, size_t count, const char *line)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(lines[i], line))
			return true;
	return false;
}

/* Takes the line, or frees it. */
static void append(char ***lines, size_t *count, char *line)
{
	char **longer = realloc(*lines, (*count + 1) * sizeof(*longer));

	if (!longer) {
		free(line);
		return;
	}
	*lines = longer;
	longer[(*count)++] = line;
}

void notes_add(struct notes *notes, const char *format, ...)
{
	char *line = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (!is_among(notes->said, notes->said_count, line))
		log_note("%s", line);
	append(&notes->lines, &notes->count, line);
}

void notes_warn(struct notes *notes, const char *line)
{
	char *copy = strdup(line);

	if (!is_among(notes->said, notes->said_count, line))
		log_warning("%s", line);
	if (copy)
		append(&notes->lines, &notes->count, copy);
}

void notes_again(struct notes *notes, size_t kept)
{
	assert(kept <= notes->count);
	while (notes->count > kept) {
		char *line = notes->lines[--notes->count];

		if (is_among(notes->said, notes->said_count, line))
			free(line);
		else
			append(&notes->said, &notes->said_count, line);
	}
}

static void release(char **lines, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}

void notes_release(struct notes *notes)
{
	release(notes->lines, notes->count);
	release(notes->said, notes->said_count);
	*notes = (struct notes){0};
}
