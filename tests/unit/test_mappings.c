/* SPDX-License-Identifier: MIT */
/* What /proc/PID/maps says, of made-up processes and of this one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/mappings.h"

static const char maps[] =
	"55d0c0000000-55d0c0002000 r--p 00000000 08:01 1234  /usr/bin/server\n"
	"55d0c0002000-55d0c0005000 r-xp 00002000 08:01 1234  /usr/bin/server\n"
	"55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0     [heap]\n"
	"7f0000000000-7f0000001000 r-xp 00000000 00:00 0 \n"
	"7f0000001000-7f0000003000 rwxp 00001000 fe:00 77    /opt/a b; c\\012/lib.so (deleted)\n"
	"7f0000003000-7f0000004000 r-xs 00000000 00:01 9     /dev/zero (deleted)\n"
	"7f0000004000-7f0000005000 r-xs 00000000 00:01 9     /memfd:jit (deleted)\n"
	"not a mapping at all\n"
	"7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0     [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]";

static void assert_path(const struct mappings *mappings, uint64_t address, const char *path)
{
	const struct mapping *mapping = mappings_find(mappings, address);

	if (!path)
		assert_null(mapping);
	else if (!mapping)
		fail_msg("nothing is mapped at 0x%llx", (unsigned long long)address);
	else
		assert_string_equal(mapping->path, path);
}

static void executable_mappings_are_kept(void **state)
{
	struct mappings mappings = {0};
	const struct mapping *mapping;

	(void)state;
	assert_int_equal(mappings_parse(&mappings, maps), 0);
	assert_int_equal(mappings.count, 7);
	assert_path(&mappings, 0x55d0c0001fff, NULL);
	assert_path(&mappings, 0x55d0c0002000, "/usr/bin/server");
	assert_path(&mappings, 0x55d0c0005000, NULL);
	assert_path(&mappings, 0x7f0000000800, "");
	assert_path(&mappings, 0x7f0000001000, "/opt/a b; c\\012/lib.so");
	assert_path(&mappings, 0x7ffe00000000, "[vdso]");
	assert_path(&mappings, 0xffffffffff600000, "[vsyscall]");
	assert_path(&mappings, UINT64_MAX, NULL);
	mapping = mappings_find(&mappings, 0x7f0000001000);
	assert_int_equal(mapping->offset_bytes, 0x1000);
	assert_int_equal(mapping->inode, 77);
	assert_int_equal(mapping->device, 0xfeULL << 32);
	mappings_release(&mappings);
	mappings_release(&mappings);
}

static void files_are_told_from_what_only_looks_like_one(void **state)
{
	struct mappings mappings = {0};

	(void)state;
	assert_int_equal(mappings_parse(&mappings, maps), 0);
	assert_true(mappings_is_file(mappings_find(&mappings, 0x55d0c0002000)));
	assert_false(mappings_is_file(mappings_find(&mappings, 0x7f0000000000)));
	assert_false(mappings_is_file(mappings_find(&mappings, 0x7f0000003000)));
	assert_true(mappings_is_file(mappings_find(&mappings, 0x7f0000004000)));
	assert_false(mappings_is_file(mappings_find(&mappings, 0x7ffe00000000)));
	mappings_release(&mappings);
}

static void this_process_has_its_own_code_mapped(void **state)
{
	struct mappings mappings = {0};
	const struct mapping *mapping;

	(void)state;
	assert_int_equal(mappings_read(&mappings, (uint32_t)getpid()), 0);
	mapping = mappings_find(&mappings, (uint64_t)(uintptr_t)&assert_path);
	assert_non_null(mapping);
	assert_non_null(strstr(mapping->path, "test_mappings"));
	assert_null(mappings_find(&mappings, (uint64_t)(uintptr_t)&mappings));
	mappings_release(&mappings);
	/* Larger than any process number. */
	assert_true(mappings_read(&mappings, 1U << 30) < 0);
	assert_int_equal(mappings.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executable_mappings_are_kept),
		cmocka_unit_test(files_are_told_from_what_only_looks_like_one),
		cmocka_unit_test(this_process_has_its_own_code_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
