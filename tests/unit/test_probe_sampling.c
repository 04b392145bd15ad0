/* SPDX-License-Identifier: MIT */
/* Every bucket is selected as often as any other, in no order one could keep step with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/sampling.h"

static void a_cycle_has_each_bucket_once(void **state)
{
	static const uint32_t samples[] = {1, 2, 3, 8, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct sampling sampling;
		bool cost;

		sampling_init(&sampling, samples[i], 1);
		for (int cycle = 0; cycle < 50; cycle++) {
			uint64_t seen = 0;

			for (uint32_t j = 0; j < samples[i]; j++) {
				uint32_t bucket = sampling_next(&sampling, &cost);

				assert_true(bucket < samples[i]);
				assert_false(seen >> bucket & 1);
				seen |= 1ULL << bucket;
			}
		}
	}
}

/* Chi-square of bucket by place in the cycle: 49 degrees of freedom, 99.9 % below 86. */
static void each_place_of_a_cycle_gets_each_bucket_equally(void **state)
{
	enum { SAMPLE = 8, CYCLES = 8000 };
	static int counts[SAMPLE][SAMPLE];
	struct sampling sampling;
	double square = 0;
	bool cost;

	(void)state;
	sampling_init(&sampling, SAMPLE, 7);
	for (int i = 0; i < CYCLES; i++)
		for (int place = 0; place < SAMPLE; place++)
			counts[place][sampling_next(&sampling, &cost)]++;
	for (int i = 0; i < SAMPLE * SAMPLE; i++) {
		double off = counts[i / SAMPLE][i % SAMPLE] - CYCLES / SAMPLE;

		square += off * off / (CYCLES / SAMPLE);
	}
	assert_true(square < 86);
	assert_true(square > 20);
}

static void a_window_starts_a_cycle(void **state)
{
	struct sampling sampling;
	uint64_t seen = 0;
	bool cost;

	(void)state;
	sampling_init(&sampling, 8, 3);
	for (int i = 0; i < 5; i++)
		sampling_next(&sampling, &cost);
	sampling_begin(&sampling);
	for (int i = 0; i < 8; i++)
		seen |= 1ULL << sampling_next(&sampling, &cost);
	assert_int_equal(seen, 0xff);
}

static void costs_are_looked_at_in_one_epoch_of_each_block(void **state)
{
	struct sampling sampling;

	(void)state;
	sampling_init(&sampling, 8, 11);
	sampling_begin(&sampling);
	for (int block = 0; block < 200; block++) {
		int looks = 0;

		for (int i = 0; i < SAMPLING_COST_EPOCHS; i++) {
			bool cost;

			sampling_next(&sampling, &cost);
			looks += cost;
			if (block == 0)
				assert_int_equal(cost, i == 1);
		}
		assert_int_equal(looks, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_has_each_bucket_once),
		cmocka_unit_test(each_place_of_a_cycle_gets_each_bucket_equally),
		cmocka_unit_test(a_window_starts_a_cycle),
		cmocka_unit_test(costs_are_looked_at_in_one_epoch_of_each_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
