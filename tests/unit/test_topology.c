/* SPDX-License-Identifier: MIT */
/* Machines read from files: those of tests/fixtures/topology, and broken ones made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>

#include "plan/topology.h"
#include "tests/unit/tree.h"

#define FIXTURES "tests/fixtures/topology/"

static void read_machine(struct topology *topology, const char *root)
{
	struct err err = {0};

	if (topology_read(topology, root, &err))
		fail_msg("%s: %s", root, err.text);
}

static void assert_list(const struct cpulist *list, const char *expected)
{
	char text[128];

	assert_string_equal(cpulist_format(text, sizeof(text), list), expected);
}

static void test_two_cpus(void **state)
{
	struct topology topology;

	(void)state;
	read_machine(&topology, FIXTURES "two-cpus");
	assert_int_equal(topology.cpu_count, 2);
	assert_int_equal(topology.node_count, 1);
	assert_list(&topology.allowed, "0-1");
	assert_string_equal(topology.governor, "");
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(topology.cpus[i].cpu, i);
		assert_int_equal(topology.cpus[i].core, i);
		assert_int_equal(topology.cpus[i].package, 0);
		assert_int_equal(topology.cpus[i].numa_node, 0);
		assert_true(topology.cpus[i].allowed);
	}
	topology_release(&topology);
	topology_release(&topology);
}

static void test_two_sockets(void **state)
{
	struct topology topology;

	(void)state;
	read_machine(&topology, FIXTURES "two-sockets");
	assert_int_equal(topology.cpu_count, 16);
	assert_int_equal(topology.node_count, 2);
	assert_string_equal(topology.governor, "performance");
	for (unsigned int i = 0; i < 16; i++) {
		const struct topology_cpu *cpu = topology_find(&topology, i);

		assert_non_null(cpu);
		assert_int_equal(cpu->cpu, i);
		assert_int_equal(cpu->core, i % 8);
		assert_int_equal(cpu->package, i % 8 / 4);
		assert_int_equal(cpu->numa_node, i % 8 / 4);
	}
	assert_null(topology_find(&topology, 16));
	topology_release(&topology);
}

static void test_offline_cpu(void **state)
{
	struct topology topology;

	(void)state;
	read_machine(&topology, FIXTURES "offline-cpu");
	assert_int_equal(topology.cpu_count, 3);
	assert_list(&topology.online, "0-1,3");
	/* The kernel lists CPU 2 among those allowed all the same. */
	assert_list(&topology.allowed, "0-1,3");
	assert_null(topology_find(&topology, 2));
	assert_int_equal(topology_find(&topology, 3)->core, 3);
	assert_string_equal(topology.governor, "mixed");
	topology_release(&topology);
}

static void test_restricted_cpuset(void **state)
{
	struct topology topology;

	(void)state;
	read_machine(&topology, FIXTURES "restricted-cpuset");
	assert_int_equal(topology.cpu_count, 8);
	assert_list(&topology.allowed, "2-3,6");
	assert_false(topology_find(&topology, 0)->allowed);
	assert_true(topology_find(&topology, 6)->allowed);
	/* The sibling decides the core, whether allowed or not. */
	assert_int_equal(topology_find(&topology, 6)->core, 2);
	assert_int_equal(topology_find(&topology, 7)->core, 3);
	assert_string_equal(topology.governor, "schedutil");
	topology_release(&topology);
}

/* This very machine: what the files say is what the scheduler says. */
static void test_this_machine(void **state)
{
	struct topology topology;
	cpu_set_t set;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	read_machine(&topology, "/");
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		assert_int_equal(cpulist_has(&topology.allowed, cpu), CPU_ISSET(cpu, &set) != 0);
	topology_release(&topology);
}

static void test_nothing_to_read(void **state)
{
	struct tree *tree = tree_new();
	struct topology topology;
	cpu_set_t set;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	read_machine(&topology, tree->root);
	assert_int_equal(topology.cpu_count, CPU_COUNT(&set));
	assert_int_equal(topology.node_count, 0);
	assert_string_equal(topology.governor, "");
	for (size_t i = 0; i < topology.cpu_count; i++) {
		assert_true(CPU_ISSET(topology.cpus[i].cpu, &set));
		assert_true(topology.cpus[i].allowed);
		assert_int_equal(topology.cpus[i].core, topology.cpus[i].cpu);
		assert_int_equal(topology.cpus[i].package, -1);
		assert_int_equal(topology.cpus[i].numa_node, -1);
	}
	topology_release(&topology);
	tree_free(tree);
}

