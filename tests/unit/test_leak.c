/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/leak.h"

#define NS_PER_HOUR (3600 * NS_PER_S)

static struct leak leak_of(uint64_t limit_bytes, uint64_t bytes_per_hour)
{
	struct leak leak;
	struct err err = {0};

	if (leak_init(&leak, limit_bytes, bytes_per_hour, &err))
		fail_msg("%s", err.text);
	return leak;
}

/* Pages of the leak that are memory, which is what the resident size counts. */
static uint64_t resident_bytes(const struct leak *leak)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t pages = (leak->limit_bytes + page_bytes - 1) / page_bytes, resident = 0;
	unsigned char *in_core = malloc(pages);

	assert_non_null(in_core);
	assert_int_equal(mincore(leak->memory, leak->limit_bytes, in_core), 0);
	for (uint64_t i = 0; i < pages; i++)
		resident += in_core[i] & 1;
	free(in_core);
	return resident * page_bytes;
}

static void what_is_leaked_is_memory(void **state)
{
	struct leak leak = leak_of(64 << 20, 0);

	(void)state;
	assert_int_equal(resident_bytes(&leak), 0);
	assert_int_equal(leak_next_ns(&leak), UINT64_MAX);
	for (uint64_t i = 1; i <= 5000; i++) {
		leak_add(&leak, 1000);
		assert_int_equal(leak_bytes(&leak), i * 1000);
		if (i % 500 == 1)
			assert_int_equal(resident_bytes(&leak), (i * 1000 + 4095) / 4096 * 4096);
	}
	leak_add(&leak, 10 << 20);
	assert_int_equal(resident_bytes(&leak), (5000000 + (10 << 20) + 4095) / 4096 * 4096);
	leak_release(&leak);
	leak_release(&leak);
}

static void it_ends_at_its_limit(void **state)
{
	struct leak leak = leak_of(1000000, 3600000000);

	(void)state;
	leak_add(&leak, 900000);
	leak_add(&leak, UINT64_MAX / 2);
	leak_add(&leak, UINT64_MAX / 2);
	leak_at(&leak, NS_PER_HOUR);
	assert_int_equal(leak_bytes(&leak), 1000000);
	assert_int_equal(resident_bytes(&leak), (1000000 + 4095) / 4096 * 4096);
	assert_int_equal(leak_next_ns(&leak), UINT64_MAX);
	leak_release(&leak);
}

/* 50 MB an hour, whenever it is looked at; beside what requests leak. */
static void it_is_steady_over_time(void **state)
{
	struct leak leak = leak_of(256 << 20, 50000000);
	uint64_t now_ns = 0;

	(void)state;
	/* A page of 4,096 bytes every 294.912 ms. */
	assert_int_equal(leak_next_ns(&leak), 294912000);
	for (int i = 0; i < 1000; i++) {
		now_ns += leak_next_ns(&leak);
		leak_at(&leak, now_ns);
		assert_int_equal(leak_bytes(&leak), 4096 * (i + 1));
	}
	leak_at(&leak, now_ns);
	assert_int_equal(leak_bytes(&leak), 4096000);
	leak_add(&leak, 500);
	leak_at(&leak, NS_PER_HOUR);
	assert_int_equal(leak_bytes(&leak), 50000500);
	leak_at(&leak, 2 * NS_PER_HOUR);
	assert_int_equal(leak_bytes(&leak), 100000500);
	leak_release(&leak);

	/* However fast, the server is not woken more than a hundred times a second. */
	leak = leak_of(1 << 30, 1ULL << 40);
	assert_int_equal(leak_next_ns(&leak), 10 * NS_PER_MS);
	leak_release(&leak);
	leak = leak_of(1 << 30, 1);
	assert_int_equal(leak_next_ns(&leak), NS_PER_HOUR);
	leak_release(&leak);
}

static void *leak_often(void *argument)
{
	for (int i = 0; i < 20000; i++)
		leak_add(argument, 100);
	return NULL;
}

static void workers_leak_together(void **state)
{
	struct leak leak = leak_of(64 << 20, 0);
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, leak_often, &leak), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(leak_bytes(&leak), 8000000);
	assert_int_equal(resident_bytes(&leak), (8000000 + 4095) / 4096 * 4096);
	leak_release(&leak);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_leaked_is_memory),
		cmocka_unit_test(it_ends_at_its_limit),
		cmocka_unit_test(it_is_steady_over_time),
		cmocka_unit_test(workers_leak_together),
	};

	return cmocka_run_group_tests_name("leak", tests, NULL, NULL);
}
