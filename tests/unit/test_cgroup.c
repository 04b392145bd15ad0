/* SPDX-License-Identifier: MIT */
/* What quotas took from a process, on made-up machines with either version of control groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "observe/cgroup.h"
#include "tests/unit/tree.h"

/* The throttled time, with the assertion that it is known, or not known. */
static struct cgroup_throttling known(const struct tree *tree, uint32_t pid)
{
	struct cgroup_throttling throttling;
	const char *reason = NULL;

	assert_true(cgroup_throttling(&throttling, tree->root, pid, &reason));
	assert_null(reason);
	return throttling;
}

static void assert_unknown(const struct tree *tree, uint32_t pid, const char *expected)
{
	struct cgroup_throttling throttling;
	const char *reason = NULL;

	assert_false(cgroup_throttling(&throttling, tree->root, pid, &reason));
	assert_string_equal(reason, expected);
	assert_int_equal(throttling.throttled_ns, 0);
}

static void test_the_group_and_those_above(void **state)
{
	struct tree *tree = tree_new();
	struct cgroup_throttling throttling;

	(void)state;
	tree_write(tree, "proc/self/cgroup", "0::/user.slice/run\n");
	tree_write(tree, "sys/fs/cgroup/user.slice/run/cpu.stat",
		"usage_usec 5000\nuser_usec 4000\nnr_periods 10\nnr_throttled 3\nthrottled_usec "
		"1234\nnr_bursts 0\n");
	throttling = known(tree, 0);
	assert_int_equal(throttling.throttled_ns, 1234000);
	assert_int_equal(throttling.periods, 3);
	/* A quota further up stops it as well; a group beside it does not. */
	tree_write(tree, "sys/fs/cgroup/user.slice/cpu.stat",
		"nr_periods 10\nnr_throttled 4\nthrottled_usec 6\n");
	tree_write(tree, "sys/fs/cgroup/cpu.stat", "usage_usec 99\n");
	tree_write(tree, "sys/fs/cgroup/user.slice/other/cpu.stat", "throttled_usec 100\n");
	throttling = known(tree, 0);
	assert_int_equal(throttling.throttled_ns, 1240000);
	assert_int_equal(throttling.periods, 7);
	tree_free(tree);
}

/* A process is in its group and in those above, however they are written. */
static void test_holds(void **state)
{
	static const struct {
		const char *group;
		bool in_run, in_root;
	} rows[] = {{"user.slice", true, false}, {"user.slice/run", true, false},
		{"user.slice/run/", true, false}, {"/sys/fs/cgroup/user.slice", true, false},
		{"/sys/fs/cgroup/unified/user.slice/run", true, false},
		{"/sys/fs/cgroup", true, true}, {"/sys/fs/cgroup/unified/", true, true},
		{"user", false, false}, {"user.slice/ru", false, false},
		{"user.slice/run/deeper", false, false}, {"run", false, false},
		{"/mnt/user", true, true}};
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/1/cgroup", "2:cpu:/else\n0::/\n");
	tree_write(tree, "proc/7/cgroup", "2:cpu:/else\n0::/user.slice/run\n1:pids:/user\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(cgroup_holds(tree->root, rows[i].group, 1), rows[i].in_root);
		assert_int_equal(cgroup_holds(tree->root, rows[i].group, 7), rows[i].in_run);
		/* It ended. */
		assert_true(cgroup_holds(tree->root, rows[i].group, 8));
	}
	tree_free(tree);
}

static void test_each_process_has_its_own(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/self/cgroup", "0::/a\n");
	tree_write(tree, "proc/77/cgroup", "0::/b\n");
	tree_write(tree, "sys/fs/cgroup/a/cpu.stat", "throttled_usec 1\n");
	tree_write(tree, "sys/fs/cgroup/b/cpu.stat", "throttled_usec 2\n");
	assert_int_equal(known(tree, 0).throttled_ns, 1000);
	assert_int_equal(known(tree, 77).throttled_ns, 2000);
	assert_unknown(tree, 78, "the control group of the process cannot be read");
	tree_free(tree);
}

/* Version 1 mounts a hierarchy in a folder named like its controllers, and counts nanoseconds. */
static void test_version_1(void **state)
{
	struct tree *tree = tree_new();
	struct cgroup_throttling throttling;

	(void)state;
	tree_write(tree, "proc/self/cgroup",
		"5:cpuset:/s\n4:cpu,cpuacct:/limited\n1:name=systemd:/x\n0::/\n");
	tree_write(tree, "sys/fs/cgroup/cpu,cpuacct/limited/cpu.stat",
		"nr_periods 9\nnr_throttled 5\nthrottled_time 777\n");
	tree_write(tree, "sys/fs/cgroup/cpuset/s/cpu.stat", "throttled_time 1\n");
	throttling = known(tree, 0);
	assert_int_equal(throttling.throttled_ns, 777);
	assert_int_equal(throttling.periods, 5);
	tree_write(tree, "proc/self/cgroup", "4:cpuacct,cpu:/\n");
	tree_write(
		tree, "sys/fs/cgroup/cpuacct,cpu/cpu.stat", "nr_throttled 0\nthrottled_time 0\n");
	assert_int_equal(known(tree, 0).throttled_ns, 0);
	tree_free(tree);
}

/* Controllers may be divided between the versions; the line of version 2 is the one that begins
 * with 0. */
static void test_both_versions(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/self/cgroup", "10::/wrong\n2:cpuacct:/wrong\n1:cpu:/\n0::/right\n");
	tree_write(tree, "sys/fs/cgroup/right/cpu.stat", "throttled_usec 7\n");
	tree_write(tree, "sys/fs/cgroup/wrong/cpu.stat", "throttled_usec 8\n");
	tree_write(tree, "sys/fs/cgroup/cpuacct/wrong/cpu.stat", "throttled_usec 9\n");
	assert_int_equal(known(tree, 0).throttled_ns, 7000);
	tree_free(tree);
}

static void test_without_a_controller(void **state)
{
	static const char none[] = "the control group of the process has no CPU controller";
	struct tree *tree = tree_new();

	(void)state;
	assert_unknown(tree, 0, "the control group of the process cannot be read");
	tree_write(tree, "proc/self/cgroup", "5:cpu:/\n");
	assert_unknown(tree, 0, none);
	tree_write(tree, "proc/self/cgroup", "0::/\n");
	assert_unknown(tree, 0, none);
	tree_write(tree, "sys/fs/cgroup/cpu.stat", "usage_usec 5\nxthrottled_usec 4\n");
	assert_unknown(tree, 0, none);
	tree_write(tree, "proc/self/cgroup", "");
	assert_unknown(tree, 0, none);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_group_and_those_above),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_each_process_has_its_own),
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_both_versions),
		cmocka_unit_test(test_without_a_controller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
