/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Cuts a sentence that ran into the end of its room, never inside a UTF-8 character. */
static void cut(char *text, int wanted_bytes, size_t room_bytes)
{
	size_t end = room_bytes - 1;

	if (wanted_bytes < 0) {
		text[0] = '\0';
		return;
	}
	if ((size_t)wanted_bytes <= end)
		return;
	/* A character of several bytes at the very end may have lost some: it goes. */
	while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0xC0)
		end--;
	else
		end = room_bytes - 1;
	text[end] = '\0';
}

/* The sentence may quote the one it replaces, so it is built beside it. */
static void write_sentence(
	struct err *err, enum err_kind kind, size_t room_bytes, const char *format, va_list values)
{
	char text[ERR_TEXT_BYTES];

	cut(text, vsnprintf(text, room_bytes, format, values), room_bytes);
	err->kind = kind;
	memcpy(err->text, text, strlen(text) + 1);
}

int err_set(struct err *err, enum err_kind kind, int code, const char *format, ...)
{
	va_list values;

	if (!err)
		return code;
	va_start(values, format);
	write_sentence(err, kind, ERR_TEXT_BYTES, format, values);
	va_end(values);
	return code;
}

int err_set_errno(struct err *err, enum err_kind kind, int code, const char *format, ...)
{
	char storage[128];
	const char *words;
	size_t length;
	va_list values;

	if (!err)
		return code;
	words = strerror_r(code < 0 ? -code : code, storage, sizeof storage);
	/* The errno's words are kept when a long sentence has to be cut. */
	va_start(values, format);
	write_sentence(err, kind, ERR_TEXT_BYTES - strlen(": ") - strlen(words), format, values);
	va_end(values);
	length = strlen(err->text);
	snprintf(err->text + length, ERR_TEXT_BYTES - length, ": %s", words);
	return code;
}

void err_prefix(struct err *err, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	size_t length;
	va_list values;

	if (!err)
		return;
	va_start(values, format);
	cut(text, vsnprintf(text, sizeof text, format, values), sizeof text);
	va_end(values);
	length = strlen(text);
	cut(text + length, snprintf(text + length, sizeof text - length, "%s", err->text),
		sizeof text - length);
	memcpy(err->text, text, strlen(text) + 1);
}
