/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t length_of(const char *word)
{
	return strnlen(word, LONGEST);
}

/* Three rows of the table are enough: a swap looks back two. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[3][LONGEST + 1];
	size_t *before = row[0], *last = row[1], *now = row[2], *spare;
	size_t i, j;

	for (j = 0; j <= b_length; j++)
		last[j] = j;
	for (i = 1; i <= a_length; i++) {
		now[0] = i;
		for (j = 1; j <= b_length; j++) {
			size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = least(replaced, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_length];
}

void nearest_init(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .best_distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *known)
{
	size_t word_length = length_of(nearest->word), known_length = length_of(known);
	size_t steps, limit;

	if (word_length >= 2 && !strncmp(nearest->word, known, word_length))
		steps = 1;
	else
		steps = distance(nearest->word, word_length, known, known_length);
	/* Beyond a third of the letters a "did you mean" is a guess that misleads. */
	limit = word_length < 3 ? 1 : (word_length + 2) / 3;
	if (steps <= limit && steps < nearest->best_distance) {
		nearest->best = known;
		nearest->best_distance = steps;
	}
}
