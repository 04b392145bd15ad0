/* SPDX-License-Identifier: MIT */
/* The accounts of threads, on tables as the programs would leave them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/threads.h"

#define PLACES 2048
#define SELF   99

static struct probe_abi_thread table[PLACES];
static struct threads threads;

static int prepare(void **state)
{
	(void)state;
	memset(table, 0, sizeof(table));
	return threads_init(&threads, table, PLACES, SELF, NULL);
}

static int discard(void **state)
{
	(void)state;
	threads_release(&threads);
	return 0;
}

/* A thread that gets a place at this time, running. */
static struct probe_abi_thread *take(uint32_t place, uint32_t tid, uint64_t now_ns)
{
	struct probe_abi_thread *thread = &table[place];
	uint32_t generation = thread->generation;

	*thread = (struct probe_abi_thread){
		.tid = tid,
		.tgid = tid / 10,
		.state = 1,
		.generation = generation + 1,
		.running = 1,
		.changed_ns = now_ns,
		.first_ns = now_ns,
	};
	snprintf(thread->name, sizeof(thread->name), "t%u", tid);
	return thread;
}

/* It leaves its CPU. */
static void leave(struct probe_abi_thread *thread, uint32_t kind, uint64_t now_ns)
{
	thread->cpu_ns += now_ns - thread->changed_ns;
	thread->switches++;
	thread->running = 0;
	thread->kind = kind;
	thread->changed_ns = now_ns;
}

/* It gets a CPU, for which it had waited this long. */
static void enter(struct probe_abi_thread *thread, uint64_t waited_ns, uint64_t now_ns)
{
	thread->runq_ns += waited_ns;
	thread->blocked_ns[thread->kind] += now_ns - thread->changed_ns - waited_ns;
	if (thread->owning)
		thread->owning_ns += now_ns - thread->changed_ns - waited_ns;
	thread->running = 1;
	thread->changed_ns = now_ns;
}

static void end(struct probe_abi_thread *thread, uint64_t now_ns)
{
	thread->cpu_ns += now_ns - thread->changed_ns;
	thread->running = 0;
	thread->state = 2;
}

static const struct stages_thread *row_of(uint32_t tid)
{
	for (size_t i = 0; i < threads.row_count; i++)
		if (threads.rows[i].tid == tid)
			return &threads.rows[i];
	return NULL;
}

static void assert_whole(const struct stages_thread *row)
{
	assert_int_equal(row->wall_ns,
		row->cpu_ns + row->runq_ns + row->sleep_ns + row->disk_ns + row->stopped_ns);
}

static void only_what_lies_in_the_window_counts(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 1000);
	const struct stages_thread *row;

	(void)state;
	leave(thread, PROBE_ABI_OFF_SLEEP, 1500);
	enter(thread, 100, 2000);
	thread->requests = 4;
	threads_begin(&threads, 2200); /* 200 into a spell on the CPU */
	leave(thread, PROBE_ABI_OFF_SLEEP, 3000);
	enter(thread, 50, 4000);
	leave(thread, PROBE_ABI_OFF_DISK, 4100);
	enter(thread, 0, 4300);
	thread->requests = 9;
	threads_end(&threads, 5000);
	assert_int_equal(threads.row_count, 1);
	row = row_of(11);
	assert_non_null(row);
	assert_int_equal(row->requests, 5);
	assert_int_equal(row->wall_ns, 2800);
	assert_int_equal(row->cpu_ns, 800 + 100 + 700);
	assert_int_equal(row->runq_ns, 50);
	assert_int_equal(row->sleep_ns, 950);
	assert_int_equal(row->disk_ns, 200);
	assert_int_equal(row->stopped_ns, 0);
	assert_int_equal(row->switches, 2);
	assert_int_equal(row->tgid, 1);
	assert_string_equal(row->name, "t11");
	assert_false(row->exited);
	assert_whole(row);
}

