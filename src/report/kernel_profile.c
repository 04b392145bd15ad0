/* SPDX-License-Identifier: MIT */
#include "report/kernel_profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/kernel_cell.h"
#include "report/layout.h"

#define SHARE_COLUMNS 12
/* What is left of a line. */
#define FRAME_COLUMNS (LAYOUT_COLUMNS - LAYOUT_INDENT - SHARE_COLUMNS - 2)

/* A function at the end of stacks, borrowed from the first of them. */
struct leaf {
	const char *frame;
	uint64_t samples;
};

static const char *leaf_of(const char *frames)
{
	const char *last = frames ? strrchr(frames, ';') : NULL;

	return last ? last + 1 : frames ? frames : "?";
}

static int by_name(const void *left, const void *right)
{
	const struct leaf *a = left, *b = right;

	return strcmp(a->frame, b->frame);
}

/* Most samples first; by name where they are as many, so that the order is always the same. */
static int by_samples(const void *left, const void *right)
{
	const struct leaf *a = left, *b = right;

	if (a->samples != b->samples)
		return a->samples < b->samples ? 1 : -1;
	return by_name(left, right);
}

/* One leaf for each stack, then one for each function; returns how many those are. */
static size_t collect(const struct result_kernel_profile *profile, struct leaf *leaves)
{
	size_t count = 0;

	for (size_t i = 0; i < profile->stack_count; i++)
		leaves[i] = (struct leaf){
			leaf_of(profile->stacks[i].frames), profile->stacks[i].samples};
	qsort(leaves, profile->stack_count, sizeof(*leaves), by_name);
	for (size_t i = 0; i < profile->stack_count; i++) {
		if (count && !by_name(&leaves[count - 1], &leaves[i]))
			leaves[count - 1].samples += leaves[i].samples;
		else
			leaves[count++] = leaves[i];
	}
	qsort(leaves, count, sizeof(*leaves), by_samples);
	return count;
}

static double share_of(const struct result_kernel_profile *profile, uint64_t samples)
{
	return profile->samples ? (double)samples / (double)profile->samples : 0;
}

static void write_headline(const struct result_kernel_profile *profile, struct buf *out)
{
	char samples[UNITS_TEXT_BYTES], lost[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES];
	struct buf text = {0};

	buf_printf(&text, "%s samples of the server's threads on a CPU, %" PRIu32 " a second",
		units_format_count(samples, profile->samples), profile->hz);
	if (profile->lost)
		buf_printf(&text, "; %s more were lost", units_format_count(lost, profile->lost));
	if (profile->truncated)
		buf_printf(&text,
			"; %s of the user stacks end after two frames at most (code without frame "
			"pointers)",
			units_format_share(share, share_of(profile, profile->truncated)));
	buf_text(out, "\n");
	layout_entry(out, "profile", buf_string(&text));
	out->failed |= text.failed;
	buf_release(&text);
}

void kernel_profile_table(const struct result_kernel_profile *profile, struct buf *out)
{
	struct leaf *leaves;
	size_t count;

	if (!profile->measured)
		return;
	write_headline(profile, out);
	leaves = calloc(profile->stack_count + 1, sizeof(*leaves));
	if (!leaves) {
		out->failed = true;
		return;
	}
	count = collect(profile, leaves);
	for (size_t i = 0; i < count && i < KERNEL_PROFILE_ROWS; i++) {
		buf_fill(out, ' ', LAYOUT_INDENT);
		kernel_cell_share(out, share_of(profile, leaves[i].samples), SHARE_COLUMNS);
		buf_text(out, "  ");
		kernel_cell_name(out, leaves[i].frame, FRAME_COLUMNS);
		layout_end(out);
	}
	free(leaves);
}
