/* SPDX-License-Identifier: MIT */
#include "target/deadline.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int deadline_init(struct deadlines *deadlines, uint32_t capacity)
{
	memset(deadlines, 0, sizeof(*deadlines));
	deadlines->capacity = capacity;
	deadlines->heap = calloc(capacity, sizeof(*deadlines->heap));
	deadlines->place = calloc(capacity, sizeof(*deadlines->place));
	deadlines->due_ns = calloc(capacity, sizeof(*deadlines->due_ns));
	if (deadlines->heap && deadlines->place && deadlines->due_ns)
		return 0;
	deadline_release(deadlines);
	return -ENOMEM;
}

void deadline_release(struct deadlines *deadlines)
{
	free(deadlines->heap);
	free(deadlines->place);
	free(deadlines->due_ns);
	memset(deadlines, 0, sizeof(*deadlines));
}

/* place[] of an id that is out may hold anything: the heap itself says whether it is in. */
static bool contains(const struct deadlines *deadlines, uint32_t id)
{
	uint32_t place = deadlines->place[id];

	return place < deadlines->count && deadlines->heap[place] == id;
}

static void put(struct deadlines *deadlines, uint32_t place, uint32_t id)
{
	deadlines->heap[place] = id;
	deadlines->place[id] = place;
}

static uint64_t due_at(const struct deadlines *deadlines, uint32_t place)
{
	return deadlines->due_ns[deadlines->heap[place]];
}

static void rise(struct deadlines *deadlines, uint32_t place, uint32_t id)
{
	while (place && due_at(deadlines, (place - 1) / 2) > deadlines->due_ns[id]) {
		put(deadlines, place, deadlines->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(deadlines, place, id);
}

static void sink(struct deadlines *deadlines, uint32_t place, uint32_t id)
{
	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child + 1 < deadlines->count &&
			due_at(deadlines, child + 1) < due_at(deadlines, child))
			child++;
		if (child >= deadlines->count || due_at(deadlines, child) >= deadlines->due_ns[id])
			break;
		put(deadlines, place, deadlines->heap[child]);
		place = child;
	}
	put(deadlines, place, id);
}

void deadline_set(struct deadlines *deadlines, uint32_t id, uint64_t due_ns)
{
	assert(id < deadlines->capacity);
	deadline_clear(deadlines, id);
	deadlines->due_ns[id] = due_ns;
	rise(deadlines, deadlines->count++, id);
}

void deadline_clear(struct deadlines *deadlines, uint32_t id)
{
	uint32_t place, last;

	assert(id < deadlines->capacity);
	if (!contains(deadlines, id))
		return;
	place = deadlines->place[id];
	last = deadlines->heap[--deadlines->count];
	if (last == id)
		return;
	if (place && due_at(deadlines, (place - 1) / 2) > deadlines->due_ns[last])
		rise(deadlines, place, last);
	else
		sink(deadlines, place, last);
}

bool deadline_next(const struct deadlines *deadlines, uint64_t *due_ns)
{
	if (!deadlines->count)
		return false;
	*due_ns = due_at(deadlines, 0);
	return true;
}

bool deadline_take(struct deadlines *deadlines, uint64_t now_ns, uint32_t *id)
{
	if (!deadlines->count || due_at(deadlines, 0) > now_ns)
		return false;
	*id = deadlines->heap[0];
	deadline_clear(deadlines, *id);
	return true;
}
