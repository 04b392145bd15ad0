/* SPDX-License-Identifier: MIT */
/* The processes of a server as they come and go, on made-up machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/members.h"
#include "tests/unit/machine_tree.h"

#define SINCE 1000 /* ticks: what starts later starts while one looks */
#define SELF  4000

/* A machine, and what is watched on it. */
struct bench {
	struct tree *tree;
	struct reading reading;
	struct members members;
};

static struct bench *bench_new(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const struct machine_process init = {.pid = 1, .name = "init", .start = 1};
	const struct machine_process other = {.pid = 77, .ppid = 1, .name = "other", .start = 9};

	assert_non_null(bench);
	bench->tree = machine_tree_new();
	machine_tree_write(bench->tree, &init);
	machine_tree_write(bench->tree, &other);
	reading_init(&bench->reading, bench->tree->root);
	members_init(&bench->members, &bench->reading, SINCE, SELF);
	return bench;
}

static void bench_free(struct bench *bench)
{
	members_release(&bench->members);
	tree_free(bench->tree);
	free(bench);
}

static void have(struct bench *bench, struct machine_process process)
{
	/* No process is without faults. */
	process.minor += 100;
	machine_tree_write(bench->tree, &process);
}

/* One of many. */
static void have_stat(struct bench *bench, struct machine_process process)
{
	machine_tree_write_stat(bench->tree, &process);
}

static void begin(struct bench *bench, uint32_t pid)
{
	assert_int_equal(members_add_roots(&bench->members, &pid, 1), 0);
}

static void sample(struct bench *bench)
{
	assert_int_equal(members_sample(&bench->members), 0);
}

static size_t running(const struct bench *bench)
{
	uint64_t threads;

	return members_running(&bench->members, &threads);
}

static void descendants_belong_to_it(void **state)
{
	struct bench *bench = bench_new();
	uint64_t threads;

	(void)state;
	/* Numbers need not rise from parent to child. */
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .user = 500});
	have(bench, (struct machine_process){.pid = 40, .ppid = 50, .start = 11, .user = 300});
	have(bench, (struct machine_process){.pid = 30, .ppid = 40, .start = 11, .threads = 5});
	begin(bench, 50);
	assert_int_equal(members_running(&bench->members, &threads), 3);
	assert_int_equal(threads, 7);
	sample(bench);
	/* What was used before does not count. */
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 0);
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .user = 510});
	have(bench, (struct machine_process){.pid = 40,
			    .ppid = 50,
			    .start = 11,
			    .user = 320,
			    .system = 3,
			    .read = 5,
			    .written = 6,
			    .voluntary = 7,
			    .involuntary = 8});
	sample(bench);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 30);
	assert_int_equal(bench->members.total[PROCESS_SYSTEM_TICKS], 3);
	assert_int_equal(bench->members.total[PROCESS_DISK_READ_BYTES], 5);
	assert_int_equal(bench->members.total[PROCESS_DISK_WRITTEN_BYTES], 6);
	assert_int_equal(bench->members.total[PROCESS_VOLUNTARY], 7);
	assert_int_equal(bench->members.total[PROCESS_INVOLUNTARY], 8);
	assert_int_equal(bench->members.started, 0);
	assert_int_equal(bench->members.exited, 0);
	bench_free(bench);
}

static void a_forked_worker_is_taken_in(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10});
	begin(bench, 50);
	sample(bench);
	/* A stranger, and a child with a child, seen in one sample; all of their time counts. */
	have(bench, (struct machine_process){.pid = 90, .ppid = 1, .start = 1005, .user = 99});
	have(bench, (struct machine_process){.pid = 92, .ppid = 50, .start = 1005, .user = 4});
	have(bench, (struct machine_process){.pid = 91, .ppid = 92, .start = 1006, .system = 2});
	sample(bench);
	assert_int_equal(running(bench), 3);
	assert_int_equal(bench->members.started, 2);
	assert_int_equal(bench->members.restarts, 0);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 4);
	assert_int_equal(bench->members.total[PROCESS_SYSTEM_TICKS], 2);
	bench_free(bench);
}

/* The generator and what it starts are nobody's server, also when the server started it. */
static void this_process_is_left_out(void **state)
{
	struct bench *bench = bench_new();
	uint32_t self = SELF;

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10});
	have(bench, (struct machine_process){.pid = SELF, .ppid = 50, .start = 20});
	have(bench, (struct machine_process){.pid = 4001, .ppid = SELF, .start = 21});
	begin(bench, 50);
	assert_int_equal(running(bench), 1);
	have(bench, (struct machine_process){.pid = 4002, .ppid = SELF, .start = 1021});
	have(bench, (struct machine_process){.pid = 4003, .ppid = 4002, .start = 1021});
	sample(bench);
	assert_int_equal(running(bench), 1);
	assert_int_equal(members_add_roots(&bench->members, &self, 1), 0);
	assert_int_equal(running(bench), 1);
	bench_free(bench);
}

