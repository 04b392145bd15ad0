/* SPDX-License-Identifier: MIT */
#include "report/flame.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/flame_layout.h"
#include "report/flame_script.h"
#include "report/xml.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6"

/* Pixels. */
#define WIDTH         1200
#define MARGIN        10
#define GRAPH_WIDTH   (WIDTH - 2 * MARGIN)
#define HEADER_HEIGHT 92
#define ROW_HEIGHT    17 /* a box and the line between two */
#define PADDING       3
#define BASELINE      12 /* of a label, below the top of its box */
#define LETTER_WIDTH  6.65
#define NARROWEST     0.1

#define FEWEST_LETTERS 3 /* of a name that is written into its box */
#define TITLE_LETTERS  76

/* From this share on, the header says what usually cuts stacks short. */
#define TRUNCATED_NOTABLE 0.1

#define KERNEL_SUFFIX "_[k]"

void flame_folded(const struct result_kernel_profile *profile, struct buf *out)
{
	if (!profile->measured)
		return;
	for (size_t i = 0; i < profile->stack_count; i++) {
		const char *at = profile->stacks[i].frames;

		while (*at) {
			size_t bytes = utf8_bytes(at);

			if (bytes == 0)
				buf_text(out, REPLACEMENT);
			else if ((unsigned char)*at <= ' ' || *at == 0x7f)
				buf_text(out, "_");
			else
				buf_append(out, at, bytes);
			at += bytes ? bytes : 1;
		}
		buf_printf(out, " %" PRIu64 "\n", profile->stacks[i].samples);
	}
}

/* --- a box --- */

enum origin { ORIGIN_PROCESS, ORIGIN_USER, ORIGIN_KERNEL, ORIGIN_UNNAMED };

/* A family of colours lies between two of them. */
struct shades {
	unsigned char from[3], to[3];
};

static const struct shades shades[] = {
	[ORIGIN_PROCESS] = {{0xc9, 0xd9, 0xc2}, {0xbb, 0xd3, 0xb8}},
	[ORIGIN_USER] = {{0xf2, 0x8c, 0x55}, {0xfb, 0xd2, 0x6e}},
	[ORIGIN_KERNEL] = {{0x7f, 0xb2, 0xe0}, {0xaf, 0xd9, 0xee}},
	[ORIGIN_UNNAMED] = {{0xd2, 0xcd, 0xc8}, {0xe2, 0xde, 0xda}},
};

static bool ends_with(const char *text, size_t text_bytes, const char *end)
{
	size_t bytes = strlen(end);

	return text_bytes >= bytes && memcmp(text + text_bytes - bytes, end, bytes) == 0;
}

/* "[unknown]", "[anon]+0x40", "nginx+0x4a2c0": places that nobody has named. */
static bool is_unnamed(const char *name, size_t name_bytes)
{
	return (name_bytes > 0 && name[0] == '[') || memmem(name, name_bytes, "+0x", 3);
}

static bool is_kernel(const struct flame_box *box)
{
	return ends_with(box->name, box->name_bytes, KERNEL_SUFFIX);
}

/* Without the kernel's suffix: the colour says it. */
static size_t shown_bytes(const struct flame_box *box)
{
	return box->name_bytes - (is_kernel(box) ? strlen(KERNEL_SUFFIX) : 0);
}

static enum origin origin_of(const struct flame_box *box)
{
	if (box->depth == 0)
		return ORIGIN_PROCESS;
	if (is_unnamed(box->name, box->name_bytes))
		return ORIGIN_UNNAMED;
	return is_kernel(box) ? ORIGIN_KERNEL : ORIGIN_USER;
}

