/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing ringload builds is near this; it stops a runaway before the machine swaps. */
#define LIMIT_BYTES ((size_t)1 << 30)
#define FIRST_BYTES ((size_t)256)

static bool resize(struct buf *buf, size_t capacity_bytes)
{
	char *data = realloc(buf->data, capacity_bytes);

	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity_bytes = capacity_bytes;
	return true;
}

/* Makes room for extra_bytes and a terminator behind what is there. */
static bool reserve(struct buf *buf, size_t extra_bytes, bool exactly)
{
	size_t needed_bytes, capacity_bytes;

	if (buf->failed)
		return false;
	if (extra_bytes >= LIMIT_BYTES - buf->length_bytes) {
		buf->failed = true;
		return false;
	}
	needed_bytes = buf->length_bytes + extra_bytes + 1;
	if (needed_bytes <= buf->capacity_bytes)
		return true;
	capacity_bytes = buf->capacity_bytes ? buf->capacity_bytes : FIRST_BYTES;
	while (capacity_bytes < needed_bytes)
		capacity_bytes *= 2;
	return resize(buf, exactly ? needed_bytes : capacity_bytes);
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof *buf);
}

void buf_append(struct buf *buf, const void *data, size_t length_bytes)
{
	if (!reserve(buf, length_bytes, false))
		return;
	if (length_bytes)
		memcpy(buf->data + buf->length_bytes, data, length_bytes);
	buf->length_bytes += length_bytes;
	buf->data[buf->length_bytes] = '\0';
}

void buf_reserve(struct buf *buf, size_t extra_bytes)
{
	reserve(buf, extra_bytes, true);
}

void buf_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(NULL, 0, format, values);
	va_end(values);
	if (length < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)length, false))
		return;
	va_start(values, format);
	vsnprintf(buf->data + buf->length_bytes, (size_t)length + 1, format, values);
	va_end(values);
	buf->length_bytes += (size_t)length;
}

void buf_fill(struct buf *buf, char byte, size_t count)
{
	if (!reserve(buf, count, false))
		return;
	memset(buf->data + buf->length_bytes, byte, count);
	buf->length_bytes += count;
	buf->data[buf->length_bytes] = '\0';
}

const char *buf_string(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}
