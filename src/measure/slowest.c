/* SPDX-License-Identifier: MIT */
#include "measure/slowest.h"

#include <assert.h>

size_t slowest_bytes(size_t capacity)
{
	return capacity * sizeof(struct slowest_row);
}

void slowest_init(struct slowest *slowest, size_t capacity, void *rows)
{
	assert(!capacity || rows);
	*slowest = (struct slowest){.capacity = capacity, .rows = rows};
}

/* A new last row moves up to where its parent is no slower. */
static void rise(struct slowest *slowest, const struct slowest_row *row)
{
	size_t at = slowest->count++;

	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (slowest->rows[parent].service_ns <= row->service_ns)
			break;
		slowest->rows[at] = slowest->rows[parent];
		at = parent;
	}
	slowest->rows[at] = *row;
}

/* Takes the fastest row's place and moves down to where both children are no faster. */
static void sink(struct slowest *slowest, const struct slowest_row *row)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < slowest->count) {
		if (child + 1 < slowest->count &&
			slowest->rows[child + 1].service_ns < slowest->rows[child].service_ns)
			child++;
		if (slowest->rows[child].service_ns >= row->service_ns)
			break;
		slowest->rows[at] = slowest->rows[child];
		at = child;
	}
	slowest->rows[at] = *row;
}

void slowest_insert(struct slowest *slowest, const struct slowest_row *row)
{
	if (slowest->count < slowest->capacity)
		rise(slowest, row);
	else if (slowest->count && row->service_ns > slowest->rows[0].service_ns)
		sink(slowest, row);
}

const struct slowest_row *slowest_find(
	const struct slowest *slowest, uint16_t local_port, uint64_t offset_bytes)
{
	const struct slowest_row *found = NULL;

	for (size_t i = 0; i < slowest->count; i++) {
		const struct slowest_row *row = &slowest->rows[i];

		if (row->local_port == local_port && row->offset_bytes == offset_bytes &&
			(!found || row->service_ns > found->service_ns))
			found = row;
	}
	return found;
}
