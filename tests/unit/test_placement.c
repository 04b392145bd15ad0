/* SPDX-License-Identifier: MIT */
/* How many workers, and where: on the machines of tests/fixtures/topology. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/placement.h"

/* What the cases vary; zero is "as by default". */
struct situation {
	const char *machine; /* of tests/fixtures/topology */
	bool on_this_host;
	const char *target_cpus;
	int near_node; /* with has_near_node */
	bool has_near_node;
	const char *cpus;
	uint32_t workers, connections;
	uint64_t rate_mrps, requests, max_in_flight;
};

/* Places the workers and writes them as "0 1 2", with "*" behind each that shares its CPU. */
static const char *place(const struct situation *situation)
{
	static char text[ERR_TEXT_BYTES];
	struct locality locality = {.on_this_host = situation->on_this_host};
	struct topology topology;
	struct scenario scenario;
	struct plan plan = {0};
	struct err err = {0};
	char root[128];
	size_t used = 0;

	snprintf(root, sizeof(root), "tests/fixtures/topology/%s", situation->machine);
	assert_int_equal(topology_read(&topology, root, NULL), 0);
	locality.near_node = situation->has_near_node ? situation->near_node : -1;
	if (situation->target_cpus)
		assert_int_equal(cpulist_parse(&locality.target_cpus, situation->target_cpus), 0);
	scenario_init(&scenario);
	scenario.cpus = situation->cpus;
	scenario.workers = situation->workers;
	if (situation->connections)
		scenario.connections = situation->connections;
	scenario.open_loop = situation->rate_mrps > 0;
	scenario.rate_mrps = situation->rate_mrps;
	scenario.has_requests = situation->requests > 0;
	scenario.requests = situation->requests;
	scenario.has_max_in_flight = situation->max_in_flight > 0;
	scenario.max_in_flight = situation->max_in_flight;
	text[0] = '\0';
	if (placement_make(&plan, &scenario, &topology, &locality, &err)) {
		assert_int_equal(err.kind, ERR_USAGE);
		assert_null(plan.workers);
		snprintf(text, sizeof(text), "%s", err.text);
	}
	for (size_t i = 0; i < plan.worker_count; i++) {
		const struct plan_worker *worker = &plan.workers[i];
		const struct topology_cpu *cpu = topology_find(&topology, worker->cpu);

		assert_int_equal(worker->numa_node, cpu->numa_node);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u%s", i ? " " : "",
			worker->cpu, worker->shared_cpu ? "*" : "");
	}
	free(plan.workers);
	topology_release(&topology);
	return text;
}

#define PLACED(expected, ...) \
	assert_string_equal(place(&(struct situation){.machine = __VA_ARGS__}), expected)

static void test_remote_target(void **state)
{
	(void)state;
	PLACED("0 1", "two-cpus");
	/* One is left to the collector; cores come before their siblings. */
	PLACED("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14", "two-sockets");
	PLACED("0 1", "offline-cpu");
	/* 2 and 6 are one core. */
	PLACED("2 3", "restricted-cpuset");
}

static void test_near_the_interface(void **state)
{
	(void)state;
	PLACED("4 5 6 7 0 1 2 3 12 13 14 15 8 9 10", "two-sockets", .has_near_node = true,
		.near_node = 1);
	PLACED("4 5", "two-sockets", .has_near_node = true, .near_node = 1, .workers = 2);
	PLACED("0 1 2", "two-sockets", .has_near_node = true, .near_node = 0, .workers = 3);
	/* A node without CPUs prefers none. */
	PLACED("0 1 2", "two-sockets", .has_near_node = true, .near_node = 7, .workers = 3);
}

