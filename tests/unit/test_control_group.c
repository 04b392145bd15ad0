/* SPDX-License-Identifier: MIT */
/* Limits, usage and pressure of a control group, on made-up machines with either version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "observe/control_group.h"
#include "tests/unit/machine_tree.h"

#define PRESSURE(total)                                        \
	"some avg10=0.00 avg60=0.00 avg300=0.00 total=" #total \
	"\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"

/* The group of process 42, read once; to be freed. */
static struct control_group *read_group(const struct tree *tree)
{
	struct control_group *group = malloc(sizeof(*group));
	struct reading *reading = malloc(sizeof(*reading));

	reading_init(reading, tree->root);
	control_group_find(group, reading, 42);
	control_group_read(group, reading);
	free(reading);
	return group;
}

static void version_2(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group;

	(void)state;
	tree_write(tree, "proc/42/cgroup", "0::/web.slice/nginx.service\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/cpu.max", "max 100000\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/cpu.max", "150000 100000\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/cpu.stat",
		"usage_usec 1\nnr_periods 9\nnr_throttled 3\nthrottled_usec 4\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/memory.max", "1000000\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/memory.max", "max\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/memory.current", "700000\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/memory.stat",
		"anon 5\nfile 6\nactive_file 7\ninactive_file 100000\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/memory.events",
		"low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/pids.max", "max\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/pids.max", "64\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/pids.current", "17\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/pids.events", "max 8\n");
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/cpu.pressure", PRESSURE(10));
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/memory.pressure", PRESSURE(11));
	tree_write(tree, "sys/fs/cgroup/web.slice/nginx.service/io.pressure", PRESSURE(12));
	group = read_group(tree);
	assert_true(group->has_quota);
	assert_float_equal(group->quota_cpus, 1.5, 1e-12);
	assert_true(group->has_throttled);
	assert_int_equal(group->throttled_ns, 4000);
	assert_int_equal(group->throttled_periods, 3);
	assert_true(group->has_memory_limit);
	assert_int_equal(group->memory_limit_bytes, 1000000);
	assert_true(group->has_memory);
	assert_int_equal(group->memory_bytes, 600000);
	assert_true(group->has_high && group->has_oom && group->has_oom_kills);
	assert_int_equal(group->high_events, 2);
	assert_int_equal(group->limit_events, 3);
	assert_int_equal(group->oom_events, 4);
	assert_int_equal(group->oom_kills, 5);
	/* Usage is read where the limit stands. */
	assert_true(group->has_pids_limit && group->has_pids && group->has_pids_events);
	assert_int_equal(group->pids_limit, 64);
	assert_int_equal(group->pids, 17);
	assert_int_equal(group->pids_events, 8);
	assert_true(group->has_pressure && group->pressure_is_own);
	assert_int_equal(group->cpu_stall_ns, 10000);
	assert_int_equal(group->memory_stall_ns, 11000);
	assert_int_equal(group->io_stall_ns, 12000);
	free(group);
	tree_free(tree);
}

