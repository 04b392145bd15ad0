/* SPDX-License-Identifier: MIT */
#include "report/flame_layout.h"

#include <stdlib.h>
#include <string.h>

typedef const struct result_kernel_stack *const *stack_place;

/* Stacks that share their outer frames must be neighbours, so the separator comes before every
 * other character, and the end before that. */
static unsigned int order_of(char byte)
{
	if (byte == '\0')
		return 0;
	return byte == ';' ? 1 : 2U + (unsigned char)byte;
}

static int compare(const void *left, const void *right)
{
	const char *a = (*(stack_place)left)->frames, *b = (*(stack_place)right)->frames;

	while (*a && *a == *b)
		a++, b++;
	return (int)order_of(*a) - (int)order_of(*b);
}

static void append(struct flame_layout *layout, const struct flame_box *box)
{
	if (layout->count == layout->capacity) {
		size_t capacity = layout->capacity ? layout->capacity * 2 : 256;
		struct flame_box *boxes = realloc(layout->boxes, capacity * sizeof(*boxes));

		if (!boxes) {
			layout->failed = true;
			return;
		}
		layout->boxes = boxes;
		layout->capacity = capacity;
	}
	layout->boxes[layout->count++] = *box;
}

/* The boxes of the stack that was laid out last, outermost first. */
struct path {
	struct flame_box open[FLAME_LAYOUT_DEPTH];
	uint32_t depth;
};

/* Boxes from this depth on end here. */
static void close_from(struct flame_layout *layout, struct path *path, uint32_t depth)
{
	while (path->depth > depth) {
		struct flame_box *box = &path->open[--path->depth];

		box->end = layout->samples;
		append(layout, box);
	}
}

static bool is_open(const struct path *path, uint32_t depth, const char *name, size_t bytes)
{
	return depth < path->depth && path->open[depth].name_bytes == bytes &&
	       memcmp(path->open[depth].name, name, bytes) == 0;
}

static void lay(struct flame_layout *layout, struct path *path, const char *frames)
{
	uint32_t depth = 0;
	bool more = true;

	while (more && depth < FLAME_LAYOUT_DEPTH) {
		size_t bytes = strcspn(frames, ";");

		if (!is_open(path, depth, frames, bytes)) {
			close_from(layout, path, depth);
			path->open[path->depth++] = (struct flame_box){
				.name = frames,
				.name_bytes = bytes,
				.depth = depth,
				.start = layout->samples,
			};
		}
		more = frames[bytes] == ';';
		frames += bytes + more;
		depth++;
	}
	close_from(layout, path, depth);
}

void flame_layout_init(struct flame_layout *layout, const struct result_kernel_profile *profile)
{
	const struct result_kernel_stack **sorted = calloc(
		profile->stack_count + 1, sizeof(*sorted));
	struct path *path = calloc(1, sizeof(*path));

	memset(layout, 0, sizeof(*layout));
	layout->failed = !sorted || !path;
	if (layout->failed)
		goto out;
	for (size_t i = 0; i < profile->stack_count; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->stack_count, sizeof(*sorted), compare);
	for (size_t i = 0; i < profile->stack_count; i++) {
		uint64_t samples;

		/* A stored result may hold any number. */
		if (__builtin_add_overflow(layout->samples, sorted[i]->samples, &samples))
			continue;
		lay(layout, path, sorted[i]->frames);
		layout->samples = samples;
	}
	close_from(layout, path, 0);
out:
	free(path);
	free(sorted);
}

void flame_layout_release(struct flame_layout *layout)
{
	free(layout->boxes);
	memset(layout, 0, sizeof(*layout));
}