static void test_target_here_and_bound(void **state)
{
	(void)state;
	PLACED("0", "two-cpus", .on_this_host = true, .target_cpus = "1");
	PLACED("1", "two-cpus", .on_this_host = true, .target_cpus = "0");
	PLACED("0", "offline-cpu", .on_this_host = true, .target_cpus = "1");
	/* Two of three are the target's: the one left is for the load, not for the collector. */
	PLACED("3", "offline-cpu", .on_this_host = true, .target_cpus = "0-1");
	/* The siblings of its cores come after those of other cores; the last is the collector's.
	 */
	PLACED("2 3 4 5 6 7 10 11 12 13 14 15 8", "two-sockets", .on_this_host = true,
		.target_cpus = "0-1");
	PLACED("4 5 6 7 12 13 14", "two-sockets", .on_this_host = true, .target_cpus = "0-3,8-11");
	/* Bound where this process may not go: nothing is lost. */
	PLACED("2 3", "restricted-cpuset", .on_this_host = true, .target_cpus = "0-1");
}

static void test_target_here_and_anywhere(void **state)
{
	(void)state;
	/* Half of the cores, never both of two. */
	PLACED("0", "two-cpus", .on_this_host = true);
	PLACED("0 1 2 3", "two-sockets", .on_this_host = true);
	PLACED("0", "offline-cpu", .on_this_host = true);
	PLACED("2", "restricted-cpuset", .on_this_host = true);
	/* Bound to all that there are: the same, and shared. */
	PLACED("0*", "two-cpus", .on_this_host = true, .target_cpus = "0-1");
	PLACED("0* 1* 2* 3*", "two-sockets", .on_this_host = true, .target_cpus = "0-15");
}

static void test_asked_for_a_number(void **state)
{
	(void)state;
	PLACED("0 1", "two-cpus", .workers = 2);
	/* The target's CPU comes last, and is shared. */
	PLACED("0 1*", "two-cpus", .on_this_host = true, .target_cpus = "1", .workers = 2);
	PLACED("1 0*", "two-cpus", .on_this_host = true, .target_cpus = "0", .workers = 2);
	PLACED("0 1", "two-cpus", .on_this_host = true, .workers = 2);
	/* The collector's is taken too. */
	PLACED("0 1 3", "offline-cpu", .workers = 3);
	/* More than CPUs: those that have two are shared, the others are not. */
	PLACED("0* 1 0*", "two-cpus", .workers = 3);
	PLACED("0* 1* 3* 0* 1* 3* 0*", "offline-cpu", .workers = 7);
	/* A number is a number, whatever the rate. */
	PLACED("0 1", "two-cpus", .workers = 2, .rate_mrps = 1000);
}

static void test_rate_bounds_the_number(void **state)
{
	(void)state;
	PLACED("0", "two-sockets", .rate_mrps = 1000);
	PLACED("0", "two-sockets", .rate_mrps = 200000000);
	PLACED("0 1", "two-sockets", .rate_mrps = 200000001);
	PLACED("0 1 2 3 4", "two-sockets", .rate_mrps = 1000000000);
	PLACED("0", "two-cpus", .on_this_host = true, .rate_mrps = 1000000000);
}

static void test_never_more_than_there_is_to_do(void **state)
{
	(void)state;
	PLACED("0 1 2", "two-sockets", .connections = 3);
	PLACED("0 1", "two-sockets", .requests = 2);
	PLACED("0 1 2 3", "two-sockets", .rate_mrps = 1000000000, .max_in_flight = 4);
}

static void test_cpus_given(void **state)
{
	(void)state;
	/* All of them: no half for a target here, none for the collector, no bound by the rate. */
	PLACED("0 1", "two-cpus", .cpus = "0-1", .on_this_host = true);
	PLACED("4 5 12", "two-sockets", .cpus = "12,4-5", .rate_mrps = 1000);
	PLACED("1*", "two-cpus", .cpus = "1", .on_this_host = true, .target_cpus = "1");
	PLACED("1* 1*", "two-cpus", .cpus = "1", .workers = 2);
	PLACED("4", "two-sockets", .cpus = "12,4-5", .workers = 1);
	PLACED("4 5", "two-sockets", .cpus = "12,4-5", .connections = 2);
}

