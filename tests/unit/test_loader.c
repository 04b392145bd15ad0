/* SPDX-License-Identifier: MIT */
/* Embedded BPF objects: opened, refused with a sentence, loaded, read. Needs CAP_BPF. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "loader/loader.h"
#include "ringload/null_abi.h"

LOADER_OBJECT(null_server);

static struct null_abi_config config;

static void open_null_server(struct loader *loader)
{
	struct err err = {0};

	assert_int_equal(LOADER_OPEN(loader, null_server, &err), 0);
}

static bool loading_allowed(void)
{
	struct loader loader;
	bool allowed;

	open_null_server(&loader);
	allowed = geteuid() == 0 && loader_load(&loader, NULL) != -EPERM;
	loader_release(&loader);
	return allowed;
}

static void an_object_that_is_none_is_refused_with_its_name(void **state)
{
	static const char bytes[64] = "not an object file";
	struct loader loader;
	struct err err = {0};

	(void)state;
	assert_true(loader_open(&loader, "nonsense", bytes, sizeof(bytes), &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "cannot open the BPF program \"nonsense\""));
	assert_null(strchr(err.text, '\n'));
	loader_release(&loader);
}

static void constants_must_have_the_size_the_object_expects(void **state)
{
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_null_server(&loader);
	assert_true(loader_set_constants(&loader, &config, sizeof(config) - 8, &err) < 0);
	assert_non_null(strstr(err.text, "constants"));
	assert_int_equal(loader_set_constants(&loader, &config, sizeof(config), &err), 0);
	loader_release(&loader);
}

static void a_loaded_object_counts_from_zero(void **state)
{
	uint64_t sums[NULL_ABI_COUNT];
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_null_server(&loader);
	assert_int_equal(loader_load(&loader, &err), 0);
	memset(sums, 0xff, sizeof(sums));
	assert_int_equal(loader_sum(&loader, "null_counts", sums, NULL_ABI_COUNT, &err), 0);
	for (int i = 0; i < NULL_ABI_COUNT; i++)
		assert_int_equal(sums[i], 0);
	assert_true(loader_sum(&loader, "no_such_map", sums, NULL_ABI_COUNT, &err) < 0);
	loader_release(&loader);
}

static void attaching_to_no_device_says_so(void **state)
{
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_null_server(&loader);
	assert_int_equal(loader_load(&loader, &err), 0);
	assert_true(loader_attach_ingress(&loader, "null_server", 1 << 28, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "\"null_server\""));
	loader_release(&loader);
}

/* Exit status 0: refused, and the sentence names what is missing. */
static int load_without_capabilities(void)
{
	struct loader loader;
	struct err err = {0};

	if (setgid(65534) || setuid(65534))
		return 2;
	open_null_server(&loader);
	if (loader_load(&loader, &err) != -EPERM || err.kind != ERR_ENVIRONMENT)
		return 3;
	return strstr(err.text, "CAP_BPF") && strstr(err.text, "CAP_NET_ADMIN") ? 0 : 4;
}

static void a_user_without_capabilities_is_told_which(void **state)
{
	int status;
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(load_without_capabilities());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void releasing_nothing_does_nothing(void **state)
{
	struct loader loader = {0};

	(void)state;
	loader_release(&loader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_that_is_none_is_refused_with_its_name),
		cmocka_unit_test(constants_must_have_the_size_the_object_expects),
		cmocka_unit_test(a_loaded_object_counts_from_zero),
		cmocka_unit_test(attaching_to_no_device_says_so),
		cmocka_unit_test(a_user_without_capabilities_is_told_which),
		cmocka_unit_test(releasing_nothing_does_nothing),
	};

	if (!loading_allowed()) {
		fprintf(stderr, "not permitted to load BPF programs\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
