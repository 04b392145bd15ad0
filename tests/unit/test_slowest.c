/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "measure/slowest.h"

#define MOST_REQUESTS 600

static struct slowest new_slowest(size_t capacity)
{
	/* malloc: what lies beyond the rows is the sanitizer's to watch. */
	void *rows = capacity ? malloc(slowest_bytes(capacity)) : NULL;
	struct slowest slowest;

	assert_true(rows || !capacity);
	if (rows)
		memset(rows, 0, slowest_bytes(capacity));
	slowest_init(&slowest, capacity, rows);
	return slowest;
}

static void free_slowest(struct slowest *slowest)
{
	free(slowest->rows);
}

/* As the engine does: asks first. */
static void offer(struct slowest *slowest, const struct slowest_row *row)
{
	if (slowest_wants(slowest, row->service_ns))
		slowest_insert(slowest, row);
}

/* The row of the Nth request; the number is in every field, so that a mixed-up row shows. */
static struct slowest_row row_of(uint64_t number, uint64_t service_ns)
{
	return (struct slowest_row){.service_ns = service_ns,
		.intended_ns = 1000 + number,
		.sent_ns = 2000 + number,
		.done_ns = 2000 + number + service_ns,
		.offset_bytes = 100 * number,
		.local_port = (uint16_t)(40000 + number),
		.address = (uint16_t)(number % 7)};
}

static int slowest_first(const void *left, const void *right)
{
	const struct slowest_row *one = left, *other = right;

	return (one->service_ns < other->service_ns) - (one->service_ns > other->service_ns);
}

/* Every row kept is one that was offered, and none that is slower than the fastest kept is missing.
 */
static void check_rows(const struct slowest *slowest, struct slowest_row *offered, size_t count)
{
	size_t kept = count < slowest->capacity ? count : slowest->capacity;
	uint64_t fastest_ns = UINT64_MAX;

	assert_int_equal(slowest->count, kept);
	for (size_t i = 0; i < kept; i++) {
		uint64_t number = slowest->rows[i].intended_ns - 1000;

		assert_true(number < count);
		assert_memory_equal(&slowest->rows[i], &offered[number], sizeof(*offered));
		for (size_t j = 0; j < i; j++)
			assert_true(slowest->rows[j].intended_ns != slowest->rows[i].intended_ns);
		if (slowest->rows[i].service_ns < fastest_ns)
			fastest_ns = slowest->rows[i].service_ns;
	}
	if (!kept)
		return;
	assert_true(slowest->rows[0].service_ns == fastest_ns);
	qsort(offered, count, sizeof(*offered), slowest_first);
	assert_true(offered[kept - 1].service_ns == fastest_ns);
}

/* Against a sort; few distinct times make ties, many make none. */
static void keeps_the_slowest_of_random_requests(void **state)
{
	static struct slowest_row offered[MOST_REQUESTS];
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (unsigned int round = 0; round < 400; round++) {
		struct slowest slowest = new_slowest((size_t)rng_below(&rng, 80));
		size_t count = (size_t)rng_below(&rng, MOST_REQUESTS + 1);
		uint64_t distinct = 1 + rng_below(&rng, round % 2 ? 20 : UINT64_MAX / 2);

		for (size_t i = 0; i < count; i++) {
			offered[i] = row_of(i, rng_below(&rng, distinct));
			if (slowest.capacity)
				offer(&slowest, &offered[i]);
			else
				slowest_insert(&slowest, &offered[i]);
		}
		check_rows(&slowest, offered, count);
		free_slowest(&slowest);
	}
}

/* The orders in which a heap that moves the wrong way still looks right, or never moves. */
static void keeps_the_slowest_of_ordered_requests(void **state)
{
	static struct slowest_row offered[MOST_REQUESTS];

	(void)state;
	for (size_t capacity = 1; capacity < 40; capacity++) {
		struct slowest rising = new_slowest(capacity), falling = new_slowest(capacity);

		for (size_t i = 0; i < 100; i++) {
			offered[i] = row_of(i, i);
			offer(&rising, &offered[i]);
		}
		check_rows(&rising, offered, 100);
		for (size_t i = 0; i < 100; i++) {
			offered[i] = row_of(i, 100 - i);
			offer(&falling, &offered[i]);
		}
		check_rows(&falling, offered, 100);
		free_slowest(&rising);
		free_slowest(&falling);
	}
}

/* What came first stays: a request as slow as the fastest kept is no reason for a walk. */
static void wants_only_what_is_slower(void **state)
{
	struct slowest slowest = new_slowest(2);
	struct slowest_row rows[] = {row_of(0, 10), row_of(1, 20), row_of(2, 10), row_of(3, 11)};

	(void)state;
	assert_true(slowest_wants(&slowest, 0));
	offer(&slowest, &rows[0]);
	assert_true(slowest_wants(&slowest, 0));
	offer(&slowest, &rows[1]);
	assert_false(slowest_wants(&slowest, 10));
	assert_true(slowest_wants(&slowest, 11));
	slowest_insert(&slowest, &rows[2]);
	assert_non_null(slowest_find(&slowest, rows[0].local_port, rows[0].offset_bytes));
	slowest_insert(&slowest, &rows[3]);
	assert_null(slowest_find(&slowest, rows[0].local_port, rows[0].offset_bytes));
	assert_int_equal(slowest.rows[0].service_ns, 11);
	free_slowest(&slowest);
}

static void finds_by_port_and_offset(void **state)
{
	struct slowest slowest = new_slowest(8);
	const struct slowest_row *found;

	(void)state;
	assert_null(slowest_find(&slowest, 0, 0));
	for (uint64_t i = 0; i < 20; i++) {
		struct slowest_row row = row_of(i, i);

		/* Two connections with the same offsets. */
		row.local_port = (uint16_t)(40000 + i % 2);
		row.offset_bytes = i / 2 * 100;
		offer(&slowest, &row);
	}
	found = slowest_find(&slowest, 40001, 900);
	assert_non_null(found);
	assert_int_equal(found->service_ns, 19);
	found = slowest_find(&slowest, 40000, 900);
	assert_non_null(found);
	assert_int_equal(found->service_ns, 18);
	assert_null(slowest_find(&slowest, 40002, 900));
	assert_null(slowest_find(&slowest, 40000, 901));
	assert_null(slowest_find(&slowest, 40000, 0));
	free_slowest(&slowest);
}

/* As when a port comes back on a new connection. */
static void finds_the_slowest_of_several(void **state)
{
	struct slowest slowest = new_slowest(8);
	const struct slowest_row *found;

	(void)state;
	for (uint64_t i = 0; i < 8; i++) {
		struct slowest_row row = row_of(i, (i * 5 + 3) % 8);

		row.local_port = 40000;
		row.offset_bytes = 0;
		offer(&slowest, &row);
	}
	found = slowest_find(&slowest, 40000, 0);
	assert_non_null(found);
	assert_int_equal(found->service_ns, 7);
	free_slowest(&slowest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_slowest_of_random_requests),
		cmocka_unit_test(keeps_the_slowest_of_ordered_requests),
		cmocka_unit_test(wants_only_what_is_slower),
		cmocka_unit_test(finds_by_port_and_offset),
		cmocka_unit_test(finds_the_slowest_of_several),
	};

	return cmocka_run_group_tests_name("slowest", tests, NULL, NULL);
}
