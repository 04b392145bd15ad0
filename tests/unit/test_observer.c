/* SPDX-License-Identifier: MIT */
/* A server watched as a whole: on made-up machines, and this process's own children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "observe/observer.h"
#include "tests/unit/machine_tree.h"

#define SINCE 1000
#define SELF  4000

static const uint32_t server = 50;

struct bench {
	struct tree *tree;
	struct observer observer;
};

/* One process in a group with a quota and a limit of memory. */
static struct bench *bench_new(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->tree = machine_tree_new();
	machine_tree_write(bench->tree, &(struct machine_process){.pid = server,
						.start = 10,
						.name = "server",
						.user = 100,
						.rss_pages = 3,
						.swap_kib = 4,
						.files = 30});
	tree_write(bench->tree, "sys/devices/system/cpu/online", "0-1,3\n");
	tree_write(bench->tree, "proc/50/cgroup", "0::/g\n");
	tree_write(bench->tree, "proc/50/net/dev",
		"title\n lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n"
		"eth0: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n");
	tree_write(bench->tree, "sys/fs/cgroup/g/cpu.max", "200000 100000\n");
	tree_write(bench->tree, "sys/fs/cgroup/g/cpu.stat", "nr_throttled 1\nthrottled_usec 5\n");
	tree_write(bench->tree, "sys/fs/cgroup/g/memory.max", "65536\n");
	tree_write(bench->tree, "sys/fs/cgroup/g/memory.current", "4096\n");
	tree_write(
		bench->tree, "sys/fs/cgroup/g/memory.events", "high 1\nmax 2\noom 3\noom_kill 4\n");
	observer_open(&bench->observer, bench->tree->root, SINCE, SELF);
	assert_int_equal(observer_adopt(&bench->observer, &server, 1), 0);
	return bench;
}

static void bench_free(struct bench *bench)
{
	observer_close(&bench->observer);
	tree_free(bench->tree);
	free(bench);
}

static struct resources_sample sample(struct bench *bench, uint64_t at_ns)
{
	struct resources_sample sample;

	assert_int_equal(observer_sample(&bench->observer, at_ns, &sample), 0);
	assert_int_equal(sample.at_ns, at_ns);
	return sample;
}

#define COUNTED(from, to, key) ((to).counter[RESOURCES_##key] - (from).counter[RESOURCES_##key])

static void a_sample_has_it_all(void **state)
{
	struct bench *bench = bench_new();
	struct resources_sample first, next;
	uint64_t tick_ns = 1000000000U / (uint64_t)sysconf(_SC_CLK_TCK);

	(void)state;
	first = sample(bench, 0);
	machine_tree_write(bench->tree, &(struct machine_process){.pid = server,
						.start = 10,
						.name = "server",
						.user = 130,
						.system = 20,
						.minor = 7,
						.major = 8,
						.read = 9,
						.written = 11,
						.voluntary = 12,
						.involuntary = 13,
						.rss_pages = 5,
						.files = 36});
	tree_write(bench->tree, "proc/50/net/dev",
		"title\n lo: 17 3 0 0 0 0 0 0 17 3 0 0 0 0 0 0\n"
		"eth0: 101 4 0 0 0 0 0 0 205 7 0 0 0 0 0 0\n");
	tree_write(bench->tree, "sys/fs/cgroup/g/cpu.stat", "nr_throttled 4\nthrottled_usec 9\n");
	tree_write(
		bench->tree, "sys/fs/cgroup/g/memory.events", "high 2\nmax 4\noom 6\noom_kill 9\n");
	next = sample(bench, 1000);
	assert_int_equal(COUNTED(first, next, CPU_USER_NS), 30 * tick_ns);
	assert_int_equal(COUNTED(first, next, CPU_SYSTEM_NS), 20 * tick_ns);
	assert_int_equal(COUNTED(first, next, CPU_NS), 50 * tick_ns);
	assert_int_equal(COUNTED(first, next, MINOR_FAULTS), 7);
	assert_int_equal(COUNTED(first, next, MAJOR_FAULTS), 8);
	assert_int_equal(COUNTED(first, next, DISK_READ_BYTES), 9);
	assert_int_equal(COUNTED(first, next, DISK_WRITTEN_BYTES), 11);
	assert_int_equal(COUNTED(first, next, VOLUNTARY_SWITCHES), 12);
	assert_int_equal(COUNTED(first, next, INVOLUNTARY_SWITCHES), 13);
	assert_int_equal(COUNTED(first, next, LOOPBACK_BYTES), 7);
	assert_int_equal(COUNTED(first, next, LOOPBACK_PACKETS), 2);
	assert_int_equal(COUNTED(first, next, NETWORK_RECEIVED_BYTES), 1);
	assert_int_equal(COUNTED(first, next, NETWORK_RECEIVED_PACKETS), 3);
	assert_int_equal(COUNTED(first, next, NETWORK_SENT_BYTES), 5);
	assert_int_equal(COUNTED(first, next, NETWORK_SENT_PACKETS), 5);
	assert_int_equal(COUNTED(first, next, THROTTLED_NS), 4000);
	assert_int_equal(COUNTED(first, next, THROTTLED_PERIODS), 3);
	assert_int_equal(COUNTED(first, next, MEMORY_HIGH_EVENTS), 1);
	assert_int_equal(COUNTED(first, next, MEMORY_LIMIT_EVENTS), 2);
	assert_int_equal(COUNTED(first, next, OOM_EVENTS), 3);
	assert_int_equal(COUNTED(first, next, OOM_KILLS), 5);
	assert_float_equal(first.level[RESOURCES_SWAP_BYTES], 4096, 0);
	assert_float_equal(next.level[RESOURCES_RSS_BYTES], 5 * (double)sysconf(_SC_PAGESIZE), 0);
	assert_float_equal(next.level[RESOURCES_OPEN_FILES], 36, 0);
	assert_float_equal(next.level[RESOURCES_OPEN_FILES_SHARE], 0.9, 1e-12);
	assert_float_equal(next.level[RESOURCES_GROUP_MEMORY_BYTES], 4096, 0);
	assert_float_equal(next.level[RESOURCES_PROCESSES], 1, 0);
	/* Four CPUs in its mask, three online, a quota of two. */
	assert_float_equal(bench->observer.limits.cpus, 2, 0);
	assert_float_equal(bench->observer.limits.quota_cpus, 2, 0);
	assert_int_equal(bench->observer.limits.memory_bytes, 65536);
	assert_int_equal(bench->observer.limits.open_files, 40);
	bench_free(bench);
}