/* One that reads requests and never gets to answer them; and one that only wakes up. */
static void a_thread_with_requests_is_told_of_though_it_answered_none(void **state)
{
	struct probe_abi_thread *kept = take(1, 11, 1000), *idle = take(2, 12, 1000);
	const struct stages_thread *row;

	(void)state;
	threads_begin(&threads, 1000);
	kept->owning = 1;
	leave(kept, PROBE_ABI_OFF_SLEEP, 1100);
	enter(kept, 10, 1500);
	leave(kept, PROBE_ABI_OFF_PREEMPTED, 1600);
	enter(kept, 100, 1700);
	leave(kept, PROBE_ABI_OFF_DISK, 1800);
	leave(idle, PROBE_ABI_OFF_SLEEP, 1100);
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 1);
	row = row_of(11);
	assert_non_null(row);
	assert_int_equal(row->requests, 0);
	assert_int_equal(row->in_request_ns, 390 + 200);
	assert_whole(row);
}

static void a_spell_goes_on_until_the_window_ends(void **state)
{
	struct probe_abi_thread *asleep = take(1, 11, 1000), *waiting = take(2, 12, 1000),
				*stopped = take(3, 13, 1000);

	(void)state;
	threads_begin(&threads, 1000);
	asleep->requests = waiting->requests = stopped->requests = 1;
	leave(asleep, PROBE_ABI_OFF_SLEEP, 1100);
	leave(waiting, PROBE_ABI_OFF_PREEMPTED, 1200);
	leave(stopped, PROBE_ABI_OFF_STOPPED, 1300);
	threads_end(&threads, 2000);
	assert_int_equal(row_of(11)->sleep_ns, 900);
	assert_int_equal(row_of(12)->runq_ns, 800);
	assert_int_equal(row_of(13)->stopped_ns, 700);
	for (uint32_t tid = 11; tid <= 13; tid++)
		assert_whole(row_of(tid));
}

/* It was asleep as the window began; later it shows that it was already waiting for a CPU then. */
static void a_spell_of_two_kinds_across_the_beginning_never_counts_below_zero(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 1000);

	(void)state;
	leave(thread, PROBE_ABI_OFF_SLEEP, 1000);
	threads_begin(&threads, 2000);
	enter(thread, 900, 2100); /* slept for 200, waited for 900 */
	thread->requests = 1;
	threads_end(&threads, 2500);
	assert_int_equal(row_of(11)->sleep_ns, 0);
	assert_int_equal(row_of(11)->cpu_ns, 400);
	assert_int_equal(row_of(11)->wall_ns, 500);
}

static void a_thread_that_starts_in_the_window_starts_from_zero(void **state)
{
	struct probe_abi_thread *thread;

	(void)state;
	threads_begin(&threads, 1000);
	thread = take(7, 71, 1600);
	thread->requests = 3;
	threads_end(&threads, 2000);
	assert_int_equal(row_of(71)->requests, 3);
	assert_int_equal(row_of(71)->wall_ns, 400);
}

static void who_ended_keeps_figures_and_the_next_in_the_place_has_its_own(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 100);
	const struct stages_thread *row;

	(void)state;
	thread->requests = 10;
	threads_begin(&threads, 1000);
	thread->requests = 14;
	threads_tick(&threads, 1100);
	end(thread, 1200);
	threads_tick(&threads, 1250);
	thread = take(1, 12, 1300);
	thread->requests = 2;
	threads_tick(&threads, 1400);
	thread->requests = 6;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 2);
	row = row_of(12);
	assert_ptr_equal(row, &threads.rows[0]);
	assert_int_equal(row->requests, 6);
	assert_int_equal(row->wall_ns, 700);
	assert_false(row->exited);
	row = row_of(11);
	assert_int_equal(row->requests, 4);
	assert_int_equal(row->wall_ns, 200);
	assert_int_equal(row->cpu_ns, 200);
	assert_true(row->exited);
}

static void who_ended_before_the_window_is_not_in_it(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 100);

	(void)state;
	thread->requests = 10;
	end(thread, 500);
	threads_begin(&threads, 1000);
	take(1, 12, 1500)->requests = 1;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 1);
	assert_null(row_of(11));
}

static void a_second_window_knows_nothing_of_the_first(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 100), *other = take(2, 12, 100);

	(void)state;
	threads_begin(&threads, 1000);
	thread->requests = 5;
	other->requests = 5;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 2);
	threads_begin(&threads, 3000);
	thread->requests = 8;
	threads_end(&threads, 4000);
	assert_int_equal(threads.row_count, 1);
	assert_int_equal(row_of(11)->requests, 3);
	assert_int_equal(row_of(11)->wall_ns, 1000);
}

