/* SPDX-License-Identifier: MIT */
#include "result/json_path.h"

#include <stdlib.h>
#include <string.h>

struct scan {
	const char *at, *end;
};

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4))
		scan->at++;
}

static void skip_string(struct scan *scan)
{
	scan->at++;
	while (scan->at < scan->end && *scan->at != '"')
		scan->at += *scan->at == '\\' && scan->end - scan->at > 1 ? 2 : 1;
	if (scan->at < scan->end)
		scan->at++;
}

/* Over one value of any depth. */
static void skip_value(struct scan *scan)
{
	size_t depth = 0;

	while (scan->at < scan->end) {
		char byte = *scan->at;

		if (!depth && memchr(",]}", byte, 3))
			return;
		if (byte == '"') {
			skip_string(scan);
			continue;
		}
		if (byte == '[' || byte == '{')
			depth++;
		else if (byte == ']' || byte == '}')
			depth--;
		scan->at++;
	}
}

/* Past the bracket that opens the value, to its first member. */
static void descend(struct scan *scan)
{
	if (scan->at < scan->end)
		scan->at++;
	skip_space(scan);
}

/* To the next member; 0 when there is none. */
static int next(struct scan *scan)
{
	skip_value(scan);
	if (scan->at >= scan->end || *scan->at != ',')
		return 0;
	scan->at++;
	skip_space(scan);
	return 1;
}

static int find_element(struct scan *scan, size_t index)
{
	if (scan->at >= scan->end || *scan->at != '[')
		return 0;
	descend(scan);
	while (index--)
		if (!next(scan))
			return 0;
	return scan->at < scan->end && *scan->at != ']';
}

static int find_member(struct scan *scan, const char *key, size_t key_bytes)
{
	if (scan->at >= scan->end || *scan->at != '{')
		return 0;
	descend(scan);
	while (scan->at < scan->end && *scan->at == '"') {
		const char *name = scan->at + 1;
		size_t name_bytes;

		skip_string(scan);
		name_bytes = (size_t)(scan->at - name) - 1;
		skip_space(scan);
		if (scan->at < scan->end)
			scan->at++; /* the colon */
		skip_space(scan);
		if (name_bytes == key_bytes && !memcmp(name, key, key_bytes))
			return 1;
		if (!next(scan))
			return 0;
	}
	return 0;
}

static void position(const char *text, const char *at, size_t *line, size_t *column)
{
	const char *start = text;

	*line = 1;
	for (; text < at; text++) {
		if (*text != '\n')
			continue;
		start = text + 1;
		(*line)++;
	}
	*column = (size_t)(at - start) + 1;
}

void json_path_locate(
	const char *text, size_t text_bytes, const char *path, size_t *line, size_t *column)
{
	struct scan scan = {text, text + text_bytes};
	const char *found;

	skip_space(&scan);
	found = scan.at;
	while (*path) {
		char *behind = NULL;
		size_t length;
		int there;

		if (*path == '[') {
			there = find_element(&scan, strtoul(path + 1, &behind, 10));
			path = *behind == ']' ? behind + 1 : behind;
		} else {
			length = strcspn(path, ".[");
			there = find_member(&scan, path, length);
			path += length;
		}
		if (!there)
			break;
		found = scan.at;
		path += *path == '.';
	}
	position(text, found, line, column);
}
