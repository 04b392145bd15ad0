/* SPDX-License-Identifier: MIT */
/* What is locked in memory, with rights and without, each in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/resident.h"

/* The sanitizers' runtimes make mlockall do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_LOCK false
#else
#define CAN_LOCK true
#endif

#define NOBODY    65534
#define BIG_BYTES (256UL << 20)

/* A figure of /proc/self/status in KiB; -1: not there. */
static long status_kib(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), " %ld", &kib);
	if (file)
		fclose(file);
	return kib;
}

static int in_a_process(int (*body)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(body());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* All is locked, and what is only mapped takes no memory. */
static int with_rights(void)
{
	void *memory;
	long before_kib;

	if (!resident_keep())
		return 1;
	if (status_kib("VmLck:") <= 0)
		return 2;
	before_kib = status_kib("VmRSS:");
	memory = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 3;
	return status_kib("VmRSS:") < before_kib + (1 << 10) ? 0 : 4;
}

/* Nothing is locked, and what is allocated after does not count against the limit. */
static int without_rights(void)
{
	struct rlimit limit = {.rlim_cur = 1 << 16, .rlim_max = 1 << 16};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || (geteuid() == 0 && setuid(NOBODY)))
		return 1;
	if (resident_keep() || status_kib("VmLck:") != 0)
		return 2;
	return mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? 3
		       : 0;
}

static void memory_is_kept(void **state)
{
	(void)state;
	if (!CAN_LOCK || geteuid() != 0)
		skip();
	assert_int_equal(in_a_process(with_rights), 0);
}

static void a_limit_is_respected(void **state)
{
	(void)state;
	assert_int_equal(in_a_process(without_rights), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_kept),
		cmocka_unit_test(a_limit_is_respected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
