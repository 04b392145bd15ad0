/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "target/deadline.h"

#define IDS 200

static void nothing_is_due_of_nothing(void **state)
{
	struct deadlines deadlines = {0};
	uint64_t due_ns;
	uint32_t id;

	(void)state;
	deadline_release(&deadlines);
	assert_int_equal(deadline_init(&deadlines, 4), 0);
	assert_false(deadline_next(&deadlines, &due_ns));
	assert_false(deadline_take(&deadlines, UINT64_MAX, &id));
	deadline_clear(&deadlines, 3);
	deadline_release(&deadlines);
}

static void the_earliest_is_taken_when_it_is_due(void **state)
{
	struct deadlines deadlines;
	uint64_t due_ns;
	uint32_t id;

	(void)state;
	assert_int_equal(deadline_init(&deadlines, 4), 0);
	deadline_set(&deadlines, 2, 30);
	deadline_set(&deadlines, 0, 10);
	deadline_set(&deadlines, 1, 20);
	assert_true(deadline_next(&deadlines, &due_ns));
	assert_int_equal(due_ns, 10);
	assert_false(deadline_take(&deadlines, 9, &id));
	assert_true(deadline_take(&deadlines, 10, &id));
	assert_int_equal(id, 0);
	deadline_set(&deadlines, 2, 15); /* moves */
	assert_true(deadline_take(&deadlines, 30, &id));
	assert_int_equal(id, 2);
	assert_true(deadline_take(&deadlines, 30, &id));
	assert_int_equal(id, 1);
	assert_false(deadline_take(&deadlines, UINT64_MAX, &id));
	deadline_release(&deadlines);
}

/* Against a table searched from end to end. */
struct model {
	uint64_t due_ns[IDS];
	bool set[IDS];
};

static void check_next(const struct deadlines *deadlines, const struct model *model)
{
	uint64_t earliest = UINT64_MAX, due_ns = UINT64_MAX;
	uint32_t count = 0;

	for (uint32_t i = 0; i < IDS; i++) {
		count += model->set[i];
		if (model->set[i] && model->due_ns[i] < earliest)
			earliest = model->due_ns[i];
	}
	assert_int_equal(deadlines->count, count);
	assert_int_equal(deadline_next(deadlines, &due_ns), count > 0);
	assert_int_equal(due_ns, earliest);
}

static void random_operations_agree_with_a_search(void **state)
{
	struct model model = {0};
	struct deadlines deadlines;
	struct rng rng;

	(void)state;
	rng_init(&rng, 11, 0);
	assert_int_equal(deadline_init(&deadlines, IDS), 0);
	for (int step = 0; step < 20000; step++) {
		uint32_t id = (uint32_t)rng_below(&rng, IDS);
		uint64_t due_ns = rng_below(&rng, 1000);

		switch (rng_below(&rng, 4)) {
		case 0:
		case 1:
			deadline_set(&deadlines, id, due_ns);
			model.set[id] = true;
			model.due_ns[id] = due_ns;
			break;
		case 2:
			deadline_clear(&deadlines, id);
			model.set[id] = false;
			break;
		default:
			if (deadline_take(&deadlines, due_ns, &id)) {
				assert_true(model.set[id] && model.due_ns[id] <= due_ns);
				model.set[id] = false;
			}
		}
		check_next(&deadlines, &model);
	}
	deadline_release(&deadlines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_of_nothing),
		cmocka_unit_test(the_earliest_is_taken_when_it_is_due),
		cmocka_unit_test(random_operations_agree_with_a_search),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
