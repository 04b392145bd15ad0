/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define LIMIT_BYTES ((size_t)1 << 20)

/* A folder of its own for each test. */
struct folder {
	char path[64];
	char file[96];
	char link[96];
};

static int setup(void **state)
{
	struct folder *folder = calloc(1, sizeof *folder);

	if (!folder)
		return -1;
	strcpy(folder->path, "/tmp/ringload-file-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
	snprintf(folder->link, sizeof folder->link, "%s/link", folder->path);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	unlink(folder->link);
	/* Fails when a test left something behind. */
	if (rmdir(folder->path) < 0)
		return -1;
	free(folder);
	return 0;
}

static void assert_content(const char *path, const void *expected, size_t length_bytes)
{
	struct buf buf = {0};
	struct err err = {0};

	assert_int_equal(file_read(path, LIMIT_BYTES, &buf, &err), 0);
	assert_int_equal(buf.length_bytes, length_bytes);
	assert_memory_equal(buf_string(&buf), expected, length_bytes);
	buf_release(&buf);
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void what_was_written_is_read(void **state)
{
	struct folder *folder = *state;
	static char content[300000];
	struct err err = {0};

	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (char)(i * 7 + i / 251);
	assert_int_equal(file_write(folder->file, content, sizeof content, &err), 0);
	assert_content(folder->file, content, sizeof content);
	assert_int_equal(file_write(folder->file, "", 0, &err), 0);
	assert_content(folder->file, "", 0);
	assert_int_equal(file_write(folder->file, "b", 1, &err), 0);
	assert_content(folder->file, "b", 1);
	assert_int_equal(count_entries(folder->path), 1);
}

static void read_appends(void **state)
{
	struct folder *folder = *state;
	struct buf buf = {0};
	struct err err = {0};

	assert_int_equal(file_write(folder->file, "body", 4, &err), 0);
	buf_text(&buf, "head ");
	assert_int_equal(file_read(folder->file, 4, &buf, &err), 0);
	assert_string_equal(buf_string(&buf), "head body");
	buf_release(&buf);
}

static void larger_than_the_limit_is_refused(void **state)
{
	struct folder *folder = *state;
	struct buf buf = {0};
	struct err err = {0};
	char expected[200];
	static char content[LIMIT_BYTES + 1];

	assert_int_equal(file_write(folder->file, content, LIMIT_BYTES, &err), 0);
	assert_int_equal(file_read(folder->file, LIMIT_BYTES, &buf, &err), 0);
	buf_release(&buf);
	assert_int_equal(file_write(folder->file, content, LIMIT_BYTES + 1, &err), 0);
	buf_text(&buf, "head");
	assert_int_equal(file_read(folder->file, LIMIT_BYTES, &buf, &err), -EFBIG);
	assert_int_equal(err.kind, ERR_USAGE);
	snprintf(expected, sizeof expected, "\"%s\" is too large: expected at most 1.00 MiB",
		folder->file);
	assert_string_equal(err.text, expected);
	assert_string_equal(buf_string(&buf), "head");
	assert_int_equal(buf.length_bytes, 4);
	assert_int_equal(file_read(folder->file, 0, &buf, &err), -EFBIG);
	buf_release(&buf);
}

static void what_cannot_be_read_is_the_users(void **state)
{
	struct folder *folder = *state;
	struct buf buf = {0};
	struct err err = {0};
	char expected[200];

	assert_int_equal(file_read(folder->file, LIMIT_BYTES, &buf, &err), -ENOENT);
	assert_int_equal(err.kind, ERR_USAGE);
	snprintf(expected, sizeof expected,
		"cannot read \"%s\": No such file or directory: name a file that exists",
		folder->file);
	assert_string_equal(err.text, expected);
	assert_int_equal(file_read(folder->path, LIMIT_BYTES, &buf, &err), -EISDIR);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "Is a directory"));
	assert_string_equal(buf_string(&buf), "");
	assert_int_equal(file_read(folder->file, LIMIT_BYTES, &buf, NULL), -ENOENT);
	buf_release(&buf);
}

static void out_of_descriptors_is_the_machines(void **state)
{
	struct folder *folder = *state;
	struct rlimit limit, none;
	struct buf buf = {0};
	struct err err = {0};
	int rc;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = file_read(folder->file, LIMIT_BYTES, &buf, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rc, -EMFILE);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
}