static void test_cpus_that_cannot_be(void **state)
{
	(void)state;
	PLACED("--cpus \"0-\" is not a list of CPUs: expected as in 0-3,8", "two-cpus",
		.cpus = "0-");
	PLACED("--cpus \"\" is not a list of CPUs: expected as in 0-3,8", "two-cpus", .cpus = "");
	PLACED("--cpus \"9999\" is not a list of CPUs: expected as in 0-3,8", "two-cpus",
		.cpus = "9999");
	PLACED("--cpus \"1-3\": CPU 2-3 is offline or not allowed to this process; expected CPUs "
	       "out of 0-1",
		"two-cpus", .cpus = "1-3");
	PLACED("--cpus \"2\": CPU 2 is offline or not allowed to this process; expected CPUs out "
	       "of 0-1,3",
		"offline-cpu", .cpus = "2");
	PLACED("--cpus \"0,2\": CPU 0 is offline or not allowed to this process; expected CPUs out "
	       "of 2-3,6",
		"restricted-cpuset", .cpus = "0,2");
}

/* Six cores without siblings: what is left to the target and to the collector, exactly. */
static void test_six_cores(void **state)
{
	static const struct {
		const char *target_cpus;
		size_t workers;
	} cases[] = {
		{"", 3},    /* not known: half */
		{"4", 4},   /* five are free, one of them for the collector */
		{"1-4", 1}, /* two are free */
		{"0-4", 1}, /* one is */
		{"0-5", 3}, /* none is: as if not known */
		{"8-9", 5}, /* bound to others */
	};
	struct topology_cpu cpus[6];
	struct topology topology = {.cpus = cpus, .cpu_count = 6};

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		cpus[i] = (struct topology_cpu){.cpu = i, .core = i, .allowed = true};
		cpulist_add(&topology.online, i);
		cpulist_add(&topology.allowed, i);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct locality locality = {.on_this_host = true, .near_node = -1};
		struct scenario scenario;
		struct plan plan = {0};

		scenario_init(&scenario);
		assert_int_equal(cpulist_parse(&locality.target_cpus, cases[i].target_cpus), 0);
		assert_int_equal(placement_make(&plan, &scenario, &topology, &locality, NULL), 0);
		assert_int_equal(plan.worker_count, cases[i].workers);
		free(plan.workers);
	}
}

/* The only CPU there is: a target here must share it. */
static void test_one_cpu(void **state)
{
	struct topology_cpu cpu = {.allowed = true, .numa_node = -1, .package = -1};
	struct topology topology = {.cpus = &cpu, .cpu_count = 1};
	struct locality locality = {.near_node = -1};
	struct scenario scenario;
	struct plan plan = {0};

	(void)state;
	cpulist_add(&topology.online, 0);
	cpulist_add(&topology.allowed, 0);
	scenario_init(&scenario);
	assert_int_equal(placement_make(&plan, &scenario, &topology, &locality, NULL), 0);
	assert_int_equal(plan.worker_count, 1);
	assert_false(plan.workers[0].shared_cpu);
	assert_int_equal(plan.workers[0].numa_node, -1);
	free(plan.workers);
	locality.on_this_host = true;
	assert_int_equal(placement_make(&plan, &scenario, &topology, &locality, NULL), 0);
	assert_int_equal(plan.worker_count, 1);
	assert_true(plan.workers[0].shared_cpu);
	free(plan.workers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remote_target),
		cmocka_unit_test(test_near_the_interface),
		cmocka_unit_test(test_target_here_and_bound),
		cmocka_unit_test(test_target_here_and_anywhere),
		cmocka_unit_test(test_asked_for_a_number),
		cmocka_unit_test(test_rate_bounds_the_number),
		cmocka_unit_test(test_never_more_than_there_is_to_do),
		cmocka_unit_test(test_cpus_given),
		cmocka_unit_test(test_cpus_that_cannot_be),
		cmocka_unit_test(test_six_cores),
		cmocka_unit_test(test_one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
