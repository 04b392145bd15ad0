/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PACKET_BYTES 4096

static int saved_stderr = -1;
static int reading_end = -1;

/* A pipe in packet mode: one read returns what one write wrote. */
static int capture(void **state)
{
	int ends[2];

	(void)state;
	if (pipe2(ends, O_DIRECT | O_NONBLOCK) < 0)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reading_end = ends[0];
	return 0;
}

static int restore(void **state)
{
	(void)state;
	log_set_quiet(false);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reading_end);
	return 0;
}

static void expect_line(const char *expected)
{
	char line[PACKET_BYTES + 1] = {0};
	ssize_t length = read(reading_end, line, PACKET_BYTES);

	assert_int_equal(length, strlen(expected));
	assert_string_equal(line, expected);
}

static void expect_nothing(void)
{
	char byte;

	assert_int_equal(read(reading_end, &byte, 1), -1);
}

static void each_line_is_one_write(void **state)
{
	(void)state;
	log_note("%d of %s", 3, "a");
	log_warning("odd");
	log_error("\"%s\" is wrong", "b");
	expect_line("ringload: 3 of a\n");
	expect_line("ringload: warning: odd\n");
	expect_line("ringload: \"b\" is wrong\n");
	expect_nothing();
}

static void quiet_drops_notes_alone(void **state)
{
	(void)state;
	log_set_quiet(true);
	log_note("not seen");
	log_warning("seen");
	log_error("seen too");
	log_set_quiet(false);
	log_note("again");
	expect_line("ringload: warning: seen\n");
	expect_line("ringload: seen too\n");
	expect_line("ringload: again\n");
	expect_nothing();
}

static void long_line_is_cut_and_ends(void **state)
{
	char text[2 * PACKET_BYTES], line[PACKET_BYTES];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_error("%s", text);
	assert_in_range(read(reading_end, line, sizeof line), PACKET_BYTES - 2, PACKET_BYTES);
	expect_nothing();
	log_error("%.*s", PACKET_BYTES - 12, text);
	log_error("next");
	assert_int_equal(read(reading_end, line, sizeof line), PACKET_BYTES - 1);
	assert_memory_equal(line, "ringload: x", 11);
	assert_int_equal(line[PACKET_BYTES - 2], '\n');
	expect_line("ringload: next\n");
}

#define WRITERS 4
/* All of them fit the pipe: nobody reads meanwhile, and a packet takes a page. */
#define LINES 3

static void *write_lines(void *letter)
{
	for (unsigned int i = 0; i < LINES; i++)
		log_error("%0*d%s", 500, 0, (const char *)letter);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static const char *const letters[WRITERS] = {"a", "b", "c", "d"};
	unsigned int counts[WRITERS] = {0};
	pthread_t threads[WRITERS];
	char line[PACKET_BYTES];

	(void)state;
	for (unsigned int i = 0; i < WRITERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_lines, (void *)letters[i]), 0);
	for (unsigned int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < WRITERS * LINES; i++) {
		assert_int_equal(read(reading_end, line, sizeof line), 10 + 500 + 2);
		assert_in_range(line[510], 'a', 'a' + WRITERS - 1);
		counts[line[510] - 'a']++;
	}
	for (unsigned int i = 0; i < WRITERS; i++)
		assert_int_equal(counts[i], LINES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_line_is_one_write),
		TEST(quiet_drops_notes_alone),
		TEST(long_line_is_cut_and_ends),
		TEST(lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
