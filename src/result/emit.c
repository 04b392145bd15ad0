/* SPDX-License-Identifier: MIT */
#include "result/emit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define REAL_BYTES 32

static void quote(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	buf_text(out, "\"");
	while (*at) {
		size_t bytes = utf8_bytes((const char *)at);

		if (!bytes)
			buf_text(out, "\xef\xbf\xbd");
		else if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else if (*at == '\n')
			buf_text(out, "\\n");
		else if (*at < 0x20 || *at == 0x7f)
			buf_printf(out, "\\u%04x", *at);
		else
			buf_append(out, at, bytes);
		at += bytes ? bytes : 1;
	}
	buf_text(out, "\"");
}

/* Whether what stands at the present depth begins a line. */
static bool on_lines(const struct emit *emit)
{
	return emit->depth == 1 || (emit->depth == 2 && emit->lines);
}

static void begin(struct emit *emit, const char *key)
{
	if (emit->follows)
		buf_text(emit->out, ",");
	if (on_lines(emit))
		buf_text(emit->out, "\n");
	else if (emit->follows)
		buf_text(emit->out, " ");
	if (key) {
		quote(emit->out, key);
		buf_text(emit->out, ": ");
	}
	emit->follows = true;
}

static void descend(struct emit *emit, const char *bracket)
{
	buf_text(emit->out, bracket);
	emit->depth++;
	emit->follows = false;
}

static void ascend(struct emit *emit, const char *bracket)
{
	if (emit->follows && on_lines(emit))
		buf_text(emit->out, "\n");
	buf_text(emit->out, bracket);
	emit->depth--;
	emit->follows = true;
	if (emit->depth < 2)
		emit->lines = false;
	if (!emit->depth && !emit->nested)
		buf_text(emit->out, "\n");
}

struct emit emit_nested(struct emit *emit, const char *key)
{
	begin(emit, key);
	return (struct emit){.out = emit->out, .nested = true};
}

void emit_object(struct emit *emit, const char *key)
{
	begin(emit, key);
	descend(emit, "{");
}

void emit_object_end(struct emit *emit)
{
	ascend(emit, "}");
}

void emit_array(struct emit *emit, const char *key)
{
	begin(emit, key);
	descend(emit, "[");
}

void emit_lines(struct emit *emit, const char *key)
{
	emit_array(emit, key);
	emit->lines = emit->depth == 2;
}

void emit_array_end(struct emit *emit)
{
	ascend(emit, "]");
}

void emit_text(struct emit *emit, const char *key, const char *text)
{
	begin(emit, key);
	if (text)
		quote(emit->out, text);
	else
		buf_text(emit->out, "null");
}

void emit_count(struct emit *emit, const char *key, uint64_t count)
{
	begin(emit, key);
	buf_printf(emit->out, "%" PRIu64, count);
}

static void format_real(char text[REAL_BYTES], double value)
{
	snprintf(text, REAL_BYTES, "%.12g", value == 0 ? 0.0 : value);
}

double emit_real_kept(double value)
{
	char text[REAL_BYTES];

	format_real(text, value);
	return strtod(text, NULL); /* of the same locale */
}

void emit_real(struct emit *emit, const char *key, double value)
{
	char text[REAL_BYTES];
	char *comma;

	if (!isfinite(value)) {
		emit_null(emit, key);
		return;
	}
	begin(emit, key);
	format_real(text, value);
	comma = strchr(text, ','); /* a locale's decimal sign is none in JSON */
	if (comma)
		*comma = '.';
	buf_text(emit->out, text);
}

void emit_bool(struct emit *emit, const char *key, bool value)
{
	begin(emit, key);
	buf_text(emit->out, value ? "true" : "false");
}

void emit_null(struct emit *emit, const char *key)
{
	begin(emit, key);
	buf_text(emit->out, "null");
}
