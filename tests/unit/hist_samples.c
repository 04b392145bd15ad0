/* SPDX-License-Identifier: MIT */
#include "tests/unit/hist_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

uint64_t hist_samples_seeds[HIST_SAMPLES_SEEDS] = {1, 2, 3};

void hist_samples_begin(void)
{
	const char *chosen = getenv("HIST_SEED");

	hist_samples_seeds[HIST_SAMPLES_SEEDS - 1] = chosen ? strtoull(chosen, NULL, 10)
							    : clock_wall_ns();
}

unsigned int hist_samples_cell(unsigned int precision_bits, uint64_t value)
{
	uint64_t first = 1ULL << precision_bits, half = first / 2, cell_width = 2;
	unsigned int index = (unsigned int)first;

	if (value < first)
		return (unsigned int)value;
	while (first <= UINT64_MAX / 2 && value >= 2 * first) {
		first *= 2;
		cell_width *= 2;
		index += (unsigned int)half;
	}
	return index + (unsigned int)((value - first) / cell_width);
}

struct hist hist_samples_new(unsigned int precision_bits, uint64_t highest_ns)
{
	void *cells = calloc(1, hist_bytes(precision_bits, highest_ns));
	struct hist hist;

	assert_non_null(cells);
	hist_init(&hist, precision_bits, highest_ns, cells);
	return hist;
}

void hist_samples_free(struct hist *hist)
{
	free(hist->cells);
}

uint64_t hist_samples_draw(struct rng *rng, unsigned int distribution)
{
	uint64_t octave;

	switch (distribution) {
	case 0: /* uniform over the whole range */
		return rng_below(rng, HIST_SAMPLES_LONGEST_NS);
	case 1: /* the usual server */
		return 20000 + (uint64_t)rng_exponential(rng, 150e3);
	case 2: /* a cache that misses once in 20 */
		return rng_below(rng, 20) ? 50000 + rng_below(rng, 5000)
					  : 8000000 + rng_below(rng, 900000);
	case 3: /* constant, inside a cell */
		return 1234567891;
	case 4: /* constant, in the first octave */
		return 777;
	case 5: /* tiny values, 0 among them */
		return rng_below(rng, 40);
	case 6: /* on both sides of each octave's edge */
		octave = 1ULL << rng_below(rng, 34);
		return octave + rng_below(rng, 3) - 1;
	case 7: /* on both sides of each cell's edge */
		return hist_layout_lowest(
			       HIST_PRECISION_3_DIGITS, 1 + (unsigned int)rng_below(rng, 25000)) -
		       rng_below(rng, 2);
	case 8: /* a tail without a mean */
		return (uint64_t)fmin(1000 / rng_unit(rng), (double)HIST_SAMPLES_LONGEST_NS);
	default: /* every magnitude alike */
		return rng_below(rng, HIST_SAMPLES_LONGEST_NS) >> rng_below(rng, 34);
	}
}