static void test_one_of_two_lists_missing(void **state)
{
	struct tree *tree = tree_new();
	struct topology topology;

	(void)state;
	tree_write(tree, "sys/devices/system/cpu/online", "0-5\n");
	read_machine(&topology, tree->root);
	assert_list(&topology.allowed, "0-5");
	topology_release(&topology);
	tree_free(tree);

	tree = tree_new();
	tree_write(tree, "proc/self/status", "Name:\tx\nCpus_allowed_list:\t1,4\n");
	read_machine(&topology, tree->root);
	assert_list(&topology.online, "1,4");
	topology_release(&topology);
	tree_free(tree);
}

/* Contents that cannot be true are treated as missing. */
static void test_rubbish(void **state)
{
	struct tree *tree = tree_new();
	struct topology topology;

	(void)state;
	tree_write(tree, "proc/self/status", "Cpus_allowed_list:\t0-1\n");
	tree_write(tree, "sys/devices/system/cpu/online", "0-1\n");
	tree_write(tree, "sys/devices/system/cpu/cpu0/topology/core_cpus_list", "what\n");
	tree_write(tree, "sys/devices/system/cpu/cpu1/topology/core_cpus_list", "0\n");
	tree_write(tree, "sys/devices/system/cpu/cpu0/topology/physical_package_id", "-7\n");
	tree_write(tree, "sys/devices/system/cpu/cpu1/topology/physical_package_id", "3 x\n");
	tree_write(tree, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		"a-governor-with-a-name-that-is-much-too-long\n");
	tree_write(tree, "sys/devices/system/node/online", "0-2\n");
	tree_write(tree, "sys/devices/system/node/node1/cpulist", "1,9\n");
	tree_write(tree, "sys/devices/system/node/node2/cpulist", "\n");
	read_machine(&topology, tree->root);
	assert_int_equal(topology.cpus[0].core, 0);
	assert_int_equal(topology.cpus[1].core, 1);
	assert_int_equal(topology.cpus[0].package, -1);
	assert_int_equal(topology.cpus[1].package, -1);
	assert_int_equal(topology.node_count, 3);
	assert_int_equal(topology.cpus[0].numa_node, -1);
	assert_int_equal(topology.cpus[1].numa_node, 1);
	assert_string_equal(topology.governor, "mixed");
	topology_release(&topology);
	tree_free(tree);
}

static void test_long_governor_is_cut(void **state)
{
	struct tree *tree = tree_new();
	struct topology topology;

	(void)state;
	tree_write(tree, "sys/devices/system/cpu/online", "0\n");
	tree_write(tree, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		"abcdefghijklmnopqrstuvwxyzABCDEFGH\n");
	read_machine(&topology, tree->root);
	assert_string_equal(topology.governor, "abcdefghijklmnopqrstuvwxyzABCDE");
	topology_release(&topology);
	tree_free(tree);
}

static void test_no_usable_cpu(void **state)
{
	struct tree *tree = tree_new();
	struct topology topology;
	struct err err = {0};

	(void)state;
	tree_write(tree, "proc/self/status", "Cpus_allowed_list:\t4-5\n");
	tree_write(tree, "sys/devices/system/cpu/online", "0-3\n");
	assert_true(topology_read(&topology, tree->root, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(
		strstr(err.text, "no CPU is both online and allowed to this process: see \""));
	topology_release(&topology);
	tree_free(tree);
}

static void test_status_without_the_line(void **state)
{
	struct tree *tree = tree_new();
	struct cpulist cpus;
	char path[512];

	(void)state;
	tree_write(tree, "status", "Name:\tCpus_allowed_list:\nXCpus_allowed_list:\t1\n");
	snprintf(path, sizeof(path), "%s/status", tree->root);
	assert_true(topology_status_cpus(path, &cpus) < 0);
	tree_write(tree, "status", "Cpus_allowed_list:\t1-2");
	assert_int_equal(topology_status_cpus(path, &cpus), 0);
	assert_list(&cpus, "1-2");
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_cpus),
		cmocka_unit_test(test_two_sockets),
		cmocka_unit_test(test_offline_cpu),
		cmocka_unit_test(test_restricted_cpuset),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_nothing_to_read),
		cmocka_unit_test(test_one_of_two_lists_missing),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_long_governor_is_cut),
		cmocka_unit_test(test_no_usable_cpu),
		cmocka_unit_test(test_status_without_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
