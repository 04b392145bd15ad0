/* SPDX-License-Identifier: MIT */
/* Lines that stand in several records and are shown once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "run/notes.h"

/* What is written to standard error between the two. */
static int begin_capture(int *reading_end)
{
	int ends[2], former = dup(STDERR_FILENO);

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	*reading_end = ends[0];
	return former;
}

static void end_capture(int former, int reading_end, const char *expected)
{
	char text[4096];
	ssize_t bytes = read(reading_end, text, sizeof(text) - 1);

	dup2(former, STDERR_FILENO);
	close(former);
	close(reading_end);
	text[bytes < 0 ? 0 : bytes] = '\0';
	assert_string_equal(text, expected);
}

static void a_line_of_each_record_is_shown_once(void **state)
{
	struct notes notes = {0};
	int reading_end, former = begin_capture(&reading_end);

	(void)state;
	notes_add(&notes, "of %s", "all");
	for (int record = 0; record < 3; record++) {
		notes_again(&notes, 1);
		notes_add(&notes, "the same");
		if (record)
			notes_add(&notes, "of record %d", record);
	}
	end_capture(former, reading_end,
		"ringload: of all\nringload: the same\nringload: of record 1\nringload: of record "
		"2\n");
	assert_int_equal(notes.count, 3);
	assert_string_equal(notes.lines[0], "of all");
	assert_string_equal(notes.lines[1], "the same");
	assert_string_equal(notes.lines[2], "of record 2");
	notes_release(&notes);
	assert_int_equal(notes.count, 0);
}

/* Twice in one record is twice worth saying. */
static void a_record_may_have_a_line_twice(void **state)
{
	struct notes notes = {0};
	int reading_end, former = begin_capture(&reading_end);

	(void)state;
	notes_add(&notes, "again");
	notes_add(&notes, "again");
	notes_again(&notes, 0);
	notes_add(&notes, "again");
	end_capture(former, reading_end, "ringload: again\nringload: again\n");
	assert_int_equal(notes.count, 1);
	notes_release(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_each_record_is_shown_once),
		cmocka_unit_test(a_record_may_have_a_line_twice),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