/* A server that is killed, and started again by whoever supervises it. */
static void a_restart(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .user = 500});
	begin(bench, 50);
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .user = 507});
	sample(bench);
	assert_false(bench->members.root_ended);
	machine_tree_remove(bench->tree, 50);
	sample(bench);
	assert_true(bench->members.root_ended);
	assert_int_equal(running(bench), 0);
	assert_int_equal(bench->members.exited, 1);
	assert_int_equal(bench->members.restarts, 0);
	sample(bench);
	assert_false(bench->members.root_ended);
	have(bench, (struct machine_process){.pid = 51, .ppid = 1, .start = 1300, .user = 20});
	begin(bench, 51);
	assert_int_equal(bench->members.restarts, 1);
	assert_int_equal(bench->members.started, 1);
	sample(bench);
	assert_int_equal(bench->members.restarts, 1);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 7 + 20);
	assert_int_equal(bench->members.past_count, 1);
	assert_int_equal(bench->members.past[0].pid, 50);
	assert_int_equal(bench->members.past[0].cpu_ticks, 7);
	bench_free(bench);
}

/* The same number, but not the same process. */
static void a_number_used_again(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10});
	have(bench, (struct machine_process){.pid = 60, .ppid = 50, .start = 11, .user = 70});
	begin(bench, 50);
	sample(bench);
	bench->members.list[1].process.stat_file = -1;
	bench->members.list[1].kept = false;
	have(bench, (struct machine_process){.pid = 60, .ppid = 1, .start = 1400, .user = 900});
	sample(bench);
	assert_int_equal(bench->members.exited, 1);
	assert_int_equal(running(bench), 1);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 0);
	bench_free(bench);
}

/* A graceful reload: the new workers are there before the old ones go. A zombie has ended. */
static void a_reload_is_a_restart_of_each_worker(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .name = "m"});
	have(bench, (struct machine_process){.pid = 51, .ppid = 50, .start = 11, .name = "w"});
	have(bench, (struct machine_process){.pid = 52, .ppid = 50, .start = 11, .name = "w"});
	begin(bench, 50);
	sample(bench);
	have(bench, (struct machine_process){.pid = 53, .ppid = 50, .start = 1100, .name = "w"});
	have(bench, (struct machine_process){.pid = 54, .ppid = 50, .start = 1100, .name = "w"});
	sample(bench);
	sample(bench);
	assert_int_equal(bench->members.restarts, 0);
	have(bench, (struct machine_process){
			    .pid = 51, .ppid = 50, .start = 11, .name = "w", .state = 'Z'});
	sample(bench);
	assert_int_equal(bench->members.restarts, 1);
	assert_int_equal(bench->members.exited, 1);
	assert_int_equal(running(bench), 4);
	machine_tree_remove(bench->tree, 51);
	machine_tree_remove(bench->tree, 52);
	sample(bench);
	assert_int_equal(bench->members.restarts, 2);
	assert_int_equal(bench->members.exited, 2);
	assert_int_equal(running(bench), 3);
	assert_false(bench->members.root_ended);
	bench_free(bench);
}

/* One that forks for each request: its children count, and are no restarts. */
static void children_that_live_for_a_moment(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .child_user = 900});
	begin(bench, 50);
	for (uint32_t i = 0; i < 5; i++) {
		/* Ten a second of 3 ticks each were waited for; one happens to be seen. */
		have(bench, (struct machine_process){.pid = 50,
				    .ppid = 1,
				    .start = 10,
				    .child_user = 900 + 30 * (i + 1),
				    .child_minor = 5000 * (i + 1)});
		have(bench, (struct machine_process){
				    .pid = 60 + i, .ppid = 50, .start = 1100 + i, .user = 1});
		sample(bench);
		machine_tree_remove(bench->tree, 60 + i);
	}
	assert_int_equal(bench->members.restarts, 0);
	/* Those seen are in what the parent inherits, and count once. */
	assert_true(bench->members.total[PROCESS_USER_TICKS] >= 150);
	assert_true(bench->members.total[PROCESS_USER_TICKS] <= 151);
	bench_free(bench);
}

/* What a worker used until it ended counts once, and its life before the watching not at all. */
static void what_the_parent_inherits_counts_once(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .written = 1000});
	have(bench, (struct machine_process){
			    .pid = 60, .ppid = 50, .start = 11, .user = 100000, .written = 70000});
	begin(bench, 50);
	have(bench, (struct machine_process){
			    .pid = 60, .ppid = 50, .start = 11, .user = 100040, .written = 70400});
	sample(bench);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 40);
	assert_int_equal(bench->members.total[PROCESS_DISK_WRITTEN_BYTES], 400);
	/* It went on for 5 ticks and 50 bytes before it ended. */
	machine_tree_remove(bench->tree, 60);
	have(bench, (struct machine_process){.pid = 50,
			    .ppid = 1,
			    .start = 10,
			    .user = 2,
			    .written = 1000 + 70450 + 3,
			    .child_user = 100045,
			    .child_minor = 120});
	sample(bench);
	sample(bench);
	sample(bench);
	assert_int_equal(bench->members.total[PROCESS_DISK_WRITTEN_BYTES], 400 + 50 + 3);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 40 + 5 + 2);
	bench_free(bench);
}

