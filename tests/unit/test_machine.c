/* SPDX-License-Identifier: MIT */
/* What the machine says about itself, read from machines made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "run/machine.h"

static char root[64];

/* Makes the file below the root, with its folders. */
static void put(const char *path, const char *text)
{
	char full[4096];
	char *slash;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + strlen(root), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(full, 0700);
		*slash = '/';
	}
	assert_int_equal(file_write(full, text, strlen(text), NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "%s/machine.XXXXXX",
		getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 40 ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(root))
		return -1;
	strcat(root, "/");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static const char stat_text[] = "cpu  100 0 50 1000 5 0 1 70 0 0\n"
				"cpu0 50 0 25 500 3 0 1 40 0 0\n"
				"cpu1 25 0 12 250 1 0 0 20 0 0\n"
				"cpu10 25 0 13 250 1 0 0 10 0 0\n"
				"intr 12345 6 7 8\n"
				"ctxt 99\n";

static void steal_is_told_for_each_cpu(void **state)
{
	unsigned int cpus[] = {10, 1, 0, 1};
	uint64_t steal[4] = {0};
	uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	const char *reason = NULL;

	(void)state;
	put("proc/stat", stat_text);
	assert_true(machine_steal(root, cpus, 4, steal, &reason));
	assert_null(reason);
	assert_true(steal[0] == 10 * tick);
	assert_true(steal[1] == 20 * tick);
	assert_true(steal[2] == 40 * tick);
	assert_true(steal[3] == 20 * tick);
}

static void a_cpu_without_a_line_makes_steal_unknown(void **state)
{
	unsigned int cpus[] = {0, 2};
	uint64_t steal[2];
	const char *reason = NULL;

	(void)state;
	put("proc/stat", stat_text);
	assert_false(machine_steal(root, cpus, 2, steal, &reason));
	assert_non_null(reason);
}

static void steal_of_a_machine_without_proc_is_unknown(void **state)
{
	unsigned int cpu = 0;
	uint64_t steal;
	const char *reason = NULL;

	(void)state;
	assert_false(machine_steal(root, &cpu, 1, &steal, &reason));
	assert_non_null(reason);
}

static void a_thread_tells_how_long_it_was_kept_waiting(void **state)
{
	(void)state;
	put("proc/self/task/42/schedstat", "123456789 987654 321\n");
	put("proc/self/task/43/schedstat", "\n");
	assert_true(machine_run_delay(root, 42) == 987654);
	assert_true(machine_run_delay(root, 43) == 0);
	assert_true(machine_run_delay(root, 44) == 0);
}

static void the_machine_is_described(void **state)
{
	struct machine machine;

	(void)state;
	put("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");
	put("sys/devices/system/cpu/online", "0-3\n");
	put("sys/devices/system/node/online", "0-1\n");
	put("sys/devices/system/node/node0/cpulist", "0-1\n");
	put("sys/devices/system/node/node1/cpulist", "2-3\n");
	machine_read(&machine, root);
	assert_int_equal(machine.cpus, 4);
	assert_int_equal(machine.numa_nodes, 2);
	assert_true(machine.kernel[0]);
	assert_false(machine.has_governor);
	assert_non_null(machine.governor_reason);
	put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	put("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n");
	put("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "performance\n");
	put("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "performance\n");
	machine_read(&machine, root);
	assert_true(machine.has_governor);
	assert_string_equal(machine.governor, "performance");
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(steal_is_told_for_each_cpu),
		ON_A_MACHINE(a_cpu_without_a_line_makes_steal_unknown),
		ON_A_MACHINE(steal_of_a_machine_without_proc_is_unknown),
		ON_A_MACHINE(a_thread_tells_how_long_it_was_kept_waiting),
		ON_A_MACHINE(the_machine_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
