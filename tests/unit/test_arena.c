/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <numa.h>
#include <numaif.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

/* Whether action(arena) ends in a failed assertion. */
static bool aborts(void (*action)(struct arena *), struct arena *arena)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		action(arena);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {1, 64, 3, 4096, 100, 0, 8, 5000};
	static const size_t aligns[] = {1, 64, 8, 4096, 2, 16, 8, 8192};
	size_t count = sizeof sizes / sizeof sizes[0], need = 0;
	struct arena arena;
	char *piece, *last_end = NULL;

	(void)state;
	for (size_t i = 0; i < count; i++)
		need += arena_need(sizes[i], aligns[i]);
	assert_int_equal(arena_init(&arena, need, -1, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		piece = arena_alloc(&arena, sizes[i], aligns[i]);
		assert_int_equal((uintptr_t)piece % aligns[i], 0);
		assert_true(!last_end || piece >= last_end);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(piece[at], 0);
		memset(piece, 0xA5, sizes[i]);
		last_end = piece + sizes[i];
	}
	assert_true(arena.used_bytes <= need);
	assert_true(last_end <= arena.base + arena.size_bytes);
	arena_release(&arena);
}

static void need_covers_the_worst_start(void **state)
{
	struct arena arena;
	size_t used_bytes;

	(void)state;
	assert_int_equal(arena_init(&arena, 1 << 20, -1, NULL), 0);
	for (size_t align = 1; align <= 1024; align *= 2) {
		arena_alloc(&arena, 1, 1);
		used_bytes = arena.used_bytes;
		arena_alloc(&arena, 10, align);
		assert_true(arena.used_bytes - used_bytes <= arena_need(10, align));
	}
	arena_release(&arena);
	assert_true(arena_need(SIZE_MAX, 64) == SIZE_MAX);
	assert_true(arena_need(SIZE_MAX - 10, 64) == SIZE_MAX);
}

static void take_one_byte(struct arena *arena)
{
	arena_alloc(arena, 1, 1);
}

static void take_nothing(struct arena *arena)
{
	arena_alloc(arena, 0, 1);
}

static void take_all_but_aligned(struct arena *arena)
{
	arena_alloc(arena, arena->size_bytes - arena->used_bytes, 4096);
}

static void take_more_than_there_is(struct arena *arena)
{
	arena_alloc(arena, SIZE_MAX, 1);
}

/* The padding alone is more than is left. */
static void take_aligned_past_the_end(struct arena *arena)
{
	uintptr_t end = (uintptr_t)arena->base + arena->size_bytes;

	arena_alloc(arena, 0, 2 * (end & -end));
}

static void take_with_odd_alignment(struct arena *arena)
{
	arena_alloc(arena, 1, 24);
}

static void sealed_arena_gives_nothing(void **state)
{
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 4096, -1, NULL), 0);
	assert_false(aborts(take_one_byte, &arena));
	assert_false(aborts(take_nothing, &arena));
	arena_seal(&arena);
	assert_true(aborts(take_one_byte, &arena));
	assert_true(aborts(take_nothing, &arena));
	arena_release(&arena);
}

static void room_and_alignment_are_asserted(void **state)
{
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 8192, -1, NULL), 0);
	arena_alloc(&arena, 8, 8);
	assert_true(aborts(take_all_but_aligned, &arena));
	assert_true(aborts(take_more_than_there_is, &arena));
	assert_true(aborts(take_with_odd_alignment, &arena));
	arena_alloc(&arena, arena.size_bytes - 8, 8);
	assert_true(aborts(take_aligned_past_the_end, &arena));
	assert_true(aborts(take_one_byte, &arena));
	assert_false(aborts(take_nothing, &arena));
	arena_release(&arena);
}

static void release_is_complete_and_repeatable(void **state)
{
	struct arena arena = {0};
	unsigned char resident;
	char *base;

	(void)state;
	arena_release(&arena);
	assert_int_equal(arena_init(&arena, 10000, -1, NULL), 0);
	base = arena.base;
	assert_int_equal(arena.size_bytes % 4096, 0);
	assert_int_equal(mincore(base, 1, &resident), 0);
	arena_release(&arena);
	assert_null(arena.base);
	assert_int_equal(mincore(base, 1, &resident), -1);
	assert_int_equal(errno, ENOMEM);
	arena_release(&arena);
}

static void pages_are_asked_from_the_node(void **state)
{
	unsigned long nodes[16] = {0};
	struct arena arena;
	struct err err = {0};
	int mode = -1, node = numa_available() < 0 ? -1 : numa_node_of_cpu(0);

	(void)state;
	assert_int_equal(arena_init(&arena, 1 << 16, node < 0 ? 0 : node, &err), 0);
	memset(arena_alloc(&arena, 4096, 64), 1, 4096);
	if (node >= 0) {
		assert_int_equal(
			get_mempolicy(&mode, nodes, 8 * sizeof nodes, arena.base, MPOL_F_ADDR), 0);
		assert_int_equal(mode, MPOL_PREFERRED);
		assert_int_equal(nodes[node / 64] >> node % 64 & 1, 1);
	}
	arena_release(&arena);
}

static void what_cannot_be_had_is_said(void **state)
{
	struct arena arena;
	struct err err = {0};

	(void)state;
	assert_int_equal(arena_init(&arena, SIZE_MAX, -1, &err), -ENOMEM);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "18446744073709551615 bytes"));
	assert_non_null(strstr(err.text, "Cannot allocate memory"));
	assert_int_equal(arena_init(&arena, SIZE_MAX / 2, -1, &err), -ENOMEM);
	assert_null(arena.base);
	arena_release(&arena);
	if (numa_available() < 0)
		return;
	assert_int_equal(arena_init(&arena, 4096, 1023, &err), -EINVAL);
	assert_non_null(strstr(err.text, "NUMA node \"1023\""));
	assert_int_equal(arena_init(&arena, 4096, 1024, &err), -EINVAL);
	assert_null(arena.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(need_covers_the_worst_start),
		cmocka_unit_test(sealed_arena_gives_nothing),
		cmocka_unit_test(room_and_alignment_are_asserted),
		cmocka_unit_test(release_is_complete_and_repeatable),
		cmocka_unit_test(pages_are_asked_from_the_node),
		cmocka_unit_test(what_cannot_be_had_is_said),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