/* The same name has the same colour everywhere. Source of the hash: FNV-1a. */
static void write_colour(struct buf *out, enum origin origin, const char *name, size_t name_bytes)
{
	const struct shades *shade = &shades[origin];
	uint32_t hash = 2166136261U;
	unsigned int part;

	for (size_t i = 0; i < name_bytes; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619U;
	part = (hash ^ hash >> 16) & 0xff;
	buf_text(out, "#");
	for (int i = 0; i < 3; i++)
		buf_printf(
			out, "%02x", (shade->from[i] * (255 - part) + shade->to[i] * part) / 255);
}

struct graph {
	const struct flame_layout *layout;
	double pixels_per_sample;
	uint32_t rows;
};

static double width_of(const struct graph *graph, const struct flame_box *box)
{
	return (double)(box->end - box->start) * graph->pixels_per_sample;
}

static void write_label(
	struct buf *out, const struct flame_box *box, double x, double width, uint32_t y)
{
	size_t bytes = shown_bytes(box);
	size_t letters = xml_characters(box->name, bytes);
	double room = (width - 2 * PADDING) / LETTER_WIDTH;

	if (room < FEWEST_LETTERS)
		return;
	buf_printf(out, "<text x=\"%.2f\" y=\"%" PRIu32 "\">", x + PADDING, y + BASELINE);
	if (letters <= (size_t)room) {
		xml_text(out, box->name, bytes, letters);
	} else {
		xml_text(out, box->name, bytes, (size_t)room - 1);
		buf_text(out, ELLIPSIS);
	}
	buf_text(out, "</text>");
}

static void write_box(struct buf *out, const struct graph *graph, const struct flame_box *box)
{
	uint64_t samples = box->end - box->start;
	double width = width_of(graph, box);
	double x = MARGIN + (double)box->start * graph->pixels_per_sample;
	uint32_t y = HEADER_HEIGHT + (graph->rows - 1 - box->depth) * ROW_HEIGHT;
	char count[UNITS_TEXT_BYTES];

	buf_printf(out, "<g class=\"f\" data-s=\"%" PRIu64 "\" data-n=\"%" PRIu64 "\"><title>",
		box->start, samples);
	xml_text(out, box->name, shown_bytes(box), SIZE_MAX);
	buf_printf(out, "\n%s%s %s, %.2f %%</title>", is_kernel(box) ? "kernel, " : "",
		units_format_count(count, samples), samples == 1 ? "sample" : "samples",
		100 * (double)samples / (double)graph->layout->samples);
	buf_printf(out, "<rect x=\"%.2f\" y=\"%" PRIu32 "\" width=\"%.2f\" height=\"%d\" fill=\"",
		x, y, width, ROW_HEIGHT - 1);
	write_colour(out, origin_of(box), box->name, box->name_bytes);
	buf_text(out, "\"/>");
	write_label(out, box, x, width, y);
	buf_text(out, "</g>\n");
}

/* --- the page --- */

static const char style[] =
	"text{font:11px ui-monospace,'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,"
	"monospace;fill:#1d1d1f}\n"
	".page{font-family:system-ui,'DejaVu Sans','Liberation Sans',Helvetica,Arial,sans-serif}\n"
	"#title{font-size:18px;font-weight:600}\n"
	".note{font-size:12.5px;fill:#55555a}\n"
	"#match{font-size:12.5px;fill:#7a2fa0;font-weight:600}\n"
	"#reset{font-size:12.5px;fill:#0a58ca;cursor:pointer;visibility:hidden}\n"
	".f{cursor:pointer}.f text{pointer-events:none}\n"
	".f rect{rx:1.5px}.f:hover rect{stroke:#1d1d1f;stroke-width:1}\n"
	".c{opacity:.55}\n"
	".m rect{fill:#a64ac9}.m text{fill:#fff}\n"
	"input{box-sizing:border-box;width:100%;height:26px;padding:2px 8px;font:13px system-ui,"
	"sans-serif;border:1px solid #b5b5ba;border-radius:5px;background:#fff;color:#1d1d1f}\n";

static void write_summary(struct buf *out, const struct result_kernel_profile *profile)
{
	char count[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES];
	double truncated = profile->samples ? (double)profile->truncated / (double)profile->samples
					    : 0;

	buf_printf(out, "%s samples, %" PRIu32 " a second and CPU; user stacks cut short: ",
		units_format_count(count, profile->samples), profile->hz);
	xml_text(out, units_format_share(share, truncated), SIZE_MAX, SIZE_MAX); /* "<0.01 %" */
	if (truncated >= TRUNCATED_NOTABLE)
		buf_text(out, " (code built without frame pointers)");
	if (profile->lost)
		buf_printf(out, "; lost: %s", units_format_count(count, profile->lost));
}

static void write_legend(struct buf *out)
{
	static const struct {
		enum origin origin;
		const char *label;
		int x;
	} entries[] = {
		{ORIGIN_USER, "user", 908},
		{ORIGIN_KERNEL, "kernel", 967},
		{ORIGIN_UNNAMED, "without a name", 1038},
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		buf_printf(out,
			"<rect x=\"%d\" y=\"53\" width=\"14\" height=\"11\" rx=\"1.5\" fill=\"",
			entries[i].x);
		write_colour(out, entries[i].origin, "", 0);
		buf_printf(out, "\"/><text class=\"page note\" x=\"%d\" y=\"63\">%s</text>\n",
			entries[i].x + 20, entries[i].label);
	}
}

static void write_head(struct buf *out, const char *title, uint32_t height)
{
	buf_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRIu32
		"\" viewBox=\"0 0 %d %" PRIu32 "\">\n<title>",
		WIDTH, height, WIDTH, height);
	xml_text(out, title, SIZE_MAX, SIZE_MAX);
	buf_printf(out,
		"</title>\n<style>\n%s</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfdfc\"/>\n"
		"<text id=\"title\" class=\"page\" x=\"%d\" y=\"30\">",
		style, MARGIN);
	xml_text(out, title, SIZE_MAX, TITLE_LETTERS);
	buf_text(out, xml_characters(title, strlen(title)) > TITLE_LETTERS ? ELLIPSIS : "");
	buf_text(out, "</text>\n");
}

