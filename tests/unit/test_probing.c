/* SPDX-License-Identifier: MIT */
/* The options of what is measured in a kernel: lists of ports, and what must be there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/probing.h"

/* What the options of these ports are; *err has the sentence when they are refused. */
static int take(
	const char *const *ports, size_t count, struct probe_options *options, struct err *err)
{
	struct probing_values values = {0};
	size_t i;
	int code;

	*err = (struct err){0};
	for (i = 0; i < count; i++)
		assert_int_equal(scenario_list_add(&values.ports, ports[i], NULL), 0);
	code = probing_take(&values, "probe-", options, err);
	probing_release(&values);
	return code;
}

static void ports_are_lists_of_lists(void **state)
{
	static const char *const ports[] = {"80,443", "8080", "443"};
	struct probe_options options;
	struct err err;

	(void)state;
	assert_int_equal(take(ports, 3, &options, &err), 0);
	assert_int_equal(options.port_count, 3);
	assert_int_equal(options.ports[0], 80);
	assert_int_equal(options.ports[1], 443);
	assert_int_equal(options.ports[2], 8080);
	assert_int_equal(take(ports, 0, &options, &err), 0);
	assert_int_equal(options.port_count, 0);
}

static void expect_refused(const char *ports, const char *sentence)
{
	struct probe_options options;
	struct err err;

	assert_true(take(&ports, 1, &options, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
}

static void ports_that_are_none(void **state)
{
	(void)state;
	expect_refused("0", "--probe-port: \"0\" is too small: write 1 to 65535");
	expect_refused("80,65536", "--probe-port: \"65536\" is too large: write 1 to 65535");
	expect_refused("80,", "--probe-port: \"\" is not a whole number: write 1 to 65535");
	expect_refused("http", "--probe-port: \"http\" is not a whole number: write 1 to 65535");
	expect_refused("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
		"--probe-port: 17 is one port too many: at most 16");
}

static int take_values(
	struct probing_values *values, struct probe_options *options, struct err *err)
{
	*err = (struct err){0};
	return probing_take(values, "", options, err);
}

static void what_the_filters_name_must_be_there(void **state)
{
	struct probing_values values = {.netns = "/proc/self/ns/net"};
	struct probe_options options;
	struct err err;

	(void)state;
	assert_int_equal(take_values(&values, &options, &err), 0);
	assert_string_equal(options.netns, "/proc/self/ns/net");
	/* A word is a name of ip netns. */
	values.netns = "no-such-name";
	assert_true(take_values(&values, &options, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text,
		"--netns: there is no \"/run/netns/no-such-name\": No such file or directory");
	values = (struct probing_values){.cgroup = "no/such/group"};
	assert_true(take_values(&values, &options, &err) < 0);
	assert_string_equal(err.text,
		"--cgroup: there is no \"/sys/fs/cgroup/no/such/group\": No such file or "
		"directory");
	values = (struct probing_values){.cgroup = "/no/such/group"};
	assert_true(take_values(&values, &options, &err) < 0);
	assert_string_equal(
		err.text, "--cgroup: there is no \"/no/such/group\": No such file or directory");
	values = (struct probing_values){.pid = (uint32_t)getpid()};
	assert_int_equal(take_values(&values, &options, &err), 0);
	assert_int_equal(options.pid, getpid());
	/* Above every pid_max. */
	values = (struct probing_values){.pid = 1 << 22};
	assert_true(take_values(&values, &options, &err) < 0);
	assert_string_equal(err.text, "--pid: there is no process 4194304");
}

static void the_rest_is_handed_on(void **state)
{
	struct probing_values values = {.sample = 4, .profile = "x"};
	struct probe_options options;
	struct err err;

	(void)state;
	assert_int_equal(take_values(&values, &options, &err), 0);
	assert_int_equal(options.sample, 4);
	assert_true(options.profile);
	values = (struct probing_values){0};
	assert_int_equal(take_values(&values, &options, &err), 0);
	assert_int_equal(options.sample, 0);
	assert_false(options.profile);
	assert_null(options.netns);
	assert_null(options.cgroup);
	assert_int_equal(options.pid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_lists_of_lists),
		cmocka_unit_test(ports_that_are_none),
		cmocka_unit_test(what_the_filters_name_must_be_there),
		cmocka_unit_test(the_rest_is_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
