/* SPDX-License-Identifier: MIT */
/* What a user may ask the probe to look at, and the sentences for what makes no sense. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/filter.h"

static struct probe_options web(void)
{
	return (struct probe_options){.ports = {80}, .port_count = 1};
}

static void assert_refused(const struct probe_options *options, const char *sentence)
{
	struct probe_abi_config config;
	struct err err = {0};

	assert_true(filter_resolve(&config, options, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
}

static void ports_and_defaults(void **state)
{
	struct probe_options options = {.ports = {80, 443}, .port_count = 2};
	struct probe_abi_config config;

	(void)state;
	memset(&config, 0xff, sizeof(config));
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.port_count, 2);
	assert_int_equal(config.ports[0], 80);
	assert_int_equal(config.ports[1], 443);
	assert_int_equal(config.sample, PROBE_DEFAULT_SAMPLE);
	assert_int_equal(config.netns, 0);
	assert_int_equal(config.pid, 0);
	assert_int_equal(config.cgroup, 0);
	options.sample = 1;
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.sample, 1);
}

static void senseless_ports_and_samples_are_refused(void **state)
{
	struct probe_options options = {.port_count = 0};

	(void)state;
	assert_refused(&options, "0 ports to probe: expected 1 to 16");
	options.port_count = 17;
	assert_refused(&options, "17 ports to probe: expected 1 to 16");
	options.port_count = 1;
	assert_refused(&options, "port \"0\" cannot be probed: expected 1 to 65535");
	options = web();
	options.sample = 65;
	assert_refused(&options, "sampling \"1/65\" is too fine: expected 1/1 to 1/64");
}

static void a_namespace_becomes_its_inode(void **state)
{
	struct probe_options options = web();
	struct probe_abi_config config;
	struct stat status;

	(void)state;
	options.netns = "/proc/self/ns/net";
	assert_int_equal(stat(options.netns, &status), 0);
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.netns, status.st_ino);
	options.netns = "/proc/self/ns/mnt";
	assert_refused(&options,
		"\"/proc/self/ns/mnt\" is no network namespace: expected a path as "
		"/proc/PID/ns/net or /run/netns/NAME");
	options.netns = "/nowhere";
	assert_refused(&options,
		"cannot open the network namespace \"/nowhere\": No such file or directory");
}

static void a_process_must_be_there(void **state)
{
	struct probe_options options = web();
	struct probe_abi_config config;

	(void)state;
	options.pid = (uint32_t)getpid();
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.pid, getpid());
	options.pid = 4194305; /* above the largest pid_max */
	assert_refused(&options, "there is no process \"4194305\"");
}

static void what_is_no_control_group_is_refused(void **state)
{
	struct probe_options options = web();

	(void)state;
	options.cgroup = "no/such.slice";
	assert_refused(&options,
		"there is no control group \"no/such.slice\": expected a path below "
		"/sys/fs/cgroup, as in system.slice/nginx.service");
	options.cgroup = "/proc";
	assert_refused(&options,
		"\"/proc\" is no control group of version 2: expected a folder of a cgroup2 file "
		"system");
}

/* Where control groups of version 2 are mounted, alone or beside those of version 1. */
static const char *cgroups(void)
{
	return access("/sys/fs/cgroup/unified", F_OK) ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

static void a_control_group_becomes_its_id_and_depth(void **state)
{
	struct probe_options options = web();
	struct probe_abi_config config;
	char path[256];
	struct stat status;

	(void)state;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroups());
	if (access(path, F_OK))
		skip();
	options.cgroup = cgroups();
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.cgroup_level, 0);
	assert_int_equal(stat(cgroups(), &status), 0);
	assert_int_equal(config.cgroup, status.st_ino);
	options.cgroup = "/"; /* as /proc/PID/cgroup writes it */
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	assert_int_equal(config.cgroup, status.st_ino);

	snprintf(path, sizeof(path), "%s/ringload-filter-%d", cgroups(), getpid());
	if (mkdir(path, 0755))
		skip();
	strcat(path, "/inner");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &status), 0);
	options.cgroup = strstr(path, "ringload-filter-");
	assert_int_equal(filter_resolve(&config, &options, NULL), 0);
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	assert_int_equal(config.cgroup_level, 2);
	assert_int_equal(config.cgroup, status.st_ino);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_and_defaults),
		cmocka_unit_test(senseless_ports_and_samples_are_refused),
		cmocka_unit_test(a_namespace_becomes_its_inode),
		cmocka_unit_test(a_process_must_be_there),
		cmocka_unit_test(what_is_no_control_group_is_refused),
		cmocka_unit_test(a_control_group_becomes_its_id_and_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