static void the_probe_itself_and_idle_threads_have_no_row(void **state)
{
	(void)state;
	take(1, SELF, 100)->requests = 1;
	take(2, 12, 100);
	threads_begin(&threads, 1000);
	table[1].requests = 7;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 0);
}

static void a_place_being_filled_is_left_for_later(void **state)
{
	struct probe_abi_thread *thread = take(1, 11, 100);

	(void)state;
	threads_begin(&threads, 1000);
	thread->requests = 5;
	threads_tick(&threads, 1500);
	thread->state = 0;
	thread->generation++;
	thread->requests = 0;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 1);
	assert_int_equal(row_of(11)->requests, 5);
}

static void more_than_a_thousand_ended_ones_lose_no_request(void **state)
{
	uint64_t requests = 0, cpu_ns = 0;
	uint32_t rounds = 3, places = 1000;

	(void)state;
	threads_begin(&threads, 1000);
	for (uint32_t i = 0; i < rounds * places; i++) {
		struct probe_abi_thread *thread = take(1 + i % places, 1000 + i, 2000 + 10 * i);

		thread->requests = 2;
		end(thread, 2000 + 10 * i + 7);
		if (i % 100 == 99)
			threads_tick(&threads, 2000 + 10 * i + 9);
	}
	threads_end(&threads, 100000);
	assert_int_equal(threads.row_count, THREADS_ENDED_LIMIT + places);
	for (size_t i = 0; i < threads.row_count; i++) {
		requests += threads.rows[i].requests;
		cpu_ns += threads.rows[i].cpu_ns;
		assert_true(threads.rows[i].exited);
	}
	assert_int_equal(requests, 2 * rounds * places);
	assert_int_equal(cpu_ns, 7 * rounds * places);
	assert_string_equal(threads.rows[0].name, "others");
	assert_int_equal(threads.rows[0].tid, 0);
}

static void places_are_found_behind_unused_ones(void **state)
{
	(void)state;
	threads_begin(&threads, 1000);
	take(200, 11, 1100)->requests = 1;
	threads_end(&threads, 2000);
	assert_int_equal(threads.row_count, 1);
}

static void each_process_is_told_once_and_one_that_is_there_is_known(void **state)
{
	struct probe_abi_thread *thread = take(1, 511, 100);

	(void)state;
	assert_int_equal(threads_new_process(&threads), 0);
	take(2, 512, 100);
	threads_tick(&threads, 200);
	assert_int_equal(threads.process, 51);
	assert_int_equal(threads_new_process(&threads), 51);
	assert_int_equal(threads_new_process(&threads), 0);
	take(3, 613, 300);
	threads_tick(&threads, 400);
	assert_int_equal(threads_new_process(&threads), 61);
	assert_int_equal(threads.process, 51);
	end(thread, 500);
	end(&table[2], 500);
	threads_tick(&threads, 600);
	assert_int_equal(threads.process, 61);
	assert_int_equal(threads_new_process(&threads), 0);
	end(&table[3], 700);
	threads_tick(&threads, 800);
	assert_int_equal(threads.process, 61);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_lies_in_the_window_counts),
		TEST(a_thread_with_requests_is_told_of_though_it_answered_none),
		TEST(a_spell_goes_on_until_the_window_ends),
		TEST(a_spell_of_two_kinds_across_the_beginning_never_counts_below_zero),
		TEST(a_thread_that_starts_in_the_window_starts_from_zero),
		TEST(who_ended_keeps_figures_and_the_next_in_the_place_has_its_own),
		TEST(who_ended_before_the_window_is_not_in_it),
		TEST(a_second_window_knows_nothing_of_the_first),
		TEST(the_probe_itself_and_idle_threads_have_no_row),
		TEST(a_place_being_filled_is_left_for_later),
		TEST(more_than_a_thousand_ended_ones_lose_no_request),
		TEST(places_are_found_behind_unused_ones),
		TEST(each_process_is_told_once_and_one_that_is_there_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
