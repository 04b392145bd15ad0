/* SPDX-License-Identifier: MIT */
/* One process: what its files say, also with odd names, of many threads, and when it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe/process.h"
#include "tests/unit/machine_tree.h"

#define LINE_END                                                                                  \
	" S 7 1 1 0 -1 4194304 10 11 12 13 14 15 16 17 20 0 18 0 19 1000 21 18446744073709551615" \
	" 1 1 1 1 1 0 0 0 0 0 0 0 17 3 0 0 42 0 0 1 1 1 1 1 1 1 0\n"

static void the_line_of_a_process(void **state)
{
	struct process_stat stat;

	(void)state;
	assert_true(process_stat_parse(&stat, "123 (nginx)" LINE_END));
	assert_int_equal(stat.pid, 123);
	assert_int_equal(stat.ppid, 7);
	assert_string_equal(stat.name, "nginx");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.own[PROCESS_MINOR_FAULTS], 10);
	assert_int_equal(stat.children[PROCESS_MINOR_FAULTS], 11);
	assert_int_equal(stat.own[PROCESS_MAJOR_FAULTS], 12);
	assert_int_equal(stat.children[PROCESS_MAJOR_FAULTS], 13);
	assert_int_equal(stat.own[PROCESS_USER_TICKS], 14);
	assert_int_equal(stat.own[PROCESS_SYSTEM_TICKS], 15);
	assert_int_equal(stat.children[PROCESS_USER_TICKS], 16);
	assert_int_equal(stat.children[PROCESS_SYSTEM_TICKS], 17);
	assert_int_equal(stat.threads, 18);
	assert_int_equal(stat.start_ticks, 19);
	assert_int_equal(stat.rss_pages, 21);
	assert_int_equal(stat.disk_delay_ticks, 42);
	assert_true(stat.has_cpu);
	assert_int_equal(stat.cpu, 3);
}

/* A process calls itself what it likes. */
static void odd_names(void **state)
{
	static const char *const names[] = {"a b", "a) S 1 (b", ")", "(", "", "x) R 9 9",
		"tab\there", "line\nbreak", "((sd-pam))"};
	struct process_stat stat;
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(line, sizeof(line), "5 (%s)%s", names[i], LINE_END);
		assert_true(process_stat_parse(&stat, line));
		assert_string_equal(stat.name, names[i]);
		assert_int_equal(stat.ppid, 7);
		assert_int_equal(stat.own[PROCESS_SYSTEM_TICKS], 15);
	}
	/* Longer than any the kernel has. */
	snprintf(line, sizeof(line), "5 (%0200d)%s", 0, LINE_END);
	assert_true(process_stat_parse(&stat, line));
	assert_int_equal(strlen(stat.name), PROCESS_NAME_BYTES - 1);
	assert_int_equal(stat.ppid, 7);
}

static void lines_that_are_none(void **state)
{
	static const char *const lines[] = {"", "\n", "5", "5 nginx S 1", "5 )nginx( S",
		"(a) S 1 1", "5 (a) S 1 1 1 0 -1 4194304 10 11 12", "5 (a) S x y z"};
	struct process_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_false(process_stat_parse(&stat, lines[i]));
}

static void read_both(struct process *process, struct reading *reading, bool keep)
{
	assert_true(process_read(process, reading, keep));
	process_read_more(process, reading, keep, 4);
}

static void all_that_is_told(void **state)
{
	const struct machine_process server = {.pid = 9,
		.start = 100,
		.swap_kib = 12,
		.voluntary = 5,
		.involuntary = 6,
		.read = 700,
		.written = 800,
		.files = 3};
	struct tree *tree = machine_tree_new();
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;

	(void)state;
	machine_tree_write(tree, &server);
	reading_init(reading, tree->root);
	process_init(&process, 9);
	read_both(&process, reading, true);
	assert_true(process.has_swap && process.has_disk && process.has_files);
	assert_true(process.has_switches && process.has_files_limit);
	assert_int_equal(process.swap_bytes, 12288);
	assert_int_equal(process.cpus_allowed, 4);
	assert_int_equal(process.voluntary, 5);
	assert_int_equal(process.involuntary, 6);
	assert_int_equal(process.read_bytes, 700);
	assert_int_equal(process.written_bytes, 800);
	assert_int_equal(process.open_files, 3);
	assert_int_equal(process.files_limit, 40);
	process_release(&process, reading);
	free(reading);
	tree_free(tree);
}