/* What is not known has a reason; what is known never needs one. */
static void figures_without_a_source_have_a_reason(void **state)
{
	struct bench *bench = bench_new();
	struct resources_sample known = sample(bench, 0);

	(void)state;
	assert_false(RESOURCES_HAS(known.counters, RESOURCES_DISK_DELAY_NS));
	assert_false(RESOURCES_HAS(known.counters, RESOURCES_CPU_STALL_NS));
	assert_false(RESOURCES_HAS(known.levels, RESOURCES_GROUP_PIDS));
	for (unsigned int i = 0; i < RESOURCES_COUNTER_COUNT; i++)
		if (!RESOURCES_HAS(known.counters, i))
			assert_true(strlen(observer_counter_reason(&bench->observer, i)) > 10);
	for (unsigned int i = 0; i < RESOURCES_LEVEL_COUNT; i++)
		if (!RESOURCES_HAS(known.levels, i))
			assert_true(strlen(observer_level_reason(&bench->observer, i)) > 10);
	bench_free(bench);
}

/* The successor is in another group and namespace, whose counters are none of the server's gain. */
static void another_group_begins_anew(void **state)
{
	const struct machine_process successor = {.pid = 51, .start = 1200, .name = "server"};
	const uint32_t pid = 51;
	struct bench *bench = bench_new();
	struct resources_sample first, none, next;

	(void)state;
	first = sample(bench, 0);
	machine_tree_remove(bench->tree, server);
	none = sample(bench, 1);
	assert_false(RESOURCES_HAS(none.counters, RESOURCES_THROTTLED_NS));
	assert_true(RESOURCES_HAS(none.counters, RESOURCES_CPU_NS));
	assert_float_equal(none.level[RESOURCES_PROCESSES], 0, 0);
	assert_float_equal(none.level[RESOURCES_RSS_BYTES], 0, 0);
	machine_tree_write(bench->tree, &successor);
	tree_write(bench->tree, "proc/51/cgroup", "0::/h\n");
	tree_write(bench->tree, "proc/51/net/dev", "lo: 9000 900 0 0 0 0 0 0 9000 900 0 0\n");
	tree_write(
		bench->tree, "sys/fs/cgroup/h/cpu.stat", "nr_throttled 400\nthrottled_usec 900\n");
	assert_int_equal(observer_adopt(&bench->observer, &pid, 1), 0);
	next = sample(bench, 2);
	assert_int_equal(COUNTED(first, next, THROTTLED_NS), 0);
	assert_int_equal(COUNTED(first, next, LOOPBACK_BYTES), 0);
	assert_int_equal(COUNTED(first, next, RESTARTS), 1);
	tree_write(
		bench->tree, "sys/fs/cgroup/h/cpu.stat", "nr_throttled 401\nthrottled_usec 905\n");
	next = sample(bench, 3);
	assert_int_equal(COUNTED(first, next, THROTTLED_NS), 5000);
	assert_int_equal(COUNTED(first, next, THROTTLED_PERIODS), 1);
	assert_float_equal(bench->observer.limits.quota_cpus, 0, 0);
	bench_free(bench);
}

