/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A write of up to PIPE_BUF (4096) bytes is not mixed with others even in a pipe. */
#define LINE_BYTES 4096

static bool quiet;

static void write_line(const char *start, const char *format, va_list values)
{
	char line[LINE_BYTES];
	size_t length = strlen(start);
	size_t room_bytes = sizeof line - length - 1;
	ssize_t written;
	int wanted;

	memcpy(line, start, length);
	wanted = vsnprintf(line + length, room_bytes, format, values);
	if (wanted < 0)
		return;
	length += (size_t)wanted < room_bytes ? (size_t)wanted : room_bytes - 1;
	line[length++] = '\n';
	/* There is nobody left to tell when this fails. */
	written = write(STDERR_FILENO, line, length);
	(void)written;
}

void log_set_quiet(bool wanted)
{
	__atomic_store_n(&quiet, wanted, __ATOMIC_RELAXED);
}

void log_note(const char *format, ...)
{
	va_list values;

	if (__atomic_load_n(&quiet, __ATOMIC_RELAXED))
		return;
	va_start(values, format);
	write_line("ringload: ", format, values);
	va_end(values);
}

void log_warning(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line("ringload: warning: ", format, values);
	va_end(values);
}

void log_error(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line("ringload: ", format, values);
	va_end(values);
}
