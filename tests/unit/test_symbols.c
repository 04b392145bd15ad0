/* SPDX-License-Identifier: MIT */
/* Names of places in this process and in children of it: every kind of code there is. */
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "probe/kallsyms.h"
#include "probe/symbols.h"
#include "tests/unit/tree.h"

/* No process has so large a number. */
#define NOBODY (1U << 30)

#define PAGE_BYTES ((size_t)sysconf(_SC_PAGESIZE))

__attribute__((noinline)) static int known_function(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static uint64_t address_of(int (*function)(int))
{
	uint64_t address;

	memcpy(&address, &function, sizeof(address));
	return address;
}

static struct symbols *symbols_of(uint32_t pid)
{
	struct symbols *symbols = symbols_new();

	assert_non_null(symbols);
	symbols_add(symbols, pid);
	symbols_add(symbols, pid);
	return symbols;
}

static struct symbols *symbols_of_this(void)
{
	return symbols_of((uint32_t)getpid());
}

static void assert_user(
	struct symbols *symbols, uint32_t pid, uint64_t address, bool returns, const char *expected)
{
	struct buf name = {0};

	symbols_user(symbols, pid, address, returns, &name);
	assert_string_equal(buf_string(&name), expected);
	buf_release(&name);
}

static void assert_here(struct symbols *symbols, const void *address, const char *expected)
{
	assert_user(symbols, (uint32_t)getpid(), (uint64_t)(uintptr_t)address, false, expected);
}

/* Memory that may be executed; fd -1: no file. */
static char *map_code(int fd, size_t size_bytes)
{
	char *memory = mmap(NULL, size_bytes, PROT_READ | PROT_EXEC,
		MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

static void functions_of_programs_and_libraries_have_their_names(void **state)
{
	struct symbols *symbols = symbols_of_this();
	uint32_t pid = (uint32_t)getpid();
	uint64_t known = address_of(known_function);

	(void)state;
	assert_int_equal(known_function(3), 3);
	assert_user(symbols, pid, known, false, "known_function");
	assert_user(symbols, pid, known + 1, false, "known_function");
	assert_user(symbols, pid, known + 1, true, "known_function");
	assert_here(symbols, dlsym(RTLD_NEXT, "qsort_r"), "qsort_r");
	symbols_free(symbols);
}

/* A call that is a function's last instruction returns to where the next one begins. */
static void an_address_of_return_belongs_to_the_call_before_it(void **state)
{
	struct symbols *symbols = symbols_of_this();
	struct buf name = {0};

	(void)state;
	symbols_user(symbols, (uint32_t)getpid(), address_of(known_function), true, &name);
	assert_string_not_equal(buf_string(&name), "known_function");
	buf_release(&name);
	symbols_free(symbols);
}

static void the_vdso_has_names(void **state)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void *function = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;
	struct symbols *symbols = symbols_of_this();
	struct buf name = {0};

	(void)state;
	if (function) {
		symbols_user(
			symbols, (uint32_t)getpid(), (uint64_t)(uintptr_t)function, false, &name);
		assert_non_null(strstr(buf_string(&name), "clock_gettime"));
	}
	buf_release(&name);
	symbols_free(symbols);
	if (vdso)
		dlclose(vdso);
}

static void places_without_a_name_say_where_they_are(void **state)
{
	struct tree *tree = tree_new();
	char *nameless, *code = map_code(-1, PAGE_BYTES);
	char path[512];
	struct symbols *symbols;
	int fd;

	(void)state;
	tree_write(tree, "a;b\n.so", "no program");
	snprintf(path, sizeof(path), "%s/a;b\n.so", tree->root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	nameless = map_code(fd, PAGE_BYTES);
	close(fd);
	symbols = symbols_of_this();
	assert_here(symbols, code + 0x40, "[anon]+0x40");
	assert_here(symbols, nameless + 0x8, "a:b\\012.so+0x8");
	assert_here(symbols, &fd, "[unknown]");
	assert_user(symbols, NOBODY, 0x1000, false, "[unknown]");
	/* What is printed is the address itself, also of a return. */
	assert_user(
		symbols, (uint32_t)getpid(), (uint64_t)(uintptr_t)code + 0x40, true, "[anon]+0x40");
	symbols_free(symbols);
	munmap(code, PAGE_BYTES);
	munmap(nameless, PAGE_BYTES);
	tree_free(tree);
}

static void a_stack_ends_where_nothing_is_mapped(void **state)
{
	struct symbols *symbols = symbols_of_this();
	uint64_t code = address_of(known_function) + 1, nowhere = 8;
	const uint64_t good[] = {code, code, code}, bad[] = {code, code, nowhere, code};
	uint32_t pid = (uint32_t)getpid();

	(void)state;
	assert_int_equal(symbols_depth(symbols, pid, good, 3), 3);
	assert_int_equal(symbols_depth(symbols, pid, bad, 4), 2);
	assert_int_equal(symbols_depth(symbols, pid, good, 0), 0);
	assert_int_equal(symbols_depth(symbols, NOBODY, good, 3), 0);
	symbols_free(symbols);
}

static void a_runtime_names_what_it_compiled(void **state)
{
	char *code = map_code(-1, PAGE_BYTES);
	uint64_t address = (uint64_t)(uintptr_t)code;
	struct symbols *symbols = symbols_of_this();
	char path[64];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "wx");
	assert_non_null(file);
	fprintf(file, "%" PRIx64 " 20 JS:*work;\t\xff app.js:1\n", address + 0x10);
	fclose(file);
	assert_here(symbols, code + 0x10, "JS:*work:?? app.js:1");
	assert_here(symbols, code + 0x30, "[anon]+0x30");
	unlink(path);
	symbols_free(symbols);
	munmap(code, PAGE_BYTES);
}

/* What is mapped after it was added is known after an update. */
static void an_update_finds_what_is_new(void **state)
{
	struct symbols *symbols = symbols_of_this();
	char *code = map_code(-1, PAGE_BYTES);

	(void)state;
	assert_here(symbols, code, "[unknown]");
	symbols_update(symbols);
	assert_here(symbols, code, "[anon]+0x0");
	munmap(code, PAGE_BYTES);
	symbols_update(symbols);
	assert_here(symbols, code, "[unknown]");
	symbols_free(symbols);
}

/* --- a process that ends --- */

static pid_t start_child(const char *name)
{
	char ready;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (write(ends[1], "r", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &ready, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void end_child(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void assert_process(struct symbols *symbols, uint32_t pid, const char *expected)
{
	struct buf name = {0};

	symbols_process(symbols, pid, &name);
	assert_string_equal(buf_string(&name), expected);
	buf_release(&name);
}

static void a_process_that_has_ended_keeps_its_names(void **state)
{
	pid_t child = start_child("tmux: ser;ver");
	struct symbols *symbols = symbols_of((uint32_t)child);

	(void)state;
	end_child(child);
	symbols_update(symbols);
	assert_process(symbols, (uint32_t)child, "tmux: ser:ver");
	assert_user(symbols, (uint32_t)child, address_of(known_function), false, "known_function");
	symbols_free(symbols);
}

static void one_that_ended_before_it_was_added_has_only_its_number(void **state)
{
	pid_t child = start_child("short");
	struct symbols *symbols;
	char expected[32];

	(void)state;
	end_child(child);
	symbols = symbols_of((uint32_t)child);
	symbols_update(symbols);
	snprintf(expected, sizeof(expected), "[pid %d]", (int)child);
	assert_process(symbols, (uint32_t)child, expected);
	assert_user(symbols, (uint32_t)child, address_of(known_function), false, "[unknown]");
	assert_process(symbols, NOBODY, "[pid 1073741824]");
	symbols_free(symbols);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[65536];
	ssize_t got;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)got), got);
	assert_int_equal(got, 0);
	close(in);
	close(out);
}

/* An update on disk while the server runs: the old file is gone, but still the one that runs. */
static void a_deleted_program_keeps_its_names(void **state)
{
	struct tree *tree = tree_new();
	struct symbols *symbols;
	struct stat status;
	uint64_t offset;
	char path[512], *copy;
	Dl_info info;
	int fd;

	(void)state;
	if (geteuid() != 0) /* map_files is not for everybody */
		goto out;
	snprintf(path, sizeof(path), "%s/program", tree->root);
	copy_file("/proc/self/exe", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	copy = map_code(fd, (size_t)status.st_size);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(dladdr((void *)(uintptr_t)address_of(known_function), &info), 0);
	offset = address_of(known_function) - (uint64_t)(uintptr_t)info.dli_fbase;
	symbols = symbols_of_this();
	assert_here(symbols, copy + offset, "known_function");
	symbols_free(symbols);
	munmap(copy, (size_t)status.st_size);
out:
	tree_free(tree);
}

static void the_kernel_has_names_or_says_why_not(void **state)
{
	struct symbol_table table = {0};
	struct symbols *symbols = symbols_of_this();
	struct buf name = {0};

	(void)state;
	if (kallsyms_read(&table, KALLSYMS_PATH) == 0) {
		const struct symbol *symbol = &table.symbols[table.count / 2];

		symbols_kernel(symbols, symbol->start, false, &name);
		assert_string_equal(buf_string(&name), table.names.data + symbol->name_offset);
		buf_text(&name, " ");
		symbols_kernel(symbols, 8, false, &name);
		assert_non_null(strstr(buf_string(&name), " [kernel]"));
	} else {
		symbols_kernel(symbols, UINT64_MAX - 4096, false, &name);
		assert_non_null(strstr(buf_string(&name), "kernel.kptr_restrict"));
	}
	buf_release(&name);
	symbol_table_release(&table);
	symbols_free(symbols);
	symbols_free(NULL);
}

/* Everything that was opened is closed. */
static void no_descriptor_stays_open(void **state)
{
	int before = dup(0), after;

	(void)state;
	assert_true(before >= 0);
	close(before);
	for (int i = 0; i < 3; i++) {
		struct symbols *symbols = symbols_of_this();

		symbols_update(symbols);
		if (i > 0)
			assert_user(symbols, (uint32_t)getpid(), address_of(known_function), false,
				"known_function");
		symbols_free(symbols);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_programs_and_libraries_have_their_names),
		cmocka_unit_test(an_address_of_return_belongs_to_the_call_before_it),
		cmocka_unit_test(the_vdso_has_names),
		cmocka_unit_test(places_without_a_name_say_where_they_are),
		cmocka_unit_test(a_stack_ends_where_nothing_is_mapped),
		cmocka_unit_test(a_runtime_names_what_it_compiled),
		cmocka_unit_test(an_update_finds_what_is_new),
		cmocka_unit_test(a_process_that_has_ended_keeps_its_names),
		cmocka_unit_test(one_that_ended_before_it_was_added_has_only_its_number),
		cmocka_unit_test(a_deleted_program_keeps_its_names),
		cmocka_unit_test(the_kernel_has_names_or_says_why_not),
		cmocka_unit_test(no_descriptor_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