static void a_pipe_is_read_to_its_end(void **state)
{
	struct buf buf = {0};
	struct err err = {0};
	char path[64];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "through a pipe", 14), 14);
	close(ends[1]);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
	assert_int_equal(file_read(path, LIMIT_BYTES, &buf, &err), 0);
	assert_string_equal(buf_string(&buf), "through a pipe");
	close(ends[0]);
	buf_release(&buf);
}

static void failed_write_leaves_what_was_there(void **state)
{
	struct folder *folder = *state;
	struct rlimit limit, small;
	struct err err = {0};
	static char content[8192];
	char path[160];
	int rc;

	assert_int_equal(file_write(folder->file, "old", 3, &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = file_write(folder->file, content, sizeof content, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_content(folder->file, "old", 3);
	assert_int_equal(count_entries(folder->path), 1);

	assert_int_equal(file_write(folder->path, "x", 1, &err), -EISDIR);
	assert_int_equal(err.kind, ERR_USAGE);
	snprintf(path, sizeof path, "%s/nowhere/file", folder->path);
	assert_int_equal(file_write(path, "x", 1, &err), -ENOENT);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "cannot write \""));
	snprintf(path, sizeof path, "%s/below", folder->file);
	assert_int_equal(file_write(path, "x", 1, &err), -ENOTDIR);
}

static void mode_is_the_users_or_the_old_files(void **state)
{
	struct folder *folder = *state;
	struct err err = {0};
	struct stat status;
	mode_t mask = umask(027);

	assert_int_equal(file_write(folder->file, "a", 1, &err), 0);
	umask(mask);
	assert_int_equal(stat(folder->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(chmod(folder->file, 0604), 0);
	assert_int_equal(file_write(folder->file, "b", 1, &err), 0);
	assert_int_equal(stat(folder->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
}

static void link_stays_a_link(void **state)
{
	struct folder *folder = *state;
	struct err err = {0};
	struct stat status;

	assert_int_equal(file_write(folder->file, "a", 1, &err), 0);
	assert_int_equal(symlink("file", folder->link), 0);
	assert_int_equal(file_write(folder->link, "through", 7, &err), 0);
	assert_int_equal(lstat(folder->link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_content(folder->file, "through", 7);
}

static void readers_see_the_old_or_the_new_file(void **state)
{
	struct folder *folder = *state;
	struct err err = {0};
	char seen[8] = {0};
	int fd;

	assert_int_equal(file_write(folder->file, "old", 3, &err), 0);
	fd = open(folder->file, O_RDONLY);
	assert_int_equal(file_write(folder->file, "newer", 5, &err), 0);
	assert_int_equal(read(fd, seen, sizeof seen), 3);
	assert_string_equal(seen, "old");
	close(fd);
}

static void a_pipe_is_written_not_replaced(void **state)
{
	struct folder *folder = *state;
	struct err err = {0};
	struct stat status;
	char seen[8] = {0};
	int fd;

	assert_int_equal(mkfifo(folder->file, 0600), 0);
	fd = open(folder->file, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(file_write(folder->file, "data", 4, &err), 0);
	assert_int_equal(read(fd, seen, sizeof seen), 4);
	assert_string_equal(seen, "data");
	close(fd);
	assert_int_equal(stat(folder->file, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
}

static void dash_is_standard_output(void **state)
{
	struct err err = {0};
	char seen[16] = {0};
	int ends[2], saved;

	(void)state;
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	fputs("before ", stdout);
	assert_int_equal(file_write("-", "json", 4, &err), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(read(ends[0], seen, sizeof seen - 1), 11);
	assert_string_equal(seen, "before json");
	close(ends[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(read_appends),
		TEST(larger_than_the_limit_is_refused),
		TEST(what_cannot_be_read_is_the_users),
		TEST(out_of_descriptors_is_the_machines),
		TEST(a_pipe_is_read_to_its_end),
		TEST(failed_write_leaves_what_was_there),
		TEST(mode_is_the_users_or_the_old_files),
		TEST(link_stays_a_link),
		TEST(readers_see_the_old_or_the_new_file),
		TEST(a_pipe_is_written_not_replaced),
		TEST(dash_is_standard_output),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
