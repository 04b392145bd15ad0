/* SPDX-License-Identifier: MIT */
#include "report/kernel_cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"

char *kernel_cell_format_ns(char text[UNITS_TEXT_BYTES], double duration_ns)
{
	double size_ns = fabs(duration_ns);

	if (!isfinite(duration_ns))
		return strcpy(text, "-");
	if (duration_ns >= 0 || size_ns < 0.5)
		return units_format_duration(
			text, size_ns < 0x1p62 ? (uint64_t)(size_ns + 0.5) : (uint64_t)1 << 62);
	kernel_cell_format_ns(text, size_ns);
	memmove(text + 1, text, strlen(text) + 1);
	text[0] = '-';
	return text;
}

void kernel_cell_ns(struct buf *out, double duration_ns, size_t columns)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, kernel_cell_format_ns(text, duration_ns), columns);
}

void kernel_cell_share(struct buf *out, double share, size_t columns)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_share(text, share), columns);
}

void kernel_cell_count(struct buf *out, uint64_t count, size_t columns)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_count(text, count), columns);
}

/* Bytes of the first `characters` of a text that has more. */
static size_t prefix_bytes(const char *text, size_t characters)
{
	size_t bytes = 0;

	for (; text[bytes]; bytes++)
		if (((unsigned char)text[bytes] & 0xc0) != 0x80 && !characters--)
			break;
	return bytes;
}

void kernel_cell_name(struct buf *out, const char *name, size_t columns)
{
	char *cut;

	if (!name)
		name = "?";
	if (layout_width(name) <= columns) {
		layout_left(out, name, columns);
		return;
	}
	cut = strndup(name, prefix_bytes(name, columns - 1));
	if (!cut) {
		out->failed = true;
		return;
	}
	layout_left(out, cut, columns - 1);
	buf_text(out, "…");
	free(cut);
}