static void version_1(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group;

	(void)state;
	tree_write(tree, "proc/42/cgroup",
		"6:pids:/p\n5:memory:/m/n\n4:cpu,cpuacct:/c\n1:name=systemd:/x\n0::/\n");
	tree_write(tree, "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "50000\n");
	tree_write(tree, "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
	tree_write(tree, "sys/fs/cgroup/cpu,cpuacct/c/cpu.stat",
		"nr_periods 9\nnr_throttled 5\nthrottled_time 777\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/n/memory.limit_in_bytes", "9223372036854771712\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/memory.limit_in_bytes", "5000\n");
	tree_write(tree, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/n/memory.usage_in_bytes", "1\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/memory.usage_in_bytes", "4000\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/memory.stat",
		"inactive_file 3\ntotal_inactive_file 1000\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/memory.failcnt", "6\n");
	tree_write(tree, "sys/fs/cgroup/memory/m/memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	tree_write(tree, "sys/fs/cgroup/pids/p/pids.max", "max\n");
	tree_write(tree, "sys/fs/cgroup/pids/p/pids.current", "3\n");
	group = read_group(tree);
	assert_true(group->has_quota);
	assert_float_equal(group->quota_cpus, 0.5, 1e-12);
	assert_int_equal(group->throttled_ns, 777);
	assert_int_equal(group->throttled_periods, 5);
	assert_true(group->has_memory_limit && group->has_memory);
	assert_int_equal(group->memory_limit_bytes, 5000);
	assert_int_equal(group->memory_bytes, 3000);
	assert_true(group->has_limit_events && group->has_oom_kills);
	assert_false(group->has_oom || group->has_high);
	assert_int_equal(group->limit_events, 6);
	assert_int_equal(group->oom_kills, 2);
	assert_false(group->has_pids_limit);
	assert_true(group->has_pids);
	assert_int_equal(group->pids, 3);
	assert_false(group->has_pressure);
	free(group);
	tree_free(tree);
}

/* What is read at the root of a machine is the machine's; its pressure is better than none. */
static void the_root_group(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group;

	(void)state;
	tree_write(tree, "proc/42/cgroup", "2:memory:/\n1:cpu:/\n0::/\n");
	tree_write(tree, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	tree_write(tree, "sys/fs/cgroup/memory/memory.usage_in_bytes", "123456789\n");
	tree_write(tree, "sys/fs/cgroup/cpu/cpu.stat", "nr_throttled 0\nthrottled_time 0\n");
	tree_write(tree, "sys/fs/cgroup/unified/cgroup.procs", "1\n");
	tree_write(tree, "proc/pressure/cpu", PRESSURE(1));
	tree_write(tree, "proc/pressure/memory", PRESSURE(2));
	tree_write(tree, "proc/pressure/io", PRESSURE(3));
	group = read_group(tree);
	assert_false(group->has_quota || group->has_memory_limit || group->has_memory);
	assert_true(group->has_throttled);
	assert_int_equal(group->throttled_ns, 0);
	assert_true(group->has_pressure);
	assert_false(group->pressure_is_own);
	assert_int_equal(group->io_stall_ns, 3000);
	free(group);
	tree_free(tree);
}

/* A container that sees its own group as the root, while its path is that of the host. */
static void a_container(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group;

	(void)state;
	tree_write(tree, "proc/42/cgroup", "0::/docker/0123\n");
	tree_write(tree, "sys/fs/cgroup/memory.max", "4096\n");
	tree_write(tree, "sys/fs/cgroup/memory.current", "2048\n");
	tree_write(tree, "sys/fs/cgroup/cpu.max", "20000 10000\n");
	group = read_group(tree);
	assert_true(group->has_memory_limit && group->has_memory && group->has_quota);
	assert_int_equal(group->memory_bytes, 2048);
	assert_float_equal(group->quota_cpus, 2, 1e-12);
	free(group);
	/* A group outside of what is seen from here. */
	tree_write(tree, "proc/42/cgroup", "0::/../other\n");
	group = read_group(tree);
	assert_false(group->has_memory_limit || group->has_memory || group->has_quota);
	free(group);
	tree_free(tree);
}

/* Both versions side by side: each controller is where it is, pressure in version 2. */
static void a_hybrid(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group;

	(void)state;
	tree_write(tree, "proc/42/cgroup", "3:cpuset,memory:/a\n0::/b\n");
	tree_write(tree, "sys/fs/cgroup/cpuset,memory/a/memory.limit_in_bytes", "99\n");
	tree_write(tree, "sys/fs/cgroup/cpuset,memory/a/memory.usage_in_bytes", "50\n");
	tree_write(tree, "sys/fs/cgroup/unified/b/cpu.max", "10000 100000\n");
	tree_write(tree, "sys/fs/cgroup/unified/b/cpu.pressure", PRESSURE(1));
	tree_write(tree, "sys/fs/cgroup/unified/b/memory.pressure", PRESSURE(2));
	tree_write(tree, "sys/fs/cgroup/unified/b/io.pressure", PRESSURE(3));
	group = read_group(tree);
	assert_int_equal(group->memory_limit_bytes, 99);
	assert_int_equal(group->memory_bytes, 50);
	assert_float_equal(group->quota_cpus, 0.1, 1e-12);
	assert_true(group->pressure_is_own);
	free(group);
	tree_free(tree);
}

static void nothing_is_told(void **state)
{
	struct tree *tree = machine_tree_new();
	struct control_group *group = read_group(tree);

	(void)state;
	assert_false(group->has_quota || group->has_memory_limit || group->has_pids_limit);
	assert_false(group->has_throttled || group->has_memory || group->has_pids);
	assert_false(group->has_pressure);
	free(group);
	tree_write(tree, "proc/42/cgroup", "nonsense\n1:\n0:x\n\n5:memory:/gone\n");
	group = read_group(tree);
	assert_false(group->has_memory_limit || group->has_memory);
	free(group);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2),
		cmocka_unit_test(version_1),
		cmocka_unit_test(the_root_group),
		cmocka_unit_test(a_container),
		cmocka_unit_test(a_hybrid),
		cmocka_unit_test(nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
