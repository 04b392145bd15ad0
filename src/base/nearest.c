/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

void nearest_init(struct nearest *nearest, const char *typed, size_t typed_bytes)
{
	nearest->typed = typed;
	nearest->typed_bytes = typed_bytes;
	nearest->best = NULL;
	nearest->best_distance = SIZE_MAX;
}

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

/* How many letters must be put in, left out, replaced or swapped with their neighbour. */
static size_t distance(const char *one, size_t one_bytes, const char *other, size_t other_bytes)
{
	size_t rows[3][NEAREST_MAX_BYTES + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= other_bytes; j++)
		above[j] = j;
	for (size_t i = 1; i <= one_bytes; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= other_bytes; j++) {
			row[j] = above[j - 1] + (one[i - 1] != other[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
				one[i - 2] == other[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[other_bytes];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t name_bytes = strlen(name), found;

	if (nearest->typed_bytes > NEAREST_MAX_BYTES || name_bytes > NEAREST_MAX_BYTES)
		return;
	/* Its beginning means a name: "dur", "duration". */
	if (nearest->typed_bytes > 1 && nearest->typed_bytes < name_bytes &&
		!memcmp(nearest->typed, name, nearest->typed_bytes))
		found = 1;
	else
		found = distance(nearest->typed, nearest->typed_bytes, name, name_bytes);
	if (found >= nearest->best_distance || found > (name_bytes + 2) / 3)
		return;
	nearest->best = name;
	nearest->best_distance = found;
}