static void processes_by_their_cpu_time(void **state)
{
	struct bench *bench = bench_new();
	struct observer_process processes[3];

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		machine_tree_write(bench->tree, &(struct machine_process){.pid = 60 + i,
							.ppid = server,
							.start = 1100,
							.name = "worker",
							.user = 10 * (i + 1)});
	sample(bench, 0);
	machine_tree_remove(bench->tree, 63);
	sample(bench, 1);
	assert_int_equal(observer_processes(&bench->observer, processes, 3), 3);
	assert_int_equal(processes[0].pid, 63);
	assert_true(processes[0].ended && !processes[0].first);
	assert_int_equal(processes[1].pid, 62);
	assert_false(processes[1].ended);
	assert_int_equal(processes[2].pid, 61);
	assert_string_equal(processes[2].name, "worker");
	assert_int_equal(processes[0].cpu_ns, 40 * (1000000000U / (uint64_t)sysconf(_SC_CLK_TCK)));
	bench_free(bench);
}

/* A server of 5,000 threads costs what one of one thread does; the rest goes by processes. */
static void the_cost_of_a_sample_is_bounded(void **state)
{
	struct bench *bench = bench_new();
	uint64_t calls;

	(void)state;
	sample(bench, 0);
	calls = bench->observer.reading.calls;
	for (unsigned int i = 1; i <= 9; i++)
		sample(bench, i);
	calls = bench->observer.reading.calls - calls;
	/* Stat, status, io, the folder of files, /proc, net/dev, and the group's files. */
	assert_true(calls <= 9 * 60);
	machine_tree_write(bench->tree,
		&(struct machine_process){
			.pid = server, .start = 10, .name = "server", .threads = 5000});
	sample(bench, 10);
	calls = bench->observer.reading.calls;
	sample(bench, 11);
	calls = bench->observer.reading.calls - calls;
	assert_true(calls <= 60);
	assert_string_equal(observer_counter_reason(&bench->observer, RESOURCES_VOLUNTARY_SWITCHES),
		"the kernel counts them by thread: not read of a server of more than 128 threads");
	for (uint32_t i = 0; i < 499; i++)
		machine_tree_write_stat(bench->tree, &(struct machine_process){
							     .pid = 5000 + i,
							     .ppid = server,
							     .start = 20,
						     });
	sample(bench, 12);
	sample(bench, 13);
	calls = bench->observer.reading.calls;
	sample(bench, 14);
	calls = bench->observer.reading.calls - calls;
	/* Three calls each, the costlier half of 64 of them, and what a server of one costs. */
	assert_int_equal(bench->observer.members.count, 500);
	assert_true(calls <= 500 * 3 + MEMBERS_MORE * 11 + 60);
	bench_free(bench);
}

static void proportional_memory(void **state)
{
	struct bench *bench = bench_new();
	const char *reason = NULL;
	uint64_t bytes;

	(void)state;
	sample(bench, 0);
	assert_false(observer_pss(&bench->observer, &bytes, &reason));
	assert_non_null(strstr(reason, "smaps_rollup"));
	tree_write(bench->tree, "proc/50/smaps_rollup",
		"1-2 ---p 00000000 00:00 0    [rollup]\nRss:    12 kB\nPss:      9 kB\nPss_Dirty: "
		"1 kB\n");
	assert_true(observer_pss(&bench->observer, &bytes, &reason));
	assert_int_equal(bytes, 9 * 1024);
	machine_tree_write(bench->tree,
		&(struct machine_process){
			.pid = server, .start = 10, .rss_pages = OBSERVER_PSS_BYTES / 4096 + 1});
	sample(bench, 1);
	assert_false(observer_pss(&bench->observer, &bytes, &reason));
	assert_non_null(strstr(reason, "1 GiB"));
	bench_free(bench);
}

/* The first process of this machine, or of its container, whoever reads it. */
static void a_real_process(void **state)
{
	struct observer *observer = calloc(1, sizeof(*observer));
	const uint32_t parent = (uint32_t)getppid(), self = (uint32_t)getpid();
	struct resources_sample sample;

	(void)state;
	observer_open(observer, "/", UINT64_MAX, self);
	assert_int_equal(observer_adopt(observer, &self, 1), 0);
	assert_int_equal(observer->members.count, 0);
	if (parent) {
		assert_int_equal(observer_adopt(observer, &parent, 1), 0);
		assert_int_equal(observer_sample(observer, 1, &sample), 0);
		assert_true(sample.level[RESOURCES_PROCESSES] >= 1);
		assert_true(sample.level[RESOURCES_RSS_BYTES] > 0);
		assert_true(observer->limits.cpus > 0);
	}
	observer_close(observer);
	free(observer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_has_it_all),
		cmocka_unit_test(figures_without_a_source_have_a_reason),
		cmocka_unit_test(another_group_begins_anew),
		cmocka_unit_test(processes_by_their_cpu_time),
		cmocka_unit_test(the_cost_of_a_sample_is_bounded),
		cmocka_unit_test(proportional_memory),
		cmocka_unit_test(a_real_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
