/* SPDX-License-Identifier: MIT */
#include "loader/said.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

/* More than a log of the verifier's that ends in a refusal usually has. */
#define SAID_LOG_BYTES 65536

static __thread char last[512], verifier[512];

static void said_keep_line(char *to, size_t room_bytes, const char *line)
{
	snprintf(to, room_bytes, "%.*s", (int)strcspn(line, "\n"), line);
}

/* The reason stands before "processed N insns"; libbpf cuts long logs in the middle, not there. */
static void said_keep_reason(const char *log)
{
	const char *end = strstr(log, "\nprocessed "), *line = end;

	if (!end)
		return;
	while (line > log && line[-1] != '\n')
		line--;
	said_keep_line(verifier, sizeof(verifier), line);
}

__attribute__((format(printf, 2, 0))) static int said_hear(
	enum libbpf_print_level level, const char *format, va_list arguments)
{
	static const char prefix[] = "libbpf: ";
	const char *text;
	char *said;

	if (level != LIBBPF_WARN)
		return 0;
	said = malloc(SAID_LOG_BYTES);
	if (!said)
		return 0;
	vsnprintf(said, SAID_LOG_BYTES, format, arguments);
	text = strncmp(said, prefix, strlen(prefix)) == 0 ? said + strlen(prefix) : said;
	if (strstr(text, "BEGIN PROG LOAD LOG"))
		said_keep_reason(text);
	else if (!strstr(text, "ulimit"))
		said_keep_line(last, sizeof(last), text);
	free(said);
	return 0;
}

void said_listen(void)
{
	last[0] = '\0';
	verifier[0] = '\0';
	libbpf_set_print(said_hear);
}

const char *said_last(void)
{
	return last;
}

const char *said_verifier(void)
{
	return verifier;
}