/* Another user's: stat and status are open to all, io and fd are not. */
static void what_may_not_be_read(void **state)
{
	const struct machine_process server = {.pid = 9, .start = 100};
	struct tree *tree = machine_tree_new();
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;
	char path[320];

	(void)state;
	machine_tree_write(tree, &server);
	snprintf(path, sizeof(path), "%s/proc/9/io", tree->root);
	assert_int_equal(unlink(path), 0);
	tree_write(
		tree, "proc/9/limits", "Max open files            unlimited    unlimited  files\n");
	reading_init(reading, tree->root);
	process_init(&process, 9);
	read_both(&process, reading, false);
	assert_false(process.has_disk);
	assert_false(process.has_files);
	assert_true(process.has_switches);
	assert_true(process.has_files_limit);
	assert_true(process.files_limit == UINT64_MAX);
	process_release(&process, reading);
	free(reading);
	tree_free(tree);
}

static void threads_are_read_one_by_one_within_a_budget(void **state)
{
	const struct machine_process server = {
		.pid = 9, .start = 100, .threads = 3, .voluntary = 1000};
	struct tree *tree = machine_tree_new();
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;

	(void)state;
	machine_tree_write(tree, &server);
	for (int i = 9; i <= 11; i++) {
		char path[64];

		snprintf(path, sizeof(path), "proc/9/task/%d/status", i);
		tree_write(tree, path,
			"voluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t2\n");
	}
	reading_init(reading, tree->root);
	process_init(&process, 9);
	assert_true(process_read(&process, reading, false));
	process_read_more(&process, reading, false, 3);
	assert_true(process.has_switches);
	assert_int_equal(process.voluntary, 30);
	assert_int_equal(process.involuntary, 6);
	process_read_more(&process, reading, false, 2);
	assert_false(process.has_switches);
	process_release(&process, reading);
	free(reading);
	tree_free(tree);
}

static void another_process_of_the_same_number(void **state)
{
	struct machine_process server = {.pid = 9, .start = 100};
	struct tree *tree = machine_tree_new();
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;

	(void)state;
	machine_tree_write(tree, &server);
	reading_init(reading, tree->root);
	process_init(&process, 9);
	assert_true(process_read(&process, reading, false));
	server.start = 101;
	machine_tree_write(tree, &server);
	assert_false(process_read(&process, reading, false));
	machine_tree_remove(tree, 9);
	assert_false(process_read(&process, reading, false));
	process_read_more(&process, reading, false, 1);
	assert_false(process.has_swap || process.has_disk || process.has_files);
	process_release(&process, reading);
	free(reading);
	tree_free(tree);
}

/* Files that stay open cannot be another process's, and tell when theirs is gone. */
static void a_real_process_that_ends(void **state)
{
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;
	int gate[2], status;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	child = fork();
	if (!child) {
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) < 0);
	}
	close(gate[0]);
	reading_init(reading, "/");
	process_init(&process, (uint32_t)child);
	read_both(&process, reading, true);
	assert_int_equal(process.stat.ppid, getpid());
	assert_true(process.has_switches && process.has_files && process.has_disk);
	assert_true(process.open_files >= 4 && process.open_files < 100);
	assert_true(process.cpus_allowed > 0);
	close(gate[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(process_read(&process, reading, true));
	process_release(&process, reading);
	free(reading);
}

/* Kernels before 6.2: listed, the more seldom the more there are. */
static void many_files_are_counted_now_and_then(void **state)
{
	const struct machine_process server = {
		.pid = 9, .start = 1, .files = 2 * PROCESS_FILES_PER_SAMPLE + 1};
	struct tree *tree = machine_tree_new();
	struct reading *reading = malloc(sizeof(*reading));
	struct process process;

	(void)state;
	machine_tree_write(tree, &server);
	reading_init(reading, tree->root);
	process_init(&process, 9);
	read_both(&process, reading, false);
	assert_int_equal(process.open_files, 2 * PROCESS_FILES_PER_SAMPLE + 1);
	tree_write(tree, "proc/9/fd/99999", "");
	read_both(&process, reading, false);
	read_both(&process, reading, false);
	assert_int_equal(process.open_files, 2 * PROCESS_FILES_PER_SAMPLE + 1);
	read_both(&process, reading, false);
	assert_int_equal(process.open_files, 2 * PROCESS_FILES_PER_SAMPLE + 2);
	process_release(&process, reading);
	free(reading);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_of_a_process),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(all_that_is_told),
		cmocka_unit_test(what_may_not_be_read),
		cmocka_unit_test(threads_are_read_one_by_one_within_a_budget),
		cmocka_unit_test(another_process_of_the_same_number),
		cmocka_unit_test(a_real_process_that_ends),
		cmocka_unit_test(many_files_are_counted_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
