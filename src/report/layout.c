/* SPDX-License-Identifier: MIT */
#include "report/layout.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t layout_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += begins_character(*text);
	return width;
}

static void append_byte(struct buf *out, char byte)
{
	if ((unsigned char)byte < 0x20 || byte == 0x7f)
		byte = '?';
	buf_append(out, &byte, 1);
}

/* The first `characters` of text, or all of it; returns what follows. */
static const char *append_characters(struct buf *out, const char *text, size_t characters)
{
	while (*text) {
		if (begins_character(*text) && !characters--)
			break;
		append_byte(out, *text++);
	}
	return text;
}

static size_t word_width(const char *text)
{
	size_t width = 0;

	for (; *text && *text != ' '; text++)
		width += begins_character(*text);
	return width;
}

static void new_line(struct buf *out, size_t indent)
{
	buf_text(out, "\n");
	buf_fill(out, ' ', indent);
}

void layout_wrap(struct buf *out, const char *text, size_t indent)
{
	const size_t room = LAYOUT_COLUMNS - indent;
	size_t used = 0;

	while (*text) {
		size_t spaces = strspn(text, " "), width = word_width(text + spaces);

		text += spaces;
		if (!*text)
			break;
		if (used && used + spaces + width > room) {
			new_line(out, indent);
			used = 0;
		} else if (used) {
			buf_fill(out, ' ', spaces);
			used += spaces;
		}
		/* A word wider than a line is cut into pieces. */
		for (; width > room; width -= room) {
			text = append_characters(out, text, room);
			new_line(out, indent);
		}
		text = append_characters(out, text, width);
		used += width;
	}
	layout_end(out);
}

void layout_entry(struct buf *out, const char *label, const char *text)
{
	layout_left(out, label, LAYOUT_INDENT);
	layout_wrap(out, text, LAYOUT_INDENT);
}

void layout_item(struct buf *out, const char *label, const char *text)
{
	layout_left(out, label, LAYOUT_INDENT);
	buf_text(out, "- ");
	layout_wrap(out, text, LAYOUT_INDENT + 2);
}

void layout_entryf(struct buf *out, const char *label, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	layout_entry(out, label, text);
}

void layout_right(struct buf *out, const char *text, size_t columns)
{
	size_t width = layout_width(text);

	if (width < columns)
		buf_fill(out, ' ', columns - width);
	append_characters(out, text, width);
}

void layout_left(struct buf *out, const char *text, size_t columns)
{
	size_t width = layout_width(text);

	append_characters(out, text, width);
	if (width < columns)
		buf_fill(out, ' ', columns - width);
}

void layout_end(struct buf *out)
{
	while (out->length_bytes && out->data[out->length_bytes - 1] == ' ')
		out->data[--out->length_bytes] = '\0';
	buf_text(out, "\n");
}

/* The largest of the values that share bar `bar` of `bars`. */
static double largest_of(const double *values, size_t count, size_t bar, size_t bars)
{
	size_t first = bar * count / bars, end = (bar + 1) * count / bars;
	double largest = 0;

	for (size_t i = first; i < end; i++)
		if (isfinite(values[i]) && values[i] > largest)
			largest = values[i];
	return largest;
}

void layout_bars(struct buf *out, const double *values, size_t count, size_t columns)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t bar_count = count < columns ? count : columns;
	double largest = bar_count ? largest_of(values, count, 0, 1) : 0;

	for (size_t i = 0; i < bar_count; i++) {
		double value = largest_of(values, count, i, bar_count);
		size_t height = largest > 0 ? (size_t)(value / largest * 7 + 0.5) : 0;

		buf_text(out, bars[height < 8 ? height : 7]);
	}
}
