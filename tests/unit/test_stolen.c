/* SPDX-License-Identifier: MIT */
/* What the hypervisor took from a server's CPUs, on made-up machines and on this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/stolen.h"
#include "tests/unit/tree.h"

/* Three CPUs of a machine, in ticks. */
struct machine_cpus {
	unsigned int user[3], steal[3];
};

/* A server of up to four processes. */
struct bench {
	struct tree *tree;
	struct stolen *stolen;
	struct member list[4];
	struct members members;
	uint64_t now_ns;
};

static void open_bench(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->tree = tree_new();
	bench->stolen = malloc(sizeof(*bench->stolen));
	assert_non_null(bench->stolen);
	stolen_init(bench->stolen, bench->tree->root);
	bench->stolen->ns_per_tick = 1e7;
	bench->members.list = bench->list;
	bench->now_ns = 5 * NS_PER_S;
}

static void close_bench(struct bench *bench)
{
	free(bench->stolen);
	tree_free(bench->tree);
}

static void add_process(struct bench *bench, uint32_t threads, unsigned int cpu)
{
	struct process_stat *stat = &bench->list[bench->members.count].process.stat;

	stat->pid = 100 + (uint32_t)bench->members.count++;
	stat->threads = threads;
	stat->has_cpu = true;
	stat->cpu = cpu;
}

static void write_thread(const struct bench *bench, uint32_t pid, uint32_t thread, unsigned int cpu)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "proc/%u/task/%u/stat", pid, thread);
	snprintf(line, sizeof(line),
		"%u (server) S 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 3 0 9 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		"0 0 0 %u 0 0 0 0 0\n",
		thread, cpu);
	tree_write(bench->tree, path, line);
}

/* So long after the sample before. */
static void sample(struct bench *bench, double seconds, const struct machine_cpus *cpus, bool seen)
{
	char text[1024];
	int at = snprintf(text, sizeof(text), "cpu  1 2 3 4 5 6 7 8 0 0\n");

	for (int i = 0; i < 3; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			"cpu%d %u 0 10 70 7 2 3 %u 0 0\n", i, cpus->user[i], cpus->steal[i]);
	snprintf(text + at, sizeof(text) - (size_t)at, "intr 5 cpu0\nctxt 9\n");
	tree_write(bench->tree, "proc/stat", text);
	bench->now_ns += (uint64_t)(seconds * NS_PER_S);
	stolen_sample(bench->stolen, seen ? &bench->members : NULL, bench->now_ns);
}

static void expect(const struct bench *bench, double wanted)
{
	double share;

	assert_true(stolen_share(bench->stolen, &share));
	if (share < wanted - 1e-6 || share > wanted + 1e-6)
		fail_msg("%g instead of %g", share, wanted);
}

/* Of the CPUs it ran on, and no other; those of an earlier sample count too. */
static void of_the_servers_cpus(void **state)
{
	const struct machine_cpus before = {{100, 100, 100}, {5, 6, 7}};
	const struct machine_cpus after = {{140, 200, 200}, {5, 14, 57}};
	struct bench bench;
	double share;

	(void)state;
	open_bench(&bench);
	add_process(&bench, 1, 0);
	sample(&bench, 0, &before, true);
	assert_false(stolen_share(bench.stolen, &share));
	sample(&bench, 2, &after, true);
	expect(&bench, 0);
	bench.list[0].process.stat.cpu = 1;
	sample(&bench, 0, &after, true);
	/* 8 ticks of 200: something wanted to run for 148 alone. */
	expect(&bench, 8 / 200.0);
	add_process(&bench, 1, 2);
	sample(&bench, 0, &after, true);
	/* 58 ticks, of 40, 108 and 150. */
	expect(&bench, 58 / 298.0);
	close_bench(&bench);
}

static void of_each_thread(void **state)
{
	const struct machine_cpus before = {{100, 100, 100}, {5, 6, 7}};
	const struct machine_cpus after = {{100, 100, 100}, {15, 16, 37}};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_process(&bench, 2, 2);
	write_thread(&bench, 100, 100, 0);
	write_thread(&bench, 100, 101, 1);
	sample(&bench, 0, &before, true);
	sample(&bench, 1, &after, true);
	expect(&bench, 20 / 100.0);
	/* One that moved. */
	write_thread(&bench, 100, 101, 2);
	sample(&bench, 0, &after, true);
	expect(&bench, 50 / 100.0);
	close_bench(&bench);
}

/* Where nobody can see where it ran, or it takes too much to see. */
static void of_all_cpus(void **state)
{
	enum { UNSEEN, MANY_THREADS, UNKNOWN, SEEN, WAYS };
	const struct machine_cpus before = {{100, 100, 100}, {5, 6, 7}};
	const struct machine_cpus after = {{200, 200, 200}, {5, 16, 27}};
	struct bench bench;

	(void)state;
	for (int way = 0; way < WAYS; way++) {
		open_bench(&bench);
		add_process(&bench, 1, 0);
		if (way == MANY_THREADS)
			add_process(&bench, STOLEN_THREADS, 0);
		bench.list[0].process.stat.has_cpu = way != UNKNOWN;
		sample(&bench, 0, &before, way != UNSEEN);
		sample(&bench, 1, &after, way != UNSEEN);
		expect(&bench, way == SEEN ? 0 : 30 / 330.0);
		close_bench(&bench);
	}
}

/* A single tick may be rounding; a machine that does not tell, or counts back, is not known. */
static void what_is_not_told(void **state)
{
	struct machine_cpus cpus = {{100, 100, 100}, {5, 6, 7}};
	struct bench bench;
	double share;

	(void)state;
	open_bench(&bench);
	add_process(&bench, 1, 0);
	stolen_sample(bench.stolen, &bench.members, 1);
	stolen_sample(bench.stolen, &bench.members, 2);
	assert_false(stolen_share(bench.stolen, &share));
	sample(&bench, 0, &cpus, true);
	cpus.steal[0]++;
	sample(&bench, 1, &cpus, true);
	expect(&bench, 0);
	cpus.steal[0]++;
	sample(&bench, 0, &cpus, true);
	expect(&bench, 2 / 100.0);
	cpus.steal[0] = 3;
	sample(&bench, 0, &cpus, true);
	assert_false(stolen_share(bench.stolen, &share));
	close_bench(&bench);
	open_bench(&bench);
	tree_write(bench.tree, "proc/stat", "cpu 1 2\ncpu0 1 2 3\ncpux 1 2 3 4 5 6 7 8\ncpu");
	stolen_sample(bench.stolen, NULL, 1);
	stolen_sample(bench.stolen, NULL, NS_PER_S);
	assert_false(stolen_share(bench.stolen, &share));
	close_bench(&bench);
}

static void of_this_machine(void **state)
{
	struct stolen *stolen = malloc(sizeof(*stolen));
	double share = -1;

	(void)state;
	assert_non_null(stolen);
	stolen_init(stolen, "/");
	stolen_sample(stolen, NULL, clock_now_ns());
	usleep(50000);
	stolen_sample(stolen, NULL, clock_now_ns());
	assert_true(stolen_share(stolen, &share));
	assert_true(share >= 0 && share <= 1);
	free(stolen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_servers_cpus),
		cmocka_unit_test(of_each_thread),
		cmocka_unit_test(of_all_cpus),
		cmocka_unit_test(what_is_not_told),
		cmocka_unit_test(of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
