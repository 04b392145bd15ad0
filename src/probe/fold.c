/* SPDX-License-Identifier: MIT */
#include "probe/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_frames(struct probe_stack *stack)
{
	free((char *)stack->frames);
	stack->frames = NULL;
}

int fold_add(struct fold *fold, const char *frames, uint64_t samples)
{
	char *copy;

	if (fold->count == fold->capacity) {
		size_t capacity = fold->capacity ? fold->capacity * 2 : 64;
		struct probe_stack *stacks = realloc(
			fold->stacks, capacity * sizeof(*fold->stacks));

		if (!stacks)
			return -ENOMEM;
		fold->stacks = stacks;
		fold->capacity = capacity;
	}
	copy = strdup(frames);
	if (!copy)
		return -ENOMEM;
	fold->stacks[fold->count++] = (struct probe_stack){copy, samples};
	return 0;
}

static int by_frames(const void *left, const void *right)
{
	const struct probe_stack *a = left, *b = right;

	return strcmp(a->frames, b->frames);
}

static int by_samples(const void *left, const void *right)
{
	const struct probe_stack *a = left, *b = right;

	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	return by_frames(left, right);
}

void fold_finish(struct fold *fold)
{
	struct probe_stack *stacks = fold->stacks;
	size_t last = 0;

	if (fold->count == 0)
		return;
	qsort(stacks, fold->count, sizeof(*stacks), by_frames);
	for (size_t i = 1; i < fold->count; i++) {
		if (strcmp(stacks[i].frames, stacks[last].frames) != 0) {
			stacks[++last] = stacks[i];
			continue;
		}
		stacks[last].samples += stacks[i].samples;
		free_frames(&stacks[i]);
	}
	fold->count = last + 1;
	qsort(stacks, fold->count, sizeof(*stacks), by_samples);
}

void fold_release(struct fold *fold)
{
	for (size_t i = 0; i < fold->count; i++)
		free_frames(&fold->stacks[i]);
	free(fold->stacks);
	memset(fold, 0, sizeof(*fold));
}