static void write_controls(struct buf *out)
{
	buf_printf(out,
		"<text id=\"detail\" class=\"page note\" x=\"%d\" y=\"83\">width: share of the "
		"samples; upwards: who was called</text>\n"
		"<text id=\"match\" class=\"page\" x=\"890\" y=\"31\" text-anchor=\"end\"></text>\n"
		"<text id=\"reset\" class=\"page\" x=\"%d\" y=\"83\" text-anchor=\"end\">"
		"show all (Esc)</text>\n"
		"<foreignObject id=\"find\" x=\"908\" y=\"13\" width=\"%d\" height=\"28\" "
		"style=\"display:none\"><input xmlns=\"http://www.w3.org/1999/xhtml\" id=\"query\" "
		"type=\"search\" placeholder=\"search for functions (Ctrl-F)\"/></foreignObject>\n",
		MARGIN, WIDTH - MARGIN, WIDTH - MARGIN - 908);
}

static void write_script(struct buf *out)
{
	buf_printf(out,
		"<script><![CDATA[\nvar FLAME = { left: %d, width: %d, padding: %d, baseline: %d, "
		"letter: %.2f };\n",
		MARGIN, GRAPH_WIDTH, PADDING, BASELINE, LETTER_WIDTH);
	buf_text(out, flame_script);
	buf_text(out, "]]></script>\n");
}

static void write_graph(struct buf *out, const struct result_kernel_profile *profile,
	const struct flame_layout *layout, const char *title)
{
	struct graph graph = {
		.layout = layout,
		.pixels_per_sample = GRAPH_WIDTH / (double)layout->samples,
	};

	for (size_t i = 0; i < layout->count; i++)
		if (layout->boxes[i].depth >= graph.rows &&
			width_of(&graph, &layout->boxes[i]) >= NARROWEST)
			graph.rows = layout->boxes[i].depth + 1;
	write_head(out, title, HEADER_HEIGHT + graph.rows * ROW_HEIGHT + MARGIN);
	buf_printf(out, "<text class=\"page note\" x=\"%d\" y=\"63\">", MARGIN);
	write_summary(out, profile);
	buf_text(out, "</text>\n");
	write_legend(out);
	write_controls(out);
	for (size_t i = 0; i < layout->count; i++)
		if (width_of(&graph, &layout->boxes[i]) >= NARROWEST)
			write_box(out, &graph, &layout->boxes[i]);
	write_script(out);
	buf_text(out, "</svg>\n");
}

/* Without stacks: the reason in their place. */
static void write_absence(
	struct buf *out, const struct result_kernel_profile *profile, const char *title)
{
	const char *reason = profile->reason ? profile->reason : "no stacks were sampled";

	write_head(out, title, HEADER_HEIGHT);
	buf_printf(out, "<text class=\"page note\" x=\"%d\" y=\"63\">", MARGIN);
	xml_text(out, reason, SIZE_MAX, SIZE_MAX);
	buf_text(out, "</text>\n</svg>\n");
}

void flame_svg(const struct result_kernel_profile *profile, const char *title, struct buf *out)
{
	struct flame_layout layout;

	flame_layout_init(&layout, profile);
	if (layout.failed)
		out->failed = true;
	else if (profile->measured && layout.samples > 0)
		write_graph(out, profile, &layout, title);
	else
		write_absence(out, profile, title);
	flame_layout_release(&layout);
}