/* Whoever ignores SIGCHLD inherits nothing: its own disk traffic is all its own. */
static void children_nobody_waits_for(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10});
	have(bench, (struct machine_process){.pid = 60, .ppid = 50, .start = 11, .written = 500});
	begin(bench, 50);
	sample(bench);
	machine_tree_remove(bench->tree, 60);
	for (unsigned int i = 0; i < 6; i++) {
		have(bench, (struct machine_process){
				    .pid = 50, .ppid = 1, .start = 10, .written = 100 * i});
		sample(bench);
	}
	assert_true(bench->members.total[PROCESS_DISK_WRITTEN_BYTES] >= 200);
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10, .written = 10500});
	sample(bench);
	assert_true(bench->members.total[PROCESS_DISK_WRITTEN_BYTES] >= 10200);
	bench_free(bench);
}

static void counters_that_go_back(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .start = 10, .user = 10, .read = 100});
	begin(bench, 50);
	have(bench, (struct machine_process){.pid = 50, .start = 10, .user = 4, .read = 10});
	sample(bench);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 0);
	assert_int_equal(bench->members.total[PROCESS_DISK_READ_BYTES], 0);
	have(bench, (struct machine_process){.pid = 50, .start = 10, .user = 6, .read = 15});
	sample(bench);
	assert_int_equal(bench->members.total[PROCESS_USER_TICKS], 2);
	assert_int_equal(bench->members.total[PROCESS_DISK_READ_BYTES], 5);
	bench_free(bench);
}

static void nothing_is_there(void **state)
{
	struct bench *bench = bench_new();
	struct members members = {0};

	(void)state;
	begin(bench, 99999);
	assert_int_equal(bench->members.count, 0);
	sample(bench);
	assert_int_equal(running(bench), 0);
	members_release(&members);
	bench_free(bench);
}

/*
 * 200 processes of 30 threads each on a machine of 600: what a second costs is bounded by system
 * calls, not by how busy they are.
 */
static void a_sample_costs_a_bounded_number_of_calls(void **state)
{
	struct bench *bench = bench_new();
	uint64_t calls;

	(void)state;
	for (uint32_t i = 0; i < 400; i++)
		have_stat(bench, (struct machine_process){.pid = 5000 + i, .ppid = 77, .start = 2});
	for (uint32_t i = 0; i < 200; i++)
		have(bench, (struct machine_process){.pid = 100 + i,
				    .ppid = i ? 100 : 1,
				    .start = 10 + i,
				    .threads = 30});
	begin(bench, 100);
	assert_int_equal(running(bench), 200);
	sample(bench);
	calls = bench->reading.calls;
	sample(bench);
	calls = bench->reading.calls - calls;
	/* Three calls for each stat; nine at most for the costlier half of some; the listing. */
	assert_true(calls <= 200 * 3 + MEMBERS_MORE * 11 + 16);
	assert_false(bench->members.list[5].process.has_switches);
	/* A process whose files stay open costs one call each. */
	assert_int_equal(bench->members.kept, MEMBERS_KEPT);
	bench_free(bench);
}

/* More new processes than are looked into at once: the rest has its turn later. */
static void a_flood_of_new_processes(void **state)
{
	struct bench *bench = bench_new();
	const uint32_t flood = 3 * MEMBERS_NEW;

	(void)state;
	have(bench, (struct machine_process){.pid = 50, .ppid = 1, .start = 10});
	begin(bench, 50);
	for (uint32_t i = 0; i < flood - 1; i++)
		have_stat(bench,
			(struct machine_process){.pid = 1000 + i, .ppid = 77, .start = 1100});
	have(bench, (struct machine_process){.pid = 90000, .ppid = 50, .start = 1100});
	sample(bench);
	assert_int_equal(running(bench), 1);
	sample(bench);
	sample(bench);
	assert_int_equal(running(bench), 2);
	bench_free(bench);
}

static void more_processes_than_are_watched(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	for (uint32_t i = 0; i <= MEMBERS_LIMIT; i++)
		have(bench,
			(struct machine_process){.pid = 100 + i, .ppid = i ? 100 : 1, .start = 10});
	begin(bench, 100);
	assert_int_equal(running(bench), MEMBERS_LIMIT);
	assert_true(bench->members.overflowed);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descendants_belong_to_it),
		cmocka_unit_test(a_forked_worker_is_taken_in),
		cmocka_unit_test(this_process_is_left_out),
		cmocka_unit_test(a_restart),
		cmocka_unit_test(a_number_used_again),
		cmocka_unit_test(a_reload_is_a_restart_of_each_worker),
		cmocka_unit_test(children_that_live_for_a_moment),
		cmocka_unit_test(what_the_parent_inherits_counts_once),
		cmocka_unit_test(children_nobody_waits_for),
		cmocka_unit_test(counters_that_go_back),
		cmocka_unit_test(nothing_is_there),
		cmocka_unit_test(a_sample_costs_a_bounded_number_of_calls),
		cmocka_unit_test(a_flood_of_new_processes),
		cmocka_unit_test(more_processes_than_are_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
