/* SPDX-License-Identifier: MIT */
/* The body of a request, from the command line, a file or a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plan/body.h"
#include "plan/template.h"

static char path[] = "/tmp/ringload-body.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const void *data, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static struct scenario scenario_of(const char *file)
{
	struct scenario scenario;

	scenario_init(&scenario);
	scenario.url = "http://example.com/";
	scenario.body_file = file;
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	return scenario;
}

/* Renders it behind a head, and compares. */
static void assert_rendered(const char *file, const void *data, size_t bytes)
{
	struct scenario scenario = scenario_of(file);
	struct plan_request request;
	struct err err = {0};
	char length[64];

	if (template_render(&request, &scenario, "h", "/", &err))
		fail_msg("refused: %s", err.text);
	assert_string_equal(request.name, "POST /");
	assert_int_equal(request.shared, request.wire_bytes > 65536);
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n\r\n", bytes);
	assert_memory_equal(
		request.wire + request.wire_bytes - bytes - strlen(length), length, strlen(length));
	assert_memory_equal(request.wire + request.wire_bytes - bytes, data, bytes);
	template_release(&request);
	scenario_release(&scenario);
}

static void test_files(void **state)
{
	size_t bytes = 3000000;
	char *data = malloc(bytes);

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < bytes; i++)
		data[i] = (char)(i * 7 + i / 256);
	write_file(data, 0);
	assert_rendered(path, data, 0);
	write_file(data, 1);
	assert_rendered(path, data, 1);
	write_file(data, 65000);
	assert_rendered(path, data, 65000);
	write_file(data, bytes);
	assert_rendered(path, data, bytes);
	free(data);
}

static void test_pipe(void **state)
{
	char name[64];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "through a pipe", 14), 14);
	close(ends[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	assert_rendered(name, "through a pipe", 14);
	close(ends[0]);
}

static void assert_refused(const struct scenario *scenario, enum err_kind kind, const char *text)
{
	struct body body;
	struct err err = {0};

	assert_true(body_find(&body, scenario, &err) < 0);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.text, text);
	body_release(&body);
}

static void test_limits(void **state)
{
	struct scenario scenario = scenario_of(path);
	char text[256];

	(void)state;
	/* A file with a hole takes no room. */
	assert_int_equal(truncate(path, (512 << 20) + 1), 0);
	snprintf(text, sizeof(text), "--body-file: \"%s\" has 512 MiB: expected at most 512 MiB",
		path);
	assert_refused(&scenario, ERR_USAGE, text);
	assert_int_equal(truncate(path, 5 << 20), 0);
	scenario.memory_limit_bytes = 4 << 20;
	snprintf(text, sizeof(text),
		"--body-file: \"%s\" has 5.00 MiB, --memory allows 4.00 MiB for everything: raise "
		"--memory",
		path);
	assert_refused(&scenario, ERR_ENVIRONMENT, text);
	scenario.body_file = "/nonexistent/body";
	assert_refused(&scenario, ERR_USAGE,
		"--body-file: cannot read \"/nonexistent/body\": No such file or directory: "
		"name a file that exists");
	scenario.body_file = "/tmp";
	assert_refused(&scenario, ERR_USAGE,
		"--body-file: cannot read \"/tmp\": Is a directory: name a file in it");
}

/* Content-Length was told before: another size must not go out. */
static void test_changes(void **state)
{
	struct scenario scenario = scenario_of(path);
	struct buf wire = {0};
	struct body body;
	struct err err = {0};

	(void)state;
	for (int bytes = 9; bytes <= 11; bytes++) {
		write_file("0123456789", 10);
		assert_int_equal(body_find(&body, &scenario, &err), 0);
		assert_int_equal(body.bytes, 10);
		write_file("0123456789a", (size_t)bytes);
		assert_int_equal(body_append(&body, &wire, &err), bytes == 10 ? 0 : -EAGAIN);
		if (bytes != 10)
			assert_non_null(strstr(err.text, "changed while it was read"));
		body_release(&body);
	}
	buf_release(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
